"""GET /rules."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, LegalDate
from loans_svc.rules.domain import BorrowerKind
from loans_svc.rules.errors import RuleNotFoundError
from loans_svc.rules.repository import catalogue
from loans_svc.rules.schemas import RuleRead, RulesRead

router = Router(prefix="/api/v1/loans", tags=["贴息规则"])


# Computed, so that the document can't show an answer that the service would not give.
_EXAMPLE = RulesRead.of(catalogue(), date(2024, 1, 1), BorrowerKind.INDIVIDUAL)


@router.get(
    "/rules",
    operation_id="list_subsidy_rules",
    summary="贴息规则（按日期）",
    responses={200: {"content": {"application/json": {"example": _EXAMPLE.model_dump(mode="json")}}}},
)
async def list_subsidy_rules(
    _: Annotated[Principal, requires("loans.rule.read")],
    as_of: Annotated[LegalDate | None, Query(description="只列这一天有效的规则；不填列出全部")] = None,
    borrower_kind: Annotated[BorrowerKind | None, Query(description="只列适用于这类借款人的规则")] = None,
) -> RulesRead:
    """列出全部贴息规则、分担比例、奖补办法、担保基金限额、再次贷款的条件和办理时限。

    每个数值都注明出处和可靠程度：SEED为通知原文，SEEN为见到的公开文本，MEM和INF需经主管部门确认后使用。
    """
    return RulesRead.of(catalogue(), as_of, borrower_kind)


@router.get(
    "/rules/{rule_id}",
    operation_id="get_subsidy_rule",
    summary="查看一条贴息规则",
    responses=problems(RuleNotFoundError),
)
async def get_subsidy_rule(
    rule_id: Annotated[Code, Path(description="规则代码，如贴息明细说明所引", examples=["R2023"])],
    _: Annotated[Principal, requires("loans.rule.read")],
) -> RuleRead:
    """贴息明细和说明都引用规则代码，由此查到每个数值、出处和可靠程度。"""
    rule = catalogue().rules.get(rule_id)
    if rule is None:
        raise RuleNotFoundError
    return RuleRead.of(rule)
