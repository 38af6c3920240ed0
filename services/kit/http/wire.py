"""Types of the wire: strict in, plain out.

FastAPI validates parsed JSON in Python mode, where strict pydantic refuses the string of a date; the types here
take exactly the contract's string form and nothing else.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from kit.dates import Month, Quarter, parse_date
from kit.money import fen_from_yuan, yuan


class RequestModel(BaseModel):
    """A body: strict types, unknown fields refused, no input in errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class ResponseModel(BaseModel):
    """An answer; clients tolerate fields that they do not know."""

    model_config = ConfigDict(frozen=True, from_attributes=True, arbitrary_types_allowed=True)


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("TYPE|应为日期文字，格式YYYY-MM-DD")  # noqa: TRY004  pydantic turns only ValueError into a finding
    try:
        day = parse_date(value)
    except ValueError:
        raise ValueError("DATE|日期不存在或格式不对，请按YYYY-MM-DD填写，如2018-09-01") from None
    if not 1900 <= day.year <= 2200:
        raise ValueError("DATE|日期应在1900年至2200年之间")
    return day


LegalDate = Annotated[
    date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date", "examples": ["2018-09-01"]})
]


def _month(value: Any) -> Month:
    if isinstance(value, Month):
        return value
    try:
        return Month.parse(value)
    except (TypeError, ValueError):
        raise ValueError("MONTH|月份格式应为YYYY-MM，如2017-06") from None


def _quarter(value: Any) -> Quarter:
    if isinstance(value, Quarter):
        return value
    try:
        return Quarter.parse(value)
    except (TypeError, ValueError):
        raise ValueError("QUARTER|季度格式应为YYYYQn，如2025Q2") from None


MonthText = Annotated[
    Month,
    BeforeValidator(_month),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2017-06"]}),
]
QuarterText = Annotated[
    Quarter,
    BeforeValidator(_quarter),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}Q[1-4]$", "examples": ["2025Q2"]}),
]

_YUAN_SCHEMA = {"type": "string", "pattern": r"^-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,2})?$", "examples": ["10000.00"]}


def _yuan_in(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError('TYPE|金额应为文字，单位元，两位小数，如"10000.00"')  # noqa: TRY004
    try:
        return fen_from_yuan(value)
    except ValueError:
        raise ValueError('MONEY|金额应为单位元的小数，最多两位，如"10000.00"') from None


# In: a decimal string in yuan becomes int fen. Out: int fen becomes the string with two places.
YuanIn = Annotated[int, BeforeValidator(_yuan_in), WithJsonSchema(_YUAN_SCHEMA)]
YuanOut = Annotated[int, PlainSerializer(yuan, return_type=str), WithJsonSchema(_YUAN_SCHEMA)]

_PERCENT = re.compile(r"(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?")
_PERCENT_SCHEMA = {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?$", "examples": ["4.3500"]}


def _percent_in(value: Any) -> int:
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        raise ValueError('PERCENT|利率应为百分数文字，最多四位小数，如"4.3500"')
    return int(Decimal(value).scaleb(4))


def _percent_out(ppm: int) -> str:
    return f"{ppm // 10_000}.{ppm % 10_000:04d}"


# Per cent with four places ⇄ parts per million: 4.3500 is 43 500 ppm.
PercentIn = Annotated[int, BeforeValidator(_percent_in), WithJsonSchema(_PERCENT_SCHEMA)]
PercentOut = Annotated[int, PlainSerializer(_percent_out, return_type=str), WithJsonSchema(_PERCENT_SCHEMA)]


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", value
    ):
        raise ValueError("INSTANT|时间格式应为RFC 3339并带时区，如2017-06-01T08:00:00Z")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("INSTANT|时间不存在，请核对") from None


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2017-06-01T00:00:00Z"]}),
]

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=64)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Year = Annotated[int, Field(ge=2000, le=2100, description="年度", examples=[2017])]
