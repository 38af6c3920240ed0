"""Job rows: enqueued in the transaction of their cause, read as the job resource of the contract."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import NotFoundError
from kit.http.wire import ResponseModel
from kit.ids import new_id
from kit.telemetry.trace import current_trace

# Unqualified on purpose: the role's search_path is its service's schema.
_INSERT = text(
    """
    WITH added AS (
        INSERT INTO job (id, kind, dedupe_key, owner, payload, traceparent, max_attempts, not_before, next_poll)
        VALUES (:id, :kind, :dedupe_key, :owner, CAST(:payload AS jsonb), :traceparent, :max_attempts,
            now() + make_interval(secs => :delay), now() + make_interval(secs => :delay))
        ON CONFLICT (dedupe_key) DO NOTHING
        RETURNING id)
    SELECT id, pg_notify('job:' || current_schema(), '') FROM added
    """
)
_BY_KEY = text("SELECT id FROM job WHERE dedupe_key = :dedupe_key")
_READ = text(
    "SELECT id, kind, state, progress_done, progress_total, result, error_code, created_at, finished_at"
    " FROM job WHERE id = :id AND (CAST(:owner AS text) IS NULL OR owner = :owner)"
)
_CANCEL = text(
    "UPDATE job SET state = 'CANCELLED', lease_token = NULL, lease_until = NULL, finished_at = clock_timestamp()"
    " WHERE id = :id AND state IN ('PENDING', 'RUNNING')"
)
# As long as logs, which name jobs. Whoever shows a job to a client forgets its own row of it much earlier.
_PURGE = text("DELETE FROM job WHERE finished_at < now() - interval '180 days'")
_WAITING = text("SELECT EXISTS (SELECT FROM job WHERE dedupe_key = :key AND state IN ('PENDING', 'RUNNING'))")


def channel_of(service: str) -> str:
    """On which a service's workers are told of a new job at its commit; `_INSERT` names it by the schema."""
    return f"job:{service}"


class JobProgress(ResponseModel):
    """How far it is; `total` is null until it is known."""

    done: int
    total: int | None


class JobProblem(ResponseModel):
    """Why it failed."""

    code: str


class JobRead(ResponseModel):
    """The job resource of the contract."""

    id: UUID
    kind: str
    state: str
    progress: JobProgress
    result: dict[str, Any] | None
    problem: JobProblem | None
    created_at: datetime
    finished_at: datetime | None


async def enqueue(
    session: AsyncSession,
    kind: str,
    payload: Mapping[str, Any],
    *,
    owner: str,
    dedupe_key: str | None = None,
    max_attempts: int = 8,
    delay_seconds: int = 0,
    job_id: UUID | None = None,
) -> UUID:
    """Adds a job to the caller's transaction; nothing happens unless that commits.

    Args:
        payload: JSON, ids only, never personal data.
        owner: the subject that may read it.
        dedupe_key: a second job of the same key is the first one; its id is returned.
        delay_seconds: not before so long from now.
        job_id: its id, when that is known already.
    """
    trace = current_trace.get()
    job_id = job_id or new_id()
    added = await session.scalar(
        _INSERT,
        {
            "id": job_id,
            "kind": kind,
            "dedupe_key": dedupe_key,
            "owner": owner,
            "payload": json.dumps(dict(payload)),
            "traceparent": trace.traceparent if trace else None,
            "max_attempts": max_attempts,
            "delay": delay_seconds,
        },
    )
    if added is not None:
        return job_id
    return UUID(str(await session.scalar(_BY_KEY, {"dedupe_key": dedupe_key})))


async def is_waiting(session: AsyncSession, dedupe_key: str) -> bool:
    """Whether the job of this key has not come to its end."""
    return bool(await session.scalar(_WAITING, {"key": dedupe_key}))


async def read_job(session: AsyncSession, job_id: UUID, *, owner: str | None = None) -> JobRead:
    """The job, if it exists and belongs to `owner` (None: whoever it belongs to).

    Raises:
        NotFoundError.
    """
    row = (await session.execute(_READ, {"id": job_id, "owner": owner})).one_or_none()
    if row is None:
        raise NotFoundError
    return JobRead(
        id=row.id,
        kind=row.kind,
        state=row.state,
        progress=JobProgress(done=row.progress_done, total=row.progress_total),
        result=row.result,
        problem=JobProblem(code=row.error_code) if row.error_code and row.state == "FAILED" else None,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


async def cancel_job(session: AsyncSession, job_id: UUID) -> bool:
    """Ends a job that is not finished; a running handler's effect is refused by its fence. False: was finished."""
    result = await session.execute(_CANCEL, {"id": job_id})
    return getattr(result, "rowcount", 0) == 1


async def purge_jobs(session: AsyncSession) -> int:
    """Deletes jobs that ended more than 180 days ago; returns how many."""
    return int(getattr(await session.execute(_PURGE), "rowcount", 0))
