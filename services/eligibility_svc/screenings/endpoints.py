"""Screenings of whole registers."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from eligibility_svc.checks.schemas import MeasureCode, wire
from eligibility_svc.measures.repository import catalogue
from eligibility_svc.screenings import repository, service
from eligibility_svc.screenings.domain import MAX_ROWS, Question
from eligibility_svc.screenings.errors import (
    CatalogueChangedError,
    ListTooLongError,
    RegisterTooLargeError,
    RowNotFoundError,
    ScreeningNotFoundError,
    ScreeningUnfinishedError,
)
from eligibility_svc.screenings.examples import ACCEPTED, FORM, LISTED, PAGE, READ, ROW
from eligibility_svc.screenings.schemas import (
    OutcomeName,
    RowRead,
    ScreeningAccepted,
    ScreeningList,
    ScreeningRead,
    ScreeningResultPage,
    ScreeningResultRead,
    WorkListName,
    shown,
    work_list,
)
from eligibility_svc.screenings.service import Filter, Register
from eligibility_svc.screenings.uploads import RegisterUpload
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.db.engine import Tx
from kit.http.forms import FormInvalidError
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.jobs.queue import read_job

router = Router(prefix="/api/v1/eligibility", tags=["名册筛查"])
Runner = Annotated[Principal, requires("eligibility.screening.run")]
Reader = Annotated[Principal, requires("eligibility.screening.read")]
ScreeningId = Annotated[UUID, Path(description="筛查编号")]

OfMeasure = Annotated[MeasureCode, Query(description="措施代码")]
OfOutcome = Annotated[OutcomeName | None, Query(description="只看这种结论的")]
OfWorkList = Annotated[
    WorkListName | None,
    Query(alias="list", description="NO_APPLICATION免申即享、CONFIRM一键确认、ONE_FACT缺一项信息、ENDING快到期"),
]
OfDistrict = Annotated[str | None, Query(pattern=r"^ZZ[0-9]{2}$", description="县（市、区）代码")]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post(
    "/screenings",
    operation_id="begin_screening",
    summary="提交名册，逐行筛查可以享受的措施",
    status_code=202,
    response_model=ScreeningAccepted,
    openapi_extra={"requestBody": FORM},
    responses=problems(FormInvalidError, RegisterTooLargeError)
    | {202: {"content": {"application/json": {"example": ACCEPTED}}}},
)
async def begin_screening(principal: Runner, upload: RegisterUpload, tx: Tx, response: Response) -> ScreeningAccepted:
    """csv、xlsx或parquet，不超过32 MiB、100万行（xlsx 10万行）。同一文件、同一要求再次提交，得到同一次筛查。"""
    asked = upload.asked
    as_of = asked.as_of or today()
    measures = asked.measures or catalogue().of_subject(asked.subject)
    question = Question(as_of, as_of + timedelta(days=asked.ending_within_days), tuple(measures))
    request = asked.model_dump(include={"subject", "columns", "reference", "district"})
    row = await service.begin_screening(tx, principal.subject, Register(upload.path, request, question))
    response.headers["Location"] = f"/api/v1/eligibility/screenings/{row.id}"
    return ScreeningAccepted(id=row.id, job_id=row.job_id)


@router.get(
    "/screenings",
    operation_id="list_screenings",
    summary="自己提交的筛查",
    responses={200: {"content": {"application/json": {"example": LISTED}}}},
)
async def list_screenings(principal: Reader, tx: Tx, page: PageQuery) -> ScreeningList:
    """最近的在前。"""
    rows = await repository.list_screenings(tx, principal.subject, after=page.after({}), limit=page.limit + 1)
    return ScreeningList.of_page(rows, page)


@router.delete(
    "/screenings/{screening_id}",
    operation_id="delete_screening",
    summary="删除筛查及其名册和结果",
    status_code=204,
    responses=problems(ScreeningNotFoundError),
)
async def delete_screening(screening_id: ScreeningId, principal: Runner, tx: Tx) -> None:
    """尚在进行的，就此停止。删除后不能恢复；同一名册可以重新提交。"""
    await service.delete_screening(tx, principal.subject, screening_id)


@router.get(
    "/screenings/{screening_id}",
    operation_id="get_screening",
    summary="查看筛查进度和分区县统计",
    responses=problems(ScreeningNotFoundError) | {200: {"content": {"application/json": {"example": READ}}}},
)
async def get_screening(screening_id: ScreeningId, principal: Reader, tx: Tx) -> ScreeningRead:
    """只能查看自己提交的筛查。结果保存30天。"""
    row = await service.get_screening(tx, principal.subject, screening_id)
    return ScreeningRead.model_validate(shown(row, await read_job(tx, row.job_id)))


@router.get(
    "/screenings/{screening_id}/results",
    operation_id="list_screening_results",
    summary="一项措施的逐行结果或工作清单",
    responses=problems(ScreeningNotFoundError, ScreeningUnfinishedError, RowNotFoundError)
    | {200: {"content": {"application/json": {"example": PAGE}}}},
)
async def list_screening_results(
    screening_id: ScreeningId,
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    measure: OfMeasure,
    outcome: OfOutcome = None,
    work: OfWorkList = None,
    district: OfDistrict = None,
) -> ScreeningResultPage:
    """按名册顺序。"""
    filters: dict[str, Any] = {
        "id": str(screening_id), "measure": measure, "outcome": outcome, "list": work, "district": district
    }  # fmt: skip
    after = page.after(filters) or [0]
    screening = await service.get_finished(tx, principal.subject, screening_id)
    wanted = Filter(measure, outcome, work_list(work), district)
    rows = await service.list_results(tx, screening, wanted, int(after[0]), page.limit)
    more = page.next([rows[page.limit - 1]["row_no"]], filters) if len(rows) > page.limit else None
    return ScreeningResultPage(items=[ScreeningResultRead.model_validate(row) for row in rows[: page.limit]], next=more)


@router.get(
    "/screenings/{screening_id}/results.xlsx",
    operation_id="download_screening_list",
    summary="下载一项措施的名单或工作清单（xlsx）",
    response_class=Response,
    responses=problems(ScreeningNotFoundError, ScreeningUnfinishedError, RowNotFoundError, ListTooLongError)
    | {200: {"content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_screening_list(
    screening_id: ScreeningId,
    principal: Reader,
    tx: Tx,
    measure: OfMeasure,
    outcome: OfOutcome = None,
    work: OfWorkList = None,
    district: OfDistrict = None,
) -> Response:
    """筛选条件同逐行结果；条件写成文字，供打印和分发。最多5万行。"""
    screening = await service.get_finished(tx, principal.subject, screening_id)
    wanted = Filter(measure, outcome, work_list(work), district)
    content = await service.list_as_workbook(tx, screening, wanted)
    headers = {"Content-Disposition": f'attachment; filename="{measure}.xlsx"'}
    return Response(content, media_type=_XLSX, headers=headers)


@router.get(
    "/screenings/{screening_id}/results.parquet",
    operation_id="download_screening_results",
    summary="下载全部结果（parquet）",
    response_class=StreamingResponse,
    responses=problems(ScreeningNotFoundError, ScreeningUnfinishedError)
    | {200: {"content": {"application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def download_screening_results(
    screening_id: ScreeningId, principal: Reader, tx: Tx, request: Request
) -> StreamingResponse:
    """每行一个row_no；每项措施有outcome、unmet、unknown（条件位图）、amount（分）、missing、ending各列。"""
    await service.get_finished(tx, principal.subject, screening_id)
    headers = {"Content-Disposition": f'attachment; filename="screening-{screening_id}.parquet"'}
    content = service.stream_results(request.app.state.database, screening_id)
    return StreamingResponse(content, media_type="application/vnd.apache.parquet", headers=headers)


@router.get(
    "/screenings/{screening_id}/rows/{row_no}",
    operation_id="explain_screening_row",
    summary="逐条说明名册中一行的结果",
    response_model=RowRead,
    responses=problems(ScreeningNotFoundError, ScreeningUnfinishedError, RowNotFoundError, CatalogueChangedError)
    | {200: {"content": {"application/json": {"example": ROW}}}},
)
async def explain_screening_row(
    screening_id: ScreeningId,
    row_no: Annotated[int, Path(ge=1, le=MAX_ROWS, description="数据行的序号，自1起，不含表头")],
    principal: Reader,
    tx: Tx,
) -> Response:
    """与POST /checks相同的说明：每个条件、依据哪一条、还缺什么。"""
    screening = await service.get_finished(tx, principal.subject, screening_id)
    found = await service.explain_row(tx, screening, row_no)
    answer = wire(screening.as_of, found.answers, found.law, found.law.words)
    content = to_json(answer | {"row_no": row_no, "reference": found.reference})
    return Response(content, media_type="application/json")
