"""Reports on the wire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from kit.dates import Month
from kit.errors import FieldError
from kit.http.paging import Page
from kit.http.wire import Code, MonthText, RequestModel, ResponseModel
from targets_svc.indicators.repository import load_indicators
from targets_svc.report_rules.domain import Basis, Cell, Entry
from targets_svc.reports.domain import State, is_late
from targets_svc.reports.models import ReportRow, RevisionRow
from targets_svc.reports.service import Content, ReportView

_LARGEST = 1_000_000_000_000


def _figure(value: Any) -> Any:
    if value is None or isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError("TYPE|应为整数（人数、户数）或百分数文字（比率）；没有数据时填null")


Figure = Annotated[
    int | str | None,
    BeforeValidator(_figure),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": -100_000_000, "maximum": 100_000_000},
                {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,3})(\.[0-9]{1,2})?$", "maxLength": 7},
                {"type": "null"},
            ],
            "description": "自1月起的累计数：人数、户数为整数，比率为百分数文字（最多两位小数）；没有数据填null并说明",
        }
    ),
]
_Part = Annotated[int, Field(ge=0, le=_LARGEST)]


def _month(text: str) -> str:
    try:
        Month.parse(text)
    except ValueError:
        raise ValueError("MONTH|月份格式应为YYYY-MM，如2017-06") from None
    return text


# In a path or a query FastAPI takes plain types only: the text is checked here and read by the endpoint.
MonthString = Annotated[
    str,
    AfterValidator(_month),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{3}-(0[1-9]|1[0-2])$", "examples": ["2017-06"]}),
]


def _reason(text: str) -> str:
    if len(text.strip()) < 5:
        raise ValueError("R12_REASON|请写明原因，至少5个字")
    return text.strip()


Reason = Annotated[
    str, StringConstraints(max_length=1000), AfterValidator(_reason), Field(json_schema_extra={"minLength": 5})
]


class CellWrite(RequestModel):
    """One figure, cumulative since January."""

    indicator: Code
    value: Figure
    comment: Annotated[str, StringConstraints(max_length=500)] | None = None
    numerator: Annotated[_Part | None, Field(description="比率的分子")] = None
    denominator: Annotated[_Part | None, Field(description="比率的分母")] = None
    gross: Annotated[_Part | None, Field(description="新增城镇就业：城镇累计新就业")] = None
    attrition: Annotated[_Part | None, Field(description="新增城镇就业：自然减员")] = None


class DraftWrite(RequestModel):
    """All figures of the month; they replace those of the draft."""

    cells: Annotated[list[CellWrite], Field(max_length=100)]
    basis: Annotated[
        Basis,
        Field(
            strict=False,
            description="CUMULATIVE自1月起的累计数；INCREMENT当月数，由系统加上月已批准的累计数后保存",
        ),
    ] = Basis.CUMULATIVE

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "cells": [
                        {"indicator": "I01", "value": 15120, "gross": 15400, "attrition": 280},
                        {"indicator": "I01a", "value": 3400},
                        {"indicator": "I03", "value": None, "comment": "培训机构数据未到"},
                    ]
                }
            ]
        }
    }

    def entries(self) -> list[Entry]:
        """For the use case."""
        return [Entry(**cell.model_dump()) for cell in self.cells]


class ReasonWrite(RequestModel):
    """Why it is returned or corrected."""

    reason: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"reason": "技能培训人数与台账不符，请核对后重报"}]}
    }


class CellRead(ResponseModel):
    """One figure as stored."""

    indicator: str
    value: int | str | None
    comment: str | None
    numerator: int | None
    denominator: int | None
    gross: int | None
    attrition: int | None

    @classmethod
    def of(cls, cell: Cell) -> "CellRead":
        """With the value in its wire form."""
        shown = load_indicators()[cell.indicator].shown(cell.value)
        return cls(
            indicator=cell.indicator,
            value=shown,
            comment=cell.comment,
            numerator=cell.numerator,
            denominator=cell.denominator,
            gross=cell.gross,
            attrition=cell.attrition,
        )


class WarningRead(ResponseModel):
    """Something unusual; a comment on the cell explains it to the reviewer."""

    pointer: str
    code: str
    message: str


class WithdrawalRead(ResponseModel):
    """Empty while it was not taken back."""

    withdrawn_by: Annotated[str | None, Field(description="撤回（退回）的人；没有撤回的为空")] = None
    withdrawn_at: datetime | None = None
    withdrawal_reason: str | None = None


class RevisionSummary(WithdrawalRead):
    """One revision: where it stands, and who carried it."""

    revision: int
    state: State
    created_by: str
    created_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    returned_by: str | None
    returned_at: datetime | None
    return_reason: str | None
    correction_reason: str | None
    basis: Annotated[Basis, Field(description="填报时按累计数还是当月数；保存的总是累计数")]


class RevisionRead(RevisionSummary):
    """One revision with its figures."""

    cells: list[CellRead]
    warnings: list[WarningRead]

    @classmethod
    def of(cls, content: Content) -> "RevisionRead":
        """From a revision and its figures."""
        return cls(**_fields(content))


_EXAMPLE: dict[str, Any] = {
    "unit": "ZZ07",
    "month": "2017-06",
    "due_at": "2017-07-07T16:00:00Z",
    "first_submitted_at": "2017-07-03T02:11:09Z",
    "late": False,
    "late_again": False,
    "revision": 1,
    "state": "APPROVED",
    "created_by": "staff-ZZ07",
    "created_at": "2017-07-03T01:58:30Z",
    "submitted_by": "staff-ZZ07",
    "submitted_at": "2017-07-03T02:11:09Z",
    "reviewed_by": "reviewer-ZZ07",
    "reviewed_at": "2017-07-03T06:40:00Z",
    "approved_by": "city",
    "approved_at": "2017-07-05T01:00:00Z",
    "returned_by": None,
    "returned_at": None,
    "return_reason": None,
    "correction_reason": None,
    "withdrawn_by": None,
    "withdrawn_at": None,
    "withdrawal_reason": None,
    "basis": "CUMULATIVE",
    "cells": [
        {
            "indicator": "I01",
            "value": 15120,
            "comment": None,
            "numerator": None,
            "denominator": None,
            "gross": None,
            "attrition": None,
        }
    ],
    "warnings": [],
    "open_revision": None,
}


class ReportRead(RevisionRead):
    """A report: the revision that is shown, and the one on its way when that is another."""

    unit: str
    month: MonthText
    due_at: datetime
    first_submitted_at: datetime | None
    late: Annotated[bool, Field(description="首次报送晚于期限；退回不重置")]
    late_again: Annotated[bool, Field(description="首次按时，退回后重报时已过期限；另列，不算逾期")]
    open_revision: RevisionRead | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_EXAMPLE]}}

    @classmethod
    def of_view(cls, view: ReportView) -> "ReportRead":
        """From what a use case answers."""
        return cls(
            **_fields(view.shown),
            **_place(view.report),
            late=view.late,
            late_again=view.late_again,
            open_revision=RevisionRead.of(view.open) if view.open else None,
        )


class RevisionList(ResponseModel):
    """All revisions of a report, the first one first."""

    items: list[RevisionSummary]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [{"items": [{name: _EXAMPLE[name] for name in RevisionSummary.model_fields}]}]
        }
    }


class ReportSummary(ResponseModel):
    """A report in a list, with the state of its latest revision."""

    unit: str
    month: MonthText
    revision: int
    state: State
    due_at: datetime
    first_submitted_at: datetime | None
    late: bool
    approved_at: datetime | None


class ReportList(ResponseModel):
    """A page of reports."""

    items: list[ReportSummary]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            key: _EXAMPLE[key]
                            for key in ("unit", "month", "revision", "state", "due_at", "late", "approved_at")
                        }
                        | {"first_submitted_at": "2017-07-03T02:11:09Z"}
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(
        cls, rows: Sequence[tuple[ReportRow, RevisionRow]], page: Page, filters: Mapping[str, Any], now: datetime
    ) -> "ReportList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        last = shown[-1][0] if len(rows) > page.limit else None
        return cls(
            items=[
                ReportSummary(
                    **_place(report),
                    revision=revision.revision,
                    state=State(revision.state),
                    late=is_late(report.first_submitted_at, report.due_at, now),
                    approved_at=revision.approved_at,
                )
                for report, revision in shown
            ],
            next=page.next([last.unit, last.year, last.month], filters) if last else None,
        )


def _place(report: ReportRow) -> dict[str, Any]:
    return {
        "unit": report.unit,
        "month": f"{report.year}-{report.month:02d}",
        "due_at": report.due_at,
        "first_submitted_at": report.first_submitted_at,
    }


def _fields(content: Content) -> dict[str, Any]:
    names = RevisionRead.model_fields.keys() - {"cells", "warnings"}
    return {name: getattr(content.revision, name) for name in names} | {
        "cells": [CellRead.of(cell) for cell in content.cells],
        "warnings": [_warning(found) for found in content.warnings],
    }


def _warning(found: FieldError) -> WarningRead:
    return WarningRead(pointer=found.pointer, code=found.code, message=found.message)
