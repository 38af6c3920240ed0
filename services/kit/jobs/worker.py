"""The worker process of a service: a relay that rings arq, and arq tasks that run jobs under a lease.

Redis may lose everything at any time: the relay rings again. A worker may die at any point: its lease ends and
another run takes over; the fence in `lease.finish` keeps the effect single.
"""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from time import perf_counter, sleep
from typing import Any
from uuid import UUID

import structlog
import uvloop
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.audit.service import note_head
from kit.audit.sessions import SessionStatements
from kit.db.engine import Database
from kit.errors import DomainError
from kit.http.idempotency import purge_idempotency_keys
from kit.jobs import lease as leases
from kit.jobs.queue import channel_of, purge_jobs
from kit.settings import ServiceSettings
from kit.telemetry.logging import configure_logging
from kit.telemetry.spans import open_spans
from kit.telemetry.trace import continue_trace, current_trace

_log = structlog.get_logger("kit.jobs")
_RELAY_SECONDS = 1.0
"""A new job is told of by NOTIFY; so often the relay looks for what has become due."""
_LOOK_SECONDS = 0.5
"""So often a worker looks for what the relay of another one has rung."""
_TASK_TIMEOUT_SECONDS = 3600  # the lease is what times out; arq's own limit only bounds a hung coroutine
_DRAIN_SECONDS = 10
_HEARTBEAT_SECONDS = 5
_NICE, _TRIES = 10, 20
_CONNECTION_ERRORS = (RedisError, OSError, DBAPIError, asyncio.TimeoutError)


@dataclass(frozen=True, slots=True)
class Job:
    """What a handler gets: its payload, the transaction of its effect, and the database for steps of its own.

    Everything written through `session` commits together with the end of the job, or not at all. A handler may
    run twice; only one run's effect is kept.
    """

    lease: leases.Lease
    session: AsyncSession
    database: Database
    settings: ServiceSettings

    @property
    def payload(self) -> dict[str, Any]:
        return self.lease.payload

    async def progress(self, done: int, total: int | None = None) -> None:
        """Shown at once, in a transaction of its own. Raises LeaseLostError when the run was superseded."""
        async with self.database.transaction() as session:
            await leases.report_progress(session, self.lease, done, total)


class Partial(dict[str, Any]):
    """What a handler returns when a part was refused: the job ends as PARTIAL and not as SUCCEEDED."""


Handler = Callable[[Job], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class Daily:
    """A job that is due every day at a time of Asia/Shanghai; a missed day is caught up once."""

    kind: str
    at: time


async def _purge(job: Job) -> dict[str, Any]:
    return {"answers": await purge_idempotency_keys(job.session), "jobs": await purge_jobs(job.session)}


async def _note_audit_head(job: Job) -> dict[str, Any]:
    return {"seq": (await note_head(SessionStatements(job.session))).seq}


KIT_HANDLERS: dict[str, Handler] = {
    "kit.purge": _purge,
    "kit.note_audit_head": _note_audit_head,
}
KIT_SCHEDULE = (Daily("kit.purge", time(3, 30)), Daily("kit.note_audit_head", time(23, 55)))

# The latest tick that is due; its dedupe key makes it one job however many relays there are.
_TICK = text(
    """
    WITH local AS (SELECT clock_timestamp() AT TIME ZONE 'Asia/Shanghai' AS t),
    tick AS (SELECT CASE WHEN t::time >= CAST(:at AS time) THEN t::date ELSE t::date - 1 END AS day FROM local)
    INSERT INTO job (id, kind, dedupe_key, owner, payload)
    SELECT gen_random_uuid(), CAST(:kind AS text), CAST(:kind AS text) || ':' || day, 'system',
           jsonb_build_object('day', day) FROM tick
    ON CONFLICT (dedupe_key) DO NOTHING
    """
)


class _Consumer(Worker):
    """arq's worker, which looks at its queue when it is rung, and can be told to pick no more between two looks and not
    in the middle of one.

    A look takes five trips to Redis while a job runs: made twenty times a second they cost a file's job a thirtieth.
    One that is cancelled while it gives up its WATCH keeps its connection to Redis for ever (redis-py, `reset`).
    """

    def __init__(self, *args: Any, rung: asyncio.Event, **kwargs: Any) -> None:
        super().__init__(*args, poll_delay=0, **kwargs)
        self._looking = asyncio.Lock()
        self._rung = rung

    async def _poll_iteration(self) -> None:
        await _set_within(self._rung, _LOOK_SECONDS)
        self._rung.clear()
        await super()._poll_iteration()

    async def run_job(self, job_id: str, score: int) -> None:
        await super().run_job(job_id, score)
        asyncio.get_running_loop().call_soon(self._rung.set)  # once arq has counted it as ended: there is a place

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        async with self._looking:
            if self.allow_pick_jobs:
                await super().start_jobs(job_ids)

    async def stop_picking(self) -> None:
        async with self._looking:
            self.allow_pick_jobs = False


class JobWorker:
    """Runs the jobs of one service until it is told to stop.

    Args:
        name: the service; also the name of its queue.
        handlers: job kind → coroutine. A kind without a handler fails finally, with code UNKNOWN_KIND.
    """

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        handlers: Mapping[str, Handler],
        schedule: Sequence[Daily] = (),
    ) -> None:
        self.name = name
        self.settings = settings
        self.handlers = {**KIT_HANDLERS, **handlers}
        self.schedule = (*KIT_SCHEDULE, *schedule)
        self.queue = f"jiuye:{name}"
        self.database = Database(
            settings.database_url.get_secret_value(),
            schema=name,
            pool_size=settings.pool_size + 1,  # one hears of new jobs
            name=f"{name}-worker",
        )
        self.redis = RedisSettings.from_dsn(settings.redis_url.get_secret_value())
        self.redis.conn_retries = 0
        self.spans = open_spans(f"{name}-worker", settings)
        self._stopping, self._due, self._rung = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Until `stop()`: relay and arq side by side, each surviving the loss of Redis and Postgres."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._surviving(self._relay))
                group.create_task(self._surviving(self._ticks))
                group.create_task(self._surviving(self._consume))
                group.create_task(self._heartbeat())
        finally:
            await self.database.close()
            if self.spans:
                await asyncio.to_thread(self.spans.close)

    def stop(self) -> None:
        self._stopping.set()
        self._due.set()

    async def _surviving(self, part: Callable[[], Awaitable[None]]) -> None:
        delay = 0.1
        while not self._stopping.is_set():
            try:
                await part()
                delay = 0.1
            except _CONNECTION_ERRORS as exc:
                _log.warning("worker.connection_lost", part=part.__name__, exc_info=exc)
                await _set_within(self._stopping, delay)
                delay = min(delay * 2, 2.0)

    async def _heartbeat(self) -> None:
        """Says that the event loop turns, whether or not Redis and Postgres are there."""
        file = self.settings.heartbeat_file
        while file is not None and not self._stopping.is_set():
            file.touch()
            await _set_within(self._stopping, _HEARTBEAT_SECONDS)

    async def _relay(self) -> None:
        pool = await create_pool(self.redis, job_serializer=_dump, job_deserializer=_load)
        try:
            async with self.database.listening(channel_of(self.name), self._due.set) as is_heard:
                while not self._stopping.is_set():
                    self._due.clear()
                    if await self.ring(pool):
                        self._rung.set()
                    else:
                        await _set_within(self._due, _RELAY_SECONDS)
                    if not is_heard():
                        raise ConnectionResetError
        finally:
            await pool.aclose()

    async def ring(self, pool: ArqRedis) -> int:
        """One pass of the relay; how many jobs were rung. A crash between mark and ring only delays."""
        async with self.database.transaction() as session:
            due = await leases.due_jobs(session)
        for job_id, send in due:
            await pool.enqueue_job("run_job", str(job_id), _job_id=f"{job_id}:{send}", _queue_name=self.queue)
        return len(due)

    async def _ticks(self) -> None:
        while not self._stopping.is_set():
            async with self.database.transaction() as session:
                for daily in self.schedule:
                    await session.execute(_TICK, {"kind": daily.kind, "at": daily.at})
            await _set_within(self._stopping, 30)

    async def _consume(self) -> None:
        pool = await create_pool(self.redis, job_serializer=_dump, job_deserializer=_load)
        task: Any = self._run_job  # arq's type asks for *args
        worker = _Consumer(
            functions=[func(task, name="run_job", keep_result=0, timeout=_TASK_TIMEOUT_SECONDS, max_tries=1)],
            redis_pool=pool,
            queue_name=self.queue,
            health_check_key=f"{self.queue}:health",
            handle_signals=False,
            job_serializer=_dump,
            job_deserializer=_load,
            # A job may hold two connections for long; its heartbeat and the relay need some, too.
            max_jobs=min(8, max(1, (self.settings.pool_size - 2) // 2)),
            rung=self._rung,
            job_completion_wait=_DRAIN_SECONDS,
            log_results=False,
        )
        running = asyncio.create_task(worker.async_run())
        stopped = asyncio.create_task(self._stopping.wait())
        _log.info("worker.ready")
        try:
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            else:
                await self._drain(worker)
        finally:
            stopped.cancel()
            running.cancel()
            with suppress(asyncio.CancelledError, *_CONNECTION_ERRORS):
                await running
            try:
                with suppress(*_CONNECTION_ERRORS):
                    await worker.close()
            finally:
                await pool.aclose()  # whatever kept arq from closing it

    async def _drain(self, worker: _Consumer) -> None:
        """No new work; what runs may end within 10 s. What does not is taken over by its lease's end."""
        with suppress(asyncio.TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await worker.stop_picking()
                if worker.tasks:
                    await asyncio.wait(worker.tasks.values())

    async def _run_job(self, _: dict[str, Any], job_id: str) -> None:
        async with self.database.transaction() as session:
            lease = await leases.claim(session, UUID(job_id))
        if lease is None:
            return
        trace = continue_trace(lease.traceparent, self.spans.share if self.spans else 0)
        current_trace.set(trace)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(job_id=job_id, job_kind=lease.kind, attempt=lease.attempt)
        beat = asyncio.create_task(self._beat(lease))
        started = perf_counter()
        succeeded = False
        try:
            await self._execute(lease)
            succeeded = True
            _log.info("job.succeeded")
        except leases.LeaseLostError:
            _log.warning("job.superseded")
        except Exception as exc:  # noqa: BLE001  a job's failure is data, not the worker's end
            await self._failed(lease, exc)
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
            if self.spans:
                said: dict[str, str | int] = {"jiuye.job_id": job_id, "jiuye.attempt": lease.attempt}
                took = perf_counter() - started
                self.spans.record(trace, f"job {lease.kind}", "CONSUMER", took, said, failed=not succeeded)

    async def _execute(self, lease: leases.Lease) -> None:
        handler = self.handlers.get(lease.kind)
        if handler is None:
            raise UnknownJobKindError
        async with self.database.transaction() as session:
            result = await handler(Job(lease, session, self.database, self.settings))
            await leases.finish(session, lease, result, "PARTIAL" if isinstance(result, Partial) else "SUCCEEDED")

    async def _failed(self, lease: leases.Lease, exc: Exception) -> None:
        is_decided = isinstance(exc, DomainError | UnknownJobKindError)
        code = getattr(exc, "code", "INTERNAL")
        with suppress(*_CONNECTION_ERRORS):
            async with self.database.transaction() as session:
                state = await leases.fail(session, lease, code, final=is_decided)
            _log.error("job.failed", state=state, code=code, exc_info=exc)

    async def _beat(self, lease: leases.Lease) -> None:
        while True:
            await asyncio.sleep(leases.HEARTBEAT_SECONDS)
            with suppress(*_CONNECTION_ERRORS):
                async with self.database.transaction() as session:
                    if not await leases.heartbeat(session, lease):
                        return


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, or after so long."""
    with suppress(asyncio.TimeoutError):
        async with asyncio.timeout(seconds):  # wait_for of Python 3.11 forgets a cancellation that meets the event
            await event.wait()


class UnknownJobKindError(Exception):
    """No handler: an older worker met a newer job."""

    code = "UNKNOWN_KIND"


def _dump(value: dict[str, Any]) -> bytes:
    """JSON, never pickle: who can write to Redis must not be able to run code here."""
    return json.dumps(value, default=str).encode()


def _load(value: bytes) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(value)
    return loaded


def _give_way() -> None:
    """Who waits for an answer has the processor before who works through a file.

    Linux shares time among sessions first (autogroup, sched(7)), so a worker that leads its own gives way as a whole.
    """
    os.nice(_NICE)
    if os.getsid(0) != os.getpid():
        return
    for _ in range(_TRIES):
        try:
            Path("/proc/self/autogroup").write_text(str(_NICE))
        except BlockingIOError:  # the kernel takes one such change in a tenth of a second; other workers start, too
            sleep(0.1)
        except OSError:  # another kernel, or one without it
            return
        else:
            return


def run_worker(
    name: str,
    handlers: Mapping[str, Handler],
    schedule: Sequence[Daily] = (),
    settings: ServiceSettings | None = None,
) -> None:
    """`python -m <service>.worker`: until SIGTERM or SIGINT."""

    _give_way()

    async def main() -> None:
        read = settings or ServiceSettings()
        configure_logging(f"{name}-worker", read.log_level)
        worker = JobWorker(name, read, handlers, schedule)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        await worker.run()
        _log.info("worker.stopped")

    uvloop.run(main())
