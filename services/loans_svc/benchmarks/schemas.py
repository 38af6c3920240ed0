"""Benchmark rates on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from kit.errors import FieldError, ValidationFailedError
from kit.http.wire import LegalDate, PercentOut, RequestModel, ResponseModel, Text
from loans_svc.benchmarks.models import BenchmarkRow
from loans_svc.benchmarks.published import PublishedRate, published_rates
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
    """A rate as it was published; of a day of the reference list the day alone is enough."""

    published_on: Annotated[LegalDate, Field(description="公布日，自当日起适用至下次公布")]
    rate: Annotated[
        Annotated[Rate, AfterValidator(_positive)] | None,
        Field(description="年利率，百分数；公布日在参考表（reference）中的，可不填利率、可靠程度和出处"),
    ] = None
    mark: Annotated[Mark | None, Field(strict=False, description="可靠程度，含义同贴息规则")] = None
    source: Annotated[Text | None, Field(description="出处")] = None

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_ENTRY]}}

    def entry(self) -> PublishedRate:
        """For the use case: what was said, the rest from the reference list.

        Raises:
            ValidationFailedError: not said, and the list does not know that day.
        """
        known = published_rates().get(self.published_on)
        rate, mark, source = self.rate, self.mark, self.source
        if known is not None:
            rate, mark, source = rate or known.rate_ppm, mark or known.mark, source or known.source
        if rate is None or mark is None or source is None:
            given = {"rate": rate, "mark": mark, "source": source}
            message = "参考表中没有这一公布日，请填写这一项；或核对公布日期。"
            raise ValidationFailedError(
                errors=[FieldError(f"/{name}", "REQUIRED", message) for name, value in given.items() if value is None]
            )
        return PublishedRate(self.published_on, rate, mark, source)


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


class PublishedRead(ResponseModel):
    """A rate of the reference list; it counts when it has been entered and confirmed."""

    published_on: date
    rate: PercentOut
    mark: Mark
    source: str
    is_confirmed: bool = Field(description="已按此公布日登记并确认")


class BenchmarkList(ResponseModel):
    """The table, whole, the newest first; and what may be taken over from public material."""

    items: list[BenchmarkRead]
    reference: list[PublishedRead] = Field(description="参考表：公开资料中历次调整的利率，登记并确认后才用于贷款")

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_READ], "reference": [_ENTRY | {"is_confirmed": True}]}]}
    }

    @classmethod
    def of(cls, rows: Sequence[BenchmarkRow]) -> "BenchmarkList":
        """From the rows."""
        confirmed = {row.published_on for row in rows if row.confirmed_by is not None}
        return cls(
            items=[BenchmarkRead.of(row) for row in rows],
            reference=[
                PublishedRead(
                    published_on=one.published_on,
                    rate=one.rate_ppm,
                    mark=one.mark,
                    source=one.source,
                    is_confirmed=one.published_on in confirmed,
                )
                for one in reversed(tuple(published_rates().values()))
            ],
        )
