"""GET /reconciliations."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.dates import Month
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.etags import NOT_MODIFIED, IfNoneMatch, answer_table
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Instant, Year
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.schemas import MonthOrNumber
from targets_svc.reconciliations import service
from targets_svc.reconciliations.domain import Term
from targets_svc.reconciliations.schemas import LedgerEntryList, ReconciliationRead
from targets_svc.reports.endpoints import MonthPath, UnitPath
from targets_svc.reports.errors import ReportNotFoundError

router = Router(prefix="/api/v1/targets", tags=["进度"])

KnownAt = Annotated[Instant | None, Query(description="当时已知的月报和登记；默认现在")]


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
    known_at: KnownAt = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """截至该月末的累计数：已批准月报与实名登记之差，逐项说明原因，各项之和等于差额。县（市、区）账号只见本单位。"""
    standard, bridges = await service.reconcile(tx, month, known_at=known_at, own_unit=principal.unit, now=now())
    found = ReconciliationRead.of(month, standard.version, bridges)
    return answer_table(found.model_dump_json().encode(), if_none_match)


@router.get(
    "/reconciliations/{unit}/{month}/{indicator}/events",
    operation_id="list_reconciliation_events",
    summary="对账差额的台账明细",
    responses=problems(ReportNotFoundError),
)
@sees_all_rows
async def list_reconciliation_events(
    unit: UnitPath,
    month: MonthPath,
    indicator: Annotated[Code, Path(description="指标代码；扣减自然减员的指标另查I01N", examples=["I01"])],
    principal: Annotated[Principal, requires("targets.event.read")],
    tx: Tx,
    page: PageQuery,
    term: Annotated[
        Term,
        Query(description="REGISTERED为已计数的事件，其余为对账各项"),
    ] = Term.REGISTERED,
    known_at: KnownAt = None,
) -> LedgerEntryList:
    """差额每一项由哪些登记构成，条数与该项相等；月报批准之前没有明细。不含个人信息，凭来源编号在来源系统核对。"""
    filters = {"unit": unit, "month": str(month), "of": indicator, "term": term, "own": principal.unit}
    filters |= {"known_at": str(known_at)}
    after = page.after(filters)
    rows = await service.list_entries(
        tx,
        month,
        unit,
        indicator,
        term,
        known_at=known_at,
        own_unit=principal.unit,
        after=UUID(after[0]) if after else None,
        limit=page.limit + 1,
    )
    return LedgerEntryList.of_page(rows, page, filters)
