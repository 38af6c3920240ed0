"""Splits on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from kit.http.wire import Code, RequestModel, ResponseModel, ShortText, Year
from targets_svc.child_plans.domain import Mode, Part, PartItem, sums_of
from targets_svc.child_plans.service import Draft, Split
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.schemas import DoubtRead
from targets_svc.reports.schemas import Reason
from targets_svc.withdrawals.schemas import WithdrawalRead

_Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
_PartCode = Annotated[Code, Field(max_length=16, description="本单位自编，以单位代码加-开头，如ZZ11-01")]
_VERSION: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "unit": "ZZ12",
    "year": 2017,
    "version": 1,
    "parent_version": 1,
    "state": "DRAFT",
    "title": "2017年目标任务分解表",
    "doc_no": "郑开管〔2017〕20号",
    "mode": "EXACT",
    "shortfall_reason": None,
    "created_by": "staff-ZZ12",
    "created_at": "2017-03-20T02:00:00Z",
    "issued_by": None,
    "issued_at": None,
}
_PARTS: list[dict[str, Any]] = [{"code": "ZZ12-01", "name": "枫杨街道"}, {"code": "ZZ12-02", "name": "梧桐街道"}]
_TARGETS = {
    "I01": 2000, "I01a": 500, "I01b": 50, "I02": 300, "I03": 730, "I03a": 30, "I04": 150, "I05": 500, "I06": 260,
    "I07": 100,
}  # fmt: skip
_ITEMS: list[dict[str, Any]] = [
    {"part": part["code"], "indicator": code, "value": target // 2}
    for part in _PARTS
    for code, target in _TARGETS.items()
]


_CREATE: dict[str, Any] = {
    "unit": "ZZ12",
    "year": 2017,
    "title": "2017年目标任务分解表",
    "doc_no": "郑开管〔2017〕20号",
    "mode": "EXACT",
    "parts": _PARTS,
    "items": _ITEMS,
}


class PartWrite(RequestModel):
    """A street or town."""

    code: _PartCode
    name: ShortText


class PartItemWrite(RequestModel):
    """One cell."""

    part: _PartCode
    indicator: Code
    value: _Count


class ChildPlanCreate(RequestModel):
    """A whole new version of a unit's split."""

    unit: Code
    year: Year
    title: ShortText
    doc_no: ShortText
    mode: Annotated[Mode, Field(strict=False, description="EXACT各部分之和须等于任务数，AT_LEAST可以加码")] = Mode.EXACT
    parts: Annotated[list[PartWrite], Field(min_length=1, max_length=100)]
    items: Annotated[list[PartItemWrite], Field(min_length=1, max_length=2000)]
    shortfall_reason: Annotated[Reason | None, Field(description="之和小于任务数的原因；由下达人一并认可")] = None

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_CREATE]}}

    def draft(self) -> Draft:
        """For the use case."""
        return Draft(
            self.unit,
            self.year,
            self.title,
            self.doc_no,
            self.mode,
            [Part(part.code, part.name) for part in self.parts],
            [PartItem(item.part, item.indicator, item.value) for item in self.items],
            self.shortfall_reason,
        )


class ChildPlanVersionRead(WithdrawalRead):
    """A version without its cells."""

    id: UUID
    unit: str
    year: int
    version: int
    parent_version: Annotated[int, Field(description="所分解的上级计划的版本")]
    state: Annotated[
        Literal["DRAFT", "ISSUED", "WITHDRAWN"], Field(description="DRAFT草案，ISSUED已下达，WITHDRAWN已撤回")
    ]
    title: str
    doc_no: str
    mode: Mode
    shortfall_reason: str | None
    created_by: str
    created_at: datetime
    issued_by: str | None
    issued_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_VERSION]}}


class ChildPlanVersionList(ResponseModel):
    """The versions of a year, whole."""

    items: list[ChildPlanVersionRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_VERSION]}]}}


class PartRead(ResponseModel):
    """A street or town."""

    code: str
    name: str


class PartItemRead(ResponseModel):
    """One cell."""

    part: str
    indicator: str
    value: int


class ChildPlanRead(ChildPlanVersionRead):
    """A version with its cells, its sums, and what to look at before it is issued."""

    parts: list[PartRead]
    items: list[PartItemRead]
    totals: dict[str, int]
    warnings: list[DoubtRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [_VERSION | {"parts": _PARTS, "items": _ITEMS[:1], "totals": {"I01": 2000}, "warnings": []}]
        }
    }

    @classmethod
    def of(cls, split: Split) -> "ChildPlanRead":
        """Cells in the order of the parts and of the annex."""
        version = ChildPlanVersionRead.model_validate(split.row).model_dump()
        sums = sums_of(split.items)
        return cls(
            **version,
            parts=[PartRead(**part) for part in split.row.parts],
            items=_shown(split.items, [part["code"] for part in split.row.parts]),
            totals={code: sums[code] for code in load_indicators() if code in sums},
            warnings=[DoubtRead.model_validate(doubt) for doubt in split.doubts],
        )


class ChildProposalCreate(RequestModel):
    """By what to split a unit's targets."""

    unit: Code
    year: Year
    weights: Annotated[
        dict[_PartCode, _Count],
        Field(min_length=1, max_length=100, description="街道（乡镇）代码和权重，如上年完成数、劳动力数；全为0时平均"),
    ]
    quantum: Annotated[
        dict[Code, Annotated[int, Field(ge=1, le=1_000_000)]],
        Field(max_length=50, description="各指标的取整单位，默认1"),
    ] = Field(default_factory=dict)
    floor: Annotated[_Count, Field(description="每个街道（乡镇）每项的最低数")] = 0

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {"unit": "ZZ12", "year": 2017, "weights": {"ZZ12-01": 3, "ZZ12-02": 2}, "quantum": {"I01": 10}}
            ]
        }
    }


class ChildProposalRead(ResponseModel):
    """A split as `POST /child-plans` takes it; each indicator sums to the unit's target."""

    unit: str
    year: int
    items: list[PartItemRead]
    totals: dict[str, int]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "unit": "ZZ12",
                    "year": 2017,
                    "items": [
                        {"part": "ZZ12-01", "indicator": "I01", "value": 1200},
                        {"part": "ZZ12-02", "indicator": "I01", "value": 800},
                    ],
                    "totals": {"I01": 2000},
                }
            ]
        }
    }

    @classmethod
    def of(cls, asked: ChildProposalCreate, items: Sequence[PartItem]) -> "ChildProposalRead":
        """From the use case's answer."""
        shown = _shown(items, list(asked.weights))
        return cls(unit=asked.unit, year=asked.year, items=shown, totals=sums_of(items))


def _shown(items: Sequence[PartItem], parts: Sequence[str]) -> list[PartItemRead]:
    place, order = {code: n for n, code in enumerate(parts)}, list(load_indicators())
    ordered = sorted(items, key=lambda item: (place[item.part], order.index(item.indicator)))
    return [PartItemRead(part=item.part, indicator=item.indicator, value=item.value) for item in ordered]
