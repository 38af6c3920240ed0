"""GET /funds/{id}, and the money that is paid into it."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.http.etags import set_etag
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, LegalDate
from loans_svc.funds import service
from loans_svc.funds.errors import (
    DepositConfirmedError,
    DepositNotFoundError,
    DepositWithdrawnError,
    FundFourEyesError,
    FundNotFoundError,
    FundShortError,
    ReferenceUsedError,
)
from loans_svc.funds.schemas import (
    DepositCreate,
    DepositList,
    DepositRead,
    DepositWithdrawal,
    FundList,
    FundRead,
    FundTransferList,
)

router = Router(prefix="/api/v1/loans", tags=["担保基金"])
FundPath = Annotated[Code, Path(description="基金代码", examples=["CITY"])]


Reader = Annotated[Principal, requires("loans.fund.read")]


@router.get("/funds", operation_id="list_funds", summary="查看全部担保基金")
async def list_funds(_: Reader, tx: Tx) -> FundList:
    """各基金的存款、在保余额、放大倍数和代偿率；基金代码用于贷款申请和注资登记。"""
    return FundList.of(await service.list_funds(tx, today()))


@router.get(
    "/funds/{fund_id}",
    operation_id="get_fund",
    summary="查看担保基金",
    responses=problems(FundNotFoundError),
)
async def get_fund(fund_id: FundPath, _: Reader, tx: Tx, response: Response) -> FundRead:
    """存款、在保余额、已批未放、放大倍数和代偿率。还可批准的金额随批准、发放、还款即时变化。"""
    view = await service.read_fund(tx, fund_id, today())
    set_etag(response, view.fund.row_version)
    return FundRead.of(view)


@router.get(
    "/funds/{fund_id}/deposits",
    operation_id="list_fund_deposits",
    summary="查询担保基金注资",
    responses=problems(FundNotFoundError),
)
async def list_fund_deposits(
    fund_id: FundPath,
    _: Reader,
    tx: Tx,
    page: PageQuery,
    is_confirmed: Annotated[bool | None, Query(description="true只列已确认的，false只列待确认的")] = None,
) -> DepositList:
    """新登记的在前。待确认的注资尚未计入基金存款。"""
    filters = {"fund": fund_id, "is_confirmed": is_confirmed}
    after = page.after(filters)
    before = UUID(after[0]) if after else None
    rows = await service.list_deposits(tx, fund_id, is_confirmed, before, page.limit + 1)
    return DepositList.of_page(rows, page, filters)


@router.get(
    "/funds/{fund_id}/journal",
    operation_id="list_fund_transfers",
    summary="查看担保基金的账务",
    responses=problems(FundNotFoundError),
)
async def list_fund_transfers(
    fund_id: FundPath,
    _: Reader,
    tx: Tx,
    page: PageQuery,
    booked_from: Annotated[LegalDate | None, Query(description="入账日不早于")] = None,
    booked_to: Annotated[LegalDate | None, Query(description="入账日早于（不含当日）")] = None,
) -> FundTransferList:
    """按记账先后。每笔借贷同额，只增不改；CASH存款、CAPITAL注资、RECEIVABLE应收代偿款、LOSS核销损失，其余三个科目记担保承诺。"""
    filters = {"fund": fund_id, "from": booked_from, "to": booked_to}
    after = page.after(filters)
    seen = UUID(after[0]) if after else None
    rows = await service.list_transfers(tx, fund_id, (booked_from, booked_to), seen, page.limit + 1)
    return FundTransferList.of_page(rows, page, filters)


@router.post(
    "/funds/{fund_id}/deposits",
    operation_id="record_fund_deposit",
    summary="登记担保基金注资",
    status_code=201,
    responses=problems(FundNotFoundError, ReferenceUsedError),
)
async def record_fund_deposit(
    fund_id: FundPath,
    body: DepositCreate,
    principal: Annotated[Principal, requires("loans.fund.write")],
    tx: Tx,
    _: IdempotencyRequired,
) -> DepositRead:
    """登记后由另一人确认，确认后计入基金存款。"""
    return DepositRead.of(
        await service.record_deposit(
            tx,
            fund_id,
            amount_fen=body.amount,
            received_on=body.received_on,
            bank_ref=body.bank_ref,
            evidence=body.evidence,
            by=principal.subject,
            now=now(),
        )
    )


@router.post(
    "/funds/{fund_id}/deposits/{deposit_id}/confirmation",
    operation_id="confirm_fund_deposit",
    summary="确认担保基金注资",
    responses=problems(
        FundNotFoundError, DepositNotFoundError, DepositConfirmedError, DepositWithdrawnError, FundFourEyesError
    ),
)
async def confirm_fund_deposit(
    fund_id: FundPath,
    deposit_id: Annotated[UUID, Path(description="注资编号")],
    principal: Annotated[Principal, requires("loans.fund.confirm")],
    tx: Tx,
    _: IdempotencyRequired,
) -> DepositRead:
    """确认人不能是登记人。"""
    return DepositRead.of(await service.confirm_deposit(tx, fund_id, deposit_id, principal.subject, now()))


@router.post(
    "/funds/{fund_id}/deposits/{deposit_id}/withdrawal",
    operation_id="withdraw_fund_deposit",
    summary="撤销登记有误的注资",
    responses=problems(
        FundNotFoundError, DepositNotFoundError, DepositWithdrawnError, FundFourEyesError, FundShortError
    ),
)
async def withdraw_fund_deposit(
    fund_id: FundPath,
    deposit_id: Annotated[UUID, Path(description="注资编号")],
    body: DepositWithdrawal,
    principal: Annotated[Principal, requires_any("loans.fund.write", "loans.fund.confirm")],
    tx: Tx,
    _: IdempotencyRequired,
) -> DepositRead:
    """确认前由登记或确认的人撤销；确认后由确认人以外有确认权限的人撤销，款项从基金存款中冲回。流水号可以重新使用。"""
    may_confirm = "loans.fund.confirm" in principal.scopes
    return DepositRead.of(
        await service.withdraw_deposit(tx, fund_id, deposit_id, body.reason, may_confirm, principal.subject, now())
    )
