"""The mapping table and its changes on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.paging import Page
from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, Text
from targets_svc.event_mappings.domain import Change, CountRule
from targets_svc.event_mappings.models import MappingChangeRow
from targets_svc.event_mappings.repository import rule_of
from targets_svc.withdrawals.schemas import WithdrawalRead

Attribute = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_]*$", max_length=64)]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
EventKind = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z_]*\.[a-z][a-z_]*$", max_length=64),
    Field(description="事件种类，如loan.disbursed、measure.granted、course.finished"),
]
_Source = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=32)]
_WHERE = "事件须带有的属性；空表示不限"
_RULE: dict[str, Any] = {
    "code": "SKILL_COURSE_RURAL_ONLINE",
    "sources": ["eligibility", "training"],
    "kind": "course.finished",
    "where": {"course": "SKILL_ONLINE", "group": "RURAL"},
    "indicator": "I05",
    "valid_from": "2017-07-01",
    "until": None,
    "reference": "郑人社〔2017〕60号：线上技能培训计入农村劳动力技能培训",
}


class CountRuleCreate(RequestModel):
    """A new row; `code` is its name for ever."""

    code: Code
    sources: Annotated[list[_Source], Field(min_length=1, max_length=10, description="可以送来此类事件的服务")]
    kind: EventKind
    where: Annotated[dict[AttributeName, Attribute], Field(max_length=20, description=_WHERE)] = Field(
        default_factory=dict
    )
    indicator: Annotated[Code, Field(description="计入的指标，须为按人次累计的指标")]
    valid_from: Annotated[LegalDate, Field(description="自该日发生的事件起计入")]
    until: Annotated[LegalDate | None, Field(description="最后有效日；长期有效的不填")] = None
    reference: Annotated[Text, Field(description="依据的文件和条款")]

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_RULE]}}

    def rule(self) -> CountRule:
        """For the use case."""
        return CountRule(**self.model_dump(exclude={"sources"}), sources=frozenset(self.sources))


class EndingCreate(RequestModel):
    """The last day of a row."""

    last_day: Annotated[LegalDate, Field(description="最后有效日，含当日")]
    reference: Annotated[Text, Field(description="依据的文件和条款")]

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"last_day": "2017-12-31", "reference": "郑人社〔2017〕99号"}]}
    }


class CountRuleRead(ResponseModel):
    """A row of the mapping table."""

    code: str
    sources: list[str]
    kind: str
    where: Annotated[dict[str, str], Field(description=_WHERE)]
    indicator: str
    valid_from: date
    until: Annotated[date | None, Field(description="最后有效日；现行为空")]
    reference: str

    @classmethod
    def of(cls, rule: CountRule) -> "CountRuleRead":
        """From the domain."""
        plain = {name: getattr(rule, name) for name in cls.model_fields if name not in {"sources", "where"}}
        return cls(**plain, sources=sorted(rule.sources), where=dict(rule.where))


class CountRuleList(ResponseModel):
    """The mapping table."""

    items: list[CountRuleRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_RULE]}]}}

    @classmethod
    def of(cls, rules: Sequence[CountRule]) -> "CountRuleList":
        """Shipped rows first, then those that were added."""
        return cls(items=[CountRuleRead.of(rule) for rule in rules])


_CHANGE: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "change": "ADD",
    "code": "SKILL_COURSE_RURAL_ONLINE",
    "row": _RULE,
    "last_day": None,
    "reference": "郑人社〔2017〕60号：线上技能培训计入农村劳动力技能培训",
    "proposed_by": "city",
    "proposed_at": "2017-06-20T02:00:00Z",
    "confirmed_by": None,
    "confirmed_at": None,
}


class MappingChangeRead(WithdrawalRead):
    """A change and who carried it; it holds once it is confirmed."""

    id: UUID
    change: Annotated[Change, Field(description="ADD增加一行，END终止一行")]
    code: str
    row: Annotated[CountRuleRead | None, Field(description="增加的行；终止的为空")]
    last_day: date | None
    reference: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_CHANGE]}}

    @classmethod
    def of(cls, row: MappingChangeRow) -> "MappingChangeRead":
        """From its row."""
        plain = {name: getattr(row, name) for name in cls.model_fields if name != "row"}
        return cls(**plain, row=CountRuleRead.of(rule_of(row)) if row.content is not None else None)


class MappingChangeList(ResponseModel):
    """A page of changes."""

    items: list[MappingChangeRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_CHANGE], "next": None}]}
    }

    @classmethod
    def of_page(cls, rows: Sequence[MappingChangeRow], page: Page, filters: dict[str, Any]) -> "MappingChangeList":
        """From one row more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[MappingChangeRead.of(row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )
