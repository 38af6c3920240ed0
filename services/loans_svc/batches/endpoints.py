"""Quarterly subsidy batches."""

import asyncio
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from fastapi.responses import HTMLResponse

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.dates import Quarter
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
from kit.http.wire import Code
from kit.jobs.queue import JobRead, enqueue, read_job
from loans_svc.batches import repository, service
from loans_svc.batches.domain import State, Step
from loans_svc.batches.errors import (
    BankLinesDifferError,
    BatchExistsError,
    BatchFourEyesError,
    BatchNotFoundError,
    BatchStateError,
    ClaimTooLargeError,
    EarlierBatchOpenError,
    LineNotFoundError,
    PayersMissingError,
    PeriodClosedError,
    PeriodNotOverError,
)
from loans_svc.batches.explanation import explain
from loans_svc.batches.jobs import COMPUTE
from loans_svc.batches.lines import view_lines
from loans_svc.batches.printing import printable
from loans_svc.batches.repository import BatchFilter
from loans_svc.batches.schemas import (
    BatchAccepted,
    BatchCreate,
    BatchList,
    BatchRead,
    BatchRejection,
    ClaimLineList,
    ExplanationRead,
    PaymentCreate,
    TransferList,
    VerificationRead,
)
from loans_svc.batches.service import BatchView
from loans_svc.batches.workbook import MOST_LINES, Claim, write_claim
from loans_svc.loans.service.steps import Actor
from loans_svc.seals.repository import list_batch_seals
from loans_svc.seals.service import find_break
from loans_svc.subsidy_journal.repository import list_transfers

router = Router(prefix="/api/v1/loans", tags=["贴息批次"])
BatchPath = Annotated[UUID, Path(description="批次编号")]
LineNumber = Annotated[int, Path(description="行号", ge=1, le=2_000_000_000)]
_QUARTER = r"^[0-9]{4}Q[1-4]$"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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


@router.get("/subsidy-batches", operation_id="list_subsidy_batches", summary="查询贴息批次")
async def list_subsidy_batches(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    bank: Annotated[Code | None, Query(description="银行代码")] = None,
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
    period: Annotated[str | None, Query(pattern=_QUARTER, max_length=6, description="季度，如2025Q2")] = None,
    state: Annotated[State | None, Query(description="状态")] = None,
) -> BatchList:
    """新建的在前。银行只见本行的，县（市、区）只见本单位的；待办按状态查询：COMPUTED待报送，SUBMITTED待审核，REVIEWED待批准，APPROVED待支付。"""
    asked = BatchFilter(bank, unit, period, state)
    filters = asdict(asked) | {"own": [principal.unit, principal.bank]}
    after = page.after(filters)
    before = UUID(after[0]) if after else None
    rows = await service.list_batches(tx, _actor(principal), asked, before, page.limit + 1)
    return BatchList.of_page(rows, page, filters)


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
    await service.find_visible(tx, _actor(principal), batch_id)
    filters = {"batch": str(batch_id)}
    after = page.after(filters)
    rows = await repository.list_lines(tx, batch_id, after[0] if after else 0, page.limit + 1)
    return ClaimLineList.of_page(await view_lines(tx, rows), page, filters)


@router.get(
    "/subsidy-batches/{batch_id}/lines/{number}/explanation",
    operation_id="explain_subsidy_line",
    summary="逐句说明一行贴息如何算出",
    responses=problems(BatchNotFoundError, LineNotFoundError),
)
async def explain_subsidy_line(batch_id: BatchPath, number: LineNumber, principal: Reader, tx: Tx) -> ExplanationRead:
    """审计人员会写下的算式，附依据的规则；分担方的份额由累计数得出。"""
    return ExplanationRead.of(await explain(tx, _actor(principal), batch_id, number))


@router.get(
    "/subsidy-batches/{batch_id}/lines/{number}/explanation.html",
    operation_id="print_subsidy_line",
    summary="打印一行贴息的说明",
    response_class=HTMLResponse,
    responses=problems(BatchNotFoundError, LineNotFoundError)
    | {200: {"content": {"text/html": {"example": '<!doctype html><html lang="zh-CN">…</html>'}}}},
)
async def print_subsidy_line(batch_id: BatchPath, number: LineNumber, principal: Reader, tx: Tx) -> HTMLResponse:
    """一页，可直接打印、签字、归档。"""
    return HTMLResponse(printable(await explain(tx, _actor(principal), batch_id, number)))


@router.get(
    "/subsidy-batches/{batch_id}/claim.xlsx",
    operation_id="get_subsidy_claim_workbook",
    summary="下载季度申报工作簿",
    response_class=Response,
    responses=problems(BatchNotFoundError, ClaimTooLargeError)
    | {
        200: {
            "content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}},
            "description": "申报汇总和申报明细",
        }
    },
)
async def get_subsidy_claim_workbook(batch_id: BatchPath, principal: Reader, tx: Tx) -> Response:
    """申报汇总（含分担方、封印和签章处）和申报明细，A4打印。最多50000行。"""
    view = await service.read_batch(tx, _actor(principal), batch_id)
    if view.batch.lines > MOST_LINES:
        raise ClaimTooLargeError
    rows = await repository.list_lines(tx, batch_id, 0, MOST_LINES)
    seals = await list_batch_seals(tx, batch_id)
    lending = await repository.read_lending(tx, view.batch.bank, view.batch.unit, Quarter.parse(view.batch.period))
    claim = Claim(lending, view.batch, view.shares, await view_lines(tx, rows), seals[-1].digest.hex() if seals else "")
    name = f"claim-{view.batch.unit}-{view.batch.period}-{view.batch.sequence}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(await asyncio.to_thread(write_claim, claim), media_type=_XLSX, headers=headers)


@router.get(
    "/subsidy-batches/{batch_id}/verification",
    operation_id="verify_subsidy_batch",
    summary="核验批次的明细未被改动",
    responses=problems(BatchNotFoundError),
)
async def verify_subsidy_batch(batch_id: BatchPath, principal: Reader, tx: Tx) -> VerificationRead:
    """逐行与计算时的封印核对；有改动、增减或换位的，指出第一行。"""
    batch = await service.find_visible(tx, _actor(principal), batch_id)
    found = None if batch.state == State.PENDING else await find_break(tx, batch_id)
    seals = await list_batch_seals(tx, batch_id)
    return VerificationRead.of(batch, seals[-1].digest.hex() if seals else None, found)


@router.get(
    "/subsidy-batches/{batch_id}/journal",
    operation_id="list_subsidy_batch_transfers",
    summary="贴息批次的账务",
    responses=problems(BatchNotFoundError),
)
async def list_subsidy_batch_transfers(batch_id: BatchPath, principal: Reader, tx: Tx) -> TransferList:
    """批准时记应付，支付时记付讫；每笔借贷同额，只增不改。"""
    await service.find_visible(tx, _actor(principal), batch_id)
    return TransferList.of(await list_transfers(tx, batch_id))


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
