"""Completeness and timeliness of the months of a year so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from kit.working_days import load_calendar
from targets_svc.completeness.domain import Tally, find_missing, owed, tally, whole
from targets_svc.completeness.repository import find_received
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.plans.service import find_plan_for_period
from targets_svc.standards.repository import find_standards
from targets_svc.units.domain import limited_to
from targets_svc.units.repository import load_units
from targets_svc.working_days.domain import deadlines


@dataclass(frozen=True, slots=True)
class Completeness:
    """The answer: all units together, and each that the caller may see.

    Attributes:
        missing: by unit, the months whose report has not come.
    """

    month: Month
    total: Tally
    units: list[tuple[str, Tally]]
    missing: Mapping[str, Sequence[int]]


async def read_completeness(
    tx: AsyncSession, month: Month, *, known_at: datetime | None, own_unit: str | None, now: datetime
) -> Completeness:
    """From January to `month`; each month is measured by the plan in force on its last day.

    Raises:
        PlanNotFoundError: no plan of that year.
    """
    months = [Month(month.year, number) for number in range(1, month.number + 1)]
    plans = {m: await find_plan_for_period(tx, m.year, m.last) for m in months}
    indicators = load_indicators()
    owed_by_month = {m.number: owed(plan, indicators) for m, plan in plans.items() if plan is not None}
    if not owed_by_month:
        raise PlanNotFoundError
    at = min(known_at or now, now)
    received = await find_received(tx, month.year, month.number, at)
    due = deadlines(months, load_calendar(), await find_standards(tx), at)
    tallies = tally(owed_by_month, received, due)
    own, units = limited_to(own_unit), load_units()
    seen = [(unit, one) for unit, one in tallies.items() if own in {None, unit}]
    ordered = sorted(seen, key=lambda pair: units[pair[0]].sort_no)
    return Completeness(month, whole(list(tallies.values())), ordered, find_missing(owed_by_month, received))
