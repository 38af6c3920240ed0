"""When each payer's part of a batch reached the bank."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import legal_day, now, today
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyRequired
from kit.http.problems import problems
from kit.http.routing import Router
from loans_svc.arrivals import service
from loans_svc.arrivals.errors import ArrivalNotFoundError, ArrivalRefUsedError, BatchNotApprovedError
from loans_svc.arrivals.schemas import ArrivalCreate, ArrivalRetraction, ArrivalsRead
from loans_svc.arrivals.service import ArrivalsView
from loans_svc.batches.errors import BatchNotFoundError
from loans_svc.loans.service.steps import Actor

router = Router(prefix="/api/v1/loans", tags=["贴息批次"])
BatchPath = Annotated[UUID, Path(description="批次编号")]
Writer = Annotated[Principal, requires("loans.batch.write")]


def _actor(principal: Principal) -> Actor:
    return Actor(principal.subject, principal.unit, principal.bank)


def _answer(view: ArrivalsView) -> ArrivalsRead:
    assert view.batch.approved_at is not None
    return ArrivalsRead.of(view, legal_day(view.batch.approved_at))


@router.get(
    "/subsidy-batches/{batch_id}/arrivals",
    operation_id="list_payer_arrivals",
    summary="查看各分担方资金的到账情况",
    responses=problems(BatchNotFoundError, BatchNotApprovedError),
)
async def list_payer_arrivals(
    batch_id: BatchPath, principal: Annotated[Principal, requires("loans.batch.read")], tx: Tx
) -> ArrivalsRead:
    """中央和地方的资金常常不同时到账：逐个分担方列出应付、已到、未到和天数。"""
    return _answer(await service.read_arrivals(tx, _actor(principal), batch_id, today()))


@router.post(
    "/subsidy-batches/{batch_id}/arrivals",
    operation_id="record_payer_arrival",
    summary="登记分担方资金到账",
    status_code=201,
    responses=problems(BatchNotFoundError, BatchNotApprovedError, ArrivalRefUsedError),
)
async def record_payer_arrival(
    batch_id: BatchPath, body: ArrivalCreate, principal: Writer, tx: Tx, _: IdempotencyRequired
) -> ArrivalsRead:
    """由收款的经办银行登记，可以分次到账；累计不能超过该分担方的应付金额。"""
    return _answer(await service.record_arrival(tx, _actor(principal), batch_id, body.order(), now()))


@router.post(
    "/subsidy-batches/{batch_id}/arrivals/{arrival_id}/retraction",
    operation_id="retract_payer_arrival",
    summary="撤销登记有误的到账",
    responses=problems(BatchNotFoundError, BatchNotApprovedError, ArrivalNotFoundError),
)
async def retract_payer_arrival(
    batch_id: BatchPath,
    arrival_id: Annotated[UUID, Path(description="到账编号")],
    body: ArrivalRetraction,
    principal: Writer,
    tx: Tx,
    _: IdempotencyRequired,
) -> ArrivalsRead:
    """原记录保留，另记一条撤销，须写明原因；撤销后可以用原来的流水号重新登记。"""
    answer = await service.take_arrival_back(tx, _actor(principal), batch_id, arrival_id, body.reason, now())
    return _answer(answer)
