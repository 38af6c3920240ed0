"""The job pattern on real Postgres and Valkey: nothing lost, nothing doubled (reliability design R3–R7)."""

import asyncio
import gc
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import redis.asyncio
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kit.db.engine import Database
from kit.errors import NotFoundError
from kit.jobs import lease as leases
from kit.jobs.queue import cancel_job, enqueue, read_job
from kit.jobs.worker import Daily, Job, JobWorker
from kit.settings import ServiceSettings

WORKER = Path(__file__).with_name("crashing_worker.py")


@pytest.fixture(scope="module", autouse=True)
async def effects(infrastructure: Any, settings: ServiceSettings) -> None:
    """A table for effects, made by the schema's owner; a job's second effect would break its primary key silently
    no more than loudly: it is not unique, so that a double would be seen."""
    name = settings.database_url.get_secret_value().rsplit("/", 1)[1]
    owner = Database(infrastructure.url("targets_owner", name), schema="targets")
    async with owner.transaction() as session:
        await session.execute(text("CREATE TABLE targets.effect (job_id uuid, run uuid)"))
    await owner.close()


@asynccontextmanager
async def worker(settings: ServiceSettings) -> AsyncIterator["asyncio.subprocess.Process"]:
    values = settings.model_dump()
    environment = {
        f"JIUYE_{k.upper()}": v.get_secret_value() if hasattr(v, "get_secret_value") else str(v)
        for k, v in values.items()
        if v is not None
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(WORKER),
        "targets",
        env=os.environ | environment | {"PYTHONPATH": str(Path(__file__).parents[3] / "services")},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def states(database: Database, kind: str) -> dict[str, int]:
    async with database.transaction() as session:
        rows = await session.execute(
            text("SELECT state, count(*) FROM job WHERE kind = :k GROUP BY state"), {"k": kind}
        )
        return {row[0]: row[1] for row in rows}


async def until_finished(database: Database, kind: str, seconds: float = 40) -> dict[str, int]:
    async with asyncio.timeout(seconds):
        while True:
            now = await states(database, kind)
            if now and not {"PENDING", "RUNNING"} & now.keys():
                return now
            await asyncio.sleep(0.05)


async def add(database: Database, kind: str, count: int, **payload: Any) -> list[UUID]:
    async with database.transaction() as session:
        return [await enqueue(session, kind, payload, owner="tester") for _ in range(count)]


async def counted(database: Database) -> tuple[int, int]:
    async with database.transaction() as session:
        row = (await session.execute(text("SELECT count(*), count(DISTINCT job_id) FROM effect"))).one()
        return row[0], row[1]


async def test_killed_workers_and_an_emptied_redis_lose_nothing_and_double_nothing(
    database: Database, settings: ServiceSettings
) -> None:
    rng = random.Random(20170310)
    jobs = await add(database, "test.record", 90, seconds=0.02)
    bell = redis.asyncio.from_url(settings.redis_url.get_secret_value())
    for kill in range(3):
        async with worker(settings) as running:
            before = (await states(database, "test.record")).get("SUCCEEDED", 0)
            async with asyncio.timeout(20):
                while (await states(database, "test.record")).get("SUCCEEDED", 0) <= before + rng.randrange(1, 12):
                    await asyncio.sleep(0.01)
            running.send_signal(signal.SIGKILL)
            await running.wait()
        if kill == 1:
            await bell.flushall()
    await bell.aclose()
    async with worker(settings), worker(settings):
        assert await until_finished(database, "test.record") == {"SUCCEEDED": len(jobs)}
    assert await counted(database) == (len(jobs), len(jobs))


async def test_a_worker_that_slept_past_its_lease_cannot_write(database: Database, settings: ServiceSettings) -> None:
    [job] = await add(database, "test.record", 1, seconds=1)
    before, _ = await counted(database)
    async with worker(settings) as sleeper:
        await until_is(database, job, "RUNNING")
        sleeper.send_signal(signal.SIGSTOP)
        async with worker(settings):
            assert (await until_finished(database, "test.record"))["SUCCEEDED"] >= 1
            sleeper.send_signal(signal.SIGCONT)
            sleeper.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(sleeper.wait(), 15) == 0
    after, _ = await counted(database)
    assert after == before + 1


async def states_of(database: Database, job: UUID) -> str:
    async with database.transaction() as session:
        return (await read_job(session, job)).state


async def until_is(database: Database, job: UUID, state: str) -> None:
    async with asyncio.timeout(20):
        while await states_of(database, job) != state:
            await asyncio.sleep(0.02)


async def test_a_poison_job_ends_failed_and_the_others_go_on(database: Database, settings: ServiceSettings) -> None:
    [poison] = await add(database, "test.poison", 1)
    [unknown] = await add(database, "test.nobody_knows", 1)
    jobs = await add(database, "test.record", 20)
    async with worker(settings):
        assert (await until_finished(database, "test.poison")) == {"FAILED": 1}
        assert (await until_finished(database, "test.nobody_knows")) == {"FAILED": 1}
        await until_finished(database, "test.record")
    async with database.transaction() as session:
        failed = await read_job(session, poison, owner="tester")
        assert failed.problem is not None
        assert failed.problem.code == "INTERNAL"
        assert (await session.execute(text("SELECT attempts FROM job WHERE id = :i"), {"i": poison})).scalar_one() == 8
        ended = await read_job(session, unknown, owner="tester")
        assert ended.problem is not None
        assert ended.problem.code == "UNKNOWN_KIND"
        for job in jobs:
            assert (await read_job(session, job, owner="tester")).state == "SUCCEEDED"


async def test_a_job_is_read_by_its_owner_only(database: Database) -> None:
    [job] = await add(database, "test.unread", 1)
    async with database.transaction() as session:
        assert (await read_job(session, job, owner="tester")).progress.done == 0
        with pytest.raises(NotFoundError):
            await read_job(session, job, owner="stranger")


async def test_a_job_of_a_rolled_back_transaction_never_was(database: Database) -> None:
    jobs: list[UUID] = []

    async def enqueue_then_fail() -> None:
        async with database.transaction() as session:
            jobs.append(await enqueue(session, "test.unread", {}, owner="tester"))
            await session.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError):
        await enqueue_then_fail()
    async with database.transaction() as session:
        with pytest.raises(NotFoundError):
            await read_job(session, jobs[0])


async def test_a_dedupe_key_names_one_job(database: Database) -> None:
    async with database.transaction() as session:
        first = await enqueue(session, "test.unread", {}, owner="tester", dedupe_key="once")
        assert await enqueue(session, "test.unread", {}, owner="tester", dedupe_key="once") == first


async def test_a_claimed_job_is_nobody_elses_and_a_cancelled_one_is_fenced(database: Database) -> None:
    [job] = await add(database, "test.unread", 1)
    async with database.transaction() as session:
        lease = await leases.claim(session, job)
        assert lease is not None
    async with database.transaction() as session:
        assert await leases.claim(session, job) is None
        await leases.report_progress(session, lease, 3, 10)
    async with database.transaction() as session:
        assert (await read_job(session, job)).progress.model_dump() == {"done": 3, "total": 10}
        assert await cancel_job(session, job)
        assert not await cancel_job(session, job)
    async with database.transaction() as session:
        with pytest.raises(leases.LeaseLostError):
            await leases.finish(session, lease, None)
        assert not await leases.heartbeat(session, lease)


async def test_a_daily_job_is_made_once_however_many_relays_there_are(
    settings: ServiceSettings, database: Database
) -> None:
    schedule = [Daily("test.daily", time(0, 0))]
    workers = [JobWorker("nobody-listens", settings, {}, schedule) for _ in range(3)]
    for made in workers:
        made.database = database
    ticking = [asyncio.create_task(made._ticks()) for made in workers]
    async with asyncio.timeout(10):
        while not await states(database, "test.daily"):
            await asyncio.sleep(0.02)
    for made in workers:
        made.stop()
    await asyncio.gather(*ticking)
    assert await states(database, "test.daily") == {"PENDING": 1}


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's
async def test_a_worker_hears_of_a_job_at_its_commit_also_when_its_ear_was_lost(
    settings: ServiceSettings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither relay nor queue is looked at by the clock: jobs are heard of, or wait for a minute."""
    monkeypatch.setattr("kit.jobs.worker._RELAY_SECONDS", 60)
    monkeypatch.setattr("kit.jobs.worker._LOOK_SECONDS", 60)
    ears = text("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()")

    async def found_ear(other_than: int = 0) -> int:
        async with asyncio.timeout(20):
            while True:
                async with database.transaction() as session:
                    pid = await session.scalar(ears)
                if pid is not None and pid != other_than:
                    return int(pid)
                await asyncio.sleep(0.02)

    async def at_once(_: Job) -> None:
        """Nothing to do."""

    narrow = settings.model_copy(update={"pool_size": 1})  # one job at a time
    made = JobWorker("targets", narrow, {"test.heard": at_once})
    running = asyncio.create_task(made.run())
    ear = await found_ear()
    for job in await add(database, "test.heard", 5):
        await until_is(database, job, "SUCCEEDED")
    async with database.transaction() as session:
        await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": ear})
    await found_ear(other_than=ear)
    [job] = await add(database, "test.heard", 1)
    await until_is(database, job, "SUCCEEDED")
    made.stop()
    async with asyncio.timeout(5):
        await running


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's
async def test_a_worker_stopped_in_the_middle_of_a_look_at_its_queue_leaves_no_connection(
    settings: ServiceSettings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a job runs, each look finds it taken and gives up its WATCH: the worker is stopped just there."""
    redis_url = urlsplit(settings.redis_url.get_secret_value())
    at_unwatch, go_on = asyncio.Event(), asyncio.Event()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while said := await reader.read(65536):
                if b"UNWATCH" in said:
                    at_unwatch.set()
                    await go_on.wait()
                writer.write(said)
                await writer.drain()
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(redis_url.hostname, redis_url.port)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    async def until_looked_at(_: Job) -> None:
        await at_unwatch.wait()

    unclosed: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: unclosed.append(str(fault.exc_value)))
    relay = await asyncio.start_server(forward, "127.0.0.1", 0)
    through = redis_url._replace(
        netloc=redis_url.netloc.replace(f":{redis_url.port}", f":{relay.sockets[0].getsockname()[1]}")
    )
    made = JobWorker(
        "targets",
        settings.model_copy(update={"redis_url": SecretStr(through.geturl())}),
        {"test.waits": until_looked_at},
    )
    await add(database, "test.waits", 1)
    async with relay:
        running = asyncio.create_task(made.run())
        async with asyncio.timeout(20):
            await at_unwatch.wait()
        made.stop()
        asyncio.get_running_loop().call_later(0.5, go_on.set)  # Redis answers long after the worker heard it
        await running
    gc.collect()
    assert unclosed == []
