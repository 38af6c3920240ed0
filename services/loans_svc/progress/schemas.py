"""A borrower's own loans on the wire: how they stand, and nothing of the person."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from kit.clock import legal_day
from kit.http.wire import RequestModel, ResponseModel, YuanOut
from loans_svc.loans.domain import STATE_NAMES, State
from loans_svc.loans.schemas import HolderIn
from loans_svc.progress.domain import tell, tell_subsidy
from loans_svc.progress.service import Progress


class LoanSearch(RequestModel):
    """Whose loans are looked for; in the body, because numbers do not belong into an address."""

    borrower: HolderIn

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [{"borrower": {"id_type": "RESIDENT_ID", "id_number": "410199199001010011", "name": "王测试"}}]
        }
    }


_PROGRESS: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "unit": "ZZ07",
    "bank": "bank-a",
    "state": "DISBURSED",
    "state_zh": "已发放",
    "applied_on": "2025-01-03",
    "is_own": False,
    "due_on": None,
    "is_late": False,
    "matures_on": "2028-01-10",
    "subsidised_until": "2028-01-10",
    "is_overdue": False,
    "subsidy_paid": "1575.00",
    "subsidy_to_come": "9375.00",
    "message_zh": "您的贷款已发放",
    "subsidy_zh": "财政已拨付贴息1575.00元，预计还有9375.00元。",
    "next_step_zh": "请按合同还款，最迟2028年1月10日还清；逾期部分不享受贴息。",
}


class ProgressRead(ResponseModel):
    """How a loan stands."""

    id: UUID
    unit: str
    bank: str
    state: State
    state_zh: str
    applied_on: date
    is_own: bool = Field(description="是否由本账号登记")
    due_on: date | None = Field(description="审批或发放的最后期限（工作日推算）；其他状态为空")
    is_late: bool = Field(description="审批或发放已超过期限")
    matures_on: date | None = Field(description="到期日，展期的为展期后的到期日")
    subsidised_until: date | None = Field(description="贴息期限止（不含当日）")
    is_overdue: bool = Field(description="有本金逾期未还，宽限期内的不算")
    subsidy_paid: YuanOut = Field(description="财政已拨付给银行的贴息")
    subsidy_to_come: YuanOut = Field(description="按目前情况预计还有的贴息")
    message_zh: str
    subsidy_zh: str | None
    next_step_zh: str

    @classmethod
    def of(cls, found: Progress, account: str) -> "ProgressRead":
        """From what the use case answers."""
        loan, standing = found.loan, found.standing
        told = tell(standing)
        return cls(
            id=loan.id,
            unit=loan.unit,
            bank=loan.bank,
            state=standing.state,
            state_zh=STATE_NAMES[standing.state],
            applied_on=legal_day(loan.applied_at),
            is_own=loan.applied_by == account,
            due_on=standing.due.due_on if standing.due else None,
            is_late=standing.due is not None and standing.due.is_late,
            matures_on=standing.matures_on,
            subsidised_until=loan.window_end,
            is_overdue=standing.is_overdue,
            subsidy_paid=standing.paid_fen,
            subsidy_to_come=standing.to_come_fen,
            message_zh=told.message,
            subsidy_zh=tell_subsidy(standing),
            next_step_zh=told.next_step,
        )


class LoanProgressList(ResponseModel):
    """What was found, the latest first, at most a hundred."""

    items: list[ProgressRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_PROGRESS]}]}}
