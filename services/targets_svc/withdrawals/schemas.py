"""Withdrawals on the wire."""

from kit.http.wire import RequestModel
from targets_svc.reports.schemas import Reason, WithdrawalRead

__all__ = ["WithdrawalCreate", "WithdrawalRead"]


class WithdrawalCreate(RequestModel):
    """Why it is taken back, or sent back unsigned."""

    reason: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"reason": "文号填写有误，另行提交"}]}
    }
