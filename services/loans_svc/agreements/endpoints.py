"""Agreements with banks."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code
from loans_svc.agreements import repository, service
from loans_svc.agreements.errors import AgreementConfirmedError, AgreementFourEyesError, AgreementNotFoundError
from loans_svc.agreements.schemas import AgreementCreate, AgreementList, AgreementRead

router = Router(prefix="/api/v1/loans", tags=["银行协议"])


@router.post("/bank-agreements", operation_id="enter_bank_agreement", summary="登记与银行的协议", status_code=201)
async def enter_bank_agreement(
    body: AgreementCreate,
    principal: Annotated[Principal, requires("loans.agreement.write")],
    tx: Tx,
    _: IdempotencyRequired,
) -> AgreementRead:
    """计息天数、分期办法、宽限期和还款冲减次序；由另一人确认后生效。发放时固定在贷款上，已发放的贷款不变。"""
    return AgreementRead.model_validate(await service.enter_agreement(tx, body.order(), principal.subject, now()))


@router.get("/bank-agreements", operation_id="list_bank_agreements", summary="查询与银行的协议")
async def list_bank_agreements(
    principal: Annotated[Principal, requires("loans.agreement.read")],
    tx: Tx,
    page: PageQuery,
    bank: Annotated[Code | None, Query(description="银行代码")] = None,
) -> AgreementList:
    """新登记的在前；银行只见本行的。同一起始日有几份的，以后确认的为准。"""
    filters = {"bank": bank, "own": principal.bank}
    after = page.after(filters)
    if principal.bank is not None and bank not in (None, principal.bank):
        return AgreementList(items=[], next=None)
    before = UUID(after[0]) if after else None
    rows = await repository.list_agreements(tx, principal.bank or bank, before, page.limit + 1)
    return AgreementList.of_page(rows, page, filters)


@router.post(
    "/bank-agreements/{agreement_id}/confirmation",
    operation_id="confirm_bank_agreement",
    summary="确认与银行的协议",
    responses=problems(AgreementNotFoundError, AgreementConfirmedError, AgreementFourEyesError),
)
async def confirm_bank_agreement(
    agreement_id: Annotated[UUID, Path(description="协议编号")],
    principal: Annotated[Principal, requires("loans.agreement.confirm")],
    tx: Tx,
    _: IdempotencyRequired,
) -> AgreementRead:
    """确认人不能是登记人。"""
    return AgreementRead.model_validate(await service.confirm_agreement(tx, agreement_id, principal.subject, now()))
