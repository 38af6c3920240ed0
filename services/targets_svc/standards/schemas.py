"""Standards on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, Text
from kit.money import fixed
from targets_svc.indicators.domain import Source
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.standards.models import StandardRow
from targets_svc.standards.repository import shipped
from targets_svc.withdrawals.schemas import WithdrawalRead

_Points = Annotated[str, StringConstraints(pattern=r"^-?(0|[1-9][0-9]?|100)(\.[0-9]{1,2})?$", max_length=7)]
_Share = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]?|100)(\.[0-9]{1,2})?$", max_length=6)]
_Shares = Annotated[
    list[_Share], Field(min_length=12, max_length=12, description="1至12月的累计比例，百分数，12月为100.00")
]
_DESCRIPTIONS = "差距下限，百分点；低于橙色下限的为红色"


class LevelsWrite(RequestModel):
    """Colours by the gap between completion and pace."""

    green: Annotated[_Points, Field(description=_DESCRIPTIONS)]
    blue: Annotated[_Points, Field(description=_DESCRIPTIONS)]
    yellow: Annotated[_Points, Field(description=_DESCRIPTIONS)]
    orange: Annotated[_Points, Field(description=_DESCRIPTIONS)]
    overdue_days_to_orange: Annotated[int, Field(ge=0, le=366, description="月报逾期为黄色，超过这些天为橙色")]


class SeasonalWrite(RequestModel):
    """The seasonal course of a year."""

    default: _Shares
    by_indicator: Annotated[dict[Code, _Shares], Field(max_length=100, description="另有曲线的指标")]


class DeadlinesWrite(RequestModel):
    """Days."""

    report_days: Annotated[int, Field(ge=1, le=60, description="月末之后报送月报的工作日数")]
    answer_days: Annotated[int, Field(ge=1, le=60, description="预警升级之后反馈的工作日数")]
    action_days: Annotated[int, Field(ge=1, le=366, description="整改完成日期最远在多少天之内")]


class TolerancesWrite(RequestModel):
    """Of report against register."""

    ok: Annotated[_Share, Field(description="相差不超过的为一致，百分数")]
    notice: Annotated[_Share, Field(description="相差不超过的为提示，超过的为标记；考核按标记扣分")]
    unexplained: Annotated[_Share, Field(description="未能解释的部分超过的为标记")]


class ValidationWrite(RequestModel):
    """When a reported figure is unusual."""

    jump_times_median: Annotated[int, Field(ge=1, le=100, description="本期增量超过以前各期中位数多少倍为偏大（R7）")]
    jump_share_of_target: Annotated[_Share, Field(description="本期增量超过任务数的百分之几为偏大（R7）")]
    register_apart: Annotated[_Share, Field(description="与实名登记相差超过百分之几须说明（R16）")]


class StandardContent(RequestModel):
    """All that a version fixes; versions are whole, never amended."""

    levels: LevelsWrite
    curve: Annotated[Curve, Field(strict=False, description="预警和默认进度所用的曲线：LINEAR按月平均，SEASONAL按季节")]
    seasonal: SeasonalWrite
    deadlines: DeadlinesWrite
    reconciliation: TolerancesWrite
    validation: ValidationWrite
    actual_sources: Annotated[
        dict[Code, Annotated[Source, Field(strict=False)]],
        Field(max_length=100, description="正式完成数来源与指标目录不同的指标：REPORT月报，REGISTER实名登记"),
    ]


_CREATE: dict[str, Any] = {
    "effective_from": "2018-01-01",
    "reference": "郑就业办〔2017〕20号：2018年预警按季节进度",
    "content": shipped()["content"] | {"curve": "SEASONAL"},
}
_VERSION: dict[str, Any] = _CREATE | {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "version": 2,
    "drawn_up_by": "city",
    "drawn_up_at": "2017-12-20T02:00:00Z",
    "published_by": "city-reviewer",
    "published_at": "2017-12-22T02:00:00Z",
    "withdrawn_by": None,
    "withdrawn_at": None,
    "withdrawal_reason": None,
}


class CourseRead(ResponseModel):
    """A course of the year, as `seasonal` of a version takes it."""

    indicator: str
    years: list[int]
    shares: Annotated[list[str], Field(description="1至12月的累计比例，百分数")]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {"indicator": "I01", "years": [2016, 2017], "shares": shipped()["content"]["seasonal"]["default"]}
            ]
        }
    }

    @classmethod
    def of(cls, indicator: str, first: int, last: int, shares: Sequence[int]) -> "CourseRead":
        """From the use case's answer."""
        shown = [fixed(share, 100) for share in shares]
        return cls(indicator=indicator, years=list(range(first, last + 1)), shares=shown)


class StandardCreate(RequestModel):
    """A whole new version."""

    effective_from: Annotated[LegalDate, Field(description="月末在该日及以后的月份适用；不能早于已结账的月份")]
    reference: Annotated[Text, Field(description="依据的文件")]
    content: StandardContent

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_CREATE]}}


class StandardRead(WithdrawalRead):
    """A version and who carried it; it holds once it is published."""

    id: Annotated[UUID | None, Field(description="随系统提供的第1版为空")]
    version: int
    effective_from: date
    reference: str
    content: StandardContent
    drawn_up_by: str | None
    drawn_up_at: datetime | None
    published_by: str | None
    published_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_VERSION]}}


class StandardList(ResponseModel):
    """Versions in their order, whole."""

    items: list[StandardRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_VERSION]}]}}

    @classmethod
    def of(cls, rows: Sequence[StandardRow], only: int | None) -> "StandardList":
        """The shipped version first.

        Args:
            only: the number of the one that is asked for.
        """
        unsigned = dict.fromkeys(("id", "drawn_up_by", "drawn_up_at", "published_by", "published_at"))
        items = [StandardRead(**unsigned, **shipped()), *map(StandardRead.model_validate, rows)]
        return cls(items=[item for item in items if only in {None, item.version}])
