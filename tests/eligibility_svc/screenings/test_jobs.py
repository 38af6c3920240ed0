"""The job as a worker runs it: ended in the middle, run again, and cleaned up after."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from eligibility_svc.screenings.domain import PART_ROWS
from eligibility_svc.screenings.jobs import purge_screenings, screen_register
from eligibility_svc.screenings.schemas import ScreeningCreate
from eligibility_svc.screenings.service import Question, Register, begin_screening
from kit.db.engine import Database
from kit.jobs import lease as leases
from kit.jobs.worker import Job
from kit.settings import ServiceSettings
from kit.testing import settings_of

ROWS = PART_ROWS + 3


@pytest.fixture(scope="module")
def settings(infrastructure: Any) -> ServiceSettings:
    environment = infrastructure.service_environment("eligibility", infrastructure.new_database(), duty="worker")
    return settings_of(environment)


@pytest.fixture(scope="module")
async def database(settings: ServiceSettings) -> AsyncIterator[Database]:
    made = Database(settings.database_url.get_secret_value(), schema="eligibility")
    yield made
    await made.close()


async def begin(database: Database, folder: Path) -> tuple[UUID, UUID]:
    file = folder / "register"
    file.write_text("退役\n" + "是\n" * ROWS, encoding="utf-8")
    asked = ScreeningCreate.model_validate(
        {"subject": "PERSON", "columns": {"退役": "is_veteran"}, "as_of": "2018-09-01"}
    )
    assert asked.as_of is not None
    question = Question(asked.as_of, asked.as_of, ("veteran-support", "startup-grant"))
    request = asked.model_dump(include={"subject", "columns", "reference", "district"})
    async with database.transaction() as tx:
        row = await begin_screening(tx, "city", Register(file, request, question))
        return row.id, row.job_id


async def run(database: Database, settings: ServiceSettings, lease: leases.Lease) -> None:
    async with database.transaction() as session:
        result = await screen_register(Job(lease, session, database, settings))
        await leases.finish(session, lease, result)


async def claimed(database: Database, job_id: UUID) -> leases.Lease:
    async with database.transaction() as tx:
        # The lease of a worker that died has run out.
        await tx.execute(text("UPDATE job SET lease_until = clock_timestamp() WHERE id = :id"), {"id": job_id})
    async with database.transaction() as tx:
        lease = await leases.claim(tx, job_id)
    assert lease is not None
    return lease


async def parts(database: Database, screening_id: UUID) -> list[tuple[int, str]]:
    query = text("SELECT position, xmin::text FROM screening_part WHERE screening_id = :id ORDER BY position")
    async with database.transaction() as tx:
        return [(row.position, row.xmin) for row in await tx.execute(query, {"id": screening_id})]


async def test_a_run_that_is_ended_leaves_its_parts_and_the_next_one_makes_the_rest(
    database: Database, settings: ServiceSettings, tmp_path: Path
) -> None:
    screening_id, job_id = await begin(database, tmp_path)
    first = asyncio.create_task(run(database, settings, await claimed(database, job_id)))
    async with asyncio.timeout(30):
        while not (done := await parts(database, screening_id)):
            await asyncio.sleep(0.005)
    first.cancel()
    await asyncio.wait({first})
    await run(database, settings, await claimed(database, job_id))
    after = await parts(database, screening_id)
    assert [position for position, _ in after] == [0, 1]
    assert after[: len(done)] == done, "a part that was stored is not made again"
    async with database.transaction() as tx:
        row = (await tx.execute(text("SELECT screened, rejected, counts FROM screening"))).one()
        kinds = list(await tx.scalars(text("SELECT DISTINCT kind FROM screening_file_piece")))
    assert (row.screened, row.rejected) == (ROWS, 0)
    assert row.counts["veteran-support"]["NONE"][2] == ROWS, json.dumps(row.counts)
    assert kinds == ["RESULTS"], "the upload is not kept"


async def test_old_screenings_go_with_all_their_rows(database: Database, settings: ServiceSettings) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE screening SET created_at = now() - interval '31 days'"))
        lease = leases.Lease(UUID(int=1), UUID(int=2), "purge", {}, 1, None)
        assert await purge_screenings(Job(lease, tx, database, settings)) == {"deleted": 1}
    async with database.transaction() as tx:
        left = await tx.scalar(
            text("SELECT (SELECT count(*) FROM screening_part) + (SELECT count(*) FROM screening_file_piece)")
        )
    assert left == 0
