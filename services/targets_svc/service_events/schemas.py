"""Events of other services on the wire (docs/service-events.md). Number and name come in; they never go out."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.wire import Code, Instant, LegalDate, RequestModel, ResponseModel
from kit.identifiers.documents import IdType

Attribute = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_]*$", max_length=64)]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class Subject(RequestModel):
    """The person whom the event is about."""

    id_type: Annotated[IdType, Field(strict=False)]
    id_number: Annotated[str, StringConstraints(min_length=1, max_length=40), Field(repr=False)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100), Field(repr=False)]


class ServiceEventCreate(RequestModel):
    """One event of another service. The sender's `event_id` makes a repeat the same event."""

    event_id: Annotated[UUID, Field(strict=False, description="发送方的事件编号；重发时不变")]
    kind: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z][a-z_]*\.[a-z][a-z_]*$", max_length=64),
        Field(description="事件种类，如loan.disbursed、measure.granted、course.finished"),
    ]
    occurred_on: Annotated[LegalDate, Field(description="发生日期，决定计入的年度和月份")]
    recorded_at: Annotated[Instant, Field(description="发送方记录的时间；同日的先记录者计数")]
    unit: Annotated[Code, Field(description="计入的单位，如ZZ07")]
    subject: Subject
    attributes: Annotated[
        dict[AttributeName, Attribute],
        Field(max_length=20, description="对照表据以选择指标的代码；不得含个人信息"),
    ] = Field(default_factory=dict)

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                    "kind": "loan.disbursed",
                    "occurred_on": "2017-05-15",
                    "recorded_at": "2017-05-15T03:10:00Z",
                    "unit": "ZZ07",
                    "subject": {"id_type": "RESIDENT_ID", "id_number": "410199199001010011", "name": "王测试"},
                    "attributes": {"group": "RETURNING_MIGRANT"},
                }
            ]
        }
    }


class EventState(StrEnum):
    """COUNTED: claims a slot for every indicator that the mapping names. WAITING: the plan does not name one of them
    yet, and it is tried again every night. UNMAPPED: no mapping names it; kept without the person, for the record.
    RETRACTED: taken back."""

    COUNTED = "COUNTED"
    WAITING = "WAITING"
    UNMAPPED = "UNMAPPED"
    RETRACTED = "RETRACTED"


class OutcomeRead(ResponseModel):
    """What became of the event under one indicator."""

    indicator: str
    counted: bool
    reason: Annotated[
        str | None,
        Field(description="未计数的原因：DUP_YEAR同年已计数，NOT_PLANNED计划未列或待明确，RETRACTED已撤销"),
    ]


class ServiceEventRead(ResponseModel):
    """What became of an event of another service."""

    event_id: UUID
    state: EventState
    outcomes: list[OutcomeRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                    "state": "WAITING",
                    "outcomes": [{"indicator": "P01", "counted": False, "reason": "NOT_PLANNED"}],
                }
            ]
        }
    }
