"""The annex as a workbook."""

from datetime import datetime, time
from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # the package has no type hints

from targets_svc.annex.domain.layout import Placed, Role, Sheet
from targets_svc.plans.domain import Plan

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOX: dict[str, Any] = {"border": 1, "align": "center", "valign": "vcenter", "font_name": "宋体", "font_size": 10}
_FORMATS: dict[Role, dict[str, Any]] = {
    Role.TITLE: {"bold": True, "align": "center", "valign": "vcenter", "font_name": "黑体", "font_size": 16},
    Role.UNIT_LINE: {"align": "right", "valign": "vcenter", "font_name": "宋体", "font_size": 10},
    Role.HEADING: _BOX | {"bold": True, "text_wrap": True},
    Role.NAME: _BOX | {"text_wrap": True},
    Role.FIGURE: _BOX | {"num_format": "0"},
    Role.TOTAL: _BOX | {"num_format": "0", "bold": True},
}
SAFE = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Text stays text: nothing that a file brought in becomes a formula or a link."""


def annex_workbook(sheet: Sheet, plan: Plan) -> bytes:
    """The sheet as Excel opens it, landscape on one page; the 合计 row is formulas with their results."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, SAFE)
    # The version's own dates, so that the same version is the same file.
    book.set_properties(
        {"title": plan.title, "subject": plan.doc_no, "created": datetime.combine(plan.issued_on, time())}
    )
    page = book.add_worksheet(f"{plan.year}年分解表")
    formats = {role: book.add_format(form) for role, form in _FORMATS.items()}
    for cell in sheet.cells:
        _write(page, cell, formats[cell.role])
    _arrange(page, sheet)
    book.close()
    return out.getvalue()


def _write(page: Any, cell: Placed, form: Any) -> None:
    if cell.formula is not None:
        page.write_formula(cell.row, cell.column, cell.formula, form, cell.value)
    elif cell.span is not None and (cell.span.bottom, cell.span.right) != (cell.row, cell.column):
        page.merge_range(cell.row, cell.column, cell.span.bottom, cell.span.right, cell.value, form)
    else:
        page.write(cell.row, cell.column, cell.value, form)


def _arrange(page: Any, sheet: Sheet) -> None:
    page.set_column(0, 0, 24)
    page.set_column(1, sheet.columns - 1, 11)
    page.set_row(0, 30)
    page.set_row(2, 30)
    page.set_row(3, 45)
    page.freeze_panes(4, 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 1)
    page.repeat_rows(2, 3)
