"""Bounds of amounts and rates in requests: they keep every numerator within a bigint (loans design E23)."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from kit.http.wire import PercentIn, YuanIn

MOST_YUAN = 100_000_000
MOST_PERCENT = 24


def _positive(fen: int) -> int:
    if not 0 < fen <= MOST_YUAN * 100:
        raise ValueError(f"OUT_OF_RANGE|金额应大于0，且不超过{MOST_YUAN}.00元")
    return fen


def _rate(ppm: int) -> int:
    if ppm > MOST_PERCENT * 10_000:
        raise ValueError(f"OUT_OF_RANGE|年利率不能超过{MOST_PERCENT}.0000%")
    return ppm


PositiveYuan = Annotated[
    YuanIn,
    AfterValidator(_positive),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})?$",
            "description": f"元，大于0，不超过{MOST_YUAN}.00",
            "examples": ["200000.00"],
        }
    ),
]
Rate = Annotated[
    PercentIn,
    AfterValidator(_rate),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(0|[1-9]|1[0-9]|2[0-4])(\.[0-9]{1,4})?$",
            "description": f"年利率，百分数，不超过{MOST_PERCENT}.0000",
            "examples": ["4.3500"],
        }
    ),
]
