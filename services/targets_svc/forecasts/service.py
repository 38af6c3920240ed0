"""Forecasts of every cell from its months, along every curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from targets_svc.forecasts.domain import Forecast, Verdict, foresee
from targets_svc.indicators.domain import IndicatorKind, Source
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import ItemState, Plan
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.plans.service import find_plan_for_period
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.progress.domain.observation import Cell, from_register
from targets_svc.progress.repository import find_official_cells
from targets_svc.progress.service import ProgressSource, Question
from targets_svc.register.repository import counts_to_month
from targets_svc.standards.domain import Standard
from targets_svc.standards.repository import find_standard
from targets_svc.units.domain import CITY, limited_to
from targets_svc.units.repository import load_units

YEARS_BACK = 3
Series = Mapping[Cell, Sequence[int | None]]


@dataclass(frozen=True, slots=True)
class Outlook:
    """A cell's forecast along one curve; None where there are too few months."""

    unit: str
    indicator: str
    curve: Curve
    target: int
    actual: int | None
    forecast: Forecast | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often past years' ends lay in the interval that the same month would have given."""

    curve: Curve
    covered: int
    of: int


@dataclass(frozen=True, slots=True)
class Forecasts:
    """The answer."""

    question: Question
    plan_version: int
    standard_version: int
    outlooks: list[Outlook]
    coverage: list[Coverage]


async def read_forecasts(
    tx: AsyncSession,
    question: Question,
    *,
    unit: str | None,
    indicator: str | None,
    own_unit: str | None,
    now: datetime,
) -> Forecasts:
    """Assigned flows, both curves each, the city's sums first; a unit's account sees its own and the city's.

    Raises:
        PlanNotFoundError: no plan of that year.
    """
    month = question.month
    plan = await find_plan_for_period(tx, month.year, question.as_of or month.last)
    if plan is None:
        raise PlanNotFoundError
    known_at = min(question.known_at or now, now)
    standard = await find_standard(tx, month.last, known_at)
    series = await _series(tx, plan, question, known_at, standard)
    own = limited_to(own_unit)
    targets = {
        cell: target
        for cell, target in _targets(plan).items()
        if unit in {None, cell[0]} and indicator in {None, cell[1]} and (own is None or cell[0] in {own, CITY})
    }
    outlooks = [
        _outlook(cell, target, series[cell], curve, standard) for cell, target in targets.items() for curve in Curve
    ]
    coverage = await _backtest(tx, question, known_at, standard)
    return Forecasts(question, plan.version, standard.version, outlooks, coverage)


async def read_city_year(tx: AsyncSession, year: int, indicator: str, now: datetime) -> Sequence[int | None]:
    """The city's cumulative figures of the twelve months; None where a part is not approved, or without a plan."""
    december = Month(year, 12)
    plan = await find_plan_for_period(tx, year, december.last)
    if plan is None:
        return [None] * 12
    question = Question(december, ProgressSource.POLICY)
    series = await _series(tx, plan, question, now, await find_standard(tx, december.last))
    return series.get((CITY, indicator), [None] * 12)


def _targets(plan: Plan) -> dict[Cell, int]:
    """Targets of the assigned flows in the order of the annex; the city's are sums."""
    units, indicators = load_units(), load_indicators()
    flows = [i for i in plan.items if i.value is not None and indicators[i.indicator].kind is IndicatorKind.FLOW]
    found: dict[Cell, int] = {}
    for item in flows:
        found[item.unit, item.indicator] = item.value or 0
        city = (CITY, item.indicator)
        if item.unit != CITY:
            found[city] = found.get(city, 0) + (item.value or 0)
    return dict(sorted(found.items(), key=lambda cell: (units[cell[0][0]].sort_no, indicators[cell[0][1]].sort_no)))


def _outlook(cell: Cell, target: int, months: Sequence[int | None], curve: Curve, standard: Standard) -> Outlook:
    forecast = foresee(months, standard.points(curve, cell[1]))
    verdict = forecast.verdict(target) if forecast else Verdict.INSUFFICIENT
    return Outlook(*cell, curve, target, months[-1], forecast, verdict)


async def _series(tx: AsyncSession, plan: Plan, question: Question, known_at: datetime, standard: Standard) -> Series:
    """Cumulative figures by cell, one for each month so far; the city's are known where all its parts are."""
    by_source: dict[Source, Series] = {
        Source.REPORT: await _reported(tx, plan, question.month.year, question.month.number, known_at),
    }
    if question.source is not ProgressSource.REPORT:
        by_source[Source.REGISTER] = await _registered(tx, plan, question)
    series: dict[Cell, Sequence[int | None]] = {}
    parts: dict[str, list[Sequence[int | None]]] = {}
    for item in plan.items:
        official = standard.source_of(load_indicators()[item.indicator])
        source = official if question.source is ProgressSource.POLICY else Source(question.source.value)
        months = by_source[source][item.unit, item.indicator]
        series[item.unit, item.indicator] = months
        if item.unit != CITY and item.state is ItemState.ASSIGNED:
            parts.setdefault(item.indicator, []).append(months)
    for code, lines in parts.items():
        series[CITY, code] = [_sum(column) for column in zip(*lines, strict=True)]
    return series


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


async def _reported(tx: AsyncSession, plan: Plan, year: int, month: int, known_at: datetime) -> Series:
    cells = await find_official_cells(tx, year, range(1, month + 1), known_at)
    values = {(cell.unit, cell.indicator, cell.month): cell.value for cell in cells}
    return {
        (item.unit, item.indicator): [values.get((item.unit, item.indicator, m)) for m in range(1, month + 1)]
        for item in plan.items
    }


async def _registered(tx: AsyncSession, plan: Plan, question: Question) -> Series:
    months = [
        from_register(
            plan.items,
            load_indicators(),
            await counts_to_month(tx, question.month.year, number, question.known_at),
        )
        for number in range(1, question.month.number + 1)
    ]
    return {
        (item.unit, item.indicator): [seen[item.unit, item.indicator].value for seen in months] for item in plan.items
    }


async def _backtest(tx: AsyncSession, question: Question, known_at: datetime, standard: Standard) -> list[Coverage]:
    """The intervals that this month would have given in past years, against those years' ends, from their reports."""
    month = question.month
    hits = dict.fromkeys(Curve, 0)
    tried = dict.fromkeys(Curve, 0)
    for year in range(month.year - YEARS_BACK, month.year):
        plan = await find_plan_for_period(tx, year, month.last.replace(year=year, month=12, day=31))
        if plan is None:
            continue
        series = await _reported(tx, plan, year, 12, known_at)
        flows = {cell for cell in _targets(plan) if cell in series}
        for curve in Curve:
            for cell in flows:
                points = standard.points(curve, cell[1])
                forecast, end = foresee(series[cell][: month.number], points), series[cell][11]
                if forecast is not None and end is not None:
                    tried[curve] += 1
                    hits[curve] += forecast.covers(end)
    return [Coverage(curve, hits[curve], tried[curve]) for curve in Curve]
