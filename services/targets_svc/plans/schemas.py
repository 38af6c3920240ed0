"""Plans on the wire."""

from datetime import date
from typing import Annotated

from pydantic import Field

from kit.http.wire import Code, RequestModel, ResponseModel
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import ItemState, Plan, totals
from targets_svc.units.repository import load_units

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
