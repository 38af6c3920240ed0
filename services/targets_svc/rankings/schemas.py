"""Rankings on the wire."""

from typing import Annotated

from pydantic import Field

from kit.http.wire import ResponseModel
from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.progress.service import ProgressSource, ProgressTable
from targets_svc.rankings.domain import Group, Placing


class RankingRow(ResponseModel):
    """A unit's place."""

    indicator: str
    unit: str
    group: Annotated[
        Group, Field(description="RANKED已排名，NOT_REPORTED未报（列末位、无名次），APART市本级（不参加排名）")
    ]
    rank: Annotated[int | None, Field(description="并列同名次，其后名次顺延：1、2、2、4")]
    is_tied: bool
    target: int | str | None
    actual: int | str | None
    completion: Annotated[str | None, Field(description="完成率，百分数，两位小数；名次按精确值排")]

    @classmethod
    def of(cls, placing: Placing) -> "RankingRow":
        """Rounded here, and only here."""
        row = placing.row
        shown = load_indicators()[row.indicator].shown
        return cls(
            indicator=row.indicator,
            unit=row.unit,
            group=placing.group,
            rank=row.rank,
            is_tied=placing.is_tied,
            target=shown(row.target),
            actual=shown(row.actual),
            completion=row.completion.shown() if row.completion else None,
        )


class RankingRead(ResponseModel):
    """The lists, whole."""

    year: int
    month: str
    plan_version: int
    standard_version: Annotated[int, Field(description="所用评价标准的版本")]
    source: ProgressSource
    curve: Curve
    items: list[RankingRow]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2017,
                    "month": "2017-06",
                    "plan_version": 1,
                    "standard_version": 1,
                    "source": "POLICY",
                    "curve": "LINEAR",
                    "items": [
                        {
                            "indicator": "I01",
                            "unit": "ZZ14",
                            "group": "RANKED",
                            "rank": 1,
                            "is_tied": False,
                            "target": 3000,
                            "actual": 2040,
                            "completion": "68.00",
                        }
                    ],
                }
            ]
        }
    }

    @classmethod
    def of(cls, table: ProgressTable, placings: list[Placing]) -> "RankingRead":
        """From the use case's answer."""
        asked = table.question
        return cls(
            year=asked.month.year,
            month=str(asked.month),
            plan_version=table.plan_version,
            standard_version=table.standard_version,
            source=asked.source,
            curve=table.curve,
            items=[RankingRow.of(placing) for placing in placings],
        )
