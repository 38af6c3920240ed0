"""Completeness on the wire."""

from typing import Annotated, Any

from pydantic import Field

from kit.dates import Month
from kit.http.wire import ResponseModel
from kit.money import fixed
from targets_svc.completeness.domain import Tally
from targets_svc.completeness.service import Completeness

_Share = Annotated[str | None, Field(description="百分数，两位小数；没有应报的为空")]
_EXAMPLE: dict[str, Any] = {
    "expected": 96,
    "received": 94,
    "on_time": 90,
    "completeness": "97.92",
    "timeliness": "93.75",
    "cells_expected": 912,
    "cells_filled": 893,
    "cell_completeness": "97.92",
}

_ANSWER: dict[str, Any] = _EXAMPLE | {
    "year": 2017,
    "first_month": "2017-01",
    "last_month": "2017-06",
    "items": [_EXAMPLE | {"unit": "ZZ07", "missing": ["2017-03"]}],
}


class TallyRead(ResponseModel):
    """Counts and shares."""

    expected: Annotated[int, Field(description="应报份数：有任务的单位×月份")]
    received: Annotated[int, Field(description="已报份数：已报送、已审核或已批准；被退回的不计")]
    on_time: Annotated[int, Field(description="首次报送未过期限的份数")]
    completeness: _Share
    timeliness: _Share
    cells_expected: int
    cells_filled: int
    cell_completeness: _Share


class UnitTally(TallyRead):
    """Those of one unit."""

    unit: str
    missing: Annotated[list[str], Field(description="没有报送的月份；被退回后没有重报的也在其中")]


class CompletenessRead(TallyRead):
    """All units together, and each."""

    year: int
    first_month: str
    last_month: str
    items: list[UnitTally]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                _ANSWER,
            ]
        }
    }

    @classmethod
    def of(cls, found: Completeness) -> "CompletenessRead":
        """From the use case's answer."""
        return cls(
            year=found.month.year,
            first_month=f"{found.month.year}-01",
            last_month=str(found.month),
            items=[
                UnitTally(
                    unit=unit,
                    missing=[str(Month(found.month.year, month)) for month in found.missing.get(unit, ())],
                    **_figures(one),
                )
                for unit, one in found.units
            ],
            **_figures(found.total),
        )


def _figures(one: Tally) -> dict[str, Any]:
    return {
        "expected": one.expected,
        "received": one.received,
        "on_time": one.on_time,
        "completeness": _share(one.received, one.expected),
        "timeliness": _share(one.on_time, one.expected),
        "cells_expected": one.cells_expected,
        "cells_filled": one.cells_filled,
        "cell_completeness": _share(one.cells_filled, one.cells_expected),
    }


def _share(part: int, of: int) -> str | None:
    return fixed(100 * part, of) if of else None
