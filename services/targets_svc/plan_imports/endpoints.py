"""POST /plan-imports, and the marked workbook."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.forms import FormInvalidError
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from targets_svc.annex.domain.grid import Grid
from targets_svc.annex.endpoints import WORKBOOK
from targets_svc.annex.schemas import XLSX
from targets_svc.plan_imports import service
from targets_svc.plan_imports.errors import (
    AnnexNotFoundError,
    FileSuspectError,
    FileTooLargeError,
    FileUnreadableError,
    PlanImportNotFoundError,
)
from targets_svc.plan_imports.schemas.answer import PREFIX, PlanImportDetail, PlanImportList, PlanImportRead
from targets_svc.plan_imports.schemas.form import FORM, read_import
from targets_svc.plan_imports.schemas.tables import marked_workbook, read_file
from targets_svc.plan_imports.service import Asked

router = Router(prefix=PREFIX, tags=["计划"])
ImportId = Annotated[UUID, Path(description="导入编号")]
Writer = Annotated[Principal, requires("targets.plan.write")]


async def _upload(form: Annotated[tuple[bytes, Asked], Depends(read_import)]) -> tuple[list[Grid], Asked]:
    content, asked = form
    return await asyncio.to_thread(read_file, content), asked


@router.post(
    "/plan-imports",
    operation_id="import_plan",
    summary="导入分解表",
    openapi_extra=FORM,
    responses=problems(FormInvalidError, FileUnreadableError, FileSuspectError, AnnexNotFoundError, FileTooLargeError)
    | {201: {"model": PlanImportRead, "description": "已保存为草案"}},
)
async def import_plan(
    principal: Writer,
    upload: Annotated[tuple[list[Grid], Asked], Depends(_upload)],
    tx: Tx,
    response: Response,
) -> PlanImportRead:
    """xlsx或csv（UTF-8、GB18030）。表头按分解表核对，单位认名称、简称和代码；每处问题给出单元格和规则，并可下载标注的工作簿。
    dry_run=true只核对；否则无错误时保存为草案，由另一人下达。有错误时不保存任何任务数。"""
    sheets, asked = upload
    imported = await service.import_plan(tx, sheets, asked, principal.subject, now())
    response.status_code = 201 if imported.draft else 200
    return PlanImportRead.of(imported)


@router.get("/plan-imports", operation_id="list_plan_imports", summary="自己的导入记录")
async def list_plan_imports(principal: Writer, tx: Tx, page: PageQuery) -> PlanImportList:
    """新的在前，含只核对的；只有经办人本人可见。"""
    after = page.after({})
    rows = await service.list_imports(tx, principal.subject, UUID(after[0]) if after else None, page.limit + 1)
    return PlanImportList.of_page(rows, page)


@router.get(
    "/plan-imports/{id}",
    operation_id="get_plan_import",
    summary="查看一次导入",
    responses=problems(PlanImportNotFoundError),
)
async def get_plan_import(id: ImportId, principal: Writer, tx: Tx) -> PlanImportDetail:
    """逐处问题，以及保存成的草案；只有经办人本人可见。"""
    return PlanImportDetail.of_row(await service.read_import(tx, id, principal.subject))


@router.get(
    "/plan-imports/{id}/marked.xlsx",
    operation_id="get_marked_workbook",
    summary="标出问题的工作簿",
    response_class=Response,
    responses=WORKBOOK | problems(PlanImportNotFoundError),
)
async def get_marked_workbook(id: ImportId, principal: Writer, tx: Tx) -> Response:
    """原表照录，有问题的单元格着色并附批注（规则和改法）；另有一页问题清单。只有经办人本人可取。"""
    grid, conflicts = await service.find_import(tx, id, principal.subject)
    content = await asyncio.to_thread(marked_workbook, grid, conflicts)
    name = {"Content-Disposition": 'attachment; filename="marked.xlsx"'}
    return Response(content, media_type=XLSX, headers=name)
