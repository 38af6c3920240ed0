"""Files as grids: xlsx and csv in, the marked workbook out."""

import csv
from collections.abc import Iterator
from io import BytesIO, StringIO
from math import isfinite
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # the package has no type hints
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from targets_svc.annex.domain.grid import Grid, Span, Value, grid_of
from targets_svc.annex.schemas import SAFE
from targets_svc.plan_imports.domain.conflicts import Conflict
from targets_svc.plan_imports.errors import FileSuspectError, FileUnreadableError
from targets_svc.plan_imports.schemas.archive import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_TEXT, examine
from targets_svc.plans.domain import Severity

_OLE = b"\xd0\xcf\x11\xe0"
_MAX_SHEETS = 20
_CODECS = ("utf-8-sig", "gb18030")
_COLOURS = {Severity.ERROR: "#FFC7CE", Severity.WARNING: "#FFEB9C"}


def read_file(content: bytes) -> list[Grid]:
    """The sheets of an xlsx workbook, or the one of a csv file (UTF-8 with or without mark, GB18030).

    Raises:
        FileUnreadableError, FileSuspectError.
    """
    if not content:
        raise FileUnreadableError("文件是空的，请核对后重新导入。")
    if content.startswith(b"PK"):
        return list(_sheets(examine(content)))
    if content.startswith(_OLE):
        raise FileUnreadableError("这是旧版xls文件或加密的工作簿；请另存为不加密的xlsx后重新导入。")
    return [_csv(_decoded(content))]


def _sheets(archive: BytesIO) -> Iterator[Grid]:
    try:
        book = CalamineWorkbook.from_filelike(archive)
        sheets = [sheet for sheet in book.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
        for sheet in sheets[:_MAX_SHEETS]:
            page = book.get_sheet_by_name(sheet.name)
            rows = page.to_python(skip_empty_area=False)
            spans = [Span(*start, *end) for start, end in page.merged_cell_ranges or ()]
            _require_apart(spans)
            yield grid_of(sheet.name, [[_value(value) for value in row] for row in rows], spans)
    except CalamineError:
        raise FileUnreadableError from None
    except BaseException as error:
        # A panic of the Rust reader is no Exception and would end the process's task, not the request.
        if type(error).__name__ == "PanicException":
            raise FileUnreadableError from None
        raise


def _value(value: object) -> Value:
    """A date or a duration is no figure; its text says so to the reader of the conflicts."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise FileSuspectError
    return value if isinstance(value, str | int | float | bool) else str(value)


def _require_apart(spans: list[Span]) -> None:
    """Merged cells are few and do not overlap; a damaged or hostile file breaks that."""
    covered: set[tuple[int, int]] = set()
    area = 0
    for span in spans:
        area += (span.bottom - span.top + 1) * (span.right - span.left + 1)
        if area > MAX_CELLS:
            raise FileSuspectError
        covered |= {(r, c) for r in range(span.top, span.bottom + 1) for c in range(span.left, span.right + 1)}
    if len(covered) < area:
        raise FileSuspectError


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise FileUnreadableError("文件不是文本格式的csv；请另存为“CSV UTF-8”或xlsx后重新导入。")
    for codec in _CODECS:
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    raise FileUnreadableError("csv的编码既不是UTF-8也不是GB18030；请另存为“CSV UTF-8”后重新导入。")


def _csv(text: str) -> Grid:
    try:
        rows = list(csv.reader(StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise FileUnreadableError("csv的引号不成对或行格式有误；请用Excel或WPS重新另存。") from None
    widest = max((len(row) for row in rows), default=0)
    if len(rows) > MAX_ROWS or widest > MAX_COLUMNS or sum(map(len, rows)) > MAX_CELLS:
        raise FileSuspectError
    return grid_of("", [[_value(value) for value in row] for row in rows])


def marked_workbook(grid: Grid, conflicts: list[Conflict]) -> bytes:
    """The sheet as it came in, each cell with a conflict coloured and commented; a second sheet lists them all."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, SAFE)
    page = book.add_worksheet("核对结果")
    plain = book.add_format({"border": 1, "text_wrap": True, "valign": "vcenter"})
    by_cell: dict[tuple[int, int], list[Conflict]] = {}
    for conflict in conflicts:
        by_cell.setdefault((conflict.row, conflict.column), []).append(conflict)
    page.set_column(0, max(grid.width - 1, 0), 12)
    for span in grid.spans:
        if (span.bottom, span.right) > (span.top, span.left):
            page.merge_range(span.top, span.left, span.bottom, span.right, "", plain)
    for row, values in enumerate(grid.rows):
        for column, value in enumerate(values):
            if value is not None:
                page.write(row, column, value, plain)
    marks = {s: book.add_format({"border": 1, "text_wrap": True, "bg_color": c}) for s, c in _COLOURS.items()}
    for (row, column), found in by_cell.items():
        worst = Severity.ERROR if any(c.severity is Severity.ERROR for c in found) else Severity.WARNING
        value = grid.at(row, column)
        page.write(row, column, "" if value is None else value, marks[worst])
        page.write_comment(row, column, "\n".join(f"{c.rule} {c.message}" for c in found))
    _list(book, conflicts)
    book.close()
    return out.getvalue()


def _list(book: Any, conflicts: list[Conflict]) -> None:
    page = book.add_worksheet("问题清单")
    page.write_row(0, 0, ["单元格", "规则", "级别", "说明"])
    page.set_column(3, 3, 60)
    for row, conflict in enumerate(conflicts, start=1):
        level = "错误" if conflict.severity is Severity.ERROR else "提示"
        page.write_row(row, 0, [conflict.cell, conflict.rule, level, conflict.message])
