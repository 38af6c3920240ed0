"""The quarterly claim as a workbook, as a bank files it and a finance office prints it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from loans_svc.batches.domain import LineKind
from loans_svc.batches.lines import LineView
from loans_svc.batches.models import BatchRow, BatchShareRow
from loans_svc.batches.repository import Lending
from loans_svc.rules.domain import Payer, share_text
from loans_svc.subsidies.domain.explanation import percent

MOST_LINES = 50_000
_PAYERS = {Payer.CENTRE: "中央", Payer.PROVINCE: "省级", Payer.CITY: "市级", Payer.DISTRICT: "县（市、区）级"}
_KINDS = {
    LineKind.CLAIM: "本期申领",
    LineKind.REVERSAL: "冲回",
    LineKind.REPOST: "更正入账",
    LineKind.WAIVER: "裁定不付",
}
_BORROWERS = {
    "INDIVIDUAL": "个人",
    "PARTNERSHIP": "合伙创业",
    "ORGANISED_STARTUP": "组织起来创业",
    "SMALL_ENTERPRISE": "小微企业",
}
_TRANCHES = {"STATE": "国家支持", "LOCAL": "地方支持"}
_HEADINGS: Mapping[str, int] = {
    "行号": 6, "贷款编号": 38, "借款人类别": 12, "贷款金额（元）": 15, "发放日": 11, "到期日": 11, "资金档": 10,
    "所属季度": 9, "类别": 10, "合同年利率（%）": 12, "贴息天数": 9, "贴息年利率（%）": 12, "财政比例": 9,
    "贴息金额（元）": 15,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """All that the workbook shows; `digest` is the seal over the lines, in hexadecimal."""

    lending: Lending
    batch: BatchRow
    shares: Sequence[BatchShareRow]
    lines: Sequence[LineView]
    digest: str


def write_claim(claim: Claim) -> bytes:
    """Two sheets, A4: the claim with its payers and signatures, and the lines with all that recomputes them."""
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True, "strings_to_formulas": False}) as made:
        styles = {
            "title": made.add_format({"bold": True, "font_size": 16, "align": "center"}),
            "head": made.add_format({"bold": True, "border": 1, "align": "center", "text_wrap": True}),
            "cell": made.add_format({"border": 1}),
            "money": made.add_format({"border": 1, "num_format": "#,##0.00"}),
        }
        _write_summary(made.add_worksheet("申报汇总"), claim, styles)
        _write_lines(made.add_worksheet("申报明细"), claim, styles)
    return book.getvalue()


def _money(fen: int) -> Decimal:
    return Decimal(fen) / 100


def _write_summary(sheet: Any, claim: Claim, styles: Mapping[str, Any]) -> None:
    batch = claim.batch
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 5, 18)
    sheet.merge_range(0, 0, 0, 5, f"创业担保贷款贴息资金申报表（{batch.period}）", styles["title"])
    facts: list[tuple[str, Any]] = [
        ("经办银行", batch.bank), ("区县", batch.unit), ("季度", batch.period), ("申报次数", batch.sequence),
        ("贷款笔数", batch.loans), ("明细行数", batch.lines), ("本期贴息为零的笔数", batch.zero_lines),
    ]  # fmt: skip
    row = 2
    for name, value in facts:
        sheet.write(row, 0, name, styles["cell"])
        sheet.write(row, 1, value, styles["cell"])
        row += 1
    for name, fen in (
        ("本期新发放（元）", claim.lending.lent_fen),
        ("期初贷款余额（元）", claim.lending.opening_fen),
        ("期末贷款余额（元）", claim.lending.closing_fen),
        ("贴息合计（元）", batch.total_fen),
        ("应付合计（元）", sum(one.payable_fen for one in claim.shares)),
    ):
        sheet.write(row, 0, name, styles["cell"])
        sheet.write_number(row, 1, _money(fen), styles["money"])
        row += 1
    row += 1
    for column, name in enumerate(("分担比例", "合计", "以前应扣", "应付", "结转下期", *_PAYERS.values())):
        sheet.write(row, column, name, styles["head"])
    for share in claim.shares:
        row += 1
        sheet.write(row, 0, share.payer_scheme or "（未指定）", styles["cell"])
        amounts = (share.total_fen, share.carried_in_fen, share.payable_fen, share.carried_out_fen)
        for column, fen in enumerate((*amounts, *(share.payers.get(payer, 0) for payer in _PAYERS)), 1):
            sheet.write_number(row, column, _money(fen), styles["money"])
    row += 2
    sheet.write(row, 0, f"明细封印（SHA-256）：{claim.digest}")
    row += 2
    for name in ("经办银行（盖章）：", "人社部门审核（盖章）：", "财政部门审批（盖章）："):
        sheet.write(row, 0, f"{name}　　　　　　　　　　　　　　年　　月　　日")
        row += 2


def _write_lines(sheet: Any, claim: Claim, styles: Mapping[str, Any]) -> None:
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 0)
    for column, (name, width) in enumerate(_HEADINGS.items()):
        sheet.set_column(column, column, width)
        sheet.write(0, column, name, styles["head"])
    for number, view in enumerate(claim.lines, 1):
        for column, value in enumerate(_cells(view)):
            style = styles["money" if isinstance(value, Decimal) else "cell"]
            sheet.write(number, column, value, style)
    last = len(claim.lines) + 1
    column = len(_HEADINGS) - 1
    sheet.write(last, 0, "合计", styles["head"])
    total = sum(view.row.amount_fen for view in claim.lines)
    sheet.write_formula(last, column, f"=SUM(N2:N{last})", styles["money"], str(_money(total)))


def _cells(view: LineView) -> list[Any]:
    row, loan = view.row, view.loan
    rate = "见分段" if row.rate_ppm is None else percent(row.rate_ppm)
    share = "见分段" if row.share6 is None else share_text(row.share6)
    has_terms = row.numerator is not None
    return [
        row.number,
        str(row.loan_id),
        _BORROWERS.get(loan.borrower_kind, loan.borrower_kind),
        _money(loan.principal_fen or 0),
        str(loan.disbursed_on or ""),
        str(loan.matures_on or ""),
        _TRANCHES[row.tranche],
        row.relates_to,
        _KINDS[LineKind(row.kind)],
        percent(loan.contract_ppm or 0),
        row.days if has_terms else "",
        rate if has_terms else "",
        share if has_terms else "",
        _money(row.amount_fen),
    ]
