"""The table of a unit's streets and towns (targets design §8 (6)).

A street has what the unit's register holds under its code. What was registered without one stands in a row of its own,
so that the rows always sum to the unit's count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from targets_svc.indicators.domain import Indicator
from targets_svc.progress.domain.arithmetic import (
    Curve,
    Level,
    Ratio,
    completion,
    needed_per_month,
    ranks,
)
from targets_svc.standards.domain import Standard

Cell = tuple[str | None, str]
"""(street, indicator); None for what was registered without a street."""


class StreetRow(NamedTuple):
    """One cell; `target` is None where the split has none, as for what names no street."""

    street: str | None
    indicator: str
    target: int | None
    actual: int
    completion: Ratio | None
    pace: Ratio | None
    gap: Ratio | None
    level: Level
    rank: int | None
    needed: Ratio | None


@dataclass(frozen=True, slots=True)
class Course:
    """By what the rows are judged."""

    month: int
    curve: Curve
    standard: Standard


def net(counts: Mapping[Cell, int], indicators: Mapping[str, Indicator]) -> dict[Cell, int]:
    """By indicator of the plan: what was counted, less what has ended where the figure is a net one."""
    found: dict[Cell, int] = {}
    ends = {i.attrition: i.code for i in indicators.values() if i.attrition}
    for (street, code), n in counts.items():
        of = (street, ends.get(code, code))
        found[of] = found.get(of, 0) + (-n if code in ends else n)
    return found


def without_street(totals: Mapping[str, int], counts: Mapping[Cell, int]) -> dict[Cell, int]:
    """The unit's counts that no street has."""
    rest = dict(totals)
    for (_, code), n in counts.items():
        rest[code] = rest.get(code, 0) - n
    return {(None, code): n for code, n in rest.items() if n}


def build_rows(
    targets: Mapping[Cell, int],
    counts: Mapping[Cell, int],
    indicators: Mapping[str, Indicator],
    order: Iterable[str],
    course: Course,
) -> list[StreetRow]:
    """A row for each cell of the split, and for each other that has a count.

    Args:
        targets: of the issued split; empty without one.
        counts: net figures, those without a street among them.
        order: the streets as the split lists them; others follow by code, what names none comes last.
    """
    ranked = _ranks(targets, counts, indicators)
    places = {street: place for place, street in enumerate(order)}
    cells = sorted(
        targets.keys() | counts.keys(),
        key=lambda cell: (
            cell[0] is None,
            places.get(cell[0] or "", len(places)),
            cell[0] or "",
            indicators[cell[1]].sort_no,
        ),
    )
    return [
        _row(cell, targets.get(cell), counts.get(cell, 0), indicators[cell[1]], ranked.get(cell), course)
        for cell in cells
    ]


def _row(
    cell: Cell, target: int | None, actual: int, indicator: Indicator, rank: int | None, course: Course
) -> StreetRow:
    if target is None:
        return StreetRow(*cell, None, actual, None, None, None, Level.GREY, None, None)
    reached = completion(indicator.direction, actual, target)
    expected = course.standard.pace(course.curve, indicator.code, course.month)
    gap = reached.minus(expected)
    level, needed = course.standard.levels.of_gap(gap), needed_per_month(target, actual, course.month)
    return StreetRow(*cell, target, actual, reached, expected, gap, level, rank, needed)


def _ranks(
    targets: Mapping[Cell, int], counts: Mapping[Cell, int], indicators: Mapping[str, Indicator]
) -> dict[Cell, int]:
    """Competition ranks among the streets, one list for each indicator."""
    lists: dict[str, dict[str, Ratio]] = {}
    for (street, code), target in targets.items():
        reached = completion(indicators[code].direction, counts.get((street, code), 0), target)
        lists.setdefault(code, {})[street or ""] = reached
    return {(street, code): rank for code, reached in lists.items() for street, rank in ranks(reached).items()}
