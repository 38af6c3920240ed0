"""Indicators on the wire."""

from collections.abc import Iterable

from kit.http.wire import ResponseModel
from targets_svc.indicators.domain import Direction, Indicator, IndicatorKind, Source


class IndicatorRead(ResponseModel):
    """One indicator."""

    code: str
    name: str
    unit: str
    direction: Direction
    kind: IndicatorKind
    accumulate: str
    parent: str | None
    attrition: str | None
    decomposed: bool
    decimals: int
    actual_source: Source
    evidence: list[str]
    sort_no: int


class IndicatorList(ResponseModel):
    """All indicators, in the order of the annex, then the city's."""

    items: list[IndicatorRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "code": "I01a",
                            "name": "失业人员再就业",
                            "unit": "人",
                            "direction": "GE",
                            "kind": "FLOW",
                            "accumulate": "SUM",
                            "parent": "I01",
                            "attrition": None,
                            "decomposed": True,
                            "decimals": 0,
                            "actual_source": "REPORT",
                            "evidence": ["失业登记记录", "再就业证明"],
                            "sort_no": 2,
                        }
                    ]
                }
            ]
        }
    }

    @classmethod
    def of(cls, indicators: Iterable[Indicator]) -> "IndicatorList":
        """From the catalogue."""
        return cls(items=[IndicatorRead.model_validate(indicator) for indicator in indicators])
