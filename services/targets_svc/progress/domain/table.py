"""The progress table: a row for each cell of the plan, and the city's own sums."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from targets_svc.indicators.domain import Indicator, IndicatorKind
from targets_svc.plans.domain import ItemState, Plan, PlanItem
from targets_svc.progress.domain.arithmetic import (
    Curve,
    Level,
    ObsStatus,
    Ratio,
    completion,
    is_met,
    level_of_limit,
    needed_per_month,
    ranks,
)
from targets_svc.progress.domain.observation import Cell, Observation
from targets_svc.standards.domain import Standard
from targets_svc.units.domain import CITY, Unit


@dataclass(frozen=True, slots=True)
class Row:
    """One row; percentages are exact ratios, None where there is nothing to compute from.

    Attributes:
        needed: per remaining month, to reach the target; districts only.
    """

    unit: str
    indicator: str
    target: int | None
    actual: int | None
    completion: Ratio | None
    pace: Ratio | None
    gap: Ratio | None
    level: Level
    rank: int | None
    needed: Ratio | None
    status: ObsStatus


@dataclass(frozen=True, slots=True)
class Period:
    """What the table is computed for.

    Attributes:
        kept_before: by indicator, whether the city's limit was kept a month earlier; absent when unknown.
    """

    month: int
    curve: Curve
    standard: Standard
    kept_before: Mapping[str, bool]


def build_table(
    plan: Plan,
    indicators: Mapping[str, Indicator],
    units: Mapping[str, Unit],
    seen: Mapping[Cell, Observation],
    period: Period,
) -> list[Row]:
    """All rows: units in the order of the annex, the city first; indicators in the order of its columns."""
    ranked = _ranks(plan.items, indicators, units, seen)
    rows = [
        _row(item, indicators[item.indicator], seen[item.unit, item.indicator], period, ranked) for item in plan.items
    ]
    rows += _city_rows(plan, indicators, seen, period)
    return sorted(rows, key=lambda row: (units[row.unit].sort_no, indicators[row.indicator].sort_no))


def _city_rows(
    plan: Plan, indicators: Mapping[str, Indicator], seen: Mapping[Cell, Observation], period: Period
) -> list[Row]:
    """The city's sums; what units did without being assigned stays in their own rows."""
    parts: dict[str, list[PlanItem]] = {}
    for item in plan.items:
        if item.unit != CITY and item.state is ItemState.ASSIGNED:
            parts.setdefault(item.indicator, []).append(item)
    rows = []
    for code, items in parts.items():
        total = PlanItem(CITY, code, ItemState.ASSIGNED, sum(item.value or 0 for item in items))
        observed = _sum([seen[item.unit, code] for item in items])
        rows.append(_row(total, indicators[code], observed, period, {}))
    return rows


def _sum(parts: list[Observation]) -> Observation:
    """The sum of what is known: approved when all parts are, provisional when some are."""
    known = [part.value for part in parts if part.value is not None]
    if len(known) == len(parts):
        return Observation(sum(known), ObsStatus.APPROVED)
    statuses = {part.status for part in parts}
    if known:
        return Observation(sum(known), ObsStatus.PROVISIONAL)
    order = (ObsStatus.PROVISIONAL, ObsStatus.OVERDUE, ObsStatus.MISSING)
    status = next(status for status in order if status in statuses)
    return Observation(None, status, max(part.days_overdue for part in parts))


def _row(
    item: PlanItem, indicator: Indicator, observed: Observation, period: Period, ranked: Mapping[Cell, int]
) -> Row:
    target, actual = item.value, observed.value
    is_flow = indicator.kind is IndicatorKind.FLOW
    course = period.standard.pace(period.curve, indicator.code, period.month)
    expected = course if is_flow and target is not None else None
    reached = completion(indicator.direction, actual, target) if actual is not None and target is not None else None
    gap = reached.minus(expected) if reached and expected else None
    has_need = is_flow and item.unit != CITY and actual is not None and target is not None
    return Row(
        unit=item.unit,
        indicator=indicator.code,
        target=target,
        actual=actual,
        completion=reached,
        pace=expected,
        gap=gap,
        level=_level(indicator, target, observed, gap, period),
        rank=ranked.get((item.unit, indicator.code)),
        needed=needed_per_month(target or 0, actual or 0, period.month) if has_need else None,
        status=observed.status,
    )


def _level(indicator: Indicator, target: int | None, observed: Observation, gap: Ratio | None, period: Period) -> Level:
    if observed.status is ObsStatus.OVERDUE:
        return period.standard.levels.of_overdue(observed.days_overdue)
    if target is None or observed.value is None:
        return Level.GREY
    if gap is not None:
        return period.standard.levels.of_gap(gap)
    kept = is_met(indicator.direction, observed.value, target)
    return level_of_limit(kept, period.kept_before.get(indicator.code))


def _ranks(
    items: Iterable[PlanItem],
    indicators: Mapping[str, Indicator],
    units: Mapping[str, Unit],
    seen: Mapping[Cell, Observation],
) -> dict[Cell, int]:
    """Competition ranks of the districts with an approved figure, one list for each flow."""
    lists: dict[str, dict[str, Ratio]] = {}
    for item in items:
        indicator, observed = indicators[item.indicator], seen[item.unit, item.indicator]
        is_comparable = units[item.unit].is_ranked and indicator.kind is IndicatorKind.FLOW
        if is_comparable and item.value is not None and observed.value is not None:
            reached = completion(indicator.direction, observed.value, item.value)
            lists.setdefault(item.indicator, {})[item.unit] = reached
    return {(unit, code): rank for code, reached in lists.items() for unit, rank in ranks(reached).items()}
