"""What is kept only for a while goes when its time is over, and nothing else."""

from sqlalchemy import text

from kit.db.engine import Database
from kit.jobs.lease import Lease
from kit.jobs.worker import KIT_HANDLERS, KIT_SCHEDULE, Job
from kit.settings import ServiceSettings

AGES = {"answers": ("6 days 23 hours", "7 days 1 hour"), "jobs": ("179 days 23 hours", "180 days 1 hour")}
ANSWER = text(
    "INSERT INTO idempotency_key (principal, route, key, fingerprint, status, headers, body, created_at)"
    " SELECT 'somebody', 'POST /x', age, '', 201, '{}', '', now() - CAST(age AS interval)"
    " FROM (SELECT CAST(:age AS text) AS age)"
)
JOB = text(
    "INSERT INTO job (id, kind, owner, payload, dedupe_key, state, created_at, finished_at)"
    " SELECT gen_random_uuid(), 'x', 'somebody', '{}', age, CAST(:state AS text), now() - CAST(age AS interval),"
    " CASE WHEN CAST(:state AS text) = 'SUCCEEDED' THEN now() - CAST(age AS interval) END"
    " FROM (SELECT CAST(:age AS text) AS age)"
)


async def test_old_answers_and_ended_jobs_are_deleted(database: Database, settings: ServiceSettings) -> None:
    async with database.transaction() as session:
        for age in AGES["answers"]:
            await session.execute(ANSWER, {"age": age})
        for age in AGES["jobs"]:
            await session.execute(JOB, {"age": age, "state": "SUCCEEDED"})
        await session.execute(JOB, {"age": "400 days", "state": "PENDING"})  # it waits still

    kind = KIT_SCHEDULE[0].kind
    async with database.transaction() as session:
        lease = Lease(id=None, token=None, kind=kind, payload={}, attempt=1, traceparent=None)  # type: ignore[arg-type]  unread
        assert await KIT_HANDLERS[kind](Job(lease, session, database, settings)) == {"answers": 1, "jobs": 1}

    async with database.transaction() as session:
        assert set(await session.scalars(text("SELECT key FROM idempotency_key"))) == {AGES["answers"][0]}
        left = await session.scalars(text("SELECT dedupe_key FROM job WHERE owner = 'somebody'"))
        assert set(left) == {AGES["jobs"][0], "400 days"}
