"""Progress on the wire."""

from collections.abc import Callable
from typing import Annotated
from weakref import WeakKeyDictionary

from pydantic import Field, StringConstraints

from kit.http.wire import ResponseModel
from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.domain.arithmetic import Curve, Level, ObsStatus, Ratio
from targets_svc.progress.domain.table import Row
from targets_svc.progress.service import ProgressSource, ProgressTable

MonthOrNumber = Annotated[
    str,
    StringConstraints(pattern=r"^([1-9][0-9]{3}-(0[1-9]|1[0-2])|0?[1-9]|1[0-2])$", max_length=7),
]


class ProgressRow(ResponseModel):
    """One cell of the plan, and how far it is."""

    unit: str
    indicator: str
    target: int | str | None
    actual: int | str | None
    completion: Annotated[str | None, Field(description="完成率，百分数，两位小数")]
    pace: Annotated[str | None, Field(description="时序进度，百分数，两位小数；只用于累计指标")]
    gap: Annotated[str | None, Field(description="完成率减时序进度，百分点，两位小数")]
    level: Level
    rank: Annotated[int | None, Field(description="县（市、区）排名，并列同名次；市本级和全市不排名")]
    needed_per_month: Annotated[str | None, Field(description="其后每月需完成数，一位小数；已完成或年终为空")]
    status: Annotated[ObsStatus, Field(description="A已批准，P已报送待批准，O尚无数据，L逾期未报，M未下达任务")]

    @classmethod
    def of(cls, row: Row) -> "ProgressRow":
        """With every figure rounded here, and only here."""
        shown: Callable[[int | None], int | str | None] = load_indicators()[row.indicator].shown
        return cls(
            unit=row.unit,
            indicator=row.indicator,
            target=shown(row.target),
            actual=shown(row.actual),
            completion=_text(row.completion),
            pace=_text(row.pace),
            gap=_text(row.gap),
            level=row.level,
            rank=row.rank,
            needed_per_month=_text(row.needed, 1),
            status=row.status,
        )


class ProgressRead(ResponseModel):
    """The table, whole."""

    year: int
    month: str
    plan_version: int
    standard_version: Annotated[int, Field(description="所用评价标准的版本")]
    source: ProgressSource
    curve: Curve
    items: list[ProgressRow]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2017,
                    "month": "2017-06",
                    "plan_version": 1,
                    "standard_version": 1,
                    "source": "REPORT",
                    "curve": "LINEAR",
                    "items": [
                        {
                            "unit": "ZZ04",
                            "indicator": "I01",
                            "target": 6000,
                            "actual": 2580,
                            "completion": "43.00",
                            "pace": "50.00",
                            "gap": "-7.00",
                            "level": "YELLOW",
                            "rank": 13,
                            "needed_per_month": "570.0",
                            "status": "A",
                        }
                    ],
                }
            ]
        }
    }

    @classmethod
    def of(cls, table: ProgressTable) -> "ProgressRead":
        """From the use case's answer."""
        asked = table.question
        return cls(
            year=asked.month.year,
            month=str(asked.month),
            plan_version=table.plan_version,
            standard_version=table.standard_version,
            source=asked.source,
            curve=table.curve,
            items=[ProgressRow.of(row) for row in table.rows],
        )


_rendered: WeakKeyDictionary[ProgressTable, bytes] = WeakKeyDictionary()


def render(table: ProgressTable) -> bytes:
    """The table as JSON; the same object is rendered once."""
    body = _rendered.get(table)
    if body is None:
        body = _rendered[table] = ProgressRead.of(table).model_dump_json().encode()
    return body


def _text(ratio: Ratio | None, places: int = 2) -> str | None:
    return None if ratio is None else ratio.shown(places)
