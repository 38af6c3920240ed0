"""The header of the annex: found by the names of its columns, mapped by the tree of parents and their 其中."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from targets_svc.annex.domain.grid import Grid, Value
from targets_svc.annex.domain.layout import SUBSET_HEADING, UNIT_HEADING
from targets_svc.indicators.domain import Indicator
from targets_svc.plan_imports.domain.conflicts import Conflict
from targets_svc.plan_imports.domain.figures import squeeze

SEARCHED_ROWS = 30
_LEAST_NAMES = 3
_UNIT_HEADINGS = frozenset({UNIT_HEADING, "责任单位", "单位名称", "县(市、区)", "县(市)区", "地区"})


@dataclass(frozen=True, slots=True)
class Header:
    """Where everything stands.

    Attributes:
        first: first row of the header; the rows before it are title and unit line.
        last: last row of the header.
        columns: indicator code by column.
        unit_column: where the units' names stand.
    """

    first: int
    last: int
    unit_column: int
    columns: Mapping[int, str]
    conflicts: tuple[Conflict, ...] = field(default=())


def find_header(grid: Grid, indicators: Mapping[str, Indicator]) -> Header | None:
    """The first row that names units and at least three indicators, itself or with the row below it."""
    filled = grid.filled()
    names = _names(indicators)
    for row in range(min(SEARCHED_ROWS, len(filled.rows))):
        if _unit_column(filled, row) is None:
            continue
        has_two = _has_second_row(filled, row, names)
        found = [c for c in range(filled.width) if _leaf(filled, row, c, has_two) in names]
        if len(found) >= _LEAST_NAMES:
            return _read(filled, row, has_two, names, indicators)
    return None


def _names(indicators: Mapping[str, Indicator]) -> dict[str, str]:
    return {squeeze(text): i.code for i in indicators.values() if i.decomposed for text in (i.name, i.code)}


def _unit_column(grid: Grid, row: int) -> int | None:
    return next((c for c in range(grid.width) if squeeze(grid.at(row, c)) in _UNIT_HEADINGS), None)


def _has_second_row(grid: Grid, row: int, names: Mapping[str, str]) -> bool:
    """Whether the next row belongs to the header: it names columns, and no unit."""
    unit = _unit_column(grid, row)
    assert unit is not None
    below = squeeze(grid.at(row + 1, unit))
    is_heading = not below or below in _UNIT_HEADINGS
    return is_heading and any(_bare(grid.at(row + 1, column)) in names for column in range(grid.width))


def _bare(value: Value) -> str:
    """A heading without a leading 其中."""
    text = squeeze(value)
    return text.removeprefix(SUBSET_HEADING).lstrip(":") if text != SUBSET_HEADING else text


def _leaf(grid: Grid, row: int, column: int, has_two: bool) -> str:
    lower = _bare(grid.at(row + 1, column)) if has_two else ""
    return lower if lower and lower not in {"小计", "合计", "总数"} else _bare(grid.at(row, column))


def _read(grid: Grid, row: int, has_two: bool, names: Mapping[str, str], indicators: Mapping[str, Indicator]) -> Header:
    unit_column = _unit_column(grid, row)
    assert unit_column is not None
    columns: dict[int, str] = {}
    conflicts: list[Conflict] = []
    parent: str | None = None
    for column in range(grid.width):
        top, leaf = squeeze(grid.at(row, column)), _leaf(grid, row, column, has_two)
        if column == unit_column or not (leaf or _has_values(grid, row + 1 + has_two, column)):
            continue
        at = row + 1 if has_two and squeeze(grid.at(row + 1, column)) not in {"", top} else row
        code = names.get(leaf)
        if code is None or code in columns.values():
            rule, text = ("P3", "这一列与前面的列重复") if code else ("T3", "不认识这一列的表头，请用分解表原来的名称")
            conflicts.append(Conflict(at, column, rule, text, indicator=code))
            continue
        columns[column] = code
        expected = indicators[code].parent
        if expected is None:
            parent = code
        elif parent != expected or (has_two and not _is_under(top, leaf, indicators[expected].name)):
            text = f"这一列应在“{indicators[expected].name}”之后，作为其中项"
            conflicts.append(Conflict(at, column, "T3", text, indicator=code))
    conflicts += [
        Conflict(row, unit_column, "T3", f"缺少“{i.name}”列", indicator=i.code)
        for i in indicators.values()
        if i.decomposed and i.code not in columns.values()
    ]
    return Header(row, row + has_two, unit_column, columns, tuple(conflicts))


def _is_under(top: str, leaf: str, parent: str) -> bool:
    """Under 其中, under nothing (a csv has no merged cells), or under the parent's own name."""
    return not top or top.startswith(SUBSET_HEADING) or top in {leaf, squeeze(parent)}


def _has_values(grid: Grid, row: int, column: int) -> bool:
    return any(grid.at(r, column) is not None for r in range(row, len(grid.rows)))
