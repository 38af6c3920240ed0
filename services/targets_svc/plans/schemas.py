"""Plans on the wire."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from kit.errors import FieldError
from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, ShortText, Year
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import Difference, ItemState, Plan, PlanItem, totals
from targets_svc.plans.errors import PlanInvalidError
from targets_svc.plans.service import Drafted
from targets_svc.units.repository import load_units
from targets_svc.withdrawals.schemas import WithdrawalRead

_VERSION: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "year": 2017,
    "version": 2,
    "state": "DRAFT",
    "title": "2017年城乡就业工作目标任务分解表",
    "doc_no": "郑政办文〔2017〕15号",
    "issued_on": "2017-03-10",
    "effective_from": "2017-07-01",
    "created_by": "city",
    "created_at": "2017-06-20T02:00:00Z",
    "issued_by": None,
    "issued_at": None,
}
_Figure = Annotated[
    int | str | None, Field(description="人数、户数为整数；比率为百分数文字，两位小数；未下达或待明确为空")
]


class PlanItemRead(ResponseModel):
    """One cell of the plan."""

    unit: str
    indicator: str
    state: ItemState
    value: _Figure


class PlanRead(ResponseModel):
    """A version of a year's plan, whole."""

    year: int
    doc_no: str
    title: str
    version: int
    issued_on: date
    effective_from: date
    items: list[PlanItemRead]
    totals: dict[str, int]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2017,
                    "doc_no": "郑政办文〔2017〕15号",
                    "title": "2017年城乡就业工作目标任务分解表",
                    "version": 1,
                    "issued_on": "2017-03-10",
                    "effective_from": "2017-03-10",
                    "items": [
                        {"unit": "ZZ", "indicator": "R01", "state": "ASSIGNED", "value": "4.00"},
                        {"unit": "ZZ", "indicator": "P01", "state": "PENDING", "value": None},
                        {"unit": "ZZ00", "indicator": "I01", "state": "NOT_ASSIGNED", "value": None},
                        {"unit": "ZZ07", "indicator": "I01", "state": "ASSIGNED", "value": 28000},
                    ],
                    "totals": {"I01": 130000, "I01a": 30000},
                }
            ]
        }
    }

    @classmethod
    def of(cls, plan: Plan) -> "PlanRead":
        """Cells in the order of the annex, the city's own first; totals as its 合计 row."""
        units, indicators = load_units(), load_indicators()
        ordered = sorted(plan.items, key=lambda i: (units[i.unit].sort_no, indicators[i.indicator].sort_no))
        sums = totals(plan.items)
        return cls(
            year=plan.year,
            doc_no=plan.doc_no,
            title=plan.title,
            version=plan.version,
            issued_on=plan.issued_on,
            effective_from=plan.effective_from,
            items=[
                PlanItemRead(
                    unit=item.unit,
                    indicator=item.indicator,
                    state=item.state,
                    value=indicators[item.indicator].shown(item.value),
                )
                for item in ordered
            ],
            totals={code: sums[code] for code in indicators if code in sums},
        )


class PlanItemWrite(RequestModel):
    """One cell as handed in."""

    unit: Code
    indicator: Code
    state: Annotated[ItemState, Field(strict=False)]
    value: int | str | None = None


class PlanCreate(RequestModel):
    """A whole new version; what is not in it is not part of the plan."""

    year: Year
    title: ShortText
    doc_no: ShortText
    issued_on: LegalDate
    effective_from: LegalDate
    items: Annotated[list[PlanItemWrite], Field(min_length=1, max_length=2000)]
    body_totals: Annotated[
        dict[Code, Annotated[int, Field(ge=0)]] | None, Field(description="文件正文中的各项总数，用于核对")
    ] = None

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2018,
                    "title": "2018年城乡就业工作目标任务分解表",
                    "doc_no": "郑政办文〔2018〕1号",
                    "issued_on": "2018-03-01",
                    "effective_from": "2018-03-01",
                    "items": [
                        {"unit": "ZZ", "indicator": "R01", "state": "ASSIGNED", "value": "4.00"},
                        {"unit": "ZZ00", "indicator": "I03", "state": "NOT_ASSIGNED"},
                        {"unit": "ZZ07", "indicator": "I03", "state": "ASSIGNED", "value": 910},
                    ],
                    "body_totals": {"I03": 910},
                }
            ]
        }
    }

    def plan(self) -> Plan:
        """The version, not numbered yet.

        Raises:
            PlanInvalidError: a value is not of its indicator's form.
        """
        items, faults = [], []
        for position, cell in enumerate(self.items):
            indicator = load_indicators().get(cell.indicator)
            try:
                value = indicator.read(cell.value) if indicator and cell.value is not None else None
            except ValueError:
                text = "人数、户数应为整数；比率应为百分数文字，最多两位小数，如4.00"
                faults.append(FieldError(f"/items/{position}/value", "P5", text))
                continue
            items.append(PlanItem(cell.unit, cell.indicator, cell.state, value))
        if faults:
            raise PlanInvalidError(errors=faults)
        return Plan(self.year, 0, self.title, self.doc_no, self.issued_on, self.effective_from, tuple(items))


class PlanVersionRead(WithdrawalRead):
    """A version without its cells."""

    id: UUID
    year: int
    version: int
    state: Annotated[
        Literal["DRAFT", "ISSUED", "WITHDRAWN"], Field(description="DRAFT草案，ISSUED已下达，WITHDRAWN已撤回")
    ]
    title: str
    doc_no: str
    issued_on: date
    effective_from: date
    created_by: str
    created_at: datetime
    issued_by: str | None
    issued_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_VERSION]}}


class PlanVersionList(ResponseModel):
    """Versions of a year in their order, or the last one of each year."""

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_VERSION]}]}}

    items: list[PlanVersionRead]


class DoubtRead(ResponseModel):
    """Something to look at before the plan is issued; not an error."""

    rule: Annotated[str, Field(description="P2原计划有而这一版没有，P8与上年变动超过30%，P9总项未下达，P12不是整倍数")]
    unit: str | None
    indicator: str | None
    message: str


class PlanDraftRead(PlanVersionRead):
    """A draft as stored, and what to look at."""

    warnings: list[DoubtRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_VERSION | {"warnings": []}]}}

    @classmethod
    def of(cls, drafted: Drafted) -> "PlanDraftRead":
        """From the use case's answer."""
        version = PlanVersionRead.model_validate(drafted.row).model_dump()
        return cls(**version, warnings=[DoubtRead.model_validate(doubt) for doubt in drafted.doubts])


class CellRead(ResponseModel):
    """A cell in one of two versions."""

    state: ItemState
    value: _Figure


class DifferenceRead(ResponseModel):
    """A cell that two versions state differently; empty where a version lacks it."""

    unit: str
    indicator: str
    old: CellRead | None
    new: CellRead | None

    @classmethod
    def of(cls, difference: Difference) -> "DifferenceRead":
        """With the values as the wire shows them."""
        return cls(
            unit=difference.unit,
            indicator=difference.indicator,
            old=_cell(difference.old),
            new=_cell(difference.new),
        )


def _cell(item: PlanItem | None) -> CellRead | None:
    if item is None:
        return None
    return CellRead(state=item.state, value=load_indicators()[item.indicator].shown(item.value))


class DifferenceList(ResponseModel):
    """What a revision changed."""

    year: int
    from_version: int
    to_version: int
    items: list[DifferenceRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2017,
                    "from_version": 1,
                    "to_version": 2,
                    "items": [
                        {
                            "unit": "ZZ15",
                            "indicator": "I01",
                            "old": {"state": "ASSIGNED", "value": 3000},
                            "new": {"state": "ASSIGNED", "value": 2400},
                        }
                    ],
                }
            ]
        }
    }


_Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class ProposalCreate(RequestModel):
    """What to split, and how."""

    total: _Count
    weights: Annotated[dict[Code, _Count], Field(min_length=1, max_length=500)]
    quantum: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    floor: _Count = 0

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [{"total": 2705, "weights": {"A": 3, "B": 2, "C": 1}, "quantum": 10, "floor": 0}]
        }
    }


class ProposalRead(ResponseModel):
    """The parts; they always sum to the total."""

    parts: dict[str, int]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"parts": {"A": 1355, "B": 900, "C": 450}}]}
    }
