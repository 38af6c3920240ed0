"""Forecasts on the wire."""

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from kit.http.wire import ResponseModel
from kit.money import fixed
from targets_svc.forecasts.domain import Verdict
from targets_svc.forecasts.service import Coverage, Forecasts, Outlook
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.progress.service import ProgressSource

ASSUMPTION = "按各月偏差相互独立推算，区间为80%；季节曲线为参考值，两种曲线结论不同时请人工研判。"
_Figure = Annotated[str | None, Field(description="一位小数；数据不足三个月或有缺月时为空")]


class ForecastRow(ResponseModel):
    """One cell along one curve."""

    unit: str
    indicator: str
    curve: Curve
    target: int
    actual: int | None
    forecast: _Figure
    half_width: _Figure
    lower: _Figure
    upper: _Figure
    verdict: Annotated[
        Verdict, Field(description="LIKELY可望完成，AT_RISK有风险，UNLIKELY难以完成，INSUFFICIENT数据不足")
    ]

    @classmethod
    def of(cls, outlook: Outlook) -> "ForecastRow":
        """Rounded here, and only here."""
        found = outlook.forecast
        return cls(
            unit=outlook.unit,
            indicator=outlook.indicator,
            curve=outlook.curve,
            target=outlook.target,
            actual=outlook.actual,
            forecast=_text(found.value if found else None),
            half_width=_text(found.half_width if found else None),
            lower=_text(found.lower if found else None),
            upper=_text(found.upper if found else None),
            verdict=outlook.verdict,
        )


class CoverageRead(ResponseModel):
    """How often past years' ends lay inside."""

    curve: Curve
    covered: int
    of: int
    share: Annotated[str | None, Field(description="百分数，两位小数；没有往年数据时为空")]

    @classmethod
    def of_years(cls, coverage: Coverage) -> "CoverageRead":
        """With the share."""
        share = fixed(100 * coverage.covered, coverage.of) if coverage.of else None
        return cls(curve=coverage.curve, covered=coverage.covered, of=coverage.of, share=share)


class ForecastRead(ResponseModel):
    """The forecasts, whole."""

    year: int
    month: str
    plan_version: int
    standard_version: Annotated[int, Field(description="所用评价标准的版本")]
    source: ProgressSource
    assumption: str
    coverage: list[CoverageRead]
    items: list[ForecastRow]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2017,
                    "month": "2017-06",
                    "plan_version": 1,
                    "standard_version": 1,
                    "source": "POLICY",
                    "assumption": ASSUMPTION,
                    "coverage": [{"curve": "LINEAR", "covered": 0, "of": 0, "share": None}],
                    "items": [
                        {
                            "unit": "ZZ07",
                            "indicator": "I01",
                            "curve": "LINEAR",
                            "target": 28000,
                            "actual": 15120,
                            "forecast": "30240.0",
                            "half_width": "2186.6",
                            "lower": "28053.4",
                            "upper": "32426.6",
                            "verdict": "LIKELY",
                        }
                    ],
                }
            ]
        }
    }

    @classmethod
    def of(cls, found: Forecasts) -> "ForecastRead":
        """From the use case's answer."""
        asked = found.question
        return cls(
            year=asked.month.year,
            month=str(asked.month),
            plan_version=found.plan_version,
            standard_version=found.standard_version,
            source=asked.source,
            assumption=ASSUMPTION,
            coverage=[CoverageRead.of_years(coverage) for coverage in found.coverage],
            items=[ForecastRow.of(outlook) for outlook in found.outlooks],
        )


def _text(value: Fraction | None) -> str | None:
    return None if value is None else fixed(value.numerator, value.denominator, 1)
