"""Warnings in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.warnings.domain import Step
from targets_svc.warnings.models import JudgementRow, WarningEventRow, WarningRow

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('targets.warning', 0))")


async def lock_judging(tx: AsyncSession) -> None:
    """Until the transaction ends no other run judges: two of them would open the same warning."""
    await tx.execute(_LOCK)


async def lock_open(tx: AsyncSession, year: int | None = None) -> list[WarningRow]:
    """The open warnings, locked in the order of their keys."""
    query = select(WarningRow).where(WarningRow.state == "OPEN").order_by(WarningRow.unit, WarningRow.id)
    if year is not None:
        query = query.where(WarningRow.year == year)
    return list((await tx.scalars(query.with_for_update())).all())


async def judged_before(tx: AsyncSession, close_ids: Collection[UUID]) -> set[UUID]:
    """Which of these closes have been judged."""
    return set(await tx.scalars(select(JudgementRow.close_id).where(JudgementRow.close_id.in_(close_ids))))


async def find_warning(tx: AsyncSession, warning_id: UUID, *, lock: bool = False) -> WarningRow | None:
    """A warning by its id."""
    query = select(WarningRow).where(WarningRow.id == warning_id)
    return (await tx.scalars(query.with_for_update() if lock else query)).one_or_none()


async def find_events(tx: AsyncSession, warning: WarningRow) -> Sequence[WarningEventRow]:
    """Its whole history."""
    query = select(WarningEventRow).where(
        WarningEventRow.unit == warning.unit, WarningEventRow.warning_id == warning.id
    )
    return (await tx.scalars(query.order_by(WarningEventRow.number))).all()


async def add_events(tx: AsyncSession, moved: Sequence[tuple[WarningRow, Step]], at: datetime, actor: str) -> None:
    """Records a step of each of these warnings, with the warning as it stands after it; however many, three rounds."""
    await tx.flush()
    keys = [(warning.unit, warning.id) for warning, _ in moved]
    event = (WarningEventRow.unit, WarningEventRow.warning_id)
    latest = await tx.execute(
        select(*event, func.max(WarningEventRow.number)).where(tuple_(*event).in_(keys)).group_by(*event)
    )
    numbers = {(unit, warning_id): number for unit, warning_id, number in latest}
    tx.add_all(
        _event(warning, numbers.get((warning.unit, warning.id), 0) + 1, step, at, actor) for warning, step in moved
    )
    await tx.flush()


def _event(warning: WarningRow, number: int, step: Step, at: datetime, actor: str) -> WarningEventRow:
    is_answer = step is Step.ACKNOWLEDGED
    return WarningEventRow(
        unit=warning.unit,
        warning_id=warning.id,
        number=number,
        step=step.value,
        at=at,
        level="GREEN" if step is Step.ENDED else warning.level,
        month=warning.month,
        target=warning.target,
        actual=warning.actual,
        is_provisional=warning.is_provisional,
        actor=actor,
        action_plan=warning.action_plan if is_answer else None,
        action_due_on=warning.action_due_on if is_answer else None,
    )


async def list_warnings(
    tx: AsyncSession,
    *,
    unit: str | None,
    indicator: str | None,
    levels: Collection[str] | None,
    state: str | None,
    year: int | None,
    after: UUID | None = None,
    limit: int | None = None,
) -> Sequence[WarningRow]:
    """Warnings, the latest first, beginning after one of them."""
    query = select(WarningRow).order_by(WarningRow.id.desc()).limit(limit)
    given = {"unit": unit, "indicator": indicator, "state": state, "year": year}
    for name, value in given.items():
        if value is not None:
            query = query.where(getattr(WarningRow, name) == value)
    if levels is not None:
        query = query.where(WarningRow.level.in_(levels))
    if after is not None:
        query = query.where(WarningRow.id < after)
    return (await tx.scalars(query)).all()
