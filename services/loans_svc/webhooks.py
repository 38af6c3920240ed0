"""What this service tells by webhook: each state that a loan comes into."""

from kit.auth.principal import Principal
from kit.webhooks.domain import EventType
from loans_svc.loans.domain import CITY, State

_DATA = {"loan_id": ("贷款编号", "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d")}
LOAN_EVENTS = {
    state: EventType(f"loan.{state.lower().replace('_', '-')}", summary, _DATA)
    for state, summary in {
        State.APPROVED: "贷款申请获批准",
        State.REJECTED: "贷款申请未获批准",
        State.CANCELLED: "贷款已取消",
        State.DISBURSED: "贷款已发放",
        State.COMPENSATED: "贷款已由担保基金代偿",
        State.WRITTEN_OFF: "贷款已核销",
        State.CLOSED: "贷款已结清",
    }.items()
}
EVENTS = tuple(LOAN_EVENTS.values())


def sees_all(principal: Principal) -> bool:
    """Those who read every loan hear of every loan; an applicant's platform of those that it applied for."""
    return "loans.loan.read" in principal.scopes and principal.bank is None and principal.unit in (None, CITY)
