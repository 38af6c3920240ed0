"""What a borrower is told of a loan, in the words of a screen in a public hall."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from kit.money import yuan
from loans_svc.loans.domain import State
from loans_svc.time_limits.domain import Due


class Told(NamedTuple):
    """How it stands and what to do next."""

    message: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A loan as its borrower asks about it; money in fen.

    Attributes:
        due: by when the office or bank is to take its next step.
        matures_on: by when all is to be repaid.
        is_overdue: something due is unpaid, and the days of grace are over.
        paid_fen: subsidy that was paid to the bank for it.
        to_come_fen: subsidy that it will still earn if all goes on as it stands.
    """

    state: State
    due: Due | None
    matures_on: date | None
    is_overdue: bool
    paid_fen: int
    to_come_fen: int


_ALWAYS: Mapping[State, Told] = {
    State.REJECTED: Told("您的贷款申请未获批准", "请向受理单位询问原因；情况有变化的可以重新申请。"),
    State.CANCELLED: Told("这笔贷款已经撤销", "仍需要贷款的，请到受理单位重新申请。"),
    State.COMPENSATED: Told("担保基金已代您偿还贷款", "请尽快向担保基金归还代偿款，办法请询问受理单位。"),
    State.WRITTEN_OFF: Told("这笔贷款已作核销处理", "如有疑问请询问受理单位。"),
    State.CLOSED: Told("您的贷款已经结清", "感谢您按时还款；扶持效果明显的，可以再次申请。"),
}


def tell(standing: Standing) -> Told:
    """At most forty and sixty characters, without a Latin letter."""
    match standing.state:
        case State.APPLIED:
            return Told("您的贷款申请正在审批", _wait("审批", standing.due))
        case State.APPROVED:
            return Told("您的贷款已获批准，等待银行发放", f"请到经办银行签订合同。{_wait('发放', standing.due)}")
        case State.DISBURSED if standing.is_overdue:
            return Told("您的贷款有逾期未还的本金", "请尽快到经办银行归还；逾期部分不享受贴息，并影响再次贷款。")
        case State.DISBURSED:
            until = f"最迟{_day(standing.matures_on)}还清；" if standing.matures_on else ""
            return Told("您的贷款已发放", f"请按合同还款，{until}逾期部分不享受贴息。")
        case other:
            return _ALWAYS[other]


def tell_subsidy(standing: Standing) -> str | None:
    """None where there is no loan to subsidise."""
    if standing.state in (State.APPLIED, State.APPROVED, State.REJECTED, State.CANCELLED):
        return None
    to_come = f"，预计还有{yuan(standing.to_come_fen)}元" if standing.to_come_fen else "，以后不再有贴息"
    return f"财政已拨付贴息{yuan(standing.paid_fen)}元{to_come}。"


def _wait(step: str, due: Due | None) -> str:
    if due is None:
        return f"请等待{step}，如需了解请拨打12333。"
    if due.is_late:
        return f"{step}已超过办理时限，请拨打12333催办。"
    return f"请等待{step}，最迟{_day(due.due_on)}办结。"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
