"""Jobs: how far they are, and calling them off."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db.engine import Tx
from kit.errors import NotFoundError, StateConflictError
from kit.http.problems import problems
from kit.http.routing import Router
from kit.jobs.queue import JobRead, cancel_job, read_job

_EXAMPLE = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "kind": "targets.recount",
    "state": "SUCCEEDED",
    "progress": {"done": 0, "total": None},
    "result": {"is_sound": True, "wrong_counts": [], "wrong_count_cells": 0, "wrong_slots": 0},
    "problem": None,
    "created_at": "2017-07-02T18:00:00Z",
    "finished_at": "2017-07-02T18:00:02Z",
}

router = Router(prefix="/api/v1/targets", tags=["任务"])


@router.get(
    "/jobs/{job_id}",
    operation_id="get_targets_job",
    summary="查看任务进度",
    responses=problems(NotFoundError) | {200: {"content": {"application/json": {"example": _EXAMPLE}}}},
)
async def get_targets_job(
    job_id: Annotated[UUID, Path(description="任务编号")],
    principal: Annotated[Principal, requires("targets.job.read")],
    tx: Tx,
) -> JobRead:
    """只能查看自己发起的任务；有 targets.job.write 权限的可查看全部。"""
    owner = None if "targets.job.write" in principal.scopes else principal.subject
    return await read_job(tx, job_id, owner=owner)


class JobEndedError(StateConflictError):
    code = "JOB_ENDED"
    title = "任务已经结束"
    default_detail = "任务已经结束，不能取消；请查看任务结果。"


@router.post(
    "/jobs/{job_id}/cancellation",
    operation_id="cancel_targets_job",
    summary="取消任务",
    responses=problems(NotFoundError, JobEndedError) | {200: {"content": {"application/json": {"example": _EXAMPLE}}}},
)
async def cancel_targets_job(
    job_id: Annotated[UUID, Path(description="任务编号")],
    principal: Annotated[Principal, requires("targets.job.cancel")],
    tx: Tx,
) -> JobRead:
    """只能取消自己发起的任务。已提交的批次仍然有效，逐行结果可查；其余不再处理。"""
    await read_job(tx, job_id, owner=principal.subject)
    if not await cancel_job(tx, job_id):
        raise JobEndedError
    return await read_job(tx, job_id, owner=principal.subject)
