"""Ranking lists from the rows of the progress table (targets design §5.9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from targets_svc.indicators.domain import Indicator, IndicatorKind
from targets_svc.progress.domain.table import Row
from targets_svc.units.domain import CITY, Unit


class Group(StrEnum):
    """RANKED by completion; NOT_REPORTED comes last without a number; APART is 市本级, which is no district."""

    RANKED = "RANKED"
    NOT_REPORTED = "NOT_REPORTED"
    APART = "APART"


_ORDER = {group: position for position, group in enumerate(Group)}


@dataclass(frozen=True, slots=True)
class Placing:
    """A unit in the list of one indicator.

    Attributes:
        is_tied: whether another unit has exactly the same completion.
    """

    row: Row
    group: Group
    is_tied: bool


def place(rows: Iterable[Row], indicators: Mapping[str, Indicator], units: Mapping[str, Unit]) -> list[Placing]:
    """One list for each flow, in the order of the annex; only assigned units; inside a tie the annex's order."""
    listed = [
        row
        for row in rows
        if row.unit != CITY and row.target is not None and indicators[row.indicator].kind is IndicatorKind.FLOW
    ]
    held: dict[tuple[str, int], int] = {}
    for row in listed:
        if row.rank is not None:
            held[row.indicator, row.rank] = held.get((row.indicator, row.rank), 0) + 1
    placings = [
        Placing(row, _group(row, units), row.rank is not None and held[row.indicator, row.rank] > 1) for row in listed
    ]
    return sorted(
        placings,
        key=lambda p: (
            indicators[p.row.indicator].sort_no,
            _ORDER[p.group],
            p.row.rank or 0,
            units[p.row.unit].sort_no,
        ),
    )


def _group(row: Row, units: Mapping[str, Unit]) -> Group:
    if not units[row.unit].is_ranked:
        return Group.APART
    return Group.NOT_REPORTED if row.rank is None else Group.RANKED
