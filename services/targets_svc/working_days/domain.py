"""Counting working days, and the instant at which a month's report is due."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from kit.clock import BEIJING
from kit.dates import Month

DAYS_TO_REPORT = 5
"""Working days after the month's end (targets design §5.4; 劳社厅发〔2003〕4号 sets the order of magnitude)."""


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Weekends, less the days moved onto them, plus the holidays; both only for the years that are known."""

    holidays: frozenset[date] = field(default_factory=frozenset)
    moved_working_days: frozenset[date] = field(default_factory=frozenset)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on that day."""
        if day in self.moved_working_days:
            return True
        return day.weekday() < 5 and day not in self.holidays

    def add(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself never counts."""
        while count:
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        return day


def due_at(month: Month, calendar: WorkingCalendar, days: int = DAYS_TO_REPORT) -> datetime:
    """The instant in UTC after which the month's report is late: the end of the last day allowed, in Asia/Shanghai."""
    last_day = calendar.add(month.last, days)
    return datetime.combine(last_day + timedelta(days=1), time(), BEIJING).astimezone(UTC)
