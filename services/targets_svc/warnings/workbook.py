"""The supervision list as people print and sign it."""

from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # the package has no type hints

from kit.clock import BEIJING
from targets_svc.annex.schemas import SAFE
from targets_svc.progress.domain.arithmetic import Level
from targets_svc.warnings.schemas import SupervisedRead, SupervisionList

_NAMES = {Level.BLUE: "蓝", Level.YELLOW: "黄", Level.ORANGE: "橙", Level.RED: "红"}
_FILLS = {Level.YELLOW: "#FFF2A8", Level.ORANGE: "#FFC78A", Level.RED: "#FF9B9B"}
_COLUMNS = (
    ("序号", 5), ("单位", 16), ("指标", 22), ("截至", 9), ("目标", 9), ("完成", 9), ("完成率%", 9), ("差距", 8),
    ("每月还需", 9), ("级别", 6), ("反馈期限", 11), ("整改措施", 36), ("完成期限", 11), ("备注", 10),
)  # fmt: skip
_BOX: dict[str, Any] = {"border": 1, "align": "center", "valign": "vcenter", "font_name": "宋体", "font_size": 10}


def supervision_workbook(answer: SupervisionList) -> bytes:
    """Title, date, a line for each warning, room for signatures; A4 landscape, the heading on every page."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, SAFE)
    book.set_properties({"title": answer.title})
    page = book.add_worksheet("督办单")
    last = len(_COLUMNS) - 1
    named = {"font_name": "黑体", "font_size": 16, "bold": True, "align": "center", "valign": "vcenter"}
    page.merge_range(0, 0, 0, last, answer.title, book.add_format(named))
    plain = book.add_format({"font_name": "宋体", "font_size": 10})
    page.merge_range(1, 0, 1, last, f"生成日期：{answer.issued_on:%Y年%m月%d日}　　共{len(answer.items)}项", plain)
    heading = book.add_format(_BOX | {"bold": True, "text_wrap": True})
    for column, (name, width) in enumerate(_COLUMNS):
        page.write_string(2, column, name, heading)
        page.set_column(column, column, width)
    box = book.add_format(_BOX | {"text_wrap": True})
    coloured = {level: book.add_format(_BOX | {"bold": True, "bg_color": fill}) for level, fill in _FILLS.items()}
    for number, item in enumerate(answer.items, start=1):
        for column, value in enumerate(_line(number, item)):
            page.write(2 + number, column, value, coloured[item.level] if column == 9 else box)
    page.write_string(
        4 + len(answer.items), 0, "签发：　　　　　　　　　　　　　　签收：　　　　　　　　　　　　　　日期：", plain
    )
    page.set_row(0, 30)
    page.freeze_panes(3, 3)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(2)
    page.set_footer("&C第&P页，共&N页")
    book.close()
    return out.getvalue()


def _line(number: int, item: SupervisedRead) -> list[int | str | None]:
    return [
        number,
        item.unit_name,
        item.indicator_name,
        item.month,
        item.target,
        item.actual,
        item.completion,
        item.gap,
        item.needed_per_month,
        _NAMES[item.level],
        _day(item.answer_due_at),
        item.action_plan,
        str(item.action_due_on) if item.action_due_on else None,
        "逾期" if item.is_overdue else None,
    ]


def _day(deadline: datetime | None) -> str | None:
    """The last day that is still in time: a deadline is the midnight after it."""
    if deadline is None:
        return None
    return str(datetime.fromtimestamp(deadline.timestamp() - 1, BEIJING).date())
