"""By when a step is to be done: so many working days after the one before it (loans design §1.6)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from kit.working_days import WorkingCalendar
from loans_svc.rules.domain import TimedStep, TimeLimits

STEP_NAMES: Mapping[TimedStep, str] = {
    TimedStep.DECISION: "审批贷款申请",
    TimedStep.DISBURSEMENT: "发放贷款",
    TimedStep.SUBMISSION: "报送贴息批次",
    TimedStep.REVIEW: "审核贴息批次",
    TimedStep.APPROVAL: "批准贴息批次",
    TimedStep.PAYMENT: "支付贴息批次",
}


@dataclass(frozen=True, slots=True)
class Due:
    """The last day of a step, and how many working days are left until then; negative when they are over."""

    due_on: date
    days_left: int
    is_late: bool


def days_allowed(limits: Iterable[TimeLimits], step: TimedStep, since: date) -> int | None:
    """The working days that were allowed when the step began; None where nothing was fixed."""
    return next((row.days[step] for row in limits if row.validity.covers(since) and step in row.days), None)


def due_day(limits: Iterable[TimeLimits], step: TimedStep, since: date, calendar: WorkingCalendar) -> date | None:
    """The last day of a step; the day on which the step before was done does not count."""
    days = days_allowed(limits, step, since)
    return None if days is None else calendar.add(since, days)


def due_of(
    limits: Iterable[TimeLimits], step: TimedStep, since: date, today: date, calendar: WorkingCalendar
) -> Due | None:
    """The last day of a step, as it is seen on a day; None where nothing was fixed when it began."""
    due_on = due_day(limits, step, since, calendar)
    return None if due_on is None else Due(due_on, calendar.between(today, due_on), today > due_on)


@dataclass(frozen=True, slots=True)
class LateBefore:
    """Steps that began on one of the days [since, until] are late."""

    step: TimedStep
    since: date
    until: date


def late_spans(limits: Iterable[TimeLimits], today: date, calendar: WorkingCalendar) -> Iterator[LateBefore]:
    """When steps began that are late today, so that a query finds them without asking the calendar for each."""
    for row in limits:
        for step, days in row.days.items():
            until = calendar.last_before(today, days)
            if row.validity.until is not None:
                until = min(until, row.validity.until - date.resolution)
            if row.validity.since <= until:
                yield LateBefore(step, row.validity.since, until)
