"""What a request that only reads sees: one moment, and nothing that it could change."""

import asyncio
from typing import Annotated, Any

import asyncpg
import pytest
from fastapi import Request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db import engine
from kit.db.engine import Database, Tx
from kit.http.app import service_app
from kit.http.routing import Router
from kit.testing import Caller, client, serving
from tests.kit.db.conftest import settings

_COUNT = text("SELECT count(*) FROM report")
_ADD = text(
    "INSERT INTO report (unit, year, month, revision, row_version, due_at)"
    " SELECT 'ZZ06', 2017, count(*) + 1, 1, 1, now() FROM report"
)
router = Router(prefix="/api/v1/moments", tags=["时刻"])
Reader = Annotated[Principal, requires("moments.moment.read")]


async def _counted_twice(request: Request, tx: Tx) -> int:
    """How many reports came to be seen between two statements; another transaction adds one there."""
    before = await tx.scalar(_COUNT)
    database: Database = request.app.state.database
    async with database.transaction() as other:
        await other.execute(_ADD)
    return int(await tx.scalar(_COUNT) or 0) - int(before or 0)


@router.get("", operation_id="read_moment", summary="读")
async def read_moment(principal: Reader, request: Request, tx: Tx) -> int:
    return await _counted_twice(request, tx)


@router.post("", operation_id="change_moment", summary="写")
async def change_moment(principal: Reader, request: Request, tx: Tx) -> int:
    return await _counted_twice(request, tx)


async def test_what_is_read_for_one_answer_is_of_one_moment(infrastructure: Any) -> None:
    told = settings(infrastructure, "targets", infrastructure.new_database())
    app = service_app(name="targets", title="时刻", description="", routers=[router], settings=told)
    caller = Caller(infrastructure.keys.internal_signing_key, "targets")
    with serving(app) as url:
        async with client(f"{url}/api/v1", headers=caller.headers("moments.moment.read")) as http:
            for _ in range(2):
                assert (await http.get("/moments")).json() == 0
                assert (await http.post("/moments")).json() == 1


async def test_who_reads_writes_nothing_and_leaves_the_connection_to_who_does(infrastructure: Any) -> None:
    database = Database(
        infrastructure.url("targets_app", infrastructure.new_database()), schema="targets", pool_size=1
    )  # fmt: skip
    try:
        for _ in range(2):
            with pytest.raises(DBAPIError, match="read-only"):
                async with database.transaction(is_reading=True) as session:
                    await session.execute(_ADD)
            async with database.transaction() as session:
                await session.execute(_ADD)
        async with database.transaction(is_reading=True) as session:
            assert await session.scalar(_COUNT) == 2
    finally:
        await database.close()


@pytest.mark.parametrize("quiet_seconds", [30.0, -1.0])  # by what the driver has seen; by asking the server
async def test_a_connection_that_the_server_has_ended_is_replaced_before_it_is_used(
    infrastructure: Any, monkeypatch: pytest.MonkeyPatch, quiet_seconds: float
) -> None:
    monkeypatch.setattr(engine, "_QUIET_SECONDS", quiet_seconds)
    name = infrastructure.new_database()
    database = Database(infrastructure.url("targets_app", name), schema="targets", pool_size=1)
    server = await asyncpg.connect(infrastructure.admin_url(name))
    try:
        for _ in range(2):
            async with database.transaction() as session:
                driver = (await (await session.connection()).get_raw_connection()).driver_connection
                process_id = await session.scalar(text("SELECT pg_backend_pid()"))
            assert driver is not None
            async with database.transaction() as session:
                assert await session.scalar(text("SELECT pg_backend_pid()")) == process_id
            await server.execute("SELECT pg_terminate_backend($1)", process_id)
            async with asyncio.timeout(5):
                while not driver.is_closed():
                    await asyncio.sleep(0.005)
    finally:
        await server.close()
        await database.close()
