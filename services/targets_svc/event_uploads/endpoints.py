"""Files of real-name events."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Database, Tx
from kit.http.forms import FormInvalidError, form_body, parse_texts, read_form
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.jobs.queue import read_job
from targets_svc.event_uploads import repository, results, service
from targets_svc.event_uploads.domain import MAX_FILE_BYTES, Mode
from targets_svc.event_uploads.errors import (
    FileTooLargeError,
    FileUnreadableError,
    ResultNotReadyError,
    UploadNotFoundError,
    UploadRepeatedError,
)
from targets_svc.event_uploads.receiving import Received, Receiving, begin_upload
from targets_svc.event_uploads.schemas import UploadAccepted, UploadList, UploadRead
from targets_svc.event_uploads.threads import aside
from targets_svc.register.service import Vault

router = Router(prefix="/api/v1/targets", tags=["实名登记"])

UploadId = Annotated[UUID, Path(description="上传时返回的编号")]
Writer = Annotated[Principal, requires("targets.event.write")]


def _vault(request: Request) -> Vault:
    return Vault(request.app.state.settings.key_ring)


_EXAMPLE = (
    "year,indicator,id_type,id_number,name,event_date,unit,source_system,source_ref\n"
    "2017,I03,RESIDENT_ID,41019919900101002X,王测试,2017-05-10,ZZ07,training,PX-2017-0001\n"
)


_FORM = form_body(
    "csv（UTF-8或GB18030）、ndjson或xlsx，首行为列名，最多100万行",
    {"file": _EXAMPLE},
    {
        "mode": {
            "type": "string",
            "enum": [mode.value for mode in Mode],
            "default": Mode.ALL_OR_NOTHING.value,
            "description": "ALL_OR_NOTHING：有一行错误则整个文件不登记；VALID_ROWS：只登记正确的行",
        },
        "dry_run": {"type": "boolean", "default": False, "description": "只校验，不登记"},
    },
)


class _Asked(BaseModel):
    """The texts of the form."""

    mode: Mode = Mode.ALL_OR_NOTHING
    dry_run: bool = False


async def _received(
    request: Request, _: Writer, vault: Annotated[Vault, Depends(_vault)]
) -> AsyncIterator[tuple[Received, _Asked]]:
    receiving = Receiving(request.app.state.database, vault)
    try:
        texts = await read_form(
            request, receiving.take, texts=_Asked.model_fields, max_bytes=MAX_FILE_BYTES, too_large=FileTooLargeError
        )
        yield await receiving.end(), parse_texts(_Asked, texts)
    except BaseException:
        await receiving.forget()
        raise


@router.post(
    "/event-uploads",
    operation_id="upload_events",
    summary="批量上传实名事件",
    status_code=202,
    openapi_extra=_FORM,
    responses=problems(FormInvalidError, FileTooLargeError, FileUnreadableError, UploadRepeatedError)
    | {202: {"headers": {"Location": {"description": "任务地址", "schema": {"type": "string"}}}}},
)
async def upload_events(
    principal: Writer,
    form: Annotated[tuple[Received, _Asked], Depends(_received, scope="function")],
    tx: Tx,
    response: Response,
) -> UploadAccepted:
    """列名与“登记一条实名事件”的字段相同，也可用中文列名。后台校验、登记，逐行结果见结果文件；同一文件重复上传不会重复计数。"""
    received, asked = form
    upload_id = await begin_upload(
        tx,
        received,
        subject=principal.subject,
        own_unit=principal.unit,
        mode=asked.mode,
        is_dry_run=asked.dry_run,
        now=now(),
    )
    response.headers["Location"] = f"/api/v1/targets/jobs/{upload_id}"
    return UploadAccepted(id=upload_id)


@router.get("/event-uploads", operation_id="list_event_uploads", summary="自己的批量上传")
async def list_event_uploads(
    principal: Annotated[Principal, requires("targets.event.read")], tx: Tx, page: PageQuery
) -> UploadList:
    """新的在前，含试运行和失败的；只有上传人本人可见。"""
    after = page.after({})
    rows = await repository.list_uploads(tx, principal.subject, UUID(after[0]) if after else None, page.limit + 1)
    return UploadList.of_page(rows, page)


@router.get(
    "/event-uploads/{upload_id}",
    operation_id="get_event_upload",
    summary="查看一次批量上传",
    responses=problems(UploadNotFoundError),
)
async def get_event_upload(
    upload_id: UploadId, principal: Annotated[Principal, requires("targets.event.read")], tx: Tx
) -> UploadRead:
    """只能查看自己的上传。"""
    upload = await service.find_upload(tx, upload_id, principal.subject)
    return UploadRead.of(upload, await repository.count_rows(tx, upload_id))


@router.get(
    "/event-uploads/{upload_id}/result.csv",
    operation_id="get_event_upload_result",
    summary="下载批量上传的逐行结果",
    response_class=StreamingResponse,
    responses=problems(UploadNotFoundError, ResultNotReadyError)
    | {
        200: {
            "content": {"text/csv": {"schema": {"type": "string"}}},
            "description": "每个数据行一行，证件号码和姓名已遮盖",
        }
    },
)
async def get_event_upload_result(
    upload_id: UploadId, principal: Annotated[Principal, requires("targets.event.read")], tx: Tx, request: Request
) -> Response:
    """任务结束后可下载，保留7天。"""
    await service.find_upload(tx, upload_id, principal.subject)
    if (await read_job(tx, upload_id)).state in {"PENDING", "RUNNING"}:
        raise ResultNotReadyError
    headers = {"Content-Disposition": f'attachment; filename="result-{upload_id}.csv"'}
    lines = _lines(request.app.state.database, upload_id)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(database: Database, upload_id: UUID) -> AsyncIterator[bytes]:
    """With a byte order mark, by which Excel knows UTF-8."""
    yield ("\ufeff" + ",".join(results.COLUMNS) + "\r\n").encode()
    async for result in repository.results(database, upload_id):
        yield await aside(results.lines_of, result)
