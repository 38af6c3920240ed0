"""GET /rules."""

from datetime import date
from typing import Annotated

from fastapi import Query

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.routing import Router
from kit.http.wire import LegalDate
from loans_svc.rules.domain import BorrowerKind
from loans_svc.rules.repository import catalogue
from loans_svc.rules.schemas import RulesRead

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
    """列出全部贴息规则、分担比例、奖补办法和担保基金限额。

    每个数值都注明出处和可靠程度：SEED为通知原文，SEEN为见到的公开文本，MEM和INF需经主管部门确认后使用。
    """
    return RulesRead.of(catalogue(), as_of, borrower_kind)
