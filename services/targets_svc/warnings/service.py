"""Judging months, asking for answers, and the supervision list."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.dates import Month
from kit.http.etags import check_if_match
from kit.ids import new_id
from kit.webhooks.service import announce
from kit.working_days import load_calendar
from targets_svc.indicators.repository import load_indicators
from targets_svc.month_closes.repository import find_closed, is_closed, load_snapshot
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.progress.domain.arithmetic import Level
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.domain.table import Row
from targets_svc.progress.service import ProgressSource, ProgressTable, Question, read_progress, tabulate
from targets_svc.standards.repository import find_standard, find_standards
from targets_svc.units.domain import CITY, limited_to, may_report, may_see
from targets_svc.units.repository import load_units
from targets_svc.warnings import repository
from targets_svc.warnings.domain import (
    COLOURS,
    Figures,
    Move,
    Standing,
    Step,
    answer_due_at,
    check_answer,
    figures,
    follow,
    is_supervised,
    next_colour,
)
from targets_svc.warnings.errors import WarningEndedError, WarningNotFoundError
from targets_svc.warnings.models import JudgementRow, WarningEventRow, WarningRow
from targets_svc.webhooks import WARNING_EVENTS

SYSTEM = "system"
_UNANSWERED = dict.fromkeys(("acknowledged_by", "acknowledged_at", "action_plan", "action_due_on"))


@dataclass(frozen=True, slots=True)
class Tallied:
    """How many warnings a run moved, by what happened to them."""

    steps: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """A warning with the figures by which it was judged last, by the standards of then."""

    row: WarningRow
    figures: Figures


@dataclass(frozen=True, slots=True)
class Supervised(Judged):
    """A warning that wants an answer; `is_overdue` when answer or recovery are."""

    is_overdue: bool


async def judge_closed(tx: AsyncSession, year: int, now: datetime) -> Tallied:
    """Judges the closed months of a year by their snapshots, each close once, in the order of the months.

    Whichever run comes first judges them all, so that the order in which jobs are taken does not matter.
    """
    await repository.lock_judging(tx)
    closes = await find_closed(tx, year)
    done = await repository.judged_before(tx, [close.id for close in closes])
    steps: Counter[str] = Counter()
    for close in closes:
        if close.id not in done:
            month = Month(close.year, close.month)
            table = tabulate(_question(month, close.decided_at), await load_snapshot(tx, close), None)
            steps += await _judge(tx, month, table, now, is_closed=True)
            tx.add(JudgementRow(close_id=close.id, judged_at=now))
            await tx.flush()
    return Tallied(steps)


async def judge_provisionally(tx: AsyncSession, now: datetime) -> Tallied:
    """Judges the last month that has ended, by what is approved so far: a warning may rise, and none falls."""
    month = choose_month(None, None, legal_day(now))
    if await is_closed(tx, month):
        return Tallied({})
    await repository.lock_judging(tx)
    try:
        table = await read_progress(tx, _question(month), own_unit=None, now=now)
    except PlanNotFoundError:
        return Tallied({})
    return Tallied(await _judge(tx, month, table, now, is_closed=False))


def _question(month: Month, known_at: datetime | None = None) -> Question:
    return Question(month, ProgressSource.POLICY, known_at=known_at)


async def _judge(
    tx: AsyncSession, month: Month, table: ProgressTable, now: datetime, *, is_closed: bool
) -> Counter[str]:
    answer_days = (await find_standard(tx, legal_day(now))).deadlines.answer_days
    standing = {(row.unit, row.indicator): row for row in await repository.lock_open(tx, month.year)}
    moved: list[tuple[WarningRow, Step]] = []
    for row in table.rows:
        if row.unit == CITY and load_indicators()[row.indicator].decomposed:
            continue  # a sum of what the units are warned of already
        warning = standing.get((row.unit, row.indicator))
        known = Standing(Level(warning.level), warning.level_month) if warning else None
        move = follow(known, row.level, month.number, is_closed=is_closed, is_assigned=row.target is not None)
        if warning is None and move is not None:
            warning = _new(row, month, now, table.standard_version)
            tx.add(warning)
        if warning is not None and row.level is not Level.GREY and month.number >= warning.month:
            warning.month, warning.target, warning.actual = month.number, row.target, row.actual
            warning.is_provisional, warning.standard_version = not is_closed, table.standard_version
        if warning is not None and move is not None:
            _move(warning, move, month.number, now, answer_days)
            moved.append((warning, move.step))
    return await _tell(tx, moved, now)


def _new(row: Row, month: Month, now: datetime, standard_version: int) -> WarningRow:
    return WarningRow(
        unit=row.unit,
        id=new_id(),
        year=month.year,
        indicator=row.indicator,
        state="OPEN",
        level=row.level.value,
        level_month=month.number,
        month=month.number,
        target=row.target,
        actual=row.actual,
        is_provisional=True,
        standard_version=standard_version,
        opened_at=now,
        row_version=0,
    )


def _move(warning: WarningRow, move: Move, month: int, now: datetime, answer_days: int) -> None:
    warning.row_version += 1
    if move.step is Step.ENDED:
        warning.state, warning.ended_at, warning.answer_due_at = "ENDED", now, None
    else:
        warning.level, warning.level_month = move.level.value, month
        if move.step is not Step.FALLEN:
            _ask(warning, now, answer_days)
        elif not is_supervised(move.level):
            warning.answer_due_at = None


async def _tell(tx: AsyncSession, moved: Sequence[tuple[WarningRow, Step]], now: datetime) -> Counter[str]:
    """Into the history, and to those who asked to be told; how many warnings took each step."""
    await repository.add_events(tx, moved, now, SYSTEM)
    told: dict[tuple[str, str], list[dict[str, str]]] = {}
    for warning, step in moved:
        data = {"warning_id": str(warning.id), "unit": warning.unit, "indicator": warning.indicator}
        told.setdefault((WARNING_EVENTS[step].name, warning.unit), []).append(data)
    for (event, unit), each in told.items():
        await announce(tx, event, *each, unit=unit)
    return Counter(step.value for _, step in moved)


def _ask(warning: WarningRow, now: datetime, answer_days: int) -> None:
    """A new colour wants a new answer."""
    for name, value in _UNANSWERED.items():
        setattr(warning, name, value)
    warning.answer_due_at = answer_due_at(Level(warning.level), now, load_calendar(), answer_days)


async def escalate_unanswered(tx: AsyncSession, now: datetime) -> Tallied:
    """Warnings whose answer is overdue take the next colour and a new date; a red one stays as it is."""
    await repository.lock_judging(tx)
    answer_days = (await find_standard(tx, legal_day(now))).deadlines.answer_days
    moved: list[tuple[WarningRow, Step]] = []
    for warning in await repository.lock_open(tx):
        due_at = warning.answer_due_at if warning.acknowledged_by is None else None
        if due_at is not None and due_at < now and warning.level != Level.RED:
            warning.level = next_colour(Level(warning.level)).value
            warning.row_version += 1
            _ask(warning, now, answer_days)
            moved.append((warning, Step.UNANSWERED))
    return Tallied(await _tell(tx, moved, now))


async def acknowledge(
    tx: AsyncSession,
    *,
    subject: str,
    own_unit: str | None,
    warning_id: UUID,
    action_plan: str,
    due_on: date,
    if_match: str | None,
    now: datetime,
) -> Judged:
    """The unit answers: what it will do, and until when. A later answer replaces it; the history keeps both.

    Raises:
        WarningNotFoundError: no such warning, or not one for which this account answers.
        VersionStaleError, WarningEndedError, AnswerInvalidError.
    """
    warning = await repository.find_warning(tx, warning_id, lock=True)
    if warning is None or not may_see(own_unit, warning.unit):
        raise WarningNotFoundError
    if not may_report(own_unit, warning.unit):
        raise WarningNotFoundError("预警由被预警的单位自己反馈；请提请该单位反馈，或核对预警编号。")
    check_if_match(if_match, warning.row_version, required=False)
    if warning.state != "OPEN":
        raise WarningEndedError
    check_answer(due_on, legal_day(now), (await find_standard(tx, legal_day(now))).deadlines.action_days)
    warning.acknowledged_by, warning.acknowledged_at = subject, now
    warning.action_plan, warning.action_due_on = action_plan, due_on
    warning.row_version += 1
    await repository.add_events(tx, [(warning, Step.ACKNOWLEDGED)], now, subject)
    return (await _judged(tx, [warning]))[0]


async def read_warning(
    tx: AsyncSession, warning_id: UUID, own_unit: str | None
) -> tuple[Judged, Sequence[WarningEventRow]]:
    """A warning with its history.

    Raises:
        WarningNotFoundError: no such warning, or another unit's.
    """
    warning = await repository.find_warning(tx, warning_id)
    if warning is None or not may_see(own_unit, warning.unit):
        raise WarningNotFoundError
    return (await _judged(tx, [warning]))[0], await repository.find_events(tx, warning)


async def list_warnings(
    tx: AsyncSession,
    *,
    own_unit: str | None,
    unit: str | None,
    indicator: str | None,
    level: Level | None,
    state: str | None,
    year: int | None,
    after: UUID | None,
    limit: int,
) -> list[Judged]:
    """Warnings that the account sees, the latest first.

    Raises:
        WarningNotFoundError: the filter names another unit.
    """
    _require_visible(own_unit, unit)
    rows = await repository.list_warnings(
        tx,
        unit=unit or limited_to(own_unit),
        indicator=indicator,
        levels=None if level is None else [level.value],
        state=state,
        year=year,
        after=after,
        limit=limit,
    )
    return await _judged(tx, rows)


async def supervise(
    tx: AsyncSession, *, year: int, unit: str | None, own_unit: str | None, now: datetime
) -> list[Supervised]:
    """The supervision list: open warnings from yellow, the worst first, then by gap and by size of the target.

    Raises:
        WarningNotFoundError: the filter names another unit.
    """
    _require_visible(own_unit, unit)
    rows = await repository.list_warnings(
        tx,
        unit=unit or limited_to(own_unit),
        indicator=None,
        levels=[level.value for level in COLOURS if is_supervised(level)],
        state="OPEN",
        year=year,
    )
    return sorted((_supervised(one, now) for one in await _judged(tx, rows)), key=_urgency)


async def _judged(tx: AsyncSession, rows: Sequence[WarningRow]) -> list[Judged]:
    standards = {standard.version: standard for standard in await find_standards(tx)}
    known = load_indicators()
    return [
        Judged(row, figures(known[row.indicator], row.target, row.actual, row.month, standards[row.standard_version]))
        for row in rows
    ]


def _supervised(one: Judged, now: datetime) -> Supervised:
    row = one.row
    if row.action_due_on is not None:
        is_overdue = row.action_due_on < legal_day(now)
    else:
        is_overdue = row.answer_due_at is not None and row.answer_due_at < now
    return Supervised(row, one.figures, is_overdue)


def _urgency(one: Supervised) -> tuple[int, bool, int, int, int, int]:
    gap = one.figures.gap
    # The gap in hundredths of a point is enough to order by; what is shown is computed exactly.
    hundredths = 0 if gap is None else 100 * gap.numerator // gap.denominator
    units, indicators = load_units(), load_indicators()
    return (
        -COLOURS.index(Level(one.row.level)),
        gap is None,
        hundredths,
        -(one.row.target or 0),
        units[one.row.unit].sort_no,
        indicators[one.row.indicator].sort_no,
    )


def _require_visible(own_unit: str | None, unit: str | None) -> None:
    if unit is not None and (unit not in load_units() or not may_see(own_unit, unit)):
        raise WarningNotFoundError("单位代码不存在，或您无权查看；请核对单位代码。")
