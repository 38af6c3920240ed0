"""The annex read from a grid: its title, its cells, and every conflict (targets design §5.13, §6)."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from targets_svc.annex.domain.grid import Grid
from targets_svc.annex.domain.layout import UNIT_LINE
from targets_svc.indicators.domain import GREATEST_COUNT, Indicator
from targets_svc.plan_imports.domain.conflicts import Conflict
from targets_svc.plan_imports.domain.figures import UnreadableFigureError, read_figure, squeeze
from targets_svc.plan_imports.domain.header import Header
from targets_svc.plans.domain import Fault, ItemState, PlanItem, Severity, find_doubts, find_faults
from targets_svc.units.domain import CITY, Unit

_TITLE_YEAR = re.compile(r"(20[0-9]{2})年")
_NOTE = ("注", "备注", "说明")
_GREATEST_SUM = 1000 * GREATEST_COUNT
_TOTALS = frozenset({"总计", "总合计"})


@dataclass(frozen=True, slots=True)
class Terms:
    """Against what a file is read.

    Attributes:
        year: the year that was asked for.
        coverage: the units that must have a row, and no others.
        before: assigned values of the year before, for rule P8.
        body: totals of the notice's text, as typed, for rule P10.
    """

    year: int
    indicators: Mapping[str, Indicator]
    units: Mapping[str, Unit]
    coverage: Collection[str]
    before: Mapping[tuple[str, str], int] = field(default_factory=dict)
    body: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the file says; `items` are whole when there is no error among the conflicts."""

    title: str | None
    items: tuple[PlanItem, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing blocks it."""
        return all(conflict.severity is not Severity.ERROR for conflict in self.conflicts)


def read_annex(grid: Grid, header: Header, terms: Terms) -> Reading:
    """Every cell below the header, then the rules over all of them; conflicts in the order of the cells."""
    body = _Body(grid, header, terms)
    body.read()
    stated = body.totals if body.totals_row is not None else None
    decomposed = {code: i for code, i in terms.indicators.items() if i.decomposed}
    faults = find_faults(body.items, stated, terms.body, body.places.keys() | set(terms.units), decomposed)
    faults += find_doubts(body.items, decomposed, terms.before)
    title, top = _read_top(grid, header, terms)
    found = [*top, *header.conflicts, *body.conflicts, *body.place(faults)]
    return Reading(title, tuple(body.items), tuple(sorted(dict.fromkeys(found), key=_by_place)))


def find_year(grid: Grid, header: Header) -> int | None:
    """The year in the title above the header."""
    texts = [value for row in grid.rows[: header.first] for value in row if isinstance(value, str)]
    years = [int(found[1]) for text in texts if (found := _TITLE_YEAR.search(text))]
    return years[0] if years else None


def _by_place(conflict: Conflict) -> tuple[int, int, str]:
    return conflict.row, conflict.column, conflict.rule


def _read_top(grid: Grid, header: Header, terms: Terms) -> tuple[str | None, list[Conflict]]:
    """The rows above the header: a title with the right year, and 单位：人."""
    title, conflicts, has_line = None, [], False
    for row in range(header.first):
        for column, value in enumerate(grid.rows[row]):
            text = squeeze(value)
            if text.startswith("单位:"):
                has_line = True
                if text != squeeze(UNIT_LINE):
                    conflicts.append(Conflict(row, column, "T2", "数值单位应为“单位：人”，请换算后再导入"))
            elif title is None and isinstance(value, str) and (year := _TITLE_YEAR.search(text)):
                title = "".join(value.split())
                if int(year[1]) != terms.year:
                    conflicts.append(Conflict(row, column, "T1", "标题中的年度与所选年度不同，请核对文件"))
    if not has_line:
        text = "表头上方没有“单位：人”，请确认数值单位"
        conflicts.append(Conflict(header.first, header.unit_column, "T2", text, Severity.WARNING))
    return title, conflicts


class _Body:
    """Reads the rows below the header, and remembers where each thing stood."""

    def __init__(self, grid: Grid, header: Header, terms: Terms) -> None:
        self.grid, self.header, self.terms = grid, header, terms
        self.items: list[PlanItem] = []
        self.conflicts: list[Conflict] = []
        self.totals: dict[str, int] = {}
        self.totals_row: int | None = None
        self.places: dict[str, int] = {}
        self._units = _unit_names(terms.units.values())
        self._broken: set[str] = set()

    def read(self) -> None:
        """All rows; then what is missing."""
        for row in range(self.header.last + 1, len(self.grid.rows)):
            self._row(row)
        at = (self.header.last, self.header.unit_column)
        for code in self.terms.units:
            if code in self.terms.coverage and code not in self.places:
                text = f"缺少单位“{self.terms.units[code].name}”的一行"
                self.conflicts.append(Conflict(*at, "P2", text, unit=code))
        if self.totals_row is None:
            self.conflicts.append(Conflict(*at, "P1", "没有合计行，无法核对各列之和", Severity.WARNING))

    def _row(self, row: int) -> None:
        name = squeeze(self.grid.at(row, self.header.unit_column))
        has_values = any(self.grid.at(row, column) is not None for column in self.header.columns)
        if not has_values and (not name or name.startswith(_NOTE)):
            return
        unit = self._units.get(name.upper())
        at = (row, self.header.unit_column)
        if unit == CITY or name in _TOTALS:
            self._totals(row)
        elif unit is None:
            text = "不认识这个单位，请用分解表中的名称或单位代码" if name else "这一行没有单位名称"
            self.conflicts.append(Conflict(*at, "P2", text))
        elif unit in self.places:
            self.conflicts.append(Conflict(*at, "P3", "这个单位已有一行，请删去重复的", unit=unit))
        else:
            self.places[unit] = row
            if unit not in self.terms.coverage:
                self.conflicts.append(Conflict(*at, "P2", "单位不在计划范围内", unit=unit))
            self._figures(row, unit)

    def _figures(self, row: int, unit: str) -> None:
        for column, code in self.header.columns.items():
            try:
                state, value = read_figure(self.grid.at(row, column))
            except UnreadableFigureError as error:
                self._unreadable(row, column, error, unit)
            else:
                self.items.append(PlanItem(unit, code, state, value))

    def _totals(self, row: int) -> None:
        """Compared with the sums and never stored."""
        if self.totals_row is not None:
            text = "合计行重复，请删去一行"
            self.conflicts.append(Conflict(row, self.header.unit_column, "P3", text))
            return
        self.totals_row = row
        for column, code in self.header.columns.items():
            try:
                state, value = read_figure(self.grid.at(row, column), _GREATEST_SUM)
            except UnreadableFigureError as error:
                self._unreadable(row, column, error, None)
            else:
                self.totals[code] = value if value is not None and state is ItemState.ASSIGNED else 0

    def _unreadable(self, row: int, column: int, error: UnreadableFigureError, unit: str | None) -> None:
        code = self.header.columns[column]
        self._broken.add(code)
        self.conflicts.append(Conflict(row, column, error.rule, error.message, Severity.ERROR, unit, code))

    def place(self, faults: Sequence[Fault]) -> list[Conflict]:
        """Faults by their cells; a column with an unreadable figure is not blamed for its sum as well."""
        column_of = {code: column for column, code in self.header.columns.items()}
        placed = []
        for fault in faults:
            if (
                fault.indicator is None
                or fault.rule == "P2"
                or (fault.rule == "P1" and fault.indicator in self._broken)
            ):
                continue
            if fault.indicator not in column_of:
                continue
            row = self.places[fault.unit] if fault.unit else self.totals_row
            if row is None:
                row = self.header.last
            column = column_of[fault.indicator]
            placed.append(Conflict(row, column, fault.rule, fault.message, fault.severity, fault.unit, fault.indicator))
        return placed


def _unit_names(units: Iterable[Unit]) -> dict[str, str]:
    return {
        squeeze(text).upper(): unit.code
        for unit in units
        for text in (unit.code, unit.name, unit.short_name, *unit.aliases, unit.gb_code, unit.stat_code)
        if text
    }
