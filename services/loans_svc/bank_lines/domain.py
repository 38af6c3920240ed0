"""Columns of the file, and why a bank's amount is another than ours: pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kit.money import div_half_up
from loans_svc.subsidies.domain.schedule import Segment

MAX_ROWS = 1_000_000
MAX_CSV_BYTES = 200 * 1024 * 1024
MOST_ERRORS = 100


class FileState(StrEnum):
    """RECEIVED until the job has ended; DIFFERENT until it is resolved."""

    RECEIVED = "RECEIVED"
    REFUSED = "REFUSED"
    MATCHED = "MATCHED"
    DIFFERENT = "DIFFERENT"
    RESOLVED = "RESOLVED"


class Cause(StrEnum):
    """Why a line is not matched (S19); found by what the bank says of its line, else by what would give its amount."""

    UNKNOWN_LOAN = "UNKNOWN_LOAN"
    DUPLICATE = "DUPLICATE"
    NOT_IN_BATCH = "NOT_IN_BATCH"
    NOT_IN_FILE = "NOT_IN_FILE"
    DAYS = "DAYS"
    RATE = "RATE"
    SHARE = "SHARE"
    BALANCE = "BALANCE"
    OVERDUE = "OVERDUE"
    AMOUNT = "AMOUNT"


CAUSE_TEXTS: Mapping[Cause, str] = {
    Cause.UNKNOWN_LOAN: "本行本单位没有这笔贷款",
    Cause.DUPLICATE: "文件中重复的行",
    Cause.NOT_IN_BATCH: "该贷款该期没有应拨贴息",
    Cause.NOT_IN_FILE: "银行没有申报这一行",
    Cause.DAYS: "天数不同",
    Cause.RATE: "利率不同",
    Cause.SHARE: "贴息比例不同",
    Cause.BALANCE: "贴息余额不同",
    Cause.OVERDUE: "逾期本金没有扣除",
    Cause.AMOUNT: "金额不同，原因待查",
}
COLUMNS: Mapping[str, str] = {
    "loan": "贷款编号",
    "amount": "贴息金额",
    "tranche": "资金档",
    "period": "所属季度",
    "days": "天数",
    "rate": "贴息利率",
    "share": "贴息比例",
    "balance": "贴息余额",
}
REQUIRED = ("loan", "amount")


def read_header(cells: Sequence[str]) -> tuple[list[str], list[str]]:
    """The fields of the columns, by their English or Chinese names, and what is wrong with them."""
    by_name = {name: field for field, title in COLUMNS.items() for name in (field, title)}
    names = [cell.strip() for cell in cells]
    faults = [f"第{number}列“{name[:20]}”不是已知的列名" for number, name in enumerate(names, 1) if name not in by_name]
    fields = [by_name.get(name, "") for name in names]
    faults += [f"列“{COLUMNS[field]}”重复" for field in COLUMNS if fields.count(field) > 1] + [
        f"缺少列“{COLUMNS[field]}”" for field in REQUIRED if field not in fields
    ]
    return fields, faults


@dataclass(frozen=True, slots=True)
class Ours:
    """A line as we computed it, and what else the bank may have taken.

    Attributes:
        disbursed_fen: of the tranche.
        contract_ppm: of the loan.
    """

    segments: Sequence[Segment]
    denominator: int
    disbursed_fen: int
    contract_ppm: int


def infer_cause(ours: Ours, bank_fen: int) -> Cause:
    """The one thing that, done otherwise, gives the bank's amount; AMOUNT when nothing does."""
    for cause, segments in _otherwise(ours.segments, ours):
        if div_half_up(sum(one.numerator for one in segments), ours.denominator) == bank_fen:
            return cause
    return Cause.AMOUNT


def _otherwise(segments: Sequence[Segment], ours: Ours) -> Iterator[tuple[Cause, list[Segment]]]:
    yield Cause.OVERDUE, [replace(one, balance_fen=one.principal_fen) for one in segments]
    for number, one in enumerate(segments):
        for days in range(max(0, one.days - 10), one.days + 11):
            yield Cause.DAYS, [*segments[:number], replace(one, days=days), *segments[number + 1 :]]
    for share6 in range(7):
        yield Cause.SHARE, [replace(one, share6=share6) for one in segments]
    yield Cause.RATE, [replace(one, rate_ppm=ours.contract_ppm) for one in segments]
    yield Cause.BALANCE, [replace(one, balance_fen=ours.disbursed_fen) for one in segments]
    for balance in {one.principal_fen for one in segments}:
        yield Cause.BALANCE, [replace(one, balance_fen=balance) for one in segments]
