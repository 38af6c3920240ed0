"""The one clock. Rules never read it: a date is always their argument."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The legal day: the date in Asia/Shanghai."""
    return legal_day(now())


def legal_day(instant: datetime) -> date:
    """The day in Asia/Shanghai on which an aware instant falls."""
    return instant.astimezone(BEIJING).date()
