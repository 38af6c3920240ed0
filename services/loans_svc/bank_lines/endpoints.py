"""The bank's own claim file of a batch."""

from collections.abc import AsyncIterator
from pathlib import Path as FilePath
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Database, Tx
from kit.http.forms import FormInvalidError, form_body, kept_form
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.money import yuan
from loans_svc.bank_lines import repository, service
from loans_svc.bank_lines.domain import CAUSE_TEXTS, MAX_CSV_BYTES, Cause
from loans_svc.bank_lines.errors import (
    BankFileNotExpectedError,
    BankFileNotFoundError,
    BankFileNotReadyError,
    BankFileTooLargeError,
    BankFileUnreadableError,
    NothingToResolveError,
)
from loans_svc.bank_lines.schemas import (
    BankFileAccepted,
    BankFileRead,
    DifferenceList,
    ResolutionAccepted,
    ResolutionCreate,
)
from loans_svc.batches.errors import BatchFourEyesError, BatchNotFoundError, BatchStateError
from loans_svc.loans.service.steps import Actor

router = Router(prefix="/api/v1/loans", tags=["贴息批次"])
BatchPath = Annotated[UUID, Path(description="批次编号")]
Writer = Annotated[Principal, requires("loans.batch.write")]
Reader = Annotated[Principal, requires("loans.batch.read")]
Reviewer = Annotated[Principal, requires("loans.batch.review")]
_LOCATION: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"description": "任务地址", "schema": {"type": "string"}}}}
}
_EXAMPLE = "贷款编号,所属季度,贴息金额\nHT-2023-001,2023Q2,1925.00\n"
_ROWS_AT_ONCE = 5_000
_RESULT_HEAD = "行号,贷款编号,资金档,所属季度,银行金额,系统金额,结果"


def _actor(principal: Principal) -> Actor:
    return Actor(principal.subject, principal.unit, principal.bank)


_FORM = form_body(
    "csv（UTF-8或GB18030）或xlsx，首行为列名：贷款编号、贴息金额必填，资金档、所属季度、天数、贴息利率、贴息比例、贴息余额可选；最多100万行",
    {"file": _EXAMPLE},
)


async def _file(request: Request, _: Writer) -> AsyncIterator[FilePath]:
    form = kept_form(request, texts=(), max_bytes=MAX_CSV_BYTES, too_large=BankFileTooLargeError)
    async with form as (file, _texts):
        yield file


@router.post(
    "/subsidy-batches/{batch_id}/bank-lines",
    operation_id="upload_bank_lines",
    summary="上传银行申报文件，与批次逐行核对",
    status_code=202,
    openapi_extra=_FORM,
    responses=problems(
        BatchNotFoundError, FormInvalidError, BankFileNotExpectedError, BankFileTooLargeError, BankFileUnreadableError
    )
    | _LOCATION,
)
async def upload_bank_lines(
    batch_id: BatchPath,
    principal: Writer,
    file: Annotated[FilePath, Depends(_file, scope="function")],
    tx: Tx,
    response: Response,
) -> BankFileAccepted:
    """后台逐行核对，一分不差才算一致；有一行填写有误则整个文件不采用。重新上传时以最新的一份为准。有差异的批次须重新上传或裁定后才能报送。"""
    file_id = await service.take_file(tx, _actor(principal), batch_id, file, now())
    response.headers["Location"] = f"/api/v1/loans/jobs/{file_id}"
    return BankFileAccepted(id=file_id, job=file_id)


@router.get(
    "/subsidy-batches/{batch_id}/bank-lines",
    operation_id="get_bank_lines",
    summary="查看银行申报文件的核对结果",
    responses=problems(BatchNotFoundError, BankFileNotFoundError),
)
async def get_bank_lines(batch_id: BatchPath, principal: Reader, tx: Tx) -> BankFileRead:
    """最近上传的一份。"""
    return BankFileRead.of(await service.read_file(tx, _actor(principal), batch_id))


@router.get(
    "/subsidy-batches/{batch_id}/bank-lines/differences",
    operation_id="list_bank_line_differences",
    summary="银行申报文件与批次的差异",
    responses=problems(BatchNotFoundError, BankFileNotFoundError, BankFileNotReadyError),
)
async def list_bank_line_differences(
    batch_id: BatchPath,
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    cause: Annotated[Cause | None, Query(description="只看一种原因")] = None,
) -> DifferenceList:
    """每行有双方金额和差异原因。"""
    file = await service.find_matched_file(tx, _actor(principal), batch_id)
    filters = {"file": str(file.id), "cause": cause}
    after = page.after(filters)
    rows = await repository.list_differences(tx, file.id, cause, after[0] if after else 0, page.limit + 1)
    return DifferenceList.of_page(rows, page, filters)


@router.get(
    "/subsidy-batches/{batch_id}/bank-lines/result.csv",
    operation_id="get_bank_lines_result",
    summary="下载银行申报文件的逐行核对结果",
    response_class=StreamingResponse,
    responses=problems(BatchNotFoundError, BankFileNotFoundError, BankFileNotReadyError)
    | {
        200: {
            "content": {
                "text/csv": {
                    "schema": {"type": "string"},
                    "example": f"{_RESULT_HEAD}\r\n2,HT-001,STATE,2025Q2,1946.39,1946.39,一致\r\n",
                }
            },
            "description": "银行的每行一行，其后为银行没有申报的行",
        }
    },
)
async def get_bank_lines_result(batch_id: BatchPath, principal: Reader, tx: Tx, request: Request) -> Response:
    """银行文件的每一行都有结果。"""
    file = await service.find_matched_file(tx, _actor(principal), batch_id)
    return StreamingResponse(
        _result(request.app.state.database, file.id),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="result-{file.id}.csv"'},
    )


async def _result(database: Database, file_id: UUID) -> AsyncIterator[bytes]:
    """With a byte order mark, by which Excel knows UTF-8."""
    yield f"\ufeff{_RESULT_HEAD}\r\n".encode()
    after = 0
    while True:
        async with database.transaction() as tx:
            rows = await repository.list_results(tx, file_id, after, _ROWS_AT_ONCE)
        if not rows:
            break
        after = rows[-1].row_no
        yield "".join(
            f"{row.row_no},{row.loan_ref},{row.tranche},{row.relates_to},{yuan(row.bank_fen)},"
            f"{'' if row.our_fen is None else yuan(row.our_fen)},"
            f"{CAUSE_TEXTS[Cause(row.cause)] if row.cause else '一致'}\r\n"
            for row in rows
        ).encode()
    after = 0
    while True:
        async with database.transaction() as tx:
            rows = await repository.list_missing(tx, file_id, after, _ROWS_AT_ONCE)
        if not rows:
            return
        after = rows[-1].number
        yield "".join(
            f",{row.loan_ref},{row.tranche},{row.relates_to},,{yuan(row.our_fen)},{CAUSE_TEXTS[Cause(row.cause)]}\r\n"
            for row in rows
        ).encode()


@router.post(
    "/subsidy-batches/{batch_id}/bank-lines/resolution",
    operation_id="resolve_bank_lines",
    summary="裁定差异：每行按双方较小的金额拨付",
    status_code=202,
    responses=problems(BatchNotFoundError, BatchStateError, NothingToResolveError, BatchFourEyesError) | _LOCATION,
)
async def resolve_bank_lines(
    batch_id: BatchPath,
    body: ResolutionCreate,
    principal: Reviewer,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
) -> ResolutionAccepted:
    """裁定人不能是上传人，须写明理由。银行少报的差额另记一行WAIVER，原有的行不改动；银行多报的不付。"""
    job = await service.resolve_differences(tx, _actor(principal), batch_id, body.reason, now())
    response.headers["Location"] = f"/api/v1/loans/jobs/{job}"
    return ResolutionAccepted(job=job)
