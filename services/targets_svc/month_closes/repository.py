"""Closed months in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from targets_svc.indicators.domain import Source
from targets_svc.month_closes.domain import Kind, State
from targets_svc.month_closes.models import MonthCloseRow, SnapshotRow
from targets_svc.plans.repository import find_versions, load_plan
from targets_svc.progress.domain.arithmetic import ObsStatus
from targets_svc.progress.domain.observation import Observation
from targets_svc.progress.domain.snapshot import Snapshot
from targets_svc.standards.repository import find_standard

_LOCK = "SELECT pg_advisory_xact_lock{shared}(hashtextextended('targets.month', :number))"
_LOCK_SHARED, _LOCK_ALONE = text(_LOCK.format(shared="_shared")), text(_LOCK.format(shared=""))


async def hold_month(tx: AsyncSession, month: Month) -> None:
    """Until the transaction ends nobody closes or opens the month; steps of reports do not hinder each other."""
    await tx.execute(_LOCK_SHARED, {"number": month.year * 12 + month.number})


async def lock_month(tx: AsyncSession, month: Month) -> None:
    """Alone with the month: every step of a report that has begun is finished, none begins."""
    await tx.execute(_LOCK_ALONE, {"number": month.year * 12 + month.number})


async def is_closed(tx: AsyncSession, month: Month) -> bool:
    """Whether the last approved application closed it."""
    kind = await tx.scalar(
        select(MonthCloseRow.kind)
        .where(
            MonthCloseRow.year == month.year,
            MonthCloseRow.month == month.number,
            MonthCloseRow.state == State.APPROVED.value,
        )
        .order_by(MonthCloseRow.decided_at.desc())
        .limit(1)
    )
    return kind == Kind.CLOSE


async def find_closed(tx: AsyncSession, year: int) -> list[MonthCloseRow]:
    """The closes that hold, in the order of their months."""
    rows = await tx.scalars(
        select(MonthCloseRow)
        .where(MonthCloseRow.year == year, MonthCloseRow.state == State.APPROVED.value)
        .order_by(MonthCloseRow.month, MonthCloseRow.decided_at)
    )
    last = {row.month: row for row in rows}
    return [row for row in last.values() if row.kind == Kind.CLOSE]


async def find_last_closed(tx: AsyncSession) -> Month | None:
    """The latest month that is closed."""
    rows = await tx.execute(
        select(MonthCloseRow.year, MonthCloseRow.month, MonthCloseRow.kind)
        .where(MonthCloseRow.state == State.APPROVED.value)
        .order_by(MonthCloseRow.decided_at)
    )
    last = {Month(year, month): kind for year, month, kind in rows}
    closed = [month for month, kind in last.items() if kind == Kind.CLOSE]
    return max(closed, key=lambda month: month.first, default=None)


async def find_proposal(tx: AsyncSession, month: Month) -> MonthCloseRow | None:
    """The application that waits for its decision."""
    query = select(MonthCloseRow).where(
        MonthCloseRow.year == month.year,
        MonthCloseRow.month == month.number,
        MonthCloseRow.state == State.PROPOSED.value,
    )
    return (await tx.scalars(query)).one_or_none()


async def find_close(tx: AsyncSession, close_id: UUID) -> MonthCloseRow | None:
    """An application by its id."""
    return await tx.get(MonthCloseRow, close_id)


async def list_closes(
    tx: AsyncSession,
    *,
    year: int | None,
    month: int | None,
    state: State | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[MonthCloseRow]:
    """Applications by month, the older first, beginning after a position."""
    key = (MonthCloseRow.year, MonthCloseRow.month, MonthCloseRow.id)
    query = select(MonthCloseRow).order_by(*key).limit(limit)
    if year is not None:
        query = query.where(MonthCloseRow.year == year)
    if month is not None:
        query = query.where(MonthCloseRow.month == month)
    if state is not None:
        query = query.where(MonthCloseRow.state == state.value)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(after[0], after[1], UUID(after[2])))
    return (await tx.scalars(query)).all()


async def add_snapshot(tx: AsyncSession, close_id: UUID, snapshot: Snapshot) -> None:
    """Keeps every cell of the plan."""
    reported, registered = snapshot.by_source[Source.REPORT], snapshot.by_source[Source.REGISTER]
    rows = [
        {
            "unit": unit,
            "close_id": close_id,
            "indicator": indicator,
            "reported": seen.value,
            "reported_status": seen.status.value,
            "days_overdue": seen.days_overdue,
            "registered": registered[unit, indicator].value,
            "registered_status": registered[unit, indicator].status.value,
            "kept_before": snapshot.kept_before.get(indicator),
        }
        for (unit, indicator), seen in reported.items()
    ]
    await tx.execute(insert(SnapshotRow), rows)


async def find_snapshot_at(tx: AsyncSession, month: Month, at: datetime) -> Snapshot | None:
    """The snapshot of the close that was approved at exactly this instant."""
    query = select(MonthCloseRow).where(
        MonthCloseRow.year == month.year,
        MonthCloseRow.month == month.number,
        MonthCloseRow.decided_at == at,
        MonthCloseRow.plan_version.is_not(None),
    )
    close = (await tx.scalars(query)).one_or_none()
    return None if close is None else await load_snapshot(tx, close)


async def load_snapshot(tx: AsyncSession, close: MonthCloseRow) -> Snapshot:
    """The snapshot of an approved close."""
    row = next(row for row in await find_versions(tx, close.year) if row.version == close.plan_version)
    cells = (await tx.scalars(select(SnapshotRow).where(SnapshotRow.close_id == close.id))).all()
    reported = {
        (cell.unit, cell.indicator): Observation(cell.reported, ObsStatus(cell.reported_status), cell.days_overdue)
        for cell in cells
    }
    registered = {
        (cell.unit, cell.indicator): Observation(cell.registered, ObsStatus(cell.registered_status)) for cell in cells
    }
    kept_before = {cell.indicator: cell.kept_before for cell in cells if cell.kept_before is not None}
    standard = await find_standard(tx, Month(close.year, close.month).last, close.decided_at)
    plan = await load_plan(tx, row)
    return Snapshot(plan, standard, {Source.REPORT: reported, Source.REGISTER: registered}, kept_before)
