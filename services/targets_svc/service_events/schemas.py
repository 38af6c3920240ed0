"""Events of other services on the wire (docs/service-events.md). Number and name come in; they never go out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.paging import Page
from kit.http.wire import Code, Instant, LegalDate, RequestModel, ResponseModel
from kit.identifiers.documents import IdType
from targets_svc.event_mappings.schemas import Attribute, AttributeName, EventKind
from targets_svc.reports.schemas import Reason
from targets_svc.service_events.domain import EventState, Person, ServiceEvent
from targets_svc.service_events.service import Taken


class Subject(RequestModel):
    """The person whom the event is about."""

    id_type: Annotated[IdType, Field(strict=False)]
    id_number: Annotated[str, StringConstraints(min_length=1, max_length=40), Field(repr=False)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100), Field(repr=False)]


class ServiceEventCreate(RequestModel):
    """One event of another service. The sender's `event_id` makes a repeat the same event."""

    event_id: Annotated[UUID, Field(strict=False, description="发送方的事件编号；重发时不变")]
    kind: EventKind
    occurred_on: Annotated[LegalDate, Field(description="发生日期，决定计入的年度和月份")]
    recorded_at: Annotated[Instant, Field(description="发送方记录的时间；同日的先记录者计数")]
    unit: Annotated[Code, Field(description="计入的单位，如ZZ07")]
    subject: Subject
    attributes: Annotated[
        dict[AttributeName, Attribute],
        Field(max_length=20, description="对照表据以选择指标的代码；不得含个人信息"),
    ] = Field(default_factory=dict)

    def event(self, source: str) -> ServiceEvent:
        """For the use case."""
        person = Person(self.subject.id_type, self.subject.id_number, self.subject.name)
        fields = self.model_dump(exclude={"subject"})
        return ServiceEvent(source=source, person=person, **fields)

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


class OutcomeRead(ResponseModel):
    """What became of the event under one indicator."""

    indicator: str
    counted: bool
    reason: Annotated[
        str | None,
        Field(
            description="未计数的原因：DUP_YEAR同年已计数，PENDING待核实，NOT_PLANNED计划未列或待明确，RETRACTED已撤销"
        ),
    ]


_EXAMPLE: dict[str, Any] = {
    "source": "loans",
    "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "kind": "loan.disbursed",
    "unit": "ZZ07",
    "occurred_on": "2017-05-15",
    "received_at": "2017-05-15T03:10:01Z",
    "state": "WAITING",
    "outcomes": [{"indicator": "P01", "counted": False, "reason": "NOT_PLANNED"}],
}


class ServiceEventRead(ResponseModel):
    """What became of an event of another service; never whom it is about."""

    source: str
    event_id: UUID
    kind: str
    unit: str
    occurred_on: date
    received_at: datetime
    state: Annotated[
        EventState,
        Field(description="COUNTED已计入登记，WAITING等待计划明确，UNMAPPED对照表未列，RETRACTED已撤销"),
    ]
    outcomes: list[OutcomeRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_EXAMPLE]}}

    @classmethod
    def of(cls, taken: Taken) -> "ServiceEventRead":
        """From what the use case answers. As it was when it was recorded: a displaced one says so in the register."""
        outcomes = [
            OutcomeRead(
                indicator=outcome.indicator,
                counted=outcome.registered_id is not None and outcome.reason is None,
                reason=outcome.reason,
            )
            for outcome in taken.outcomes
        ]
        fields = {name: getattr(taken.row, name) for name in cls.model_fields if name != "outcomes"}
        return cls(**fields, outcomes=outcomes)


class ServiceEventList(ResponseModel):
    """A page of events of other services."""

    items: list[ServiceEventRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_EXAMPLE], "next": None}]}
    }

    @classmethod
    def of_page(cls, found: Sequence[Taken], page: Page, filters: Mapping[str, Any]) -> "ServiceEventList":
        """From one event more than the page holds, if there are so many."""
        last = found[page.limit - 1].row if len(found) > page.limit else None
        return cls(
            items=[ServiceEventRead.of(taken) for taken in found[: page.limit]],
            next=page.next([str(last.event_id), last.source], filters) if last else None,
        )


class RetractionOrder(RequestModel):
    """Why the event is taken back."""

    reason: Reason

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [{"reason": "放款登记有误，已冲销"}]}}
