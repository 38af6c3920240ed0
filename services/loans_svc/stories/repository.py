"""Tellings in the database. Who writes them holds the lock of the bank and district until the transaction ends."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.loans.models import LoanRow
from loans_svc.rules.domain import Tranche
from loans_svc.stories.domain import Stretch
from loans_svc.stories.models import ChangeRow, PastSegmentRow, SegmentRow, StoryRow

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))")
_STALE = text(
    """
    SELECT l.id FROM loan l
    LEFT JOIN loan_story s ON s.bank = l.bank AND s.unit = l.unit AND s.loan_id = l.id
    WHERE l.bank = :bank AND l.unit = :unit AND l.disbursed_on IS NOT NULL
      AND (s.loan_version IS DISTINCT FROM l.row_version OR s.renew_on <= :today)
    ORDER BY l.id
    """
)
_PLACES = text("SELECT DISTINCT bank, unit FROM loan WHERE disbursed_on IS NOT NULL ORDER BY bank, unit")
_KEEP_PAST = text(
    """
    INSERT INTO loan_segment_past (loan_id, version, tranche, from_on, to_on, principal_fen, balance_fen, overdue_fen,
        rate_ppm, share6)
    SELECT g.loan_id, g.version, g.tranche, g.from_on, g.to_on, g.principal_fen, g.balance_fen, g.overdue_fen,
        g.rate_ppm, g.share6
    FROM loan_segment g
    WHERE g.bank = :bank AND g.unit = :unit AND g.loan_id = ANY(:loans)
      AND EXISTS (SELECT FROM subsidy_line l WHERE l.loan_id = g.loan_id AND l.story = g.version)
    """
)
_FORGET = text("DELETE FROM loan_segment WHERE bank = :bank AND unit = :unit AND loan_id = ANY(:loans)")
_TELL = text(
    """
    INSERT INTO loan_story (bank, unit, loan_id, version, loan_version, renew_on)
    SELECT :bank, :unit, one.*
    FROM unnest(CAST(:loans AS uuid[]), CAST(:versions AS int[]), CAST(:loan_versions AS int[]), CAST(:days AS date[]))
        AS one
    ON CONFLICT (bank, unit, loan_id) DO UPDATE SET
        version = excluded.version, loan_version = excluded.loan_version, renew_on = excluded.renew_on
    """
)
_LAST_SERIAL = text("SELECT coalesce(max(serial), 0) FROM loan_change WHERE bank = :bank AND unit = :unit")
_SEGMENT_COLUMNS = [column.name for column in SegmentRow.__table__.columns]
_CHANGE_COLUMNS = [column.name for column in ChangeRow.__table__.columns]


async def lock_stories(tx: AsyncSession, bank: str, unit: str) -> None:
    """One writer of tellings at a time for a bank and district, so that serials are in the order of commit."""
    await tx.execute(_LOCK, {"lock": f"stories\x1f{bank}\x1f{unit}"})


async def list_places(tx: AsyncSession) -> Sequence[tuple[str, str]]:
    """Bank and district of all disbursed loans."""
    return [(bank, unit) for bank, unit in await tx.execute(_PLACES)]


async def list_stale(tx: AsyncSession, bank: str, unit: str, today: date) -> list[UUID]:
    """Loans to which something has happened since they were told, or whose days of grace are over."""
    return list(await tx.scalars(_STALE, {"bank": bank, "unit": unit, "today": today}))


async def list_loans(tx: AsyncSession, loans: Sequence[UUID]) -> Sequence[LoanRow]:
    """By number; read before their events, so that a telling is never newer than the version it says."""
    found = await tx.scalars(select(LoanRow).where(LoanRow.id.in_(loans)).order_by(LoanRow.id))
    return found.all()


async def list_told(
    tx: AsyncSession, bank: str, unit: str, loans: Sequence[UUID]
) -> Mapping[UUID, tuple[int, list[Stretch]]]:
    """By loan the version of its telling and its segments."""
    stories = await tx.execute(
        select(StoryRow.loan_id, StoryRow.version).where(
            StoryRow.bank == bank, StoryRow.unit == unit, StoryRow.loan_id.in_(loans)
        )
    )
    told: dict[UUID, tuple[int, list[Stretch]]] = {loan: (version, []) for loan, version in stories}
    for row in await tx.scalars(
        select(SegmentRow).where(SegmentRow.bank == bank, SegmentRow.unit == unit, SegmentRow.loan_id.in_(loans))
    ):
        told[row.loan_id][1].append(_stretch(row))
    return told


def _stretch(row: SegmentRow | PastSegmentRow) -> Stretch:
    return Stretch(
        Tranche(row.tranche), row.from_on, row.to_on, row.principal_fen, row.balance_fen, row.overdue_fen,
        row.rate_ppm, row.share6,
    )  # fmt: skip


async def list_stretches(
    tx: AsyncSession, bank: str, unit: str, keys: Sequence[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], list[Stretch]]:
    """By loan and version, whether it is the newest telling or an older one, in the order of days."""
    found: defaultdict[tuple[UUID, int], list[Stretch]] = defaultdict(list)
    loans, wanted = {loan for loan, _ in keys}, set(keys)
    newest = await tx.scalars(
        select(SegmentRow)
        .where(SegmentRow.bank == bank, SegmentRow.unit == unit, SegmentRow.loan_id.in_(loans))
        .order_by(SegmentRow.from_on)
    )
    for row in newest:
        if (row.loan_id, row.version) in wanted:
            found[row.loan_id, row.version].append(_stretch(row))
    replaced = {loan for loan, _ in wanted.difference(found)}
    if replaced:
        for past in await tx.scalars(
            select(PastSegmentRow).where(PastSegmentRow.loan_id.in_(replaced)).order_by(PastSegmentRow.from_on)
        ):
            if (past.loan_id, past.version) in wanted:
                found[past.loan_id, past.version].append(_stretch(past))
    return found


async def replace_tellings(
    tx: AsyncSession, bank: str, unit: str, stories: Sequence[Mapping[str, Any]], segments: Sequence[tuple[Any, ...]]
) -> None:
    """The newest tellings; older ones are kept where a line was posted from them.

    Args:
        segments: in the order of the table's columns.
    """
    place: dict[str, Any] = {"bank": bank, "unit": unit}
    loans = {"loans": [story["loan_id"] for story in stories]}
    await tx.execute(_KEEP_PAST, place | loans)
    await tx.execute(_FORGET, place | loans)
    await tx.execute(
        _TELL,
        place
        | loans
        | {
            "versions": [story["version"] for story in stories],
            "loan_versions": [story["loan_version"] for story in stories],
            "days": [story["renew_on"] for story in stories],
        },
    )
    await copy_rows(tx, "loan_segment", _SEGMENT_COLUMNS, segments)


async def read_last_serial(tx: AsyncSession, bank: str, unit: str) -> int:
    """Of the changes of a bank and district."""
    return int(await tx.scalar(_LAST_SERIAL, {"bank": bank, "unit": unit}) or 0)


async def add_changes(tx: AsyncSession, bank: str, unit: str, changes: Sequence[tuple[UUID, int, date]]) -> None:
    """Loan, version, and the first day that differs."""
    last = await read_last_serial(tx, bank, unit)
    rows = [(bank, unit, serial, *change) for serial, change in enumerate(changes, last + 1)]
    await copy_rows(tx, "loan_change", _CHANGE_COLUMNS, rows)


async def copy_rows(tx: AsyncSession, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Many rows at the speed of COPY, in the caller's transaction."""
    if rows:
        raw = (await (await tx.connection()).get_raw_connection()).driver_connection
        assert raw is not None
        await raw.copy_records_to_table(table, records=rows, columns=list(columns))
