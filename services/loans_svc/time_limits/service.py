"""What is to be done, by when, as far as the caller sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Quarter, add_months
from kit.working_days import load_calendar
from loans_svc.loans.domain import CITY
from loans_svc.loans.service.steps import Actor
from loans_svc.rules.domain import TimedStep
from loans_svc.rules.repository import catalogue
from loans_svc.time_limits import repository
from loans_svc.time_limits.domain import Due, due_of, late_spans
from loans_svc.time_limits.repository import Waiting, WaitingFilter


@dataclass(frozen=True, slots=True)
class WaitingStep:
    """A step that waits, and by when it is to be done; None where nothing was fixed when it began."""

    waiting: Waiting
    due: Due | None


def due_on_day(step: TimedStep, since: date, today: date) -> Due | None:
    """By the limits in force when the step began, and the known holidays."""
    return due_of(catalogue().time_limits.values(), step, since, today, load_calendar())


async def list_due_steps(
    tx: AsyncSession, actor: Actor, asked: WaitingFilter, after: tuple[date, str] | None, limit: int, today: date
) -> Sequence[WaitingStep]:
    """Steps of the caller's loans and batches; another unit's or bank's are empty, not forbidden."""
    unit = None if actor.unit == CITY else actor.unit
    if (unit is not None and asked.unit not in (None, unit)) or (
        actor.bank is not None and asked.bank not in (None, actor.bank)
    ):
        return []
    own = replace(asked, unit=unit or asked.unit, bank=actor.bank or asked.bank)
    late = list(late_spans(catalogue().time_limits.values(), today, load_calendar()))
    ended = Quarter.of(add_months(Quarter.of(today).first, -1))
    rows = await repository.list_waiting(tx, own, late, ended, after, limit)
    return [WaitingStep(row, due_on_day(TimedStep(row.step), row.since, today)) for row in rows]
