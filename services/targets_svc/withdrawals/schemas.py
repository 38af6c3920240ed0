"""Withdrawals on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from kit.http.wire import RequestModel, ResponseModel
from targets_svc.reports.schemas import Reason


class WithdrawalCreate(RequestModel):
    """Why it is taken back, or sent back unsigned."""

    reason: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"reason": "文号填写有误，另行提交"}]}
    }


class WithdrawalRead(ResponseModel):
    """Empty while it was not taken back."""

    withdrawn_by: Annotated[str | None, Field(description="撤回（退回）的人；没有撤回的为空")] = None
    withdrawn_at: datetime | None = None
    withdrawal_reason: str | None = None
