"""A file on its way in: what is stored of it meanwhile, and that nothing stays of one that never came whole."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from kit.db.engine import Database
from kit.ids import new_id
from targets_svc.event_uploads import repository
from tests.targets_svc.conftest import Targets
from tests.targets_svc.event_uploads.files import as_csv, ended, upload, working_here
from tests.targets_svc.register.people import event

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
LARGE = as_csv([event(n % 900, "ZZ07", "2017-02-10", source_system="large") for n in range(30_000)])


@pytest.fixture
async def connection(targets: Targets) -> AsyncIterator[asyncpg.Connection]:
    opened = await targets.connect()
    yield opened
    await opened.close()


async def parts(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM event_upload_part"))


async def until(connection: asyncpg.Connection, wanted: int) -> None:
    async with asyncio.timeout(20):
        while await parts(connection) != wanted:
            await asyncio.sleep(0.02)


async def test_who_breaks_off_leaves_nothing_and_holds_no_connection_meanwhile(
    targets: Targets, connection: asyncpg.Connection
) -> None:
    goes_on = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield HEAD + LARGE[:2_500_000]
        await goes_on.wait()
        raise httpx.WriteError("the line is cut")

    async with targets.staff("ZZ07") as staff:
        sending = asyncio.create_task(staff.post("/event-uploads", content=half(), headers=FORM))
        await until(connection, 2)
        sealed = b"".join(row["sealed"] for row in await connection.fetch("SELECT sealed FROM event_upload_part"))
        held = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'targets-service' AND state <> 'idle'"
        )
        goes_on.set()
        with pytest.raises(httpx.TransportError):
            await sending
        await until(connection, 0)
        listed = (await staff.get("/event-uploads")).json()["items"]
    assert len(sealed) > 2_000_000
    assert b"ZZ07" not in sealed
    assert held == 0
    assert listed == []


async def test_what_is_refused_leaves_nothing(targets: Targets, connection: asyncpg.Connection) -> None:
    content = as_csv([event(1, "ZZ07", "2017-02-10")])
    async with working_here(targets), targets.staff("ZZ07") as staff, targets.city() as city:
        assert (await ended(staff, await upload(staff, content)))["state"] == "SUCCEEDED"
        again = await upload(staff, content)
        mode = await upload(staff, LARGE, mode="SOME", dry_run="perhaps")
        half = await staff.post("/event-uploads", content=HEAD + LARGE, headers=FORM)
        stranger = await upload(city, LARGE)
        left = await parts(connection)
    assert (again.status_code, again.json()["code"]) == (409, "UPLOAD_REPEATED")
    assert (mode.status_code, mode.json()["code"]) == (422, "FORM_INVALID")
    assert [error["pointer"] for error in mode.json()["errors"]] == ["/mode", "/dry_run"]
    assert (half.status_code, half.json()["code"]) == (422, "FORM_INVALID")
    assert stranger.status_code == 403
    assert left == 0


def made(days_ago: int) -> UUID:
    """An id of version 7 of that day."""
    milliseconds = int((datetime.now(UTC) - timedelta(days=days_ago)).timestamp() * 1000)
    return UUID(int=milliseconds << 80 | new_id().int & (1 << 80) - 1)


async def test_what_a_dead_service_had_received_is_cleared_a_day_later(
    targets: Targets, connection: asyncpg.Connection
) -> None:
    """As are files of uploads that ended without their job's last word; one that is received now stays."""
    old, now, failed = made(2), made(0), made(3)
    for part in (old, now, failed):
        await connection.execute("INSERT INTO event_upload_part VALUES ($1, 0, 'x')", part)
    await connection.execute(
        "INSERT INTO job (id, kind, owner, payload, state, finished_at) VALUES ($1, 'x', 'x', '{}', 'FAILED', now())",
        failed,
    )
    await connection.execute(
        "INSERT INTO event_upload (upload_id, owner, format, mode, is_dry_run, file_sha256, file_bytes, received_at)"
        " VALUES ($1, 'x', 'CSV', 'VALID_ROWS', false, '', 1, now())",
        failed,
    )
    environment: dict[str, Any] = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    database = Database(environment["JIUYE_DATABASE_URL"], schema="targets", pool_size=1)
    async with database.transaction() as tx:
        forgotten = await repository.forget_old(tx)
    await database.close()
    left = [row["upload_id"] for row in await connection.fetch("SELECT upload_id FROM event_upload_part")]
    assert forgotten == {"parts": 2, "batches": 0}
    assert left == [now]
