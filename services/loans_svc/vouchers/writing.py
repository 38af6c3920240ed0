"""A month's vouchers as files; the same month gives the same bytes."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import xlsxwriter  # type: ignore[import-untyped]

from kit.dates import Month
from kit.money import yuan
from loans_svc.vouchers.domain import PAYER_NAMES, WORD_NAMES, VoucherLine
from loans_svc.vouchers.service import VouchersView

HEADINGS = {
    "凭证日期": 11, "凭证字": 7, "凭证号": 7, "分录号": 7, "摘要": 30, "科目编码": 10, "科目名称": 22, "借方金额": 15,
    "贷方金额": 15, "分担方": 16, "经办银行": 12, "区县": 8, "贷款或批次": 38, "银行流水号": 20,
}  # fmt: skip


def _cells(line: VoucherLine) -> list[str]:
    one = line.posting
    return [
        one.dated_on.isoformat(), WORD_NAMES[one.word], str(one.number), str(line.position), line.summary,
        line.account.code, line.account.name, yuan(line.debit_fen), yuan(line.credit_fen),
        PAYER_NAMES.get(one.payer, ""), one.bank, one.unit, str(one.loan or one.batch or ""), one.reference,
    ]  # fmt: skip


def _rows(view: VouchersView) -> Iterator[list[str]]:
    return (_cells(line) for line in view.lines)


def write_csv(view: VouchersView) -> bytes:
    """UTF-8 with a mark at its beginning, by which spreadsheets know it; a text never begins as a formula does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows([f"'{cell}" if cell[:1] in "=+-@\t" and cell else cell for cell in row] for row in _rows(view))
    return out.getvalue().encode("utf-8-sig")


def write_workbook(view: VouchersView) -> bytes:
    """One sheet; amounts are numbers, all else is text."""
    book = io.BytesIO()
    made_on = Month.parse(view.month.month).after
    with xlsxwriter.Workbook(book, {"in_memory": True, "strings_to_formulas": False}) as made:
        made.set_properties({"created": datetime(made_on.year, made_on.month, 1, tzinfo=UTC)})
        head = made.add_format({"bold": True, "border": 1, "align": "center"})
        money = made.add_format({"num_format": "#,##0.00"})
        sheet = made.add_worksheet(f"凭证{view.month.month}")
        sheet.freeze_panes(1, 0)
        for column, (name, width) in enumerate(HEADINGS.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, head)
        for number, row in enumerate(_rows(view), 1):
            for column, cell in enumerate(row):
                if column in (7, 8):
                    sheet.write_number(number, column, Decimal(cell), money)
                else:
                    sheet.write_string(number, column, cell)
    return book.getvalue()
