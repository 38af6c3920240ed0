"""Rule sets on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, ShortText, Text
from targets_svc.assessment_rules.models import RuleSetRow
from targets_svc.assessment_rules.repository import shipped
from targets_svc.assessments.domain import RuleType
from targets_svc.assessments.schemas import RuleSetRead
from targets_svc.withdrawals.schemas import WithdrawalRead

_Number = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?$", max_length=8)]
_Rule = Annotated[
    RuleType,
    Field(strict=False, description="PROPORTIONAL按比例，ALL_OR_NOTHING完成才得分，STEPPED分档，VETO未完成一票否决"),
]


class BonusWrite(RequestModel):
    """For more than the target."""

    per_ten_points: Annotated[_Number, Field(description="完成率每超过10个百分点加的分")]
    at_most: Annotated[_Number, Field(description="加分合计上限")]


class DeductionsWrite(RequestModel):
    """Points taken off."""

    late_report: Annotated[_Number, Field(description="每份逾期或未报的月报")]
    late_reports_at_most: Annotated[_Number, Field(description="逾期扣分上限")]
    reconciliation_flag: Annotated[_Number, Field(description="每项超出对账允许误差的指标")]


class GradesWrite(RequestModel):
    """Scores of the grades."""

    excellent: Annotated[_Number, Field(description="优秀的最低分")]
    passed: Annotated[_Number, Field(alias="pass", description="达标的最低分")]
    excellent_share: Annotated[_Number, Field(description="优秀最多占县（市、区）的百分之几")]
    veto_cap: Annotated[_Number, Field(description="被否决后的最高分")]


class RuleSetContent(RequestModel):
    """All that a version fixes."""

    rule: _Rule
    rules: Annotated[dict[Code, _Rule], Field(max_length=100, description="计分方式不同的指标")]
    steps: Annotated[
        list[Annotated[list[_Number], Field(min_length=2, max_length=2)]],
        Field(max_length=20, description="分档：[完成率下限（百分数），得分比例]，由高到低；不分档的为空"),
    ]
    weights: Annotated[dict[Code, _Number], Field(min_length=1, max_length=100, description="各指标权重，分")]
    bonus: BonusWrite
    deductions: DeductionsWrite
    grades: GradesWrite


_CREATE: dict[str, Any] = {
    "code": "PROPORTIONAL",
    "name": "按完成比例计分，逾期加重扣分",
    "effective_from": "2018-01-01",
    "reference": "郑就业办〔2018〕3号：2018年目标考核办法",
    "content": dict(shipped()[0]["content"])
    | {"deductions": {"late_report": "1", "late_reports_at_most": "5", "reconciliation_flag": "1"}},
}
_VERSION: dict[str, Any] = _CREATE | {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "version": 2,
    "drawn_up_by": "city",
    "drawn_up_at": "2018-02-20T02:00:00Z",
    "published_by": "city-reviewer",
    "published_at": "2018-02-22T02:00:00Z",
    "withdrawn_by": None,
    "withdrawn_at": None,
    "withdrawal_reason": None,
}


class RuleSetCreate(RequestModel):
    """A new version of a code, or a new code."""

    code: Annotated[Code, Field(description="已有的代码为新的一版，新代码为另一套规则")]
    name: ShortText
    effective_from: Annotated[LegalDate, Field(description="月末在该日及以后的月份适用")]
    reference: Annotated[Text, Field(description="依据的文件")]
    content: RuleSetContent

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_CREATE]}}


class RuleSetVersionRead(RuleSetRead, WithdrawalRead):
    """A version and who carried it; it holds once it is published."""

    id: Annotated[UUID | None, Field(description="随系统提供的为空")]
    content: RuleSetContent
    drawn_up_by: str | None
    drawn_up_at: datetime | None
    published_by: str | None
    published_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_VERSION]}}


class RuleSetList(ResponseModel):
    """All versions of all rule sets, whole."""

    items: list[RuleSetVersionRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_VERSION]}]}}

    @classmethod
    def of(cls, rows: Sequence[RuleSetRow]) -> "RuleSetList":
        """The shipped ones first."""
        unsigned = dict.fromkeys(("id", "drawn_up_by", "drawn_up_at", "published_by", "published_at"))
        first = [RuleSetVersionRead(**unsigned, **row) for row in shipped()]
        return cls(items=[*first, *map(RuleSetVersionRead.model_validate, rows)])
