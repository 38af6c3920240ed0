"""Counting days and cutting time into claim periods (loans design S4, S10, S14). Intervals are half-open."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from kit.dates import Quarter, add_months
from loans_svc.rules.domain import DayCount, PeriodScheme

_SETTLEMENT_CUT = 21  # the day after the banks' settlement day 20


@dataclass(frozen=True, slots=True)
class Period:
    """One claim period: [first, after)."""

    quarter: Quarter
    first: date
    after: date


def day_number(day: date, day_count: DayCount) -> int:
    """A number whose differences are the days of an interval: 30E/360 too is a function of one date."""
    if day_count is DayCount.THIRTY_E_360:
        return 360 * day.year + 30 * day.month + min(day.day, 30)
    return day.toordinal()


def days_between(start: date, end: date, day_count: DayCount) -> int:
    """Days of [start, end) under a day count."""
    return day_number(end, day_count) - day_number(start, day_count)


def year_basis(day_count: DayCount) -> int:
    """The days that a year's rate is divided by."""
    return 365 if day_count is DayCount.ACT_365F else 360


@lru_cache(maxsize=1024)
def period_of(quarter: Quarter, scheme: PeriodScheme) -> Period:
    """CAL: the calendar quarter. BANK20: from the 21st of the month before it to the 21st of its last month."""
    if scheme is PeriodScheme.CAL:
        return Period(quarter, quarter.first, quarter.after)
    return Period(
        quarter,
        add_months(quarter.first, -1).replace(day=_SETTLEMENT_CUT),
        add_months(quarter.first, 2).replace(day=_SETTLEMENT_CUT),
    )


def periods_in(start: date, end: date, scheme: PeriodScheme) -> Iterator[Period]:
    """The periods that share at least one day with [start, end), in order."""
    quarter = Quarter.of(start)
    while start < end:
        period = period_of(quarter, scheme)
        if period.first >= end:
            return
        if period.after > start:
            yield period
        quarter = quarter.next()
