"""POST /subsidy-quotes."""

from typing import Annotated

from fastapi import Request

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db.engine import Database
from kit.http.routing import Router
from loans_svc.benchmarks.service import benchmark_on
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.schemas import QUOTE_EXAMPLE, QuoteRead, QuoteRequest
from loans_svc.subsidies.service import quote_subsidy

router = Router(prefix="/api/v1/loans", tags=["贴息试算"])

# Computed, so that the document can't show an answer that the service would not give.
_ASKED = QuoteRequest.model_validate(QUOTE_EXAMPLE)
_EXAMPLE = QuoteRead.of(quote_subsidy(_ASKED.to_order(_ASKED.benchmark_rate or 0), catalogue()))


@router.post(
    "/subsidy-quotes",
    operation_id="quote_subsidy",
    summary="贴息试算（不保存）",
    responses={200: {"content": {"application/json": {"example": _EXAMPLE.model_dump(mode="json", by_alias=True)}}}},
)
async def quote_loan_subsidy(
    body: QuoteRequest, _: Annotated[Principal, requires("loans.quote.run")], request: Request
) -> QuoteRead:
    """按所选规则逐期计算一笔贷款的贴息，精确到分，附分段和算式。

    区间一律含首日、不含末日：发放日计息，还款日不计。`from`、`to` 把计算限制在两日之间（含 from、不含 to），
    默认为整个贴息期限；截断的一期只计其中的天数。逾期与还款分别填写：逾期结束并不减少本金，归还本金须另填REPAYMENT。
    """
    benchmark = body.benchmark_rate
    if benchmark is None:  # a transaction for those quotes alone that need one
        database: Database = request.app.state.database
        async with database.transaction() as tx:
            benchmark = await benchmark_on(tx, body.disbursed_on)
    return QuoteRead.of(quote_subsidy(body.to_order(benchmark), catalogue()))
