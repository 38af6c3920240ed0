"""Agreements on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.http.paging import Page
from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, Text
from loans_svc.agreements.domain import MOST_GRACE_DAYS, Terms
from loans_svc.agreements.models import AgreementRow
from loans_svc.agreements.service import AgreementOrder
from loans_svc.rules.domain import DayCount, PeriodScheme
from loans_svc.subsidies.domain.loan import RepaymentOrder

_AGREED: dict[str, Any] = {
    "bank": "bank-a",
    "valid_from": "2026-01-01",
    "day_count": "ACT_360",
    "period_scheme": "CAL",
    "grace_days": 3,
    "repayment_order": "PRO_RATA",
    "evidence": "与经办银行的合作协议2025年第8号",
}
_READ: dict[str, Any] = _AGREED | {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "entered_by": "loan-officer",
    "entered_at": "2025-12-20T02:00:00Z",
    "confirmed_by": None,
    "confirmed_at": None,
}


class AgreementCreate(RequestModel):
    """What was agreed with a bank."""

    bank: Annotated[Code, Field(description="银行代码")]
    valid_from: Annotated[LegalDate, Field(description="自这一天起发放的贷款适用，应为一期的首日")]
    day_count: Annotated[DayCount, Field(strict=False, description="计息天数")] = DayCount.ACT_360
    period_scheme: Annotated[PeriodScheme, Field(strict=False, description="自然季度或结息日20日")] = PeriodScheme.CAL
    grace_days: Annotated[int, Field(ge=0, le=MOST_GRACE_DAYS, description="宽限期天数，期内归还的不算逾期")] = 0
    repayment_order: Annotated[
        RepaymentOrder, Field(strict=False, description="还款冲减资金档：PRO_RATA按比例，LOCAL_FIRST先冲减地方支持部分")
    ] = RepaymentOrder.PRO_RATA
    evidence: Annotated[Text, Field(description="协议名称和编号")]

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_AGREED]}}

    def order(self) -> AgreementOrder:
        """For the use case."""
        terms = Terms(self.day_count, self.period_scheme, self.grace_days, self.repayment_order)
        return AgreementOrder(self.bank, self.valid_from, terms, self.evidence)


class AgreementRead(ResponseModel):
    """An agreement and who carried it."""

    id: UUID
    bank: str
    valid_from: date
    day_count: DayCount
    period_scheme: PeriodScheme
    grace_days: int
    repayment_order: RepaymentOrder
    evidence: str
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None = Field(description="空表示尚未确认，不适用")
    confirmed_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_READ]}}


class AgreementList(ResponseModel):
    """A page of agreements."""

    items: list[AgreementRead]
    next: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_READ], "next": None}]}}

    @classmethod
    def of_page(cls, rows: Sequence[AgreementRow], page: Page, filters: Mapping[str, Any]) -> "AgreementList":
        """From one agreement more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[AgreementRead.model_validate(row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )
