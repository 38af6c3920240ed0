"""Benchmark rates on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from kit.http.wire import LegalDate, PercentOut, RequestModel, ResponseModel, Text
from loans_svc.benchmarks.models import BenchmarkRow
from loans_svc.rules.domain import Mark
from loans_svc.wire import Rate


def _positive(ppm: int) -> int:
    if ppm == 0:
        raise ValueError("OUT_OF_RANGE|基准利率应大于0")
    return ppm


_ENTRY: dict[str, Any] = {
    "published_on": "2024-10-21",
    "rate": "3.1000",
    "mark": "SEEN",
    "source": "全国银行间同业拆借中心公布的一年期贷款市场报价利率（LPR）",
}


_READ: dict[str, Any] = _ENTRY | {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "entered_by": "loan-officer",
    "entered_at": "2024-10-21T02:00:00Z",
    "confirmed_by": "loan-reviewer",
    "confirmed_at": "2024-10-21T03:00:00Z",
}


class BenchmarkCreate(RequestModel):
    """A rate as it was published."""

    published_on: Annotated[LegalDate, Field(description="公布日，自当日起适用至下次公布")]
    rate: Annotated[Rate, AfterValidator(_positive)]
    mark: Annotated[Mark, Field(strict=False, description="可靠程度，含义同贴息规则")]
    source: Annotated[Text, Field(description="出处")]

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_ENTRY]}}


class BenchmarkRead(ResponseModel):
    """A rate and who carried it; it counts once it is confirmed."""

    id: UUID
    published_on: date
    rate: PercentOut
    mark: Mark
    source: str
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_READ]}}

    @classmethod
    def of(cls, row: BenchmarkRow) -> "BenchmarkRead":
        """From the row."""
        return cls(
            id=row.id,
            published_on=row.published_on,
            rate=row.rate_ppm,
            mark=Mark(row.mark),
            source=row.source,
            entered_by=row.entered_by,
            entered_at=row.entered_at,
            confirmed_by=row.confirmed_by,
            confirmed_at=row.confirmed_at,
        )


class BenchmarkList(ResponseModel):
    """The table, whole, the newest first."""

    items: list[BenchmarkRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_READ]}]}}

    @classmethod
    def of(cls, rows: Sequence[BenchmarkRow]) -> "BenchmarkList":
        """From the rows."""
        return cls(items=[BenchmarkRead.of(row) for row in rows])
