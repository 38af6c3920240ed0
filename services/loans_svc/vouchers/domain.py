"""From transfers to vouchers: two words of numbering, two lines of each transfer, and what each line says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from kit.dates import Month
from loans_svc.funds.domain import Account as FundAccount
from loans_svc.loans.domain import KIND_NAMES
from loans_svc.loans.domain import Kind as EventKind
from loans_svc.rules.domain import Mark, Payer
from loans_svc.subsidy_journal.domain import Account as SubsidyAccount

SUBSIDY_BOOK = "SUBSIDY"
PROMISES = frozenset({FundAccount.RESERVED, FundAccount.GUARANTEED, FundAccount.CONTINGENT})
PAYER_NAMES: Mapping[str, str] = {
    Payer.CENTRE: "中央财政",
    Payer.PROVINCE: "省级财政",
    Payer.CITY: "市级财政",
    Payer.DISTRICT: "县（市、区）财政",
}


class Word(StrEnum):
    """凭证字: money moved, or a promise that stands beside the balance sheet. Each is numbered for itself."""

    GENERAL = "GENERAL"
    OFF_BALANCE = "OFF_BALANCE"


WORD_NAMES: Mapping[Word, str] = {Word.GENERAL: "记", Word.OFF_BALANCE: "表外"}


@dataclass(frozen=True, slots=True)
class ChartAccount:
    """An account of the accountant's chart, and how sure we are that it is this one."""

    code: str
    name: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Posting:
    """A transfer with its place among the vouchers, and what it is about; `amount_fen` is positive.

    Attributes:
        cause: kind of the loan's event; None of a deposit, and in the book of subsidies.
        payer: in the book of subsidies, empty where the bank itself owes.
        reference: of the bank, where it gave one.
    """

    word: Word
    number: int
    dated_on: date
    debit: str
    credit: str
    amount_fen: int
    cause: str | None
    loan: UUID | None
    batch: UUID | None
    period: str | None
    payer: str
    bank: str
    unit: str
    reference: str


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """One line of a voucher: a debit or a credit."""

    posting: Posting
    position: int
    summary: str
    account: ChartAccount
    debit_fen: int
    credit_fen: int


def next_month(month: Month) -> Month:
    return Month.of(month.after)


def summary_of(posting: Posting) -> str:
    """What a reader of the journal looks for; nothing of a person, nothing that a spreadsheet takes for a formula."""
    if posting.period is not None:
        step = "应付" if posting.debit in (SubsidyAccount.EXPENSE, SubsidyAccount.RECEIVABLE) else "支付"
        return f"{posting.period}创业担保贷款贴息{step}"
    if posting.cause is None:
        return "撤销登记有误的担保基金注资" if posting.debit == FundAccount.CAPITAL else "担保基金注资"
    return f"创业担保贷款{KIND_NAMES[EventKind(posting.cause)]}"


def lines_of(postings: list[Posting], chart: Mapping[str, ChartAccount]) -> list[VoucherLine]:
    """Two lines of each posting; within a voucher they are counted from one."""
    lines: list[VoucherLine] = []
    for one in postings:
        same = bool(lines) and (lines[-1].posting.word, lines[-1].posting.number) == (one.word, one.number)
        position, summary = (lines[-1].position if same else 0), summary_of(one)
        lines.append(VoucherLine(one, position + 1, summary, chart[one.debit], one.amount_fen, 0))
        lines.append(VoucherLine(one, position + 2, summary, chart[one.credit], 0, one.amount_fen))
    return lines
