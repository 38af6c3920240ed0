"""Steps that wait, on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from kit.http.paging import Page
from kit.http.wire import ResponseModel
from loans_svc.rules.domain import TimedStep
from loans_svc.time_limits.domain import STEP_NAMES
from loans_svc.time_limits.service import WaitingStep


class DueStepRead(ResponseModel):
    """Something that somebody is to do."""

    step: TimedStep
    step_zh: str
    loan_id: UUID | None = Field(description="贷款的环节；批次的为空")
    batch_id: UUID | None = Field(description="批次的环节；应建而未建的批次为空")
    bank: str
    unit: str
    period: str | None = Field(description="批次的季度")
    since: date = Field(description="上一环节办结日；报送从季度最后一天起算")
    due_on: date | None = Field(description="按工作日推算的最后期限；当时没有规定时限的为空")
    days_left: int | None = Field(description="距期限的工作日数，负数为已超过的工作日数")
    is_late: bool

    @classmethod
    def of(cls, one: WaitingStep) -> "DueStepRead":
        """From what the use case answers."""
        row, step = one.waiting, TimedStep(one.waiting.step)
        return cls(
            step=step,
            step_zh=STEP_NAMES[step],
            loan_id=row.loan,
            batch_id=row.batch,
            bank=row.bank,
            unit=row.unit,
            period=row.period,
            since=row.since,
            due_on=one.due.due_on if one.due else None,
            days_left=one.due.days_left if one.due else None,
            is_late=one.due is not None and one.due.is_late,
        )


_ITEM: dict[str, Any] = {
    "step": "DECISION",
    "step_zh": "审批贷款申请",
    "loan_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "batch_id": None,
    "bank": "bank-a",
    "unit": "ZZ07",
    "period": None,
    "since": "2026-09-28",
    "due_on": "2026-10-16",
    "days_left": -2,
    "is_late": True,
}


class DueStepList(ResponseModel):
    """A page of steps."""

    items: list[DueStepRead]
    next: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_ITEM], "next": None}]}}

    @classmethod
    def of_page(cls, rows: Sequence[WaitingStep], page: Page, filters: Mapping[str, Any]) -> "DueStepList":
        """From one step more than the page holds, if there are so many."""
        last = rows[page.limit - 1].waiting if len(rows) > page.limit else None
        return cls(
            items=[DueStepRead.of(one) for one in rows[: page.limit]],
            next=page.next([last.since.isoformat(), last.key], filters) if last else None,
        )
