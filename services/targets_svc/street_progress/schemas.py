"""Streets on the wire."""

from typing import Annotated, Any

from pydantic import Field

from kit.http.wire import ResponseModel
from targets_svc.progress.domain.arithmetic import Curve, Level, Ratio
from targets_svc.street_progress.domain import StreetRow
from targets_svc.street_progress.service import StreetTable

_EXAMPLE: dict[str, Any] = {
    "unit": "ZZ12",
    "year": 2017,
    "month": "2017-06",
    "child_plan_version": 1,
    "standard_version": 1,
    "curve": "LINEAR",
    "items": [
        {
            "street": "ZZ12-01",
            "name": "枫杨街道",
            "indicator": "I01",
            "target": 1200,
            "actual": 570,
            "completion": "47.50",
            "pace": "50.00",
            "gap": "-2.50",
            "level": "BLUE",
            "rank": 2,
            "needed_per_month": "105.0",
        }
    ],
}


class StreetProgressRow(ResponseModel):
    """A street's cell, and how far it is."""

    street: Annotated[str | None, Field(description="街道（乡镇）代码；空为登记时未注明街道的")]
    name: Annotated[str | None, Field(description="分解方案中的名称；方案没有列出的为空")]
    indicator: str
    target: Annotated[int | None, Field(description="没有分解任务的为空")]
    actual: Annotated[int, Field(description="实名登记计数，扣减自然减员的已扣减")]
    completion: str | None
    pace: str | None
    gap: str | None
    level: Level
    rank: Annotated[int | None, Field(description="本单位各街道（乡镇）之间的排名，并列同名次")]
    needed_per_month: str | None

    @classmethod
    def of(cls, row: StreetRow, names: dict[str, str]) -> "StreetProgressRow":
        """Rounded here, and only here."""
        return cls(
            street=row.street,
            name=names.get(row.street or ""),
            indicator=row.indicator,
            target=row.target,
            actual=row.actual,
            completion=_text(row.completion),
            pace=_text(row.pace),
            gap=_text(row.gap),
            level=row.level,
            rank=row.rank,
            needed_per_month=_text(row.needed, 1),
        )


class StreetProgressRead(ResponseModel):
    """The table, whole."""

    unit: str
    year: int
    month: str
    child_plan_version: Annotated[int | None, Field(description="最近下达的分解方案；没有的为空")]
    standard_version: Annotated[int, Field(description="所用评价标准的版本")]
    curve: Curve
    items: list[StreetProgressRow]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_EXAMPLE]}}

    @classmethod
    def of(cls, table: StreetTable) -> "StreetProgressRead":
        """From the use case's answer."""
        return cls(
            unit=table.unit,
            year=table.month.year,
            month=str(table.month),
            child_plan_version=table.split_version,
            standard_version=table.standard_version,
            curve=table.curve,
            items=[StreetProgressRow.of(row, table.names) for row in table.rows],
        )


def _text(ratio: Ratio | None, places: int = 2) -> str | None:
    return None if ratio is None else ratio.shown(places)
