"""Uploads in the database: the file's parts, the batches that are done, and their results."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import column, delete, func, insert, select, table, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db.engine import Database
from targets_svc.event_uploads.models import UploadBatchRow, UploadBlockRow, UploadPartRow, UploadRow

_PARTS_AT_ONCE = 3
COUNTERS = ("rows", "counted", "duplicate", "pending", "skipped", "valid", "faulty")
_LOCK_FILE = text("SELECT pg_advisory_xact_lock(hashtextextended('event_upload:' || encode(:sha256, 'hex'), 0))")
_SAME_FILE = text(
    """
    SELECT upload_id FROM event_upload JOIN job ON job.id = upload_id
    WHERE file_sha256 = :sha256 AND NOT is_dry_run AND own_unit IS NOT DISTINCT FROM CAST(:own_unit AS varchar)
      AND job.state IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'PARTIAL')
    ORDER BY received_at LIMIT 1
    """
)
_FORGET_PARTS = text(
    """
    DELETE FROM event_upload_part USING event_upload u, job
    WHERE event_upload_part.upload_id = u.upload_id AND job.id = u.upload_id AND job.state NOT IN ('PENDING', 'RUNNING')
    """
)
# Ids of version 7 tell when they were made; who sends for a day sends for nothing.
_FORGET_NEVER_TAKEN = text(
    """
    DELETE FROM event_upload_part
    WHERE uuid_extract_timestamp(upload_id) < now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM event_upload u WHERE u.upload_id = event_upload_part.upload_id)
    """
)
# The file's end is written through, and with it all that stands before it in the log.
_NOT_YET_WRITTEN = text("SET LOCAL synchronous_commit TO off")
_FORGET_RESULTS = text(
    """
    DELETE FROM event_upload_batch USING event_upload u, job
    WHERE event_upload_batch.upload_id = u.upload_id AND job.id = u.upload_id
      AND job.finished_at < now() - interval '7 days'
    """
)


async def find_same_file(tx: AsyncSession, sha256: bytes, own_unit: str | None) -> UUID | None:
    """The job that took the same bytes before (N14); two uploads of them at once wait for each other."""
    await tx.execute(_LOCK_FILE, {"sha256": sha256})
    found: UUID | None = await tx.scalar(_SAME_FILE, {"sha256": sha256, "own_unit": own_unit})
    return found


async def add_part(tx: AsyncSession, upload_id: UUID, part_no: int, sealed: bytes) -> None:
    """Its commit alone is not durable."""
    await tx.execute(_NOT_YET_WRITTEN)
    await tx.execute(insert(UploadPartRow).values(upload_id=upload_id, part_no=part_no, sealed=sealed))


async def add_upload(tx: AsyncSession, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(UploadRow).values(**values))


async def find_upload(tx: AsyncSession, upload_id: UUID, owner: str | None) -> UploadRow | None:
    """An upload of `owner` (None: of whomever)."""
    query = select(UploadRow).where(UploadRow.upload_id == upload_id)
    found: UploadRow | None = await tx.scalar(query if owner is None else query.where(UploadRow.owner == owner))
    return found


async def list_uploads(tx: AsyncSession, owner: str, after: UUID | None, limit: int) -> list[tuple[UploadRow, str]]:
    """Uploads of somebody with the state of their jobs, the latest first."""
    job = table("job", column("id"), column("state"))
    query = (
        select(UploadRow, job.c.state)
        .join(job, job.c.id == UploadRow.upload_id)
        .where(UploadRow.owner == owner)
        .order_by(UploadRow.upload_id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(UploadRow.upload_id < after)
    return [(upload, state) for upload, state in await tx.execute(query)]


async def note(tx: AsyncSession, upload_id: UUID, **values: Any) -> None:
    """What was found out about the file."""
    await tx.execute(update(UploadRow).where(UploadRow.upload_id == upload_id).values(**values))


async def parts(database: Database, upload_id: UUID) -> AsyncIterator[tuple[int, bytes]]:
    """Numbers and sealed parts, a few at a time, no transaction open in between."""
    first = 0
    while True:
        some = select(UploadPartRow.part_no, UploadPartRow.sealed).where(
            UploadPartRow.upload_id == upload_id, UploadPartRow.part_no.between(first, first + _PARTS_AT_ONCE - 1)
        )
        async with database.transaction() as tx:
            found = (await tx.execute(some.order_by(UploadPartRow.part_no))).all()
        for part_no, sealed in found:
            yield part_no, sealed
        if len(found) < _PARTS_AT_ONCE:
            return
        first += _PARTS_AT_ONCE


async def done_batches(tx: AsyncSession, upload_id: UUID) -> set[int]:
    """What an earlier run of the job has finished."""
    return set(await tx.scalars(select(UploadBatchRow.batch_no).where(UploadBatchRow.upload_id == upload_id)))


async def forget_batches(tx: AsyncSession, upload_id: UUID) -> None:
    await tx.execute(delete(UploadBatchRow).where(UploadBatchRow.upload_id == upload_id))


async def add_batch(tx: AsyncSession, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(UploadBatchRow).values(**values))


async def is_recorded(tx: AsyncSession, digests: Sequence[bytes]) -> bool:
    """Whether all rows of these lines, whose digest was made with one of the held keys, are in the ledger."""
    found = select(UploadBlockRow.digest).where(UploadBlockRow.digest.in_(digests))
    return bool(await tx.scalar(select(found.exists())))


async def add_block(tx: AsyncSession, values: Mapping[str, Any]) -> None:
    """Another upload may have done the same."""
    await tx.execute(upsert(UploadBlockRow).values(**values).on_conflict_do_nothing())


async def count_rows(tx: AsyncSession, upload_id: UUID) -> dict[str, int]:
    """Sums over the batches that are done."""
    columns = [func.coalesce(func.sum(getattr(UploadBatchRow, name)), 0) for name in COUNTERS]
    row = (await tx.execute(select(*columns).where(UploadBatchRow.upload_id == upload_id))).one()
    return {name: int(value) for name, value in zip(COUNTERS, row, strict=True)}


async def results(database: Database, upload_id: UUID) -> AsyncIterator[bytes]:
    """The batches' parts of the result file in order."""
    last = -1
    while True:
        async with database.transaction() as tx:
            row = (
                await tx.execute(
                    select(UploadBatchRow.batch_no, UploadBatchRow.result)
                    .where(UploadBatchRow.upload_id == upload_id, UploadBatchRow.batch_no > last)
                    .order_by(UploadBatchRow.batch_no)
                    .limit(1)
                )
            ).one_or_none()
        if row is None:
            return
        yield row.result
        last = row.batch_no


async def forget_file(tx: AsyncSession, upload_id: UUID) -> None:
    await tx.execute(delete(UploadPartRow).where(UploadPartRow.upload_id == upload_id))


async def forget_old(tx: AsyncSession) -> dict[str, int]:
    """Files of uploads that have ended or were never whole, and results older than seven days."""
    parts, never_taken, batches = [
        int(getattr(await tx.execute(each), "rowcount", 0))
        for each in (_FORGET_PARTS, _FORGET_NEVER_TAKEN, _FORGET_RESULTS)
    ]
    return {"parts": parts + never_taken, "batches": batches}
