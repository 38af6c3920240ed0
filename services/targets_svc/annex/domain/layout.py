"""A plan laid out as the annex of its notice: title, unit line, two-level header, rows of units, 合计 (§5.13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from targets_svc.annex.domain.grid import Grid, Span, Value, cell_name, grid_of
from targets_svc.indicators.domain import Indicator
from targets_svc.plans.domain import ItemState, Plan, PlanItem
from targets_svc.units.domain import CITY, Unit

UNIT_HEADING = "单位"
UNIT_LINE = "单位：人"
SUBSET_HEADING = "其中"
TOTAL_NAME = "合计"
NOT_ASSIGNED_SIGN = "——"
PENDING_SIGN = "待明确"

TITLE_ROW, LINE_ROW, HEAD_ROW, BODY_ROW = 0, 1, 2, 4


class Role(Enum):
    """What a cell is for; the workbook's formats follow it."""

    TITLE = auto()
    UNIT_LINE = auto()
    HEADING = auto()
    NAME = auto()
    FIGURE = auto()
    TOTAL = auto()


@dataclass(frozen=True, slots=True)
class Placed:
    """One printed cell.

    Attributes:
        span: the merged cells that it covers, itself included.
        formula: of a 合计; `value` is its result.
    """

    row: int
    column: int
    role: Role
    value: str | int
    span: Span | None = None
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The printed table."""

    title: str
    cells: tuple[Placed, ...]
    columns: int

    def grid(self) -> Grid:
        """The same as plain rows: what a reader of the file meets."""
        rows: list[list[Value]] = [[None] * self.columns for _ in range(1 + max(cell.row for cell in self.cells))]
        for cell in self.cells:
            rows[cell.row][cell.column] = cell.value
        return grid_of(self.title, rows, [cell.span for cell in self.cells if cell.span])


def lay_out(plan: Plan, indicators: Mapping[str, Indicator], units: Mapping[str, Unit]) -> Sheet:
    """The decomposed indicators of the plan for every unit that it covers; the city's own rates stand in the text."""
    columns = [i for i in indicators.values() if i.decomposed and i.code in plan.indicators]
    rows = [unit for unit in units.values() if unit.code in plan.units and unit.code != CITY]
    items = {(item.unit, item.indicator): item for item in plan.items}
    last = len(columns)
    cells = [
        Placed(TITLE_ROW, 0, Role.TITLE, plan.title, Span(TITLE_ROW, 0, TITLE_ROW, last)),
        Placed(LINE_ROW, 0, Role.UNIT_LINE, UNIT_LINE, Span(LINE_ROW, 0, LINE_ROW, last)),
        *_heading(columns),
    ]
    for row, unit in enumerate(rows, start=BODY_ROW):
        cells.append(Placed(row, 0, Role.NAME, unit.name))
        cells += [
            Placed(row, column, Role.FIGURE, _shown(items.get((unit.code, indicator.code))))
            for column, indicator in enumerate(columns, start=1)
        ]
    cells += _totals(cells, last, BODY_ROW + len(rows))
    return Sheet(plan.title, tuple(cells), last + 1)


def _heading(columns: list[Indicator]) -> list[Placed]:
    """Parents over both rows; what is part of one stands under 其中 to its right."""
    lower = HEAD_ROW + 1
    cells = [Placed(HEAD_ROW, 0, Role.HEADING, UNIT_HEADING, Span(HEAD_ROW, 0, lower, 0))]
    codes = {indicator.code for indicator in columns}
    start = 0
    for column, indicator in enumerate(columns, start=1):
        if indicator.parent not in codes:
            cells.append(Placed(HEAD_ROW, column, Role.HEADING, indicator.name, Span(HEAD_ROW, column, lower, column)))
            continue
        cells.append(Placed(lower, column, Role.HEADING, indicator.name))
        start = start or column
        if column == len(columns) or columns[column].parent != indicator.parent:
            span = Span(HEAD_ROW, start, HEAD_ROW, column) if column > start else None
            cells.append(Placed(HEAD_ROW, start, Role.HEADING, SUBSET_HEADING, span))
            start = 0
    return cells


def _shown(item: PlanItem | None) -> str | int:
    if item is None or item.state is ItemState.NOT_ASSIGNED or item.value is None:
        return PENDING_SIGN if item is not None and item.state is ItemState.PENDING else NOT_ASSIGNED_SIGN
    return item.value


def _totals(cells: list[Placed], last: int, row: int) -> list[Placed]:
    sums = [0] * (last + 1)
    for cell in cells:
        if cell.role is Role.FIGURE and isinstance(cell.value, int):
            sums[cell.column] += cell.value
    return [Placed(row, 0, Role.NAME, TOTAL_NAME)] + [
        Placed(row, column, Role.TOTAL, sums[column], formula=_sum(column, row)) for column in range(1, last + 1)
    ]


def _sum(column: int, row: int) -> str:
    return f"=SUM({cell_name(BODY_ROW, column)}:{cell_name(row - 1, column)})"
