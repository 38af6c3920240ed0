"""How a warning moves (targets design §5.7): it may rise at once, and falls only after one closed month lower down.

Supervision (督办) begins at yellow: the unit answers within some working days with an action plan and a date. Without
an answer the warning takes the next colour. The days are those of the standards.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from kit.clock import BEIJING, legal_day
from kit.errors import FieldError
from kit.working_days import WorkingCalendar
from targets_svc.indicators.domain import Indicator, IndicatorKind
from targets_svc.progress.domain.arithmetic import (
    Level,
    Ratio,
    completion,
    needed_per_month,
)
from targets_svc.standards.domain import Standard
from targets_svc.warnings.errors import AnswerInvalidError

COLOURS = (Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED)
"""The levels of a warning, mildest first."""


class Step(StrEnum):
    """What happened to a warning."""

    OPENED = "OPENED"
    RAISED = "RAISED"
    UNANSWERED = "UNANSWERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    FALLEN = "FALLEN"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Standing:
    """An open warning, and the month that gave it its colour."""

    level: Level
    level_month: int


@dataclass(frozen=True, slots=True)
class Move:
    """What is to be done; `level` is the one afterwards, GREEN when it ends."""

    step: Step
    level: Level


def follow(
    standing: Standing | None, seen: Level, month: int, *, is_closed: bool, is_assigned: bool = True
) -> Move | None:
    """What a month's level does to a cell's warning.

    Args:
        seen: GREY when there is no figure to judge: then nothing is known, and nothing moves.
        is_closed: whether the month is closed; only then may a warning fall.
        is_assigned: a target that a later plan has taken back ends its warning.
    """
    if not is_assigned:
        return Move(Step.ENDED, Level.GREEN) if standing and is_closed else None
    if seen is Level.GREY:
        return None
    if standing is None:
        return Move(Step.OPENED, seen) if seen in COLOURS else None
    if _severity(seen) > _severity(standing.level):
        return Move(Step.RAISED, seen) if month >= standing.level_month else None
    if seen is standing.level or not is_closed or month <= standing.level_month:
        return None
    return Move(Step.FALLEN, seen) if seen in COLOURS else Move(Step.ENDED, Level.GREEN)


def next_colour(level: Level) -> Level:
    """The colour of a warning that nobody answers; red stays red."""
    return COLOURS[min(COLOURS.index(level) + 1, len(COLOURS) - 1)]


def is_supervised(level: Level) -> bool:
    """Whether the warning stands on the supervision list and wants an answer: yellow and worse."""
    return _severity(level) >= _severity(Level.YELLOW)


def _severity(level: Level) -> int:
    return COLOURS.index(level) if level in COLOURS else -1


def answer_due_at(level: Level, raised_at: datetime, calendar: WorkingCalendar, days: int) -> datetime | None:
    """The instant until which the unit is to answer: the end of a working day in Asia/Shanghai; None below yellow."""
    if not is_supervised(level):
        return None
    last_day = calendar.add(legal_day(raised_at), days)
    return datetime.combine(last_day + timedelta(days=1), time(), BEIJING).astimezone(UTC)


def check_answer(action_due_on: date, today: date, longest: int) -> None:
    """The promised date lies ahead, and not beyond so many days.

    Raises:
        AnswerInvalidError.
    """
    if not today <= action_due_on <= today + timedelta(days=longest):
        message = f"完成日期应在今天起{longest}天之内，请核对"
        raise AnswerInvalidError(errors=[FieldError("/due_on", "DUE_ON", message)])


@dataclass(frozen=True, slots=True)
class Figures:
    """What a warning is about; None where there is nothing to compute from."""

    completion: Ratio | None
    gap: Ratio | None
    needed: Ratio | None


def figures(indicator: Indicator, target: int | None, actual: int | None, month: int, standard: Standard) -> Figures:
    """Completion, gap and what is needed per month, exactly as the progress table had them by these standards."""
    if target is None or actual is None:
        return Figures(None, None, None)
    reached = completion(indicator.direction, actual, target)
    if indicator.kind is not IndicatorKind.FLOW:
        return Figures(reached, None, None)
    expected = standard.pace(standard.curve, indicator.code, month)
    return Figures(reached, reached.minus(expected), needed_per_month(target, actual, month))
