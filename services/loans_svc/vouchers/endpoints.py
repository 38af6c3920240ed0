"""The books as accounting vouchers."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code
from loans_svc.vouchers import repository, service
from loans_svc.vouchers.errors import (
    BookNotFoundError,
    VoucherMonthNotFoundError,
    VoucherMonthNotOverError,
    VoucherMonthOutOfOrderError,
)
from loans_svc.vouchers.models import VoucherMonthRow
from loans_svc.vouchers.schemas import BookList, BookRead, VoucherMonthCreate, VoucherMonthList, VoucherMonthRead
from loans_svc.vouchers.writing import write_csv, write_workbook

router = Router(prefix="/api/v1/loans", tags=["会计凭证"])
Reader = Annotated[Principal, requires("loans.voucher.read")]
Closer = Annotated[Principal, requires("loans.voucher.close")]
MonthId = Annotated[UUID, Path(description="结出凭证时返回的编号")]
_CSV = "text/csv"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _file(content: bytes, month: VoucherMonthRow, media_type: str, ending: str) -> Response:
    name = f"vouchers-{month.book}-{month.month}.{ending}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/voucher-books", operation_id="list_voucher_books", summary="查看账套和下一个应结的月份")
async def list_voucher_books(_: Reader, tx: Tx) -> BookList:
    """每个担保基金一个账套，贴息资金一个账套（SUBSIDY）。"""
    return BookList(items=[BookRead.of(view) for view in await service.list_books(tx)])


@router.post(
    "/voucher-months",
    operation_id="close_voucher_month",
    summary="结出一个月的会计凭证",
    responses=problems(BookNotFoundError, VoucherMonthNotOverError, VoucherMonthOutOfOrderError),
)
async def close_voucher_month(
    body: VoucherMonthCreate, principal: Closer, tx: Tx, _: IdempotencyRequired
) -> VoucherMonthRead:
    """按月份先后办理。一件事一张凭证，借贷相等，编号自1起连续；结出后不再变化，再次提交返回同一结果。

    结出以后才登记的该月账务，编入下一个月，凭证日期为下月1日。
    """
    return VoucherMonthRead.of(await service.close_month(tx, body.book, body.month, principal.subject, now()))


@router.get("/voucher-months", operation_id="list_voucher_months", summary="查询已结出凭证的月份")
async def list_voucher_months(
    _: Reader,
    tx: Tx,
    page: PageQuery,
    book: Annotated[Code | None, Query(description="账套")] = None,
) -> VoucherMonthList:
    """新结出的在前。"""
    filters = {"book": book}
    after = page.after(filters)
    rows = await repository.list_months(tx, book, UUID(after[0]) if after else None, page.limit + 1)
    return VoucherMonthList.of_page(rows, page, filters)


@router.get(
    "/voucher-months/{month_id}",
    operation_id="get_voucher_month",
    summary="查看一个月的凭证张数和合计",
    responses=problems(VoucherMonthNotFoundError),
)
async def get_voucher_month(month_id: MonthId, _: Reader, tx: Tx) -> VoucherMonthRead:
    """凭证本身下载CSV或工作簿。"""
    return VoucherMonthRead.of(await service.read_month(tx, month_id))


@router.get(
    "/voucher-months/{month_id}/vouchers.csv",
    operation_id="download_vouchers_csv",
    summary="下载会计凭证（CSV）",
    response_class=Response,
    responses=problems(VoucherMonthNotFoundError)
    | {200: {"content": {_CSV: {"schema": {"type": "string", "format": "binary"}}}, "description": "每行一条分录"}},
)
async def download_vouchers_csv(month_id: MonthId, _: Reader, tx: Tx) -> Response:
    """每行一条分录，可导入财务软件；科目编码见对照表，导入前请会计核对。同一个月每次下载完全相同。"""
    view = await service.read_vouchers(tx, month_id)
    return _file(await asyncio.to_thread(write_csv, view), view.month, _CSV, "csv")


@router.get(
    "/voucher-months/{month_id}/vouchers.xlsx",
    operation_id="download_vouchers_workbook",
    summary="下载会计凭证（工作簿）",
    response_class=Response,
    responses=problems(VoucherMonthNotFoundError)
    | {200: {"content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}}, "description": "每行一条分录"}},
)
async def download_vouchers_workbook(month_id: MonthId, _: Reader, tx: Tx) -> Response:
    """内容与CSV相同，金额为数字。同一个月每次下载完全相同。"""
    view = await service.read_vouchers(tx, month_id)
    return _file(await asyncio.to_thread(write_workbook, view), view.month, _XLSX, "xlsx")
