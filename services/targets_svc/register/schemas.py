"""The register on the wire. Number and name come in; they never go out."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.paging import Page
from kit.http.wire import Code, Instant, LegalDate, RequestModel, ResponseModel, Year, YuanIn, YuanOut
from kit.identifiers.documents import IdType
from targets_svc.register.domain import Notice, Outcome
from targets_svc.register.evidence import Evidence, JobForm
from targets_svc.register.service import Entry, Receipt, Retraction, Verification
from targets_svc.reports.schemas import Reason, WarningRead

_OF_NOTICE = tuple(attribute.name for attribute in fields(Notice) if attribute.name != "evidence")


IdNumber = Annotated[str, StringConstraints(min_length=1, max_length=40), Field(repr=False)]
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=100), Field(repr=False)]


class EventSearch(RequestModel):
    """Whose events are looked for; in the body, because numbers do not belong into an address."""

    id_type: Annotated[IdType, Field(strict=False)]
    id_number: IdNumber
    name: PersonName

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [{"id_type": "RESIDENT_ID", "id_number": "410199199001010011", "name": "王测试"}]
        }
    }


class EventCreate(RequestModel):
    """One real-name event."""

    year: Year
    indicator: Code
    id_type: Annotated[IdType, Field(strict=False)]
    id_number: IdNumber
    name: PersonName
    event_date: LegalDate
    unit: Code
    source_system: Code
    source_ref: Annotated[
        str,
        StringConstraints(pattern=r"^[!-~]+$", max_length=100),
        Field(description="来源系统中的编号，可见ASCII字符；不得含个人信息"),
    ]
    received_at: Annotated[Instant | None, Field(description="来源接收时间；同日的先接收者计数。默认现在")] = None
    unemployed_on: Annotated[
        LegalDate | None, Field(description="失业登记日期；失业人员再就业（I01a）必填，不晚于发生日期")
    ] = None
    certified_on: Annotated[
        LegalDate | None, Field(description="就业困难人员认定日期；帮助就业困难人员实现就业（I01b）必填")
    ] = None
    certified_until: Annotated[LegalDate | None, Field(description="认定有效期至，含当日；长期有效的不填")] = None
    job_form: Annotated[
        JobForm | None,
        Field(
            strict=False,
            description="就业形式：EMPLOYEE单位就业，SELF_EMPLOYED自主创业，PUBLIC_POST公益性岗位，FLEXIBLE灵活就业",
        ),
    ] = None
    job_months: Annotated[int | None, Field(ge=0, le=600, description="灵活就业已连续月数")] = None
    monthly_pay: Annotated[YuanIn | None, Field(description="灵活就业月收入，元")] = None
    phone: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=40),
        Field(repr=False, description="本人手机号码，只用于发现异常登记，不以明文保存"),
    ] = None
    employer: Annotated[
        str | None, StringConstraints(min_length=1, max_length=40), Field(description="用人单位的统一社会信用代码")
    ] = None
    correction: Annotated[bool, Field(description="补登已结账月份的事件时为true；只计入实时数据")] = False
    street: Annotated[
        Code | None,
        Field(
            max_length=16, description="街道（乡镇）代码，与分解方案一致，以单位代码加-开头，如ZZ07-01；用于街道进度"
        ),
    ] = None

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
        given = self.model_dump() | {"received_at": self.received_at or now}
        return Notice(**{name: given.pop(name) for name in _OF_NOTICE}, evidence=Evidence(**given))


class HolderRead(ResponseModel):
    """The event that counts instead."""

    event_id: UUID
    unit: str


class EventRead(ResponseModel):
    """What became of an event."""

    event_id: UUID
    counted: bool
    reason: Annotated[
        Outcome | None,
        Field(description="未计数的原因：DUP_YEAR同年已计数，PENDING待核实，RETRACTED已撤销；已计数为空"),
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


_ENTRY: dict[str, Any] = {
    "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "year": 2017,
    "indicator": "I01",
    "unit": "ZZ07",
    "event_date": "2017-05-10",
    "source_system": "hr-registration",
    "source_ref": "JS-2017-000123",
    "received_at": "2017-06-01T00:00:00Z",
    "recorded_by": "staff-ZZ07",
    "counted": False,
    "reason": "DUP_YEAR",
    "held_by": {"event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c00", "unit": "ZZ08"},
    "verified_at": None,
    "verified_by": None,
    "basis": None,
    "retracted_at": None,
    "retracted_by": None,
    "retraction_reason": None,
}


class LedgerEventRead(ResponseModel):
    """An event as things stand now; never whom it is about."""

    event_id: UUID
    year: int
    indicator: str
    unit: str
    event_date: date
    source_system: str
    source_ref: str
    received_at: datetime
    recorded_by: str
    counted: bool
    reason: Annotated[
        Outcome | None,
        Field(description="未计数的原因：DUP_YEAR同年已计数，PENDING待核实，RETRACTED已撤销；已计数为空"),
    ]
    held_by: Annotated[HolderRead | None, Field(description="同年已计数的另一事件")]
    verified_at: datetime | None
    verified_by: str | None
    basis: Annotated[str | None, Field(description="核实的依据")]
    retracted_at: datetime | None
    retracted_by: str | None
    retraction_reason: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_ENTRY]}}

    @classmethod
    def of(cls, entry: Entry) -> "LedgerEventRead":
        """From what the use case answers."""
        decided = {"counted", "reason", "held_by", "retraction_reason"}
        return cls(
            **{name: getattr(entry.row, name) for name in cls.model_fields if name not in decided},
            counted=entry.reason is None,
            reason=entry.reason,
            held_by=HolderRead(event_id=entry.held_by[0], unit=entry.held_by[1]) if entry.held_by else None,
            retraction_reason=entry.row.reason,
        )


class LedgerEventList(ResponseModel):
    """What was found."""

    items: list[LedgerEventRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_ENTRY]}]}}


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


class VerificationCreate(RequestModel):
    """On what the event was found true."""

    basis: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"basis": "已核对连续3个月社会保险缴费记录"}]}
    }


class VerificationRead(ResponseModel):
    """What a verification did."""

    event_id: UUID
    verified_at: datetime
    counted: bool
    held_by: Annotated[HolderRead | None, Field(description="未计数时，已计数的另一事件")]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                    "verified_at": "2017-08-02T01:00:00Z",
                    "counted": True,
                    "held_by": None,
                }
            ]
        }
    }

    @classmethod
    def of(cls, done: Verification) -> "VerificationRead":
        """From what the use case answers."""
        held_by = HolderRead(event_id=done.held_by[0], unit=done.held_by[1]) if done.held_by else None
        return cls(event_id=done.event_id, verified_at=done.verified_at, counted=done.counted, held_by=held_by)


class PendingRead(ResponseModel):
    """An event that waits, with what its source declared about the job."""

    event_id: UUID
    unit: str
    indicator: str
    event_date: date
    source_system: str
    source_ref: str
    recorded_by: str
    job_months: int | None
    monthly_pay: YuanOut | None


class PendingList(ResponseModel):
    """A page of events that wait."""

    items: list[PendingRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                            "unit": "ZZ07",
                            "indicator": "I01",
                            "event_date": "2017-05-10",
                            "source_system": "hr-registration",
                            "source_ref": "JS-2017-000123",
                            "recorded_by": "staff-ZZ07",
                            "job_months": 2,
                            "monthly_pay": "1500.00",
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(cls, rows: Sequence[Any], page: Page, filters: Mapping[str, Any]) -> "PendingList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        last = shown[-1] if len(rows) > page.limit else None
        given = ("event_id", "unit", "indicator", "event_date", "source_system", "source_ref", "recorded_by")
        return cls(
            items=[
                PendingRead(
                    **{name: getattr(row, name) for name in given},
                    job_months=row.evidence.get("job_months"),
                    monthly_pay=row.evidence.get("monthly_pay"),
                )
                for row in shown
            ],
            next=page.next([last.unit, str(last.event_id)], filters) if last else None,
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
