"""Closed months on the wire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.dates import Month
from kit.http.paging import Page
from kit.http.wire import MonthText, RequestModel, ResponseModel
from targets_svc.month_closes.domain import Kind, State
from targets_svc.month_closes.models import MonthCloseRow
from targets_svc.reports.schemas import Reason
from targets_svc.withdrawals.schemas import WithdrawalRead

_CLOSE: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "month": "2017-06",
    "kind": "CLOSE",
    "state": "APPROVED",
    "reason": None,
    "missing_units": [],
    "plan_version": 1,
    "proposed_by": "city",
    "proposed_at": "2017-07-10T01:00:00Z",
    "decided_by": "city-reviewer",
    "decided_at": "2017-07-10T02:00:00Z",
    "rejection_reason": None,
}


class MonthCloseCreate(RequestModel):
    """An application to close a month, or to open it again."""

    month: MonthText
    kind: Annotated[Kind, Field(strict=False, description="CLOSE结账，REOPEN重开")] = Kind.CLOSE
    reason: Annotated[Reason | None, Field(description="有单位未批准月报仍要结账的、重开的，必须写明原因")] = None

    model_config = RequestModel.model_config | {
        "arbitrary_types_allowed": True,
        "json_schema_extra": {"examples": [{"month": "2017-06", "reason": "培训机构数据未到，按已批准的月报结账"}]},
    }


class MonthCloseRead(WithdrawalRead):
    """An application and its decision."""

    id: UUID
    month: str
    kind: Kind
    state: State
    reason: str | None
    missing_units: Annotated[list[str], Field(description="当时没有已批准月报的单位")]
    plan_version: Annotated[int | None, Field(description="已结账的：据以计算的计划版本")]
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: Annotated[datetime | None, Field(description="已结账的：/progress以此为known_at即得结账时的数据")]
    rejection_reason: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_CLOSE]}}

    @classmethod
    def of(cls, row: MonthCloseRow) -> "MonthCloseRead":
        """From its row."""
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "month"}
        return cls(**fields, month=str(Month(row.year, row.month)))


class MonthCloseList(ResponseModel):
    """A page of applications."""

    items: list[MonthCloseRead]
    next: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_CLOSE], "next": None}]}}

    @classmethod
    def of_page(cls, rows: Sequence[MonthCloseRow], page: Page, filters: Mapping[str, Any]) -> "MonthCloseList":
        """From one row more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        position = [last.year, last.month, str(last.id)] if last else []
        return cls(
            items=[MonthCloseRead.of(row) for row in rows[: page.limit]],
            next=page.next(position, filters) if last else None,
        )


class RejectionCreate(RequestModel):
    """Why it is not approved."""

    reason: Reason

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [{"reason": "金水区月报仍在核对"}]}}
