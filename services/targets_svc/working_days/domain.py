"""The instant at which a month's report is due."""

from datetime import UTC, datetime, time, timedelta

from kit.clock import BEIJING
from kit.dates import Month
from kit.working_days import WorkingCalendar

DAYS_TO_REPORT = 5
"""Working days after the month's end (targets design §5.4; 劳社厅发〔2003〕4号 sets the order of magnitude)."""


def due_at(month: Month, calendar: WorkingCalendar, days: int = DAYS_TO_REPORT) -> datetime:
    """The instant in UTC after which the month's report is late: the end of the last day allowed, in Asia/Shanghai."""
    last_day = calendar.add(month.last, days)
    return datetime.combine(last_day + timedelta(days=1), time(), BEIJING).astimezone(UTC)
