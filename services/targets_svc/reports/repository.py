"""Reports in the database. Every query names the unit first; a step locks the report's row and nothing else."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from targets_svc.report_rules.domain import Basis, Cell, OfficialMonth
from targets_svc.reports.domain import State
from targets_svc.reports.models import CellRow, ReportRow, RevisionRow

_CELL = (
    CellRow.indicator,
    CellRow.value,
    CellRow.comment,
    CellRow.numerator,
    CellRow.denominator,
    CellRow.gross,
    CellRow.attrition,
)


def _report(unit: str, month: Month) -> Select[ReportRow]:
    return select(ReportRow).where(
        ReportRow.unit == unit, ReportRow.year == month.year, ReportRow.month == month.number
    )


async def find_report(tx: AsyncSession, unit: str, month: Month) -> ReportRow | None:
    """The report, unlocked."""
    return (await tx.scalars(_report(unit, month))).one_or_none()


async def lock_report(tx: AsyncSession, unit: str, month: Month) -> ReportRow | None:
    """The report, locked until the end of the transaction: steps on one report come one after the other."""
    return (await tx.scalars(_report(unit, month).with_for_update())).one_or_none()


async def begin_report(tx: AsyncSession, unit: str, month: Month, due_at: datetime) -> bool:
    """Creates the report's row, at version 0 and revision 1; False when somebody else has just done so."""
    created = await tx.scalar(
        upsert(ReportRow)
        .values(unit=unit, year=month.year, month=month.number, revision=1, row_version=0, due_at=due_at)
        .on_conflict_do_nothing()
        .returning(ReportRow.unit)
    )
    return created is not None


def add_revision(
    tx: AsyncSession, report: ReportRow, *, created_by: str, created_at: datetime, correction_reason: str | None = None
) -> RevisionRow:
    """A new draft under the report's current revision number."""
    revision = RevisionRow(
        unit=report.unit,
        year=report.year,
        month=report.month,
        revision=report.revision,
        state=State.DRAFT.value,
        created_by=created_by,
        created_at=created_at,
        correction_reason=correction_reason,
        basis=Basis.CUMULATIVE.value,
    )
    tx.add(revision)
    return revision


async def load_latest(tx: AsyncSession, report: ReportRow) -> RevisionRow:
    """The revision that is being worked on, or the last one that was."""
    return (
        await tx.scalars(
            select(RevisionRow).where(
                RevisionRow.unit == report.unit,
                RevisionRow.year == report.year,
                RevisionRow.month == report.month,
                RevisionRow.revision == report.revision,
            )
        )
    ).one()


async def last_number(tx: AsyncSession, report: ReportRow) -> int:
    """Of all revisions that there ever were, those that were withdrawn among them."""
    query = select(func.max(RevisionRow.revision)).where(
        RevisionRow.unit == report.unit, RevisionRow.year == report.year, RevisionRow.month == report.month
    )
    return int(await tx.scalar(query) or 0)


async def list_revisions(tx: AsyncSession, report: ReportRow) -> Sequence[RevisionRow]:
    """All of them, in their order."""
    query = select(RevisionRow).where(
        RevisionRow.unit == report.unit, RevisionRow.year == report.year, RevisionRow.month == report.month
    )
    return (await tx.scalars(query.order_by(RevisionRow.revision))).all()


async def find_official(tx: AsyncSession, report: ReportRow, known_at: datetime) -> RevisionRow | None:
    """The vintage: the last revision approved by an instant (targets design §5.4)."""
    return (
        await tx.scalars(
            select(RevisionRow)
            .where(
                RevisionRow.unit == report.unit,
                RevisionRow.year == report.year,
                RevisionRow.month == report.month,
                RevisionRow.approved_at <= known_at,
            )
            .order_by(RevisionRow.revision.desc())
            .limit(1)
        )
    ).one_or_none()


async def load_cells(tx: AsyncSession, revision: RevisionRow) -> list[Cell]:
    """The figures, in the order in which they were typed."""
    rows = await tx.execute(
        select(*_CELL)
        .where(
            CellRow.unit == revision.unit,
            CellRow.year == revision.year,
            CellRow.month == revision.month,
            CellRow.revision == revision.revision,
        )
        .order_by(CellRow.position)
    )
    return [Cell(*row) for row in rows]


async def replace_cells(tx: AsyncSession, revision: RevisionRow, cells: Sequence[Cell]) -> None:
    """Puts these figures in the place of all earlier ones; the table's policy admits it for drafts only."""
    key = {"unit": revision.unit, "year": revision.year, "month": revision.month, "revision": revision.revision}
    await tx.flush()
    await tx.execute(delete(CellRow).filter_by(**key))
    rows = [
        key
        | {"position": position, "indicator": cell.indicator, "value": cell.value, "comment": cell.comment}
        | {"numerator": cell.numerator, "denominator": cell.denominator}
        | {"gross": cell.gross, "attrition": cell.attrition}
        for position, cell in enumerate(cells)
    ]
    if rows:
        await tx.execute(insert(CellRow), rows)


async def load_earlier(tx: AsyncSession, unit: str, month: Month) -> list[OfficialMonth]:
    """The official figures of the year's earlier months, in order."""
    latest = (
        select(RevisionRow.month, func.max(RevisionRow.revision).label("revision"))
        .where(
            RevisionRow.unit == unit,
            RevisionRow.year == month.year,
            RevisionRow.month < month.number,
            RevisionRow.state == State.APPROVED.value,
        )
        .group_by(RevisionRow.month)
        .subquery()
    )
    rows = await tx.execute(
        select(CellRow.month, *_CELL)
        .join(latest, and_(CellRow.month == latest.c.month, CellRow.revision == latest.c.revision))
        .where(CellRow.unit == unit, CellRow.year == month.year)
        .order_by(CellRow.month)
    )
    return _by_month(rows)


def _by_month(rows: Iterable[Any]) -> list[OfficialMonth]:
    months: dict[int, dict[str, Cell]] = {}
    for number, *cell in rows:
        months.setdefault(number, {})[cell[0]] = Cell(*cell)
    return [OfficialMonth(number, cells) for number, cells in months.items()]


async def list_reports(
    tx: AsyncSession,
    *,
    unit: str | None,
    month: Month | None,
    state: State | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[tuple[ReportRow, RevisionRow]]:
    """Reports with their latest revisions, by unit and month, beginning after a position."""
    key = (ReportRow.unit, ReportRow.year, ReportRow.month)
    query = (
        select(ReportRow, RevisionRow)
        .join(
            RevisionRow,
            and_(
                RevisionRow.unit == ReportRow.unit,
                RevisionRow.year == ReportRow.year,
                RevisionRow.month == ReportRow.month,
                RevisionRow.revision == ReportRow.revision,
            ),
        )
        .order_by(*key)
        .limit(limit)
    )
    if unit is not None:
        query = query.where(ReportRow.unit == unit)
    if month is not None:
        query = query.where(ReportRow.year == month.year, ReportRow.month == month.number)
    if state is not None:
        query = query.where(RevisionRow.state == state.value)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return [(report, revision) for report, revision in await tx.execute(query)]
