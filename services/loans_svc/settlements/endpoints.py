"""GET /settlements."""

from typing import Annotated

from fastapi import Query

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db.engine import Tx
from kit.http.routing import Router
from kit.http.wire import Code, Year
from loans_svc.loans.service.steps import Actor
from loans_svc.settlements.schemas import SettlementRead
from loans_svc.settlements.service import read_settlement

router = Router(prefix="/api/v1/loans", tags=["统计"])


@router.get("/settlements", operation_id="get_subsidy_settlement", summary="贴息资金年终清算表")
async def get_subsidy_settlement(
    principal: Annotated[Principal, requires("loans.batch.read")],
    tx: Tx,
    year: Annotated[Year, Query(description="批准年度")],
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
    bank: Annotated[Code | None, Query(description="银行代码")] = None,
) -> SettlementRead:
    """当年批准的各批次，按银行、单位和分担方列出批准、支付、到账和未到账金额，以及银行留待扣回的余额。

    银行只见本行的，县（市、区）只见本单位的；市级、财政和审计可见全部。
    """
    who = Actor(principal.subject, principal.unit, principal.bank)
    return SettlementRead.of(await read_settlement(tx, who, year, unit, bank))
