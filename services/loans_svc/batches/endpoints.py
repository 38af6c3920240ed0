"""Quarterly subsidy batches."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.errors import NotFoundError
from kit.http.errors import (
    VersionStaleError,
)
from kit.http.etags import IfMatch, set_etag
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.jobs.queue import JobRead, enqueue, read_job
from loans_svc.batches import repository, service
from loans_svc.batches.domain import Step
from loans_svc.batches.errors import (
    BankLinesDifferError,
    BatchExistsError,
    BatchFourEyesError,
    BatchNotFoundError,
    BatchStateError,
    EarlierBatchOpenError,
    PayersMissingError,
    PeriodClosedError,
    PeriodNotOverError,
)
from loans_svc.batches.jobs import COMPUTE
from loans_svc.batches.lines import view_lines
from loans_svc.batches.schemas import (
    BatchAccepted,
    BatchCreate,
    BatchRead,
    BatchRejection,
    ClaimLineList,
    PaymentCreate,
)
from loans_svc.batches.service import BatchView
from loans_svc.loans.service.steps import Actor

router = Router(prefix="/api/v1/loans", tags=["贴息批次"])
BatchPath = Annotated[UUID, Path(description="批次编号")]
Writer = Annotated[Principal, requires("loans.batch.write")]
Reader = Annotated[Principal, requires("loans.batch.read")]
Reviewer = Annotated[Principal, requires("loans.batch.review")]
Approver = Annotated[Principal, requires("loans.batch.approve")]
Payer = Annotated[Principal, requires("loans.batch.pay")]
_STEP = problems(BatchNotFoundError, VersionStaleError, BatchStateError, BatchFourEyesError)
_JOB = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "kind": COMPUTE,
    "state": "SUCCEEDED",
    "progress": {"done": 0, "total": None},
    "result": {"batch": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d", "lines": 1},
    "problem": None,
    "created_at": "2025-07-02T02:00:00Z",
    "finished_at": "2025-07-02T02:00:02Z",
}


def _actor(principal: Principal) -> Actor:
    return Actor(principal.subject, principal.unit, principal.bank)


def _answer(view: BatchView, response: Response) -> BatchRead:
    set_etag(response, view.batch.row_version)
    return BatchRead.of(view)


@router.post(
    "/subsidy-batches",
    operation_id="open_subsidy_batch",
    summary="建立一个季度的贴息批次",
    status_code=202,
    responses=problems(
        BatchNotFoundError,
        PeriodNotOverError,
        PeriodClosedError,
        EarlierBatchOpenError,
        BatchExistsError,
    )
    | {202: {"headers": {"Location": {"description": "任务地址", "schema": {"type": "string"}}}}},
)
async def open_subsidy_batch(
    body: BatchCreate, principal: Writer, tx: Tx, _: IdempotencyRequired, response: Response
) -> BatchAccepted:
    """后台计算该行该单位全部贷款的本期贴息，并冲回、重记以前各期因迟到事项而变化的行。"""
    batch = await service.open_batch(tx, _actor(principal), body.order(), now())
    job_id = await enqueue(tx, COMPUTE, {"batch": str(batch.id)}, owner=principal.subject)
    response.headers["Location"] = f"/api/v1/loans/jobs/{job_id}"
    return BatchAccepted(id=batch.id, job=job_id)


@router.get(
    "/subsidy-batches/{batch_id}",
    operation_id="get_subsidy_batch",
    summary="查看贴息批次",
    responses=problems(BatchNotFoundError),
)
async def get_subsidy_batch(batch_id: BatchPath, principal: Reader, tx: Tx, response: Response) -> BatchRead:
    """各分担方的金额按批合计一次分配。银行只见本行的，县（市、区）只见本单位的。"""
    return _answer(await service.read_batch(tx, _actor(principal), batch_id), response)


@router.get(
    "/subsidy-batches/{batch_id}/lines",
    operation_id="list_subsidy_batch_lines",
    summary="贴息批次的明细行",
    responses=problems(BatchNotFoundError),
)
async def list_subsidy_batch_lines(batch_id: BatchPath, principal: Reader, tx: Tx, page: PageQuery) -> ClaimLineList:
    """每行有金额、利率、天数、比例和分段，可逐行复算。"""
    await service.read_batch(tx, _actor(principal), batch_id)
    filters = {"batch": str(batch_id)}
    after = page.after(filters)
    rows = await repository.list_lines(tx, batch_id, after[0] if after else 0, page.limit + 1)
    return ClaimLineList.of_page(await view_lines(tx, rows), page, filters)


@router.post(
    "/subsidy-batches/{batch_id}/submission",
    operation_id="submit_subsidy_batch",
    summary="报送贴息批次",
    responses=_STEP | problems(BatchStateError, PayersMissingError, BankLinesDifferError, BatchFourEyesError),
)
async def submit_subsidy_batch(
    batch_id: BatchPath, principal: Writer, tx: Tx, _: IdempotencyRequired, response: Response, if_match: IfMatch = None
) -> BatchRead:
    """有金额没有指定分担比例的，不能报送；上传过银行申报文件的，须逐行一致或差异已经裁定。"""
    view = await service.take_step(tx, _actor(principal), batch_id, Step.SUBMISSION, if_match, now())
    return _answer(view, response)


@router.post(
    "/subsidy-batches/{batch_id}/review",
    operation_id="review_subsidy_batch",
    summary="审核贴息批次",
    responses=_STEP,
)
async def review_subsidy_batch(
    batch_id: BatchPath,
    principal: Reviewer,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> BatchRead:
    """审核人不能是报送人。"""
    view = await service.take_step(tx, _actor(principal), batch_id, Step.REVIEW, if_match, now())
    return _answer(view, response)


@router.post(
    "/subsidy-batches/{batch_id}/approval",
    operation_id="approve_subsidy_batch",
    summary="批准贴息批次",
    responses=_STEP,
)
async def approve_subsidy_batch(
    batch_id: BatchPath,
    principal: Approver,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> BatchRead:
    """批准人不能是报送人或审核人。"""
    view = await service.take_step(tx, _actor(principal), batch_id, Step.APPROVAL, if_match, now())
    return _answer(view, response)


@router.post(
    "/subsidy-batches/{batch_id}/payment",
    operation_id="pay_subsidy_batch",
    summary="登记贴息批次的支付",
    responses=_STEP,
)
async def pay_subsidy_batch(
    batch_id: BatchPath,
    body: PaymentCreate,
    principal: Payer,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> BatchRead:
    """支付人不能是批准人。支付之后，以后的变化只在下一期冲回和重记。"""
    view = await service.take_step(
        tx,
        _actor(principal),
        batch_id,
        Step.PAYMENT,
        if_match,
        now(),
        paid_on=body.paid_on,
        payment_ref=body.payment_ref,
    )
    return _answer(view, response)


@router.post(
    "/subsidy-batches/{batch_id}/closing",
    operation_id="close_subsidy_batch",
    summary="关闭贴息批次",
    responses=_STEP,
)
async def close_subsidy_batch(
    batch_id: BatchPath,
    principal: Reviewer,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> BatchRead:
    """本期就此办结，不再入账。"""
    view = await service.take_step(tx, _actor(principal), batch_id, Step.CLOSING, if_match, now())
    return _answer(view, response)


@router.post(
    "/subsidy-batches/{batch_id}/rejection",
    operation_id="reject_subsidy_batch",
    summary="驳回贴息批次",
    responses=_STEP,
)
async def reject_subsidy_batch(
    batch_id: BatchPath,
    body: BatchRejection,
    principal: Reviewer,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> BatchRead:
    """须写明原因。驳回的批次不算入账，可以为本期另建一个。"""
    view = await service.take_step(
        tx, _actor(principal), batch_id, Step.REJECTION, if_match, now(), rejection_reason=body.reason
    )
    return _answer(view, response)


@router.get(
    "/jobs/{job_id}",
    operation_id="get_loans_job",
    summary="查看任务进度",
    responses=problems(NotFoundError) | {200: {"content": {"application/json": {"example": _JOB}}}},
)
async def get_loans_job(
    job_id: Annotated[UUID, Path(description="任务编号")],
    principal: Annotated[Principal, requires("loans.job.read")],
    tx: Tx,
) -> JobRead:
    """只能查看自己发起的任务。"""
    return await read_job(tx, job_id, owner=principal.subject)
