"""Completion, pace, gap, level and rank, in whole numbers; rounding happens only where a figure is shown.

Every figure here is exact: a ratio is a pair of integers, comparisons cross-multiply (targets design §5.6, §5.7, §5.9).
"""

from collections.abc import Mapping
from enum import StrEnum
from math import lcm
from typing import NamedTuple

from kit.money import fixed
from targets_svc.indicators.domain import Direction


class Ratio(NamedTuple):
    """numerator / denominator, denominator > 0; not reduced."""

    numerator: int
    denominator: int

    def shown(self, places: int = 2) -> str:
        """A decimal string with fixed places, half-up, `-1.00` for less than nothing."""
        return fixed(self.numerator, self.denominator, places)

    def minus(self, other: "Ratio") -> "Ratio":
        """The exact difference."""
        return Ratio(
            self.numerator * other.denominator - other.numerator * self.denominator,
            self.denominator * other.denominator,
        )

    def reaches(self, bound: int, scale: int = 1) -> bool:
        """Whether it is at least `bound`/`scale`."""
        return self.numerator * scale >= bound * self.denominator


class Level(StrEnum):
    """The warning colours, best first; GREY has no figure to judge."""

    GREEN = "GREEN"
    BLUE = "BLUE"
    YELLOW = "YELLOW"
    ORANGE = "ORANGE"
    RED = "RED"
    GREY = "GREY"


class ObsStatus(StrEnum):
    """Where the actual stands.

    A approved; P submitted, not yet approved (a city sum: not all parts are approved); O no figure yet, or the plan is
    pending; L overdue; M not assigned.
    """

    APPROVED = "A"
    PROVISIONAL = "P"
    MISSING = "O"
    OVERDUE = "L"
    NOT_ASSIGNED = "M"


class Curve(StrEnum):
    """The expected course of a year."""

    LINEAR = "LINEAR"
    SEASONAL = "SEASONAL"


_FULL = Ratio(100, 1)


def completion(direction: Direction, actual: int, target: int) -> Ratio:
    """C in percent (targets design §5.6); a target of zero is complete, or for limits met only by zero."""
    if direction is Direction.GE:
        return Ratio(100 * actual, target) if target else _FULL
    if is_met(direction, actual, target):
        return _FULL
    if direction is Direction.EQ or target == 0:
        return Ratio(0, 1)
    return Ratio(max(0, 100 * (2 * target - actual)), target)


def is_met(direction: Direction, actual: int, target: int) -> bool:
    """Whether the target itself is reached, or the limit kept."""
    if direction is Direction.GE:
        return actual >= target
    return actual <= target if direction is Direction.LE else actual == target


def level_of_limit(is_met_now: bool, was_met_before: bool | None) -> Level:
    """The colour of a rate or a stock: kept, missed, missed for the second period running."""
    if is_met_now:
        return Level.GREEN
    return Level.RED if was_met_before is False else Level.ORANGE


def needed_per_month(target: int, actual: int, month: int) -> Ratio | None:
    """(T − A)/(12 − m); None when nothing is needed any more or no month is left."""
    if actual >= target or month >= 12:
        return None
    return Ratio(target - actual, 12 - month)


def ranks(completions: Mapping[str, Ratio]) -> dict[str, int]:
    """Competition ranks 1, 2, 2, 4 by exact completion, highest first."""
    scale = lcm(*(c.denominator for c in completions.values()))
    scores = {key: c.numerator * (scale // c.denominator) for key, c in completions.items()}
    ordered = sorted(scores.values(), reverse=True)
    first = {score: position for position, score in reversed(list(enumerate(ordered, start=1)))}
    return {key: first[score] for key, score in scores.items()}
