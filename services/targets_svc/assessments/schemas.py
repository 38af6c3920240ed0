"""The assessment on the wire."""

from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from kit.http.wire import ResponseModel
from kit.money import fixed
from targets_svc.assessments.domain import Grade, Line, RuleSet, RuleType
from targets_svc.assessments.service import Assessed, Assessment

_RULES: dict[str, Any] = {
    "code": "PROPORTIONAL",
    "version": 1,
    "name": "按完成比例计分",
    "effective_from": "2017-01-01",
    "reference": "默认规则，待市就业工作领导小组确定",
}
_Points = Annotated[str, Field(description="分，两位小数")]


class RuleSetRead(ResponseModel):
    """A version of the rules."""

    code: str
    version: int
    name: str
    effective_from: date
    reference: str


class RuleSetList(ResponseModel):
    """All versions of all rule sets."""

    items: list[RuleSetRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_RULES]}]}}

    @classmethod
    def of(cls, rule_sets: Iterable[RuleSet]) -> "RuleSetList":
        """From the data file."""
        return cls(items=[RuleSetRead.model_validate(rules) for rules in rule_sets])


class LineRead(ResponseModel):
    """One step of the trace."""

    indicator: str
    rule: RuleType
    target: int
    actual: int | None
    completion: str | None
    weight: _Points
    points: _Points

    @classmethod
    def of(cls, line: Line) -> "LineRead":
        """Rounded here, and only here."""
        result = line.result
        return cls(
            indicator=result.indicator,
            rule=line.rule,
            target=result.target,
            actual=result.actual,
            completion=result.completion.shown() if result.completion else None,
            weight=_text(line.weight),
            points=_text(line.points),
        )


class AssessedRead(ResponseModel):
    """One unit's score, grade and trace."""

    unit: str
    score: _Points
    grade: Annotated[Grade | None, Field(description="EXCELLENT优秀，PASS达标，FAIL不达标；市本级不评等次")]
    is_referred: Annotated[bool, Field(description="同分跨越优秀名额，均不评优秀，提请研究")]
    is_vetoed: bool
    base: Annotated[str, Field(description="得分之和÷已下达指标权重之和×100")]
    bonus: _Points
    late_reports: Annotated[int, Field(description="逾期或未报的月报份数")]
    late_deduction: _Points
    reconciliation_flags: Annotated[int, Field(description="月报与实名登记相差超过3%的指标数；两者都有数据的才比")]
    reconciliation_deduction: _Points
    lines: list[LineRead]

    @classmethod
    def of(cls, assessed: Assessed) -> "AssessedRead":
        """From the use case's answer."""
        found, graded = assessed.score, assessed.graded
        return cls(
            unit=assessed.unit,
            score=_text(found.total),
            grade=graded.grade if graded else None,
            is_referred=bool(graded and graded.is_referred),
            is_vetoed=found.is_vetoed,
            base=_text(found.base),
            bonus=_text(found.bonus),
            late_reports=found.late_reports,
            late_deduction=_text(found.late_deduction),
            reconciliation_flags=found.flags,
            reconciliation_deduction=_text(found.flag_deduction),
            lines=[LineRead.of(line) for line in found.lines],
        )


class AssessmentRead(ResponseModel):
    """The assessment, whole."""

    year: int
    month: str
    plan_version: int
    known_at: Annotated[datetime, Field(description="以当时已知的数据计算；以此为known_at可重现")]
    rule_set: RuleSetRead
    items: list[AssessedRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2017,
                    "month": "2017-12",
                    "plan_version": 1,
                    "known_at": "2018-01-10T00:00:00Z",
                    "rule_set": _RULES,
                    "items": [
                        {
                            "unit": "ZZ00",
                            "score": "97.50",
                            "grade": None,
                            "is_referred": False,
                            "is_vetoed": False,
                            "base": "97.50",
                            "bonus": "0.00",
                            "late_reports": 0,
                            "late_deduction": "0.00",
                            "reconciliation_flags": 0,
                            "reconciliation_deduction": "0.00",
                            "lines": [
                                {
                                    "indicator": "I03",
                                    "rule": "PROPORTIONAL",
                                    "target": 18000,
                                    "actual": 17100,
                                    "completion": "95.00",
                                    "weight": "10.00",
                                    "points": "9.50",
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    }

    @classmethod
    def of(cls, found: Assessment) -> "AssessmentRead":
        """From the use case's answer."""
        return cls(
            year=found.month.year,
            month=str(found.month),
            plan_version=found.plan_version,
            known_at=found.known_at,
            rule_set=RuleSetRead.model_validate(found.rules),
            items=[AssessedRead.of(assessed) for assessed in found.units],
        )


def _text(value: Fraction) -> str:
    return fixed(value.numerator, value.denominator)
