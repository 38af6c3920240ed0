"""Warnings and the supervision list on the wire, and as a workbook."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from kit.clock import BEIJING
from kit.dates import Month
from kit.http.paging import Page
from kit.http.wire import LegalDate, RequestModel, ResponseModel
from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.domain.arithmetic import Level, Ratio
from targets_svc.units.repository import load_units
from targets_svc.warnings.domain import Figures, Step
from targets_svc.warnings.models import WarningEventRow, WarningRow
from targets_svc.warnings.service import Judged, Supervised

_Figure = int | str | None
_WARNING: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "unit": "ZZ04",
    "indicator": "I01",
    "year": 2017,
    "state": "OPEN",
    "level": "YELLOW",
    "month": "2017-06",
    "is_provisional": False,
    "standard_version": 1,
    "target": 6000,
    "actual": 2580,
    "completion": "43.00",
    "gap": "-7.00",
    "needed_per_month": "570.0",
    "opened_at": "2017-07-10T02:00:05Z",
    "answer_due_at": "2017-07-17T16:00:00Z",
    "acknowledged_by": "staff-ZZ04",
    "acknowledged_at": "2017-07-12T01:30:00Z",
    "action_plan": "七月、八月各组织三场专场招聘会，重点帮扶登记失业人员",
    "action_due_on": "2017-08-31",
    "ended_at": None,
}
_EVENT: dict[str, Any] = {
    "step": "OPENED",
    "at": "2017-07-10T02:00:05Z",
    "level": "YELLOW",
    "month": "2017-06",
    "is_provisional": False,
    "target": 6000,
    "actual": 2580,
    "actor": "system",
    "action_plan": None,
    "action_due_on": None,
}


class WarningState(StrEnum):
    """Of a warning."""

    OPEN = "OPEN"
    ENDED = "ENDED"


def _plan(text: str) -> str:
    if len(text.strip()) < 10:
        raise ValueError("ACTION_PLAN|请写明整改措施，至少10个字")
    return text.strip()


class AcknowledgementCreate(RequestModel):
    """The unit's answer."""

    action_plan: Annotated[
        str, StringConstraints(max_length=2000), AfterValidator(_plan), Field(json_schema_extra={"minLength": 10})
    ]
    due_on: Annotated[LegalDate, Field(description="完成整改的日期，从今天起至评价标准所定的最远日期（默认92天）之内")]

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"action_plan": _WARNING["action_plan"], "due_on": "2017-08-31"}]}
    }


class TargetWarningRead(ResponseModel):
    """A warning with the figures by which it was judged last."""

    id: UUID
    unit: str
    indicator: str
    year: int
    state: WarningState
    level: Level
    month: Annotated[str, Field(description="最近一次评定所依据的月份")]
    is_provisional: Annotated[bool, Field(description="依据的月份尚未结账")]
    standard_version: Annotated[int, Field(description="评定所用评价标准的版本")]
    target: _Figure
    actual: _Figure
    completion: str | None
    gap: Annotated[str | None, Field(description="完成率减时序进度，百分点")]
    needed_per_month: str | None
    opened_at: datetime
    answer_due_at: Annotated[datetime | None, Field(description="反馈期限；逾期未反馈升一级，蓝色不要求反馈")]
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    action_plan: str | None
    action_due_on: date | None
    ended_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_WARNING]}}

    @classmethod
    def of(cls, one: Judged) -> "TargetWarningRead":
        """From the use case's answer."""
        return cls(**_fields(one.row, one.figures))


class WarningEventRead(ResponseModel):
    """A step in the life of a warning; `level` is the one after it."""

    step: Step
    at: datetime
    level: Level
    month: str
    is_provisional: bool
    target: _Figure
    actual: _Figure
    actor: str
    action_plan: str | None
    action_due_on: date | None


class WarningHistoryRead(TargetWarningRead):
    """A warning with its whole history."""

    history: list[WarningEventRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_WARNING | {"history": [_EVENT]}]}}

    @classmethod
    def of_history(cls, one: Judged, events: Iterable[WarningEventRow]) -> "WarningHistoryRead":
        """From the use case's answer and the rows of its steps."""
        row = one.row
        shown = load_indicators()[row.indicator].shown
        history = [
            WarningEventRead(
                step=Step(event.step),
                at=event.at,
                level=Level(event.level),
                month=str(Month(row.year, event.month)),
                is_provisional=event.is_provisional,
                target=shown(event.target),
                actual=shown(event.actual),
                actor=event.actor,
                action_plan=event.action_plan,
                action_due_on=event.action_due_on,
            )
            for event in events
        ]
        return cls(**_fields(row, one.figures), history=history)


class WarningList(ResponseModel):
    """A page of warnings."""

    items: list[TargetWarningRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_WARNING], "next": None}]}
    }

    @classmethod
    def of_page(cls, rows: Sequence[Judged], page: Page, filters: Mapping[str, Any]) -> "WarningList":
        """From one row more than the page holds, if there are so many."""
        last = rows[page.limit - 1].row if len(rows) > page.limit else None
        return cls(
            items=[TargetWarningRead.of(row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )


_SUPERVISED = _WARNING | {"unit_name": "荥阳市", "indicator_name": "新增城镇就业人员", "is_overdue": False}


class SupervisedRead(TargetWarningRead):
    """A line of the supervision list."""

    unit_name: str
    indicator_name: str
    is_overdue: Annotated[bool, Field(description="逾期未反馈，或已过承诺的完成日期仍未解除")]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_SUPERVISED]}}

    @classmethod
    def of_supervised(cls, one: Supervised) -> "SupervisedRead":
        """From the use case's answer."""
        return cls(
            **_fields(one.row, one.figures),
            unit_name=load_units()[one.row.unit].name,
            indicator_name=load_indicators()[one.row.indicator].name,
            is_overdue=one.is_overdue,
        )


class SupervisionList(ResponseModel):
    """督办单: all of it."""

    title: str
    year: int
    issued_on: Annotated[date, Field(description="生成日期")]
    items: list[SupervisedRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "title": "2017年城乡就业工作目标任务督办单",
                    "year": 2017,
                    "issued_on": "2017-07-12",
                    "items": [_SUPERVISED],
                }
            ]
        }
    }

    @classmethod
    def of(cls, year: int, found: Sequence[Supervised], now: datetime) -> "SupervisionList":
        """From the use case's answer."""
        return cls(
            title=f"{year}年城乡就业工作目标任务督办单",
            year=year,
            issued_on=now.astimezone(BEIJING).date(),
            items=[SupervisedRead.of_supervised(one) for one in found],
        )


def _fields(row: WarningRow, known: Figures) -> dict[str, Any]:
    shown = load_indicators()[row.indicator].shown
    computed = {
        "month": str(Month(row.year, row.month)),
        "target": shown(row.target),
        "actual": shown(row.actual),
        "completion": _text(known.completion),
        "gap": _text(known.gap),
        "needed_per_month": _text(known.needed, 1),
    }
    plain = (name for name in TargetWarningRead.model_fields if name not in computed)
    return {name: getattr(row, name) for name in plain} | computed


def _text(ratio: Ratio | None, places: int = 2) -> str | None:
    return None if ratio is None else ratio.shown(places)
