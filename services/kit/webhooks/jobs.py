"""Delivering: an attempt is one job, the next one is enqueued where its outcome is written.

A worker that dies after the receiver answered and before the outcome is written tries again: a receiver meets a message
at least once, and knows it by `webhook-id`.
"""

from dataclasses import dataclass
from datetime import datetime, time
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx
import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import now
from kit.crypto.fields import FieldCipher
from kit.ids import new_id
from kit.jobs.queue import enqueue
from kit.jobs.worker import Daily, Handler, Job
from kit.settings import ServiceSettings
from kit.webhooks import repository
from kit.webhooks.addresses import AddressRefusedError, parse_networks, resolve
from kit.webhooks.domain import delay_after, sign
from kit.webhooks.service import DELIVER, REPLAY, SECRET_COLUMN

_log = structlog.get_logger("kit.webhooks")
_PATIENCE_SECONDS = 15.0
_KEPT_DAYS = 30
_GONE = 410
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """status: what the receiver answered; error_code: why there was no answer."""

    status: int | None
    error_code: str | None
    milliseconds: int

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


async def deliver(job: Job) -> dict[str, Any]:
    """One attempt at one delivery."""
    id_ = UUID(job.payload["delivery"])
    async with job.database.transaction() as session:
        row = await repository.find_to_send(session, id_)
    if row is None or row.attempts != job.payload["attempts"]:
        return {"outcome": "SUPERSEDED"}
    if row.endpoint_state != "ACTIVE":
        await repository.settle(job.session, id_, "FAILED", row.attempts, None)
        return {"outcome": "ENDPOINT_DISABLED"}
    outcome = await _post(row, job.settings)
    delay = await _record(job.session, row, outcome)
    if delay is not None:
        payload = {"delivery": str(id_), "attempts": row.attempts + 1}
        await enqueue(job.session, DELIVER, payload, owner="system", delay_seconds=delay)
    return {"status": outcome.status, "error_code": outcome.error_code}


async def replay(job: Job) -> dict[str, Any]:
    """Everything that waits for one endpoint, oldest first; what does not arrive is where it goes on later."""
    endpoint, after, sent = UUID(job.payload["endpoint"]), _FIRST, 0
    while True:
        async with job.database.transaction() as session:
            id_ = await repository.next_waiting(session, endpoint, after)
            row = await repository.find_to_send(session, id_) if id_ else None
        if row is None or row.endpoint_state != "ACTIVE":
            return {"sent": sent}
        outcome = await _post(row, job.settings)
        async with job.database.transaction() as session:  # each on its own: what arrived is not sent again
            delay = await _record(session, row, outcome)
        if not outcome.arrived:
            if delay is not None:
                await enqueue(job.session, REPLAY, job.payload, owner="system", delay_seconds=delay)
            return {"sent": sent}
        after, sent = row.message_id, sent + 1
        await job.progress(sent)


async def _record(session: AsyncSession, row: Row[Any], outcome: Outcome) -> int | None:
    """Writes the outcome; returns after how many seconds the next attempt is due, if there is one."""
    attempts = row.attempts + 1
    await repository.add_attempt(session, new_id(), row.id, outcome.status, outcome.error_code, outcome.milliseconds)
    if outcome.arrived:
        await repository.settle(session, row.id, "DELIVERED", attempts, None)
        return None
    delay = None if outcome.status == _GONE else delay_after(attempts)
    await repository.settle(session, row.id, "FAILED" if delay is None else "PENDING", attempts, delay)
    if delay is None:
        reason = "GONE" if outcome.status == _GONE else "EXHAUSTED"
        if await repository.disable_endpoint(session, row.endpoint_id, reason):
            _log.error("webhook.endpoint_disabled", endpoint_id=str(row.endpoint_id), reason=reason)
    return delay


async def _post(row: Row[Any], settings: ServiceSettings) -> Outcome:
    started = perf_counter()
    status, error_code = None, None
    try:
        target = await resolve(row.url, parse_networks(settings.webhook_networks))
        async with (
            httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST",
                target.url,
                content=row.body.encode(),
                headers={"host": target.host, **_signed(row, settings, now())},
                extensions={"sni_hostname": target.name},
            ) as answer,
        ):
            status = answer.status_code  # what it says beyond that is not read
    except AddressRefusedError as refused:
        error_code = refused.code
    except httpx.TimeoutException:
        error_code = "TIMEOUT"
    except httpx.HTTPError:
        error_code = "CONNECTION_FAILED"
    return Outcome(status, error_code, round((perf_counter() - started) * 1000))


def _signed(row: Row[Any], settings: ServiceSettings, at: datetime) -> dict[str, str]:
    cipher = FieldCipher(settings.key_ring)
    sealed = [row.secret]
    if row.previous_secret is not None and at < row.previous_until:
        sealed.append(row.previous_secret)
    secrets = [cipher.decrypt(bytes(value), column=SECRET_COLUMN, row_id=row.endpoint_id) for value in sealed]
    message_id, timestamp = f"msg_{row.message_id.hex}", int(at.timestamp())
    return {
        "content-type": "application/json",
        "user-agent": "jiuye-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secrets, message_id, timestamp, row.body),
    }


async def purge(job: Job) -> dict[str, Any]:
    """Forgets messages and their log after 30 days."""
    return {"deleted": await repository.purge_messages(job.session, _KEPT_DAYS)}


# What the worker of a service that has webhooks adds to its own.
WEBHOOK_HANDLERS: dict[str, Handler] = {DELIVER: deliver, REPLAY: replay, "kit.purge_webhooks": purge}
WEBHOOK_SCHEDULE = (Daily("kit.purge_webhooks", time(3, 40)),)
