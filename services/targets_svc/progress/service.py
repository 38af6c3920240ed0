"""The progress table, from a handful of set-based reads."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from kit.working_days import load_calendar
from targets_svc.indicators.domain import IndicatorKind, Source
from targets_svc.indicators.repository import load_indicators
from targets_svc.month_closes.repository import find_snapshot_at
from targets_svc.plans.domain import Plan
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.plans.service import find_plan_for_period
from targets_svc.progress import repository
from targets_svc.progress.domain.arithmetic import Curve, is_met
from targets_svc.progress.domain.observation import (
    Cell,
    OfficialCell,
    ReportState,
    days_overdue,
    from_register,
    from_reports,
)
from targets_svc.progress.domain.snapshot import Snapshot
from targets_svc.progress.domain.table import Period, Row, build_table
from targets_svc.register.repository import counts_to_month
from targets_svc.standards.domain import Standard
from targets_svc.standards.repository import load_standard
from targets_svc.units.domain import CITY, limited_to
from targets_svc.units.repository import load_units
from targets_svc.working_days.domain import due_at


class ProgressSource(StrEnum):
    """Where the actuals come from; POLICY takes for each indicator its official source."""

    REPORT = "REPORT"
    REGISTER = "REGISTER"
    POLICY = "POLICY"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        curve: None for that of the standards.
        known_at: an instant for what was known then; None for now.
        as_of: the day whose plan version counts; None for the month's last day.
    """

    month: Month
    source: ProgressSource
    curve: Curve | None = None
    known_at: datetime | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ProgressTable:
    """The answer, and by which versions of plan and standards; the same facts give the same object."""

    question: Question
    curve: Curve
    plan_version: int
    standard_version: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that a table is computed from.

    Attributes:
        plan: an issued version, which never changes; told apart by `plan_id`, its identity while it is held here.
        standard: a published version, which never changes; told apart by its number.
        counts: of the register; None when it is not asked.
    """

    question: Question
    own_unit: str | None
    plan: Plan = field(compare=False)
    plan_id: int
    standard: Standard = field(compare=False)
    standard_version: int
    cells: tuple[OfficialCell, ...]
    waiting: frozenset[str]
    days_overdue: int
    counts: frozenset[tuple[Cell, int]] | None


async def read_progress(tx: AsyncSession, question: Question, *, own_unit: str | None, now: datetime) -> ProgressTable:
    """The table of a month; a unit's account sees its own rows, rank included, and the city's.

    As known at the instant at which the month was closed, it is that of the snapshot.

    Raises:
        PlanNotFoundError: no plan of that year.
    """
    if question.known_at is not None and question.as_of is None:
        kept = await find_snapshot_at(tx, question.month, question.known_at)
        if kept is not None:
            return tabulate(question, kept, own_unit)
    plan = await _plan(tx, question)
    return _compute(await _facts(tx, question, plan, limited_to(own_unit), now))


async def take_snapshot(tx: AsyncSession, month: Month, now: datetime) -> Snapshot:
    """All that is known of a month now, from both sources.

    Raises:
        PlanNotFoundError: no plan of that year.
    """
    question = Question(month, ProgressSource.POLICY)
    plan = await _plan(tx, question)
    return _observe(await _facts(tx, question, plan, None, now, with_both=True))


async def _plan(tx: AsyncSession, question: Question) -> Plan:
    plan = await find_plan_for_period(tx, question.month.year, question.as_of or question.month.last)
    if plan is None:
        raise PlanNotFoundError
    return plan


async def _facts(
    tx: AsyncSession, question: Question, plan: Plan, own_unit: str | None, now: datetime, *, with_both: bool = False
) -> _Facts:
    month, known_at = question.month, min(question.known_at or now, now)
    is_read_along = question.known_at is None and (with_both or question.source is ProgressSource.REGISTER)
    cells, live, standard_id = await repository.find_figures(
        tx,
        *(month.year, month.number, month.last, known_at),
        with_counts=is_read_along,
    )
    standard = await load_standard(tx, standard_id)
    wanted = set(Source) if with_both else {_source(question.source, code, standard) for code in plan.indicators}
    is_counted = Source.REGISTER in wanted
    waiting: frozenset[str] = frozenset()
    if Source.REPORT in wanted:
        waiting = await repository.find_waiting_units(tx, month.year, month.number, known_at)
    counts = None
    if is_counted:
        counted = live if is_read_along else await counts_to_month(tx, month.year, month.number, question.known_at)
        counts = frozenset(counted.items())
    overdue = days_overdue(due_at(month, load_calendar(), standard.deadlines.report_days), known_at)
    return _Facts(
        question,
        own_unit,
        *(plan, id(plan), standard, standard.version),
        *(tuple(sorted(cells, key=_place)), waiting, overdue, counts),
    )


@lru_cache(maxsize=64)
def _compute(facts: _Facts) -> ProgressTable:
    """Pure, and dearer than the reads before it: most callers ask for a table that somebody has just asked for."""
    return tabulate(facts.question, _observe(facts), facts.own_unit)


def tabulate(question: Question, known: Snapshot, own_unit: str | None) -> ProgressTable:
    """The table that answers a question from what is known; a unit's account sees its own rows and the city's."""
    standard, own = known.standard, limited_to(own_unit)
    seen = {
        (item.unit, item.indicator): known.by_source[_source(question.source, item.indicator, standard)][
            item.unit, item.indicator
        ]
        for item in known.plan.items
    }
    curve = question.curve or standard.curve
    period = Period(question.month.number, curve, standard, known.kept_before)
    rows = build_table(known.plan, load_indicators(), load_units(), seen, period)
    shown = tuple(row for row in rows if own is None or row.unit in {own, CITY})
    return ProgressTable(question, curve, known.plan.version, standard.version, shown)


def _observe(facts: _Facts) -> Snapshot:
    plan, indicators, month = facts.plan, load_indicators(), facts.question.month.number
    state = ReportState(
        official=[cell for cell in facts.cells if cell.month == month],
        waiting=facts.waiting,
        days_overdue=facts.days_overdue,
    )
    by_source = {Source.REPORT: from_reports(plan.items, indicators, state)}
    if facts.counts is not None:
        by_source[Source.REGISTER] = from_register(plan.items, indicators, dict(facts.counts))
    return Snapshot(plan, facts.standard, by_source, _kept_before(plan, facts.cells, month - 1))


def _place(cell: OfficialCell) -> tuple[str, int, str]:
    return cell[:3]


def _source(asked: ProgressSource, indicator: str, standard: Standard) -> Source:
    if asked is ProgressSource.POLICY:
        return standard.source_of(load_indicators()[indicator])
    return Source(asked.value)


def _kept_before(plan: Plan, cells: Iterable[OfficialCell], month: int) -> dict[str, bool]:
    """Whether the city's limits were kept in the month before."""
    indicators = load_indicators()
    limits = {
        item.indicator: item.value
        for item in plan.items
        if item.unit == CITY and item.value is not None and indicators[item.indicator].kind is not IndicatorKind.FLOW
    }
    return {
        cell.indicator: is_met(indicators[cell.indicator].direction, cell.value, limits[cell.indicator])
        for cell in cells
        if cell.unit == CITY and cell.month == month and cell.value is not None and cell.indicator in limits
    }
