"""Seals in the database, and the lines of which they are made."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.seals.domain import BLOCK_LINES, NO_LINK, Block, BlockSum
from loans_svc.seals.models import SealBlockRow, SealRow

# All of a line: a column that is not named here could be changed unseen.
_TEXT = """concat_ws('|', batch_id, number, loan_id, story, kind, tranche, relates_to, amount_fen,
    coalesce(days, -1), coalesce(rate_ppm, -1), coalesce(share6, -1), coalesce(numerator, -1),
    coalesce(denominator, -1), coalesce(reverses_batch::text, '-'), coalesce(reverses_number, -1),
    coalesce(payer_scheme, '-'))"""
_TEXTS = f"SELECT {_TEXT} FROM subsidy_line WHERE batch_id = $1 AND number >= $2 ORDER BY number"  # noqa: S608
_SUMS = text(
    f"""
    SELECT greatest(-1, (number - :first + {BLOCK_LINES}) / {BLOCK_LINES} - 1) AS block,
        coalesce(payer_scheme, '') AS scheme, count(*) AS lines, sum_bigint(amount_fen) AS fen
    FROM subsidy_line WHERE batch_id = :batch GROUP BY 1, 2
    """  # noqa: S608  fragments of this file
)
_LINK = """sha256(:previous || convert_to(concat_ws('|', CAST(:batch AS uuid), :first, :last), 'UTF8')
    || coalesce((SELECT string_agg(digest, ''::bytea ORDER BY first_number) FROM subsidy_seal_block
                 WHERE batch_id = :batch AND first_number BETWEEN :first AND :last), ''::bytea))"""
_LINK_OF = text(f"SELECT {_LINK.replace(':first, :last', 'CAST(:first AS int), CAST(:last AS int)')}")
_LAST = text("SELECT serial, digest FROM subsidy_seal WHERE bank = :bank AND unit = :unit ORDER BY serial DESC LIMIT 1")
_ADD = text(
    "INSERT INTO subsidy_seal (bank, unit, serial, batch_id, first_number, last_number, previous, digest)"
    " VALUES (:bank, :unit, :serial, :batch, :first, :last, :previous, :digest)"
)
_SUM_BEFORE = text(
    """
    SELECT coalesce((b.before ->> CAST(:scheme AS text))::bigint, 0) + coalesce((
        SELECT sum(l.amount_fen)::bigint FROM subsidy_line l
        WHERE l.batch_id = :batch AND l.number BETWEEN b.first_number AND :number - 1
          AND l.payer_scheme = CAST(:scheme AS text)), 0)
    FROM subsidy_seal_block b WHERE b.batch_id = :batch AND b.first_number <= :number
    ORDER BY b.first_number DESC LIMIT 1
    """
)


async def sum_blocks(tx: AsyncSession, batch_id: UUID, first: int) -> list[BlockSum]:
    """What the lines of a batch sum to, by blocks that begin with a line, and before it."""
    return [BlockSum(*row) for row in await tx.execute(_SUMS, {"batch": batch_id, "first": first})]


async def stream_texts(tx: AsyncSession, batch_id: UUID, first: int, take: Callable[[Sequence[bytes]], None]) -> None:
    """Hands over the lines of a batch from one on, in their order and as they are sealed, some at a time."""
    raw: Any = (await (await tx.connection()).get_raw_connection()).driver_connection
    rest = b""

    async def receive(part: bytes) -> None:
        nonlocal rest
        *whole, rest = (rest + part).split(b"\n")
        take(whole)

    await raw.copy_from_query(_TEXTS, batch_id, first, output=receive)


async def add_blocks(
    tx: AsyncSession, batch_id: UUID, blocks: Sequence[Block], before: Sequence[Mapping[str, int]]
) -> None:
    """What was sealed of the lines of a batch, and what the payers' schemes had before each block."""
    rows = [
        {"batch_id": batch_id, "first_number": block.first, "last_number": block.last, "digest": block.digest,
         "marks": block.marks, "before": sums}
        for block, sums in zip(blocks, before, strict=True)
    ]  # fmt: skip
    if rows:
        await tx.execute(insert(SealBlockRow), rows)


async def add_link(tx: AsyncSession, bank: str, unit: str, batch_id: UUID, first: int, last: int) -> bytes:
    """Links the blocks of lines [first, last] to the seal before; the digest.

    The caller holds the lock of the bank and district's stories, so that the chain does not fork.
    """
    found = (await tx.execute(_LAST, {"bank": bank, "unit": unit})).one_or_none()
    serial, previous = (found.serial, found.digest) if found else (0, NO_LINK)
    digest = await link_of(tx, batch_id, first, last, previous)
    lines: dict[str, Any] = {"batch": batch_id, "first": first, "last": last}
    place = {"bank": bank, "unit": unit, "serial": serial + 1, "previous": previous, "digest": digest}
    await tx.execute(_ADD, lines | place)
    return digest


async def link_of(tx: AsyncSession, batch_id: UUID, first: int, last: int, previous: bytes) -> bytes:
    """The digest of a link as its blocks stand now."""
    given = {"batch": batch_id, "first": first, "last": last, "previous": previous}
    return bytes(await tx.scalar(_LINK_OF, given) or b"")


async def list_seals(tx: AsyncSession, bank: str, unit: str) -> Sequence[SealRow]:
    """The chain of a bank and district."""
    found = await tx.scalars(select(SealRow).where(SealRow.bank == bank, SealRow.unit == unit).order_by(SealRow.serial))
    return found.all()


async def list_batch_seals(tx: AsyncSession, batch_id: UUID) -> Sequence[SealRow]:
    """Of one batch, in the order of its lines."""
    found = await tx.scalars(select(SealRow).where(SealRow.batch_id == batch_id).order_by(SealRow.serial))
    return found.all()


async def list_blocks(tx: AsyncSession, batch_id: UUID) -> list[Block]:
    """Of one batch, in the order of its lines."""
    found = await tx.execute(
        select(SealBlockRow.first_number, SealBlockRow.last_number, SealBlockRow.digest, SealBlockRow.marks)
        .where(SealBlockRow.batch_id == batch_id)
        .order_by(SealBlockRow.first_number)
    )
    return [Block(*row) for row in found]


async def read_sum_before(tx: AsyncSession, batch_id: UUID, number: int, payer_scheme: str) -> int:
    """The fen of a payers' scheme in all lines of a batch before one: of the blocks before its own, and within it."""
    given = {"batch": batch_id, "number": number, "scheme": payer_scheme}
    return int(await tx.scalar(_SUM_BEFORE, given) or 0)
