"""GET /statistics."""

from typing import Annotated

from fastapi import Query

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.db.engine import Tx
from kit.http.routing import Router
from kit.http.wire import Code, LegalDate, Year
from loans_svc.loans.domain import SupportedGroup
from loans_svc.statistics.schemas import StatisticsRead
from loans_svc.statistics.service import read_statistics

router = Router(prefix="/api/v1/loans", tags=["统计"])


@router.get("/statistics", operation_id="get_loan_statistics", summary="贷款发放统计")
async def get_loan_statistics(
    principal: Annotated[Principal, requires("loans.statistics.read")],
    tx: Tx,
    year: Annotated[Year, Query(description="发放年度")],
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
    bank: Annotated[Code | None, Query(description="银行代码")] = None,
    group: Annotated[SupportedGroup | None, Query(description="重点扶持人群")] = None,
    as_of: Annotated[LegalDate | None, Query(description="截至哪一天的数，含当日生效的事项；默认今天")] = None,
    known_on: Annotated[LegalDate | None, Query(description="按哪一天日终已登记的事项计算；默认今天")] = None,
) -> StatisticsRead:
    """按单位、银行、重点扶持人群（十类）统计当年发放，女性和残疾人另列。银行只见本行的，县（市、区）只见本单位的。

    as_of和known_on都指定为以前的某一天，得到的就是当时的报表，此后登记的事项不影响它。
    """
    day = today()
    as_of, known_on = as_of or day, known_on or day
    cells = await read_statistics(tx, (principal.unit, principal.bank), year, (unit, bank, group), as_of, known_on)
    return StatisticsRead.of(year, as_of, known_on, cells)
