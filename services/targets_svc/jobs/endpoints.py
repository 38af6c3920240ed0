"""GET /jobs/{id}."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db.engine import Tx
from kit.errors import NotFoundError
from kit.http.problems import problems
from kit.http.routing import Router
from kit.jobs.queue import JobRead, read_job

router = Router(prefix="/api/v1/targets", tags=["任务"])


@router.get("/jobs/{job_id}", operation_id="get_targets_job", summary="查看任务进度", responses=problems(NotFoundError))
async def get_targets_job(
    job_id: Annotated[UUID, Path(description="任务编号")],
    principal: Annotated[Principal, requires("targets.job.read")],
    tx: Tx,
) -> JobRead:
    """只能查看自己发起的任务；有 targets.job.write 权限的可查看全部。"""
    owner = None if "targets.job.write" in principal.scopes else principal.subject
    return await read_job(tx, job_id, owner=owner)
