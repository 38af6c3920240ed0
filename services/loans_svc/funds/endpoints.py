"""GET /funds/{id}, and the money that is paid into it."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.http.etags import set_etag
from kit.http.idempotency import IdempotencyRequired
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code
from loans_svc.funds import service
from loans_svc.funds.errors import (
    DepositConfirmedError,
    DepositNotFoundError,
    FundFourEyesError,
    FundNotFoundError,
    ReferenceUsedError,
)
from loans_svc.funds.schemas import DepositCreate, DepositRead, FundRead

router = Router(prefix="/api/v1/loans", tags=["担保基金"])
FundPath = Annotated[Code, Path(description="基金代码", examples=["CITY"])]


@router.get(
    "/funds/{fund_id}",
    operation_id="get_fund",
    summary="查看担保基金",
    responses=problems(FundNotFoundError),
)
async def get_fund(
    fund_id: FundPath, _: Annotated[Principal, requires("loans.fund.read")], tx: Tx, response: Response
) -> FundRead:
    """存款、在保余额、已批未放、放大倍数和代偿率。还可批准的金额随批准、发放、还款即时变化。"""
    view = await service.read_fund(tx, fund_id, today())
    set_etag(response, view.fund.row_version)
    return FundRead.of(view)


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
    responses=problems(FundNotFoundError, DepositNotFoundError, DepositConfirmedError, FundFourEyesError),
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
