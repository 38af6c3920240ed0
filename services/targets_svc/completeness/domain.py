"""Counting reports against what was owed (targets design §5.12)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from targets_svc.indicators.domain import Indicator
from targets_svc.plans.domain import ItemState, Plan


class Received(NamedTuple):
    """A report that was handed in and not sent back.

    Attributes:
        first_submitted_at: decides whether it was on time; a return does not reset it.
        filled: its indicators that have a figure.
    """

    unit: str
    month: int
    first_submitted_at: datetime
    filled: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts; the shares are computed where they are shown."""

    expected: int = 0
    received: int = 0
    on_time: int = 0
    cells_expected: int = 0
    cells_filled: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            self.expected + other.expected,
            self.received + other.received,
            self.on_time + other.on_time,
            self.cells_expected + other.cells_expected,
            self.cells_filled + other.cells_filled,
        )


def owed(plan: Plan, indicators: Mapping[str, Indicator]) -> dict[str, frozenset[str]]:
    """By unit, the decomposed indicators assigned to it; units without any owe no report."""
    found: dict[str, set[str]] = {}
    for item in plan.items:
        if item.state is ItemState.ASSIGNED and indicators[item.indicator].decomposed:
            found.setdefault(item.unit, set()).add(item.indicator)
    return {unit: frozenset(codes) for unit, codes in found.items()}


def tally(
    owed_by_month: Mapping[int, Mapping[str, frozenset[str]]],
    received: Iterable[Received],
    due: Mapping[int, datetime],
) -> dict[str, Tally]:
    """By unit; a report that never came is neither complete nor on time.

    Args:
        owed_by_month: what each unit owed, for each month that is open for reporting.
        due: the deadline of each of these months.
    """
    reports = {(report.unit, report.month): report for report in received}
    found: dict[str, Tally] = {}
    for month, units in owed_by_month.items():
        for unit, codes in units.items():
            one = _tally_one(codes, reports.get((unit, month)), due[month])
            found[unit] = found.get(unit, Tally()).plus(one)
    return found


def _tally_one(codes: frozenset[str], report: Received | None, due: datetime) -> Tally:
    if report is None:
        return Tally(expected=1, cells_expected=len(codes))
    is_on_time = report.first_submitted_at <= due
    return Tally(1, 1, int(is_on_time), len(codes), len(codes & report.filled))


def find_missing(
    owed_by_month: Mapping[int, Mapping[str, frozenset[str]]], received: Iterable[Received]
) -> dict[str, list[int]]:
    """By unit, the months whose report has not come, or was sent back and has not come again."""
    reports = {(report.unit, report.month) for report in received}
    found: dict[str, list[int]] = {}
    for month, units in sorted(owed_by_month.items()):
        for unit in units:
            if (unit, month) not in reports:
                found.setdefault(unit, []).append(month)
    return found


def whole(tallies: Sequence[Tally]) -> Tally:
    """The sum of all units."""
    total = Tally()
    for one in tallies:
        total = total.plus(one)
    return total
