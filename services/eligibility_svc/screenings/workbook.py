"""A work list as offices print and pass it on."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # the package has no type hints

# Text stays text: nothing that a register brought in becomes a formula or a link.
_SAFE = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_OUTCOMES = {"ELIGIBLE": "符合", "NOT_ELIGIBLE": "不符合", "UNDETERMINED": "暂不能判断"}
_COLUMNS = (
    ("名册行号", 9), ("本单位编号", 22), ("县（市、区）", 16), ("结果", 11), ("金额（元）", 12), ("不满足的条件", 48),
    ("待查明的条件", 48), ("还缺信息", 9), ("快到期", 8),
)  # fmt: skip


def list_workbook(
    name: str, rows: Iterable[Mapping[str, Any]], conditions: Mapping[str, str], districts: Mapping[str, str]
) -> bytes:
    """Rows of a measure, the heading on every page.

    Args:
        name: of the measure.
        rows: as `ScreeningResultRead` has them, amounts in fen.
        conditions: criterion → its text; districts: code → name.
    """
    out = BytesIO()
    book = xlsxwriter.Workbook(out, _SAFE)
    book.set_properties({"title": name})
    page = book.add_worksheet("名单")
    heading, money = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "#,##0.00"})
    for column, (title, width) in enumerate(_COLUMNS):
        page.write_string(0, column, title, heading)
        page.set_column(column, column, width)
    for line, row in enumerate(rows, start=1):
        amount = None if row["amount"] is None else Decimal(row["amount"]) / 100
        texts = (row["reference"], districts.get(row["district"], row["district"]), _OUTCOMES[row["outcome"]])
        page.write_number(line, 0, row["row_no"])
        for column, text in enumerate(texts, start=1):
            page.write(line, column, text)
        if amount is not None:
            page.write_number(line, 4, amount, money)
        page.write(line, 5, _listed(row["unmet"], conditions))
        page.write(line, 6, _listed(row["unknown"], conditions))
        page.write_number(line, 7, row["missing_facts"])
        page.write(line, 8, "是" if row["is_ending"] else None)
    page.freeze_panes(1, 0)
    page.repeat_rows(0)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_header(f"&C{name.replace('&', '&&')}")
    page.set_footer("&C第&P页，共&N页")
    book.close()
    return out.getvalue()


def _listed(criteria: Sequence[str], conditions: Mapping[str, str]) -> str | None:
    return "；".join(conditions.get(each, each) for each in criteria) or None
