"""What an agreement says, and on which days it may begin (loans design S8, S14, S15)."""

from dataclasses import dataclass
from datetime import date

from kit.dates import Quarter
from loans_svc.rules.domain import DayCount, PeriodScheme
from loans_svc.subsidies.domain.calendar import period_of
from loans_svc.subsidies.domain.loan import RepaymentOrder

MOST_GRACE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Terms:
    """Frozen on each loan that the bank disburses while they hold."""

    day_count: DayCount
    period_scheme: PeriodScheme
    grace_days: int
    repayment_order: RepaymentOrder


def begins_a_period(day: date, scheme: PeriodScheme) -> bool:
    """Quarters of two kinds must not overlap: an agreement begins with a period of its own kind."""
    quarter = Quarter.of(day)
    return day in (period_of(quarter, scheme).first, period_of(quarter.next(), scheme).first)
