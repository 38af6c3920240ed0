"""The instant at which a month's report is due."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, time, timedelta

from kit.clock import BEIJING
from kit.dates import Month
from kit.working_days import WorkingCalendar
from targets_svc.standards.domain import Standard, in_force


def due_at(month: Month, calendar: WorkingCalendar, days: int) -> datetime:
    """The instant in UTC after which the month's report is late: the end of the last day allowed, in Asia/Shanghai."""
    last_day = calendar.add(month.last, days)
    return datetime.combine(last_day + timedelta(days=1), time(), BEIJING).astimezone(UTC)


def deadlines(
    months: Iterable[Month], calendar: WorkingCalendar, standards: Collection[Standard], known_at: datetime
) -> dict[int, datetime]:
    """By month of a year, when its report is due by the standards that held for it."""
    return {
        month.number: due_at(month, calendar, in_force(standards, month.last, known_at).deadlines.report_days)
        for month in months
    }
