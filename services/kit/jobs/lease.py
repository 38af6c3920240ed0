"""Claiming, keeping and ending a job, by the database's clock alone (reliability design §2.4)."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.ids import new_id

LEASE_SECONDS = 15
HEARTBEAT_SECONDS = 5
RESEND_SECONDS = 3

# clock_timestamp(), not now(): a statement that waited for a lock must not work with the time before the wait.
_DUE = text(
    f"""
    UPDATE job SET sends = sends + 1, next_poll = clock_timestamp() + interval '{RESEND_SECONDS} seconds'
    WHERE id IN (
        SELECT id FROM job
        WHERE state IN ('PENDING', 'RUNNING') AND next_poll <= clock_timestamp() AND not_before <= clock_timestamp()
          AND (lease_until IS NULL OR lease_until <= clock_timestamp())
        ORDER BY next_poll LIMIT 100 FOR UPDATE SKIP LOCKED)
    RETURNING id, sends
    """  # noqa: S608  constants of this module
)
# A job whose every run died with its worker must end, too.
_GIVE_UP = text(
    """
    UPDATE job SET state = 'FAILED', lease_token = NULL, lease_until = NULL, error_code = 'WORKER_DIED',
        finished_at = clock_timestamp()
    WHERE state = 'RUNNING' AND lease_until <= clock_timestamp() AND attempts >= max_attempts
    """
)
_CLAIM = text(
    f"""
    UPDATE job SET state = 'RUNNING', attempts = attempts + 1, lease_token = :token,
        lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
    WHERE id = :id AND not_before <= clock_timestamp()
      AND (state = 'PENDING' OR (state = 'RUNNING' AND lease_until <= clock_timestamp()))
    RETURNING kind, payload, attempts, max_attempts, traceparent
    """  # noqa: S608
)
_BEAT = text(
    f"""
    UPDATE job SET lease_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
    WHERE id = :id AND lease_token = :token AND state = 'RUNNING'
    """  # noqa: S608
)
_PROGRESS = text(
    "UPDATE job SET progress_done = :done, progress_total = :total WHERE id = :id AND lease_token = :token"
)
_FINISH = text(
    """
    UPDATE job SET state = :state, lease_token = NULL, lease_until = NULL, result = CAST(:result AS jsonb),
        error_code = NULL, finished_at = clock_timestamp()
    WHERE id = :id AND lease_token = :token
    """
)
_FAIL = text(
    """
    UPDATE job SET lease_token = NULL, lease_until = NULL, error_code = :code,
        state = CASE WHEN :final OR attempts >= max_attempts THEN 'FAILED' ELSE 'PENDING' END,
        finished_at = CASE WHEN :final OR attempts >= max_attempts THEN clock_timestamp() END,
        not_before = clock_timestamp()
            + make_interval(secs => least(3600, 5 * power(2, attempts - 1)) * (0.8 + 0.4 * random())),
        next_poll = clock_timestamp()
    WHERE id = :id AND lease_token = :token
    RETURNING state
    """
)


class LeaseLostError(Exception):
    """Somebody else has the job: the effect of this run must not be kept."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed job; `token` fences every write that belongs to this run."""

    id: UUID
    token: UUID
    kind: str
    payload: dict[str, Any]
    attempt: int
    traceparent: str | None


async def due_jobs(session: AsyncSession) -> list[tuple[UUID, int]]:
    """Marks up to 100 due jobs as sent and returns (id, send number); relays running at once get different ones."""
    await session.execute(_GIVE_UP)
    return [(row.id, row.sends) for row in await session.execute(_DUE)]


async def claim(session: AsyncSession, job_id: UUID) -> Lease | None:
    """Takes the job, or None when it is done, not due, or somebody else's. A run that died counts as an attempt."""
    token = new_id()
    row = (await session.execute(_CLAIM, {"id": job_id, "token": token})).one_or_none()
    if row is None:
        return None
    return Lease(job_id, token, row.kind, row.payload, row.attempts, row.traceparent)


async def heartbeat(session: AsyncSession, lease: Lease) -> bool:
    """Renews the lease; False when it is lost."""
    return _hit(await session.execute(_BEAT, {"id": lease.id, "token": lease.token}))


async def report_progress(session: AsyncSession, lease: Lease, done: int, total: int | None) -> None:
    """What the job resource shows.

    Raises:
        LeaseLostError.
    """
    row = {"id": lease.id, "token": lease.token, "done": done, "total": total}
    if not _hit(await session.execute(_PROGRESS, row)):
        raise LeaseLostError


async def finish(session: AsyncSession, lease: Lease, result: dict[str, Any] | None, state: str = "SUCCEEDED") -> None:
    """Ends the job in the transaction of its effect.

    Raises:
        LeaseLostError: the transaction must roll back; the effect belongs to another run.
    """
    row = {"id": lease.id, "token": lease.token, "state": state, "result": json.dumps(result)}
    if not _hit(await session.execute(_FINISH, row)):
        raise LeaseLostError


async def fail(session: AsyncSession, lease: Lease, code: str, *, final: bool) -> str | None:
    """Back to the queue with a growing delay, or FAILED after the last attempt; the new state, None if lost."""
    row = {"id": lease.id, "token": lease.token, "code": code, "final": final}
    state: str | None = await session.scalar(_FAIL, row)
    return state


def _hit(result: Any) -> bool:
    return bool(getattr(result, "rowcount", 0) == 1)
