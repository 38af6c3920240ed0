"""Which month a question about progress is about."""

from datetime import date

from kit.dates import Month
from kit.errors import FieldError
from targets_svc.progress.errors import PeriodInvalidError


def choose_month(year: int | None, month: str | None, today: date) -> Month:
    """The month asked for (`2017-06`, or 1 to 12 beside a year); by default the last closed one of the year.

    Raises:
        PeriodInvalidError: year and month disagree, the month has not begun, or none of the year is closed yet.
    """
    last_closed = Month(today.year, today.month - 1) if today.month > 1 else Month(today.year - 1, 12)
    if month is None:
        if year is not None and year > last_closed.year:
            raise PeriodInvalidError(errors=[FieldError("query:year", "NO_CLOSED_MONTH", "该年度还没有结束的月份")])
        return last_closed if year in {None, last_closed.year} else Month(year or last_closed.year, 12)
    try:
        asked = Month.parse(month) if "-" in month else Month(year or last_closed.year, int(month))
    except ValueError:  # the year 9999
        raise _in_future() from None
    if year is not None and asked.year != year:
        raise PeriodInvalidError(errors=[FieldError("query:month", "YEAR_DIFFERS", "月份不在所查年度内，请核对")])
    if asked.first > today:
        raise _in_future()
    return asked


def _in_future() -> PeriodInvalidError:
    return PeriodInvalidError(errors=[FieldError("query:month", "MONTH_IN_FUTURE", "不能查询尚未到来的月份")])
