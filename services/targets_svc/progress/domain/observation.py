"""What is known of each cell's actual: from the units' reports, or from the real-name register."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from kit.money import div_half_up
from targets_svc.indicators.domain import Indicator, IndicatorKind
from targets_svc.plans.domain import ItemState, PlanItem
from targets_svc.progress.domain.arithmetic import ObsStatus
from targets_svc.units.domain import CITY

Cell = tuple[str, str]
"""(unit, indicator)."""


class OfficialCell(NamedTuple):
    """An approved figure of one month."""

    unit: str
    month: int
    indicator: str
    value: int | None
    numerator: int | None
    denominator: int | None


class Observation(NamedTuple):
    """An actual in the indicator's smallest unit, or why there is none.

    Attributes:
        days_overdue: begun days since the report was due, for status L.
    """

    value: int | None
    status: ObsStatus
    days_overdue: int = 0


@dataclass(frozen=True, slots=True)
class ReportState:
    """How the month's reports stand.

    Attributes:
        official: approved figures of the month.
        waiting: units that handed in and wait for approval.
        days_overdue: begun days since the reports were due; zero before.
    """

    official: Sequence[OfficialCell]
    waiting: Collection[str]
    days_overdue: int


def days_overdue(due_at: datetime, known_at: datetime) -> int:
    """Days begun since a deadline; zero until it has passed."""
    return max(0, -((due_at - known_at) // timedelta(days=1)))


def from_reports(
    items: Iterable[PlanItem], indicators: Mapping[str, Indicator], state: ReportState
) -> dict[Cell, Observation]:
    """Only what is approved counts; a figure that waits for approval is announced by its status, not shown."""
    values = {(cell.unit, cell.indicator): cell.value for cell in state.official}
    reported = {cell.unit for cell in state.official}
    rates = _rates_of_parts(state.official, indicators)
    return {(item.unit, item.indicator): _reported(item, values, rates, reported, state) for item in items}


def _reported(
    item: PlanItem,
    values: Mapping[Cell, int | None],
    rates: Mapping[str, int],
    reported: Collection[str],
    state: ReportState,
) -> Observation:
    value = values.get((item.unit, item.indicator))
    if value is None and item.unit == CITY:
        value = rates.get(item.indicator)
    if item.state is ItemState.NOT_ASSIGNED:
        return Observation(value, ObsStatus.NOT_ASSIGNED)
    if item.state is ItemState.PENDING:
        return Observation(None, ObsStatus.MISSING)
    if value is not None:
        return Observation(value, ObsStatus.APPROVED)
    if item.unit in state.waiting:
        return Observation(None, ObsStatus.PROVISIONAL)
    if item.unit not in reported and state.days_overdue:
        return Observation(None, ObsStatus.OVERDUE, state.days_overdue)
    return Observation(None, ObsStatus.MISSING)


def _rates_of_parts(cells: Iterable[OfficialCell], indicators: Mapping[str, Indicator]) -> dict[str, int]:
    """City rates from the sums of the units' numerators and denominators, never a mean (targets design §5.6)."""
    sums: dict[str, tuple[int, int]] = {}
    for cell in cells:
        is_rate = indicators[cell.indicator].kind is IndicatorKind.RATE
        if is_rate and cell.unit != CITY and cell.numerator is not None and cell.denominator:
            numerator, denominator = sums.get(cell.indicator, (0, 0))
            sums[cell.indicator] = numerator + cell.numerator, denominator + cell.denominator
    return {code: div_half_up(10_000 * numerator, denominator) for code, (numerator, denominator) in sums.items()}


def from_register(
    items: Iterable[PlanItem], indicators: Mapping[str, Indicator], counts: Mapping[Cell, int]
) -> dict[Cell, Observation]:
    """The register's counts, less natural attrition where the figure is a net one; rates are not in it.

    A flow of the city that the plan does not split has the sum of all units.
    """
    seen: dict[Cell, Observation] = {}
    for item in items:
        indicator = indicators[item.indicator]
        counted = counts.get((item.unit, indicator.code), 0)
        if not indicator.decomposed:
            counted = sum(n for (_, code), n in counts.items() if code == indicator.code)
        net = counted - (counts.get((item.unit, indicator.attrition), 0) if indicator.attrition else 0)
        if item.state is ItemState.PENDING or indicator.kind is not IndicatorKind.FLOW:
            seen[item.unit, indicator.code] = Observation(None, ObsStatus.MISSING)
        elif item.state is ItemState.NOT_ASSIGNED:
            seen[item.unit, indicator.code] = Observation(net or None, ObsStatus.NOT_ASSIGNED)
        else:
            seen[item.unit, indicator.code] = Observation(net, ObsStatus.APPROVED)
    return seen
