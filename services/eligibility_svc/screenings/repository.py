"""Screenings in the database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.screenings.models import FilePieceRow, PartRow, ScreeningRow

REGISTER, RESULTS = "REGISTER", "RESULTS"
PIECE = 1024 * 1024


async def lock_digest(tx: AsyncSession, owner: str, digest: bytes) -> None:
    """Two copies of one upload come one after the other; the lock ends with the transaction."""
    statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await tx.execute(statement, {"key": f"screening\x1f{owner}\x1f{digest.hex()}"})


async def find_by_digest(tx: AsyncSession, owner: str, digest: bytes) -> ScreeningRow | None:
    """The screening of the same file and request."""
    query = select(ScreeningRow).where(ScreeningRow.owner == owner, ScreeningRow.digest == digest)
    return (await tx.scalars(query)).one_or_none()


async def find_screening(tx: AsyncSession, screening_id: UUID, owner: str | None = None) -> ScreeningRow | None:
    """A screening, of an owner if one is given."""
    query = select(ScreeningRow).where(ScreeningRow.id == screening_id)
    if owner is not None:
        query = query.where(ScreeningRow.owner == owner)
    return (await tx.scalars(query)).one_or_none()


async def list_screenings(
    tx: AsyncSession, owner: str, *, after: Sequence[Any] | None, limit: int
) -> list[ScreeningRow]:
    """An owner's screenings, the latest first, beginning after a position."""
    query = select(ScreeningRow).where(ScreeningRow.owner == owner).order_by(ScreeningRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(ScreeningRow.id < UUID(after[0]))
    return list(await tx.scalars(query))


async def delete_screening(tx: AsyncSession, screening_id: UUID) -> None:
    """Deletes a screening with its register, its parts and its results."""
    await tx.execute(delete(ScreeningRow).where(ScreeningRow.id == screening_id))


async def add_file(tx: AsyncSession, screening_id: UUID, kind: str, path: Path) -> None:
    """Stores a file in pieces of a megabyte."""
    with path.open("rb") as file:
        position = 0
        while piece := file.read(PIECE):
            row = {"screening_id": screening_id, "kind": kind, "position": position, "content": piece}
            await tx.execute(insert(FilePieceRow), row)
            position += 1


async def read_piece(tx: AsyncSession, screening_id: UUID, kind: str, position: int) -> bytes | None:
    """One piece of a file; None after the last."""
    query = select(FilePieceRow.content).where(
        FilePieceRow.screening_id == screening_id, FilePieceRow.kind == kind, FilePieceRow.position == position
    )
    return await tx.scalar(query)


async def pieces(tx: AsyncSession, screening_id: UUID, kind: str) -> AsyncIterator[bytes]:
    """The pieces of a file in order."""
    position = 0
    while (piece := await read_piece(tx, screening_id, kind, position)) is not None:
        yield piece
        position += 1


async def remove_file(tx: AsyncSession, screening_id: UUID, kind: str) -> None:
    """What is no longer needed is not kept."""
    await tx.execute(delete(FilePieceRow).where(FilePieceRow.screening_id == screening_id, FilePieceRow.kind == kind))


async def parts_done(tx: AsyncSession, screening_id: UUID) -> set[int]:
    """Positions of the parts that an earlier run has stored."""
    return set(await tx.scalars(select(PartRow.position).where(PartRow.screening_id == screening_id)))


async def add_part(tx: AsyncSession, part: Mapping[str, Any]) -> None:
    """Stores a part once; a second run of the job made the same one."""
    await tx.execute(upsert(PartRow).values(**part).on_conflict_do_nothing())


async def part_counts(tx: AsyncSession, screening_id: UUID) -> list[tuple[int, dict[str, Any]]]:
    """How many rows each part screened, and its counts."""
    query = select(PartRow.screened, PartRow.counts).where(PartRow.screening_id == screening_id)
    return [(row.screened, row.counts) for row in await tx.execute(query.order_by(PartRow.position))]


async def part_results(tx: AsyncSession, screening_id: UUID, position: int) -> bytes | None:
    """The results of a part; None after the last."""
    query = select(PartRow.results).where(PartRow.screening_id == screening_id, PartRow.position == position)
    return await tx.scalar(query)


async def part_facts(tx: AsyncSession, screening_id: UUID, position: int) -> bytes | None:
    """The facts of a part."""
    query = select(PartRow.facts).where(PartRow.screening_id == screening_id, PartRow.position == position)
    return await tx.scalar(query)


async def finish(tx: AsyncSession, screening_id: UUID, values: Mapping[str, Any]) -> None:
    """Writes what came out."""
    await tx.execute(
        update(ScreeningRow).where(ScreeningRow.id == screening_id).values(**values, finished_at=func.now())
    )


async def purge(tx: AsyncSession, days: int) -> int:
    """Deletes screenings older than so many days with all their rows; how many there were."""
    old = func.now() - func.make_interval(0, 0, 0, days)
    result = await tx.execute(delete(ScreeningRow).where(ScreeningRow.created_at < old))
    return int(getattr(result, "rowcount", 0))
