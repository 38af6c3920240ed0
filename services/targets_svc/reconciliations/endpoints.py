"""GET /reconciliations."""

from typing import Annotated

from fastapi import Depends, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.dates import Month
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.etags import NOT_MODIFIED, IfNoneMatch, answer_table
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Year
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.schemas import MonthOrNumber
from targets_svc.reconciliations import service
from targets_svc.reconciliations.schemas import ReconciliationRead

router = Router(prefix="/api/v1/targets", tags=["进度"])


def _month(
    year: Annotated[Year | None, Query(description="年度；默认最近已结束月份所在年度")] = None,
    month: Annotated[
        MonthOrNumber | None, Query(description="月份，如2017-06，或与year并用的1至12；默认最近已结束的月份")
    ] = None,
) -> Month:
    return choose_month(year, month, today())


@router.get(
    "/reconciliations",
    operation_id="list_reconciliations",
    summary="月报与实名登记对账",
    response_model=ReconciliationRead,
    responses=problems(PeriodInvalidError) | NOT_MODIFIED,
)
@sees_all_rows
async def list_reconciliations(
    principal: Annotated[Principal, requires("targets.progress.read")],
    tx: Tx,
    month: Annotated[Month, Depends(_month)],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """截至该月末的累计数：已批准月报与实名登记之差，逐项说明原因，各项之和等于差额。县（市、区）账号只见本单位。"""
    found = ReconciliationRead.of(month, await service.reconcile(tx, month, own_unit=principal.unit, now=now()))
    return answer_table(found.model_dump_json().encode(), if_none_match)
