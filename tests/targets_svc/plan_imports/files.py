"""Plan files for the tests: the 2017 annex as rows, and workbooks or csv of any rows."""

import csv
from dataclasses import replace
from io import BytesIO, StringIO

import xlsxwriter

from targets_svc.annex.domain.grid import Grid, Value, grid_of
from targets_svc.annex.domain.layout import Sheet, lay_out
from targets_svc.indicators.repository import load_indicators
from targets_svc.plan_imports.domain.header import find_header
from targets_svc.plan_imports.domain.reading import Reading, Terms, read_annex
from targets_svc.plans.domain import Plan
from targets_svc.plans.repository import plan_files
from targets_svc.plans.service import read_plan
from targets_svc.units.domain import CITY
from targets_svc.units.repository import load_units

PLAN = read_plan(plan_files()[0])


def annex_only(plan: Plan) -> Plan:
    """Without the city's own figures, which the annex does not print."""
    return replace(plan, items=tuple(item for item in plan.items if item.unit != CITY))


def sheet_of(plan: Plan = PLAN) -> Sheet:
    return lay_out(plan, load_indicators(), load_units())


def rows_of(plan: Plan = PLAN) -> list[list[Value]]:
    return [list(row) for row in sheet_of(plan).grid().rows]


def read(grid: Grid, year: int = 2017) -> Reading:
    header = find_header(grid, load_indicators())
    assert header is not None
    coverage = frozenset(load_units()) - {CITY}
    return read_annex(grid, header, Terms(year, load_indicators(), load_units(), coverage))


def read_rows(rows: list[list[Value]]) -> Reading:
    return read(grid_of("", rows, sheet_of().grid().spans))


def xlsx(rows: list[list[Value]], *, formulas: dict[str, str] | None = None) -> bytes:
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    for span in sheet_of().grid().spans:
        page.merge_range(span.top, span.left, span.bottom, span.right, rows[span.top][span.left])
    for cell, formula in (formulas or {}).items():
        page.write_formula(cell, formula, None, 7000)
    book.close()
    return out.getvalue()


def csv_of(rows: list[list[Value]], codec: str = "utf-8") -> bytes:
    out = StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(codec)
