"""The assessment on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.http.paging import Page
from kit.http.wire import Code, MonthText, RequestModel, ResponseModel, Text, Year
from kit.money import fixed
from targets_svc.assessments.domain import Grade, Line, RuleType
from targets_svc.assessments.models import FindingRow, PublicationRow, RevocationRow
from targets_svc.assessments.service import Assessed, Assessment
from targets_svc.reports.schemas import Reason
from targets_svc.units.domain import limited_to
from targets_svc.withdrawals.schemas import WithdrawalRead

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
    is_vetoed: Annotated[bool, Field(description="否决项未完成，或有经确认的查实造假")]
    findings: Annotated[list[str], Field(description="经确认的查实造假的依据文件")]
    base: Annotated[str, Field(description="得分之和÷已下达指标权重之和×100")]
    bonus: _Points
    late_reports: Annotated[int, Field(description="逾期或未报的月报份数")]
    late_deduction: _Points
    reconciliation_flags: Annotated[
        int, Field(description="月报与实名登记相差超过评价标准的指标数；两者都有数据的才比")
    ]
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
            findings=list(found.findings),
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
    standard_version: Annotated[int, Field(description="所用评价标准的版本")] = 1
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
                    "standard_version": 1,
                    "known_at": "2018-01-10T00:00:00Z",
                    "rule_set": _RULES,
                    "items": [
                        {
                            "unit": "ZZ00",
                            "score": "97.50",
                            "grade": None,
                            "is_referred": False,
                            "is_vetoed": False,
                            "findings": [],
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
            standard_version=found.standard_version,
            known_at=found.known_at,
            rule_set=RuleSetRead.model_validate(found.rules),
            items=[AssessedRead.of(assessed) for assessed in found.units],
        )


def _text(value: Fraction) -> str:
    return fixed(value.numerator, value.denominator)


_FINDING: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "unit": "ZZ07",
    "year": 2017,
    "reference": "郑就业办查〔2017〕3号",
    "reason": "抽查发现虚报培训人数，台账与签到不符",
    "entered_by": "city",
    "entered_at": "2017-11-20T02:00:00Z",
    "confirmed_by": "city-reviewer",
    "confirmed_at": "2017-11-22T02:00:00Z",
    "withdrawn_by": None,
    "withdrawn_at": None,
    "withdrawal_reason": None,
    "is_in_force": True,
    "revocation": None,
}
_REVOCATION: dict[str, Any] = {
    "reference": "郑就业办查〔2018〕1号",
    "reason": "复查认定签到系统故障，培训属实",
    "entered_by": "city",
    "entered_at": "2018-02-20T02:00:00Z",
    "confirmed_by": "city-reviewer",
    "confirmed_at": "2018-02-21T02:00:00Z",
}


class FindingCreate(RequestModel):
    """What an inspection found."""

    unit: Code
    year: Annotated[Year, Field(description="造假数据所属年度")]
    reference: Annotated[Text, Field(description="认定文件")]
    reason: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{name: _FINDING[name] for name in ("unit", "year", "reference", "reason")}]}
    }


class RevocationCreate(RequestModel):
    """Why a confirmed finding was wrong."""

    reference: Annotated[Text, Field(description="复查认定文件")]
    reason: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{name: _REVOCATION[name] for name in ("reference", "reason")}]}
    }


class RevocationRead(ResponseModel):
    """A revocation and who carried it; it holds once it is confirmed."""

    reference: str
    reason: str
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None


class FindingRead(WithdrawalRead):
    """A finding and who carried it; it counts once it is confirmed, until it is revoked."""

    id: UUID
    unit: str
    year: int
    reference: str
    reason: str
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    is_in_force: Annotated[bool, Field(description="已确认且未撤销：考核按否决处理")]
    revocation: Annotated[RevocationRead | None, Field(description="撤销；confirmed_by为空的等待另一人确认")]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [_FINDING | {"is_in_force": False, "revocation": _REVOCATION}]}
    }

    @classmethod
    def of(cls, row: FindingRow, revocation: RevocationRow | None = None) -> "FindingRead":
        """From its row and that of its revocation."""
        plain = {name: getattr(row, name) for name in cls.model_fields if name not in {"is_in_force", "revocation"}}
        is_revoked = revocation is not None and revocation.confirmed_by is not None
        return cls(
            **plain,
            is_in_force=row.confirmed_by is not None and not is_revoked,
            revocation=RevocationRead.model_validate(revocation) if revocation else None,
        )


class FindingList(ResponseModel):
    """A page of findings."""

    items: list[FindingRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_FINDING], "next": None}]}
    }

    @classmethod
    def of_page(
        cls, rows: Sequence[tuple[FindingRow, RevocationRow | None]], page: Page, filters: Mapping[str, Any]
    ) -> "FindingList":
        """From one row more than the page holds, if there are so many."""
        last = rows[page.limit - 1][0] if len(rows) > page.limit else None
        return cls(
            items=[FindingRead.of(*row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )


_PUBLICATION: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "month": "2017-12",
    "rule_set": "PROPORTIONAL",
    "drawn_up_by": "city",
    "drawn_up_at": "2018-01-10T00:00:00Z",
    "published_by": "city-reviewer",
    "published_at": "2018-01-12T00:00:00Z",
}


class PublicationCreate(RequestModel):
    """Which assessment is to be published."""

    month: MonthText
    rule_set: Annotated[Code | None, Field(description="考核规则；默认按完成比例")] = None

    model_config = RequestModel.model_config | {
        "arbitrary_types_allowed": True,
        "json_schema_extra": {"examples": [{"month": "2017-12", "rule_set": "PROPORTIONAL"}]},
    }


class PublicationSummary(WithdrawalRead):
    """A publication without its content; a draft until a second person publishes it, or it is withdrawn."""

    id: UUID
    month: str
    rule_set: str
    drawn_up_by: str
    drawn_up_at: datetime
    published_by: str | None
    published_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_PUBLICATION]}}

    @classmethod
    def of(cls, row: PublicationRow) -> "PublicationSummary":
        """From its row."""
        return cls(**_plain(row))


class PublicationList(ResponseModel):
    """A page of publications."""

    items: list[PublicationSummary]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_PUBLICATION], "next": None}]}
    }

    @classmethod
    def of_page(cls, rows: Sequence[PublicationRow], page: Page, filters: Mapping[str, Any]) -> "PublicationList":
        """From one row more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[PublicationSummary.of(row) for row in rows[: page.limit]],
            next=page.next([last.year, last.month, str(last.id)], filters) if last else None,
        )


class PublicationRead(PublicationSummary):
    """A publication with the assessment exactly as it was drawn up."""

    assessment: AssessmentRead

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                _PUBLICATION
                | {
                    "assessment": {
                        "year": 2017,
                        "month": "2017-12",
                        "plan_version": 1,
                        "standard_version": 1,
                        "known_at": "2018-01-10T00:00:00Z",
                        "rule_set": _RULES,
                        "items": [],
                    }
                }
            ]
        }
    }

    @classmethod
    def of_row(cls, row: PublicationRow, own_unit: str | None) -> "PublicationRead":
        """A unit's account sees its own line."""
        own = limited_to(own_unit)
        items = [item for item in row.content["items"] if own in {None, item["unit"]}]
        return cls(**_plain(row), assessment=AssessmentRead.model_validate(row.content | {"items": items}))


def _plain(row: PublicationRow) -> dict[str, Any]:
    same = {name: getattr(row, name) for name in PublicationSummary.model_fields if name != "month"}
    return same | {"month": f"{row.year}-{row.month:02d}"}
