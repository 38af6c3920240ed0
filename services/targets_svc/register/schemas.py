"""The register on the wire. Number and name come in; they never go out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.paging import Page
from kit.http.wire import Code, Instant, LegalDate, RequestModel, ResponseModel, Year
from kit.identifiers.documents import IdType
from targets_svc.register.domain import Notice, Outcome
from targets_svc.register.service import Receipt, Retraction
from targets_svc.reports.schemas import Reason, WarningRead


class EventCreate(RequestModel):
    """One real-name event."""

    year: Year
    indicator: Code
    id_type: Annotated[IdType, Field(strict=False)]
    id_number: Annotated[str, StringConstraints(min_length=1, max_length=40), Field(repr=False)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100), Field(repr=False)]
    event_date: LegalDate
    unit: Code
    source_system: Code
    source_ref: Annotated[
        str,
        StringConstraints(pattern=r"^[!-~]+$", max_length=100),
        Field(description="来源系统中的编号，可见ASCII字符；不得含个人信息"),
    ]
    received_at: Annotated[Instant | None, Field(description="来源接收时间；同日的先接收者计数。默认现在")] = None

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2017,
                    "indicator": "I01",
                    "id_type": "RESIDENT_ID",
                    "id_number": "410199199001010011",
                    "name": "王测试",
                    "event_date": "2017-05-10",
                    "unit": "ZZ07",
                    "source_system": "hr-registration",
                    "source_ref": "JS-2017-000123",
                    "received_at": "2017-06-01T00:00:00Z",
                }
            ]
        }
    }

    def notice(self, now: datetime) -> Notice:
        """For the use case."""
        return Notice(**self.model_dump() | {"received_at": self.received_at or now})


class HolderRead(ResponseModel):
    """The event that counts instead."""

    event_id: UUID
    unit: str


class EventRead(ResponseModel):
    """What became of an event."""

    event_id: UUID
    counted: bool
    reason: Annotated[
        Outcome | None, Field(description="未计数的原因：DUP_YEAR同年已计数，RETRACTED已撤销；已计数为空")
    ]
    held_by: HolderRead | None
    warnings: list[WarningRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                    "counted": False,
                    "reason": "DUP_YEAR",
                    "held_by": {"event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c00", "unit": "ZZ08"},
                    "warnings": [],
                }
            ]
        }
    }

    @classmethod
    def of(cls, receipt: Receipt) -> "EventRead":
        """From what the use case answers."""
        held_by = HolderRead(event_id=receipt.held_by[0], unit=receipt.held_by[1]) if receipt.held_by else None
        return cls(
            event_id=receipt.event_id,
            counted=receipt.counted,
            reason=receipt.reason,
            held_by=held_by,
            warnings=[WarningRead(pointer=w.pointer, code=w.code, message=w.message) for w in receipt.warnings],
        )


class RetractionCreate(RequestModel):
    """Why the event is false."""

    reason: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"reason": "劳动合同系伪造，查实撤销"}]}
    }


class RetractionRead(ResponseModel):
    """What a retraction did."""

    event_id: UUID
    retracted_at: datetime
    promoted: HolderRead | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                    "retracted_at": "2017-07-02T01:00:00Z",
                    "promoted": {"event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c00", "unit": "ZZ07"},
                }
            ]
        }
    }

    @classmethod
    def of(cls, retraction: Retraction) -> "RetractionRead":
        """From what the use case answers."""
        heir = retraction.heir
        return cls(
            event_id=retraction.event_id,
            retracted_at=retraction.retracted_at,
            promoted=HolderRead(event_id=heir.event_id, unit=heir.unit) if heir else None,
        )


class CountRead(ResponseModel):
    """One count."""

    unit: str
    indicator: str
    month: str
    count: int


class CountList(ResponseModel):
    """A page of counts."""

    items: list[CountRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {"items": [{"unit": "ZZ07", "indicator": "I01", "month": "2017-05", "count": 1}], "next": None}
            ]
        }
    }

    @classmethod
    def of_page(cls, rows: Sequence[Any], page: Page, filters: Mapping[str, Any], year: int) -> "CountList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        last = shown[-1] if len(rows) > page.limit else None
        return cls(
            items=[
                CountRead(unit=unit, indicator=indicator, month=f"{year}-{month:02d}", count=n)
                for unit, indicator, month, n in shown
            ],
            next=page.next(list(last)[:3], filters) if last else None,
        )


class JobAccepted(ResponseModel):
    """The job that was begun; its address is in `Location`."""

    id: UUID

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"}]}
    }
