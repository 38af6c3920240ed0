"""Banks' files in the database, and the statements that match them."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.bank_lines.models import BankDifferenceRow, BankFilePartRow, BankFileRow
from loans_svc.batches.models import BatchRow

_ROWS_OF_A_PART = 50_000
_OURS = """
    SELECT loan_id, tranche, relates_to, sum(amount_fen)::bigint AS fen,
        max(number) FILTER (WHERE kind IN ('CLAIM', 'REPOST')) AS number, max(days) AS days, max(rate_ppm) AS rate_ppm,
        max(share6) AS share6
    FROM subsidy_line WHERE batch_id = :batch AND kind <> 'WAIVER' GROUP BY loan_id, tranche, relates_to
"""
# Each of the bank's lines finds its loan by our number or by the reference of the disbursement, the last one where a
# reference was used again; the second line of a place is a duplicate. What is equal to the fen leaves no trace.
_MATCH = text(
    f"""
    WITH found AS (
        SELECT b.*, l.id AS loan,
            row_number() OVER (
                PARTITION BY l.id, CASE WHEN l.id IS NULL THEN coalesce(b.loan_ref, b.loan_id::text) END, b.tranche,
                    b.relates_to
                ORDER BY b.row_no) AS occurrence
        FROM bank_line b
        LEFT JOIN loan_event e ON e.bank = :bank AND e.bank_ref = b.loan_ref AND e.kind = 'DISBURSEMENT'
            AND e.id NOT IN (
                SELECT p.id FROM loan_event n JOIN loan_event p
                    ON p.bank = n.bank AND p.bank_ref = n.bank_ref AND p.bank_ref_use < n.bank_ref_use
                WHERE n.bank = :bank AND n.bank_ref_use > 0)
        LEFT JOIN loan l ON l.id = coalesce(b.loan_id, e.loan_id) AND l.bank = :bank AND l.unit = :unit
        WHERE b.file_id = :file
    ),
    ours AS ({_OURS}),
    compared AS (
        SELECT f.row_no, coalesce(f.loan_ref, f.loan_id::text) AS loan_ref,
            coalesce(f.loan, o.loan_id) AS loan_id, coalesce(f.tranche, o.tranche) AS tranche,
            coalesce(f.relates_to, o.relates_to) AS relates_to, f.amount_fen AS bank_fen, o.fen AS our_fen,
            CASE WHEN f.row_no IS NULL THEN 'NOT_IN_FILE'
                 WHEN f.loan IS NULL THEN 'UNKNOWN_LOAN'
                 WHEN f.occurrence > 1 THEN 'DUPLICATE'
                 WHEN o.loan_id IS NULL THEN 'NOT_IN_BATCH'
                 WHEN f.days <> o.days THEN 'DAYS'
                 WHEN f.rate_ppm <> o.rate_ppm THEN 'RATE'
                 WHEN f.share6 <> o.share6 THEN 'SHARE'
                 WHEN f.balance_fen IS NOT NULL AND f.balance_fen NOT IN (
                    SELECT g.balance_fen FROM loan_segment g WHERE g.bank = :bank AND g.unit = :unit
                    AND g.loan_id = f.loan AND g.tranche = f.tranche) THEN 'BALANCE'
                 ELSE 'AMOUNT' END AS cause
        FROM found f FULL JOIN ours o
            ON o.loan_id = f.loan AND o.tranche = f.tranche AND o.relates_to = f.relates_to AND f.occurrence = 1
        WHERE f.amount_fen IS DISTINCT FROM o.fen
    )
    INSERT INTO bank_difference (file_id, number, row_no, loan_ref, loan_id, tranche, relates_to, bank_fen, our_fen,
        cause)
    SELECT :file, row_number() OVER (ORDER BY row_no NULLS LAST, loan_id, tranche, relates_to), row_no, loan_ref,
        loan_id, tranche, relates_to, bank_fen, our_fen, cause
    FROM compared
    """  # noqa: S608  fragments of this file
)
_TOTALS = text(
    "SELECT count(*) AS lines, coalesce(sum(amount_fen), 0)::bigint AS fen,"
    " (SELECT count(row_no) FROM bank_difference WHERE file_id = :file) AS wrong,"
    " (SELECT count(*) FROM bank_difference WHERE file_id = :file) AS differences"
    " FROM bank_line WHERE file_id = :file"
)
_CAUSES = text("SELECT cause, count(*) AS differences FROM bank_difference WHERE file_id = :file GROUP BY 1 ORDER BY 1")
_RESULT = text(
    """
    SELECT b.row_no, coalesce(b.loan_ref, b.loan_id::text) AS loan_ref, b.tranche, b.relates_to,
        b.amount_fen AS bank_fen,
        CASE WHEN d.number IS NULL THEN b.amount_fen ELSE d.our_fen END AS our_fen, d.cause
    FROM bank_line b LEFT JOIN bank_difference d ON d.file_id = b.file_id AND d.row_no = b.row_no
    WHERE b.file_id = :file AND b.row_no > :after ORDER BY b.row_no LIMIT :limit
    """
)
_MISSING = text(
    """
    SELECT d.number, coalesce(d.loan_ref, d.loan_id::text) AS loan_ref, d.tranche, d.relates_to, d.our_fen, d.cause
    FROM bank_difference d WHERE d.file_id = :file AND d.row_no IS NULL AND d.number > :after
    ORDER BY d.number LIMIT :limit
    """
)
# What the bank did not claim of a line that stands: never more than we computed, paid as claimed.
_WAIVE = text(
    """
    INSERT INTO subsidy_line (batch_id, number, loan_id, story, kind, tranche, relates_to, amount_fen, payer_scheme)
    SELECT l.batch_id, :written + row_number() OVER (ORDER BY l.number), l.loan_id, 0, 'WAIVER', l.tranche,
        l.relates_to, coalesce(d.bank_fen, 0) - d.our_fen, l.payer_scheme
    FROM bank_difference d
    JOIN LATERAL (
        SELECT * FROM subsidy_line l
        WHERE l.batch_id = :batch AND l.loan_id = d.loan_id AND l.tranche = d.tranche AND l.relates_to = d.relates_to
        ORDER BY l.kind LIMIT 1) AS l ON true
    WHERE d.file_id = :file AND d.cause <> 'DUPLICATE' AND coalesce(d.bank_fen, 0) < d.our_fen
    """
)


async def add_file(tx: AsyncSession, values: Mapping[str, Any]) -> None:
    """A file that waits for its job."""
    await tx.execute(insert(BankFileRow).values(**values))


async def add_part(tx: AsyncSession, file_id: UUID, part_no: int, content: bytes) -> None:
    """A part of its bytes."""
    await tx.execute(insert(BankFilePartRow).values(file_id=file_id, part_no=part_no, content=content))


async def read_content(tx: AsyncSession, file_id: UUID) -> bytes:
    """All bytes of a file."""
    parts = await tx.scalars(
        select(BankFilePartRow.content).where(BankFilePartRow.file_id == file_id).order_by(BankFilePartRow.part_no)
    )
    return b"".join(parts)


async def forget_content(tx: AsyncSession, file_id: UUID) -> None:
    """Its lines are stored, or it was refused."""
    await tx.execute(delete(BankFilePartRow).where(BankFilePartRow.file_id == file_id))


async def find_file(tx: AsyncSession, file_id: UUID, *, lock: bool = False) -> BankFileRow | None:
    """One file."""
    query = select(BankFileRow).where(BankFileRow.id == file_id)
    return await tx.scalar(query.with_for_update() if lock else query)


async def find_newest(tx: AsyncSession, batch_id: UUID, *, lock: bool = False) -> BankFileRow | None:
    """The file of a batch that counts; refused ones do not."""
    query = (
        select(BankFileRow)
        .where(BankFileRow.batch_id == batch_id, BankFileRow.state != "REFUSED")
        .order_by(BankFileRow.id.desc())
        .limit(1)
    )
    return await tx.scalar(query.with_for_update() if lock else query)


async def find_last(tx: AsyncSession, batch_id: UUID) -> BankFileRow | None:
    """The file that came last, refused or not."""
    return await tx.scalar(
        select(BankFileRow).where(BankFileRow.batch_id == batch_id).order_by(BankFileRow.id.desc()).limit(1)
    )


async def add_lines(tx: AsyncSession, file_id: UUID, lines: pl.DataFrame) -> None:
    """All lines of a file by one COPY; the next rows are made while the database takes the last ones.

    As text the database would spend a quarter of its time on reading two UUIDs a row.
    """
    raw: Any = (await (await tx.connection()).get_raw_connection()).driver_connection
    told = lines.select(one.name for one in lines if one.null_count() < lines.height)
    rows = (
        row
        for part in told.iter_slices(_ROWS_OF_A_PART)
        for row in zip(repeat(str(file_id)), *(column.to_list() for column in part), strict=False)
    )
    await raw.copy_records_to_table("bank_line", columns=["file_id", *told.columns], records=rows)


async def match_lines(tx: AsyncSession, file: BankFileRow, batch: BatchRow) -> int:
    """Compares the bank's lines with ours; how many differ."""
    await tx.execute(_MATCH, {"file": file.id, "batch": batch.id, "bank": batch.bank, "unit": batch.unit})
    found = (await tx.execute(_TOTALS, {"file": file.id})).one()
    file.lines, file.total_fen, file.matched = found.lines, found.fen, found.lines - found.wrong
    return int(found.differences)


async def count_causes(tx: AsyncSession, file_id: UUID) -> dict[str, int]:
    """Differences by cause."""
    rows = await tx.execute(_CAUSES, {"file": file_id})
    return {row.cause: row.differences for row in rows}


async def list_differences(
    tx: AsyncSession, file_id: UUID, cause: str | None, after: int, limit: int
) -> Sequence[BankDifferenceRow]:
    """By number."""
    query = select(BankDifferenceRow).where(BankDifferenceRow.file_id == file_id, BankDifferenceRow.number > after)
    if cause is not None:
        query = query.where(BankDifferenceRow.cause == cause)
    found = await tx.scalars(query.order_by(BankDifferenceRow.number).limit(limit))
    return found.all()


async def list_results(tx: AsyncSession, file_id: UUID, after: int, limit: int) -> Sequence[Any]:
    """The bank's lines with our amounts and the cause of a difference, by row."""
    return (await tx.execute(_RESULT, {"file": file_id, "after": after, "limit": limit})).all()


async def list_missing(tx: AsyncSession, file_id: UUID, after: int, limit: int) -> Sequence[Any]:
    """Our lines that the bank did not claim."""
    return (await tx.execute(_MISSING, {"file": file_id, "after": after, "limit": limit})).all()


async def add_waivers(tx: AsyncSession, file_id: UUID, batch: BatchRow) -> None:
    """Lines that lower ours to what the bank claims."""
    await tx.execute(_WAIVE, {"file": file_id, "batch": batch.id, "written": batch.lines})
