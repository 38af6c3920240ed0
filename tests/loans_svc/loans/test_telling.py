"""Disbursed loans reach the real targets service once each, whatever dies on the way."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import targets_svc.main
from kit.db.engine import Database
from kit.testing import Caller, serving, settings_of
from loans_svc.main import create_app
from targets_svc.seed import seed
from tests.loans_svc.lending import CONTRACT, Office

ROOT = Path(__file__).parents[3]


class Line:
    """Between worker and targets; it passes on what is asked, and can swallow the answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.swallowing = True
        self.swallowed = asyncio.Event()
        self.asked = 0
        self._carried: set[asyncio.Task[None]] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carried.add(task)
        there_in, there_out = await asyncio.open_connection("127.0.0.1", self._port)
        with suppress(OSError, asyncio.IncompleteReadError):  # the worker may be gone at any time
            await self._exchange(reader, writer, there_in, there_out)
        for end in (writer, there_out):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there_in: asyncio.StreamReader,
        there_out: asyncio.StreamWriter,
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l"))
        there_out.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + await reader.readexactly(length))
        answer = await there_in.read()
        self.asked += 1
        if self.swallowing:
            self.swallowed.set()
            await reader.read()  # until the worker is gone
        else:
            writer.write(answer)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.carry, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await asyncio.gather(*self._carried)


@pytest.fixture(scope="module")
async def told(infrastructure: Any, eligibility_url: str) -> AsyncIterator[tuple[Office, int]]:
    """An office, and the port of a real targets service."""
    database = infrastructure.new_database()
    settings = settings_of(infrastructure.service_environment("targets", database))
    store = Database(settings.database_url.get_secret_value(), schema="targets", pool_size=1)
    await seed(store)
    await store.close()
    loans = settings_of(infrastructure.service_environment("loans", database), eligibility_url=eligibility_url)
    with serving(targets_svc.main.create_app(settings)) as targets, serving(create_app(loans)) as url:
        office = Office(url, database, infrastructure, Caller(infrastructure.keys.internal_signing_key, "loans"))
        await office.deposit("CITY", "100000000.00")
        yield office, int(targets.rsplit(":", 1)[1])


@asynccontextmanager
async def working(office: Office, targets: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker process; killed at the end if it still lives."""
    environment = office.infrastructure.service_environment("loans", office.database, duty="worker")
    environment |= {"JIUYE_TARGETS_URL": targets, "PYTHONPATH": f"{ROOT / 'services'}:{ROOT}"}
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        Path(__file__).with_name("hasty_worker.py"),
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield worker
    finally:
        if worker.returncode is None:
            worker.send_signal(signal.SIGKILL)
            await worker.wait()


async def rows(office: Office, schema: str, statement: str) -> list[tuple[Any, ...]]:
    owner = await asyncpg.connect(
        office.infrastructure.plain_url(f"{schema}_owner", office.database), server_settings={"search_path": schema}
    )
    try:
        return [tuple(row) for row in await owner.fetch(statement)]
    finally:
        await owner.close()


async def until(office: Office, schema: str, statement: str, expected: list[tuple[Any, ...]]) -> None:
    async with asyncio.timeout(30):
        while await rows(office, schema, statement) != expected:
            await asyncio.sleep(0.1)


EVENTS = "SELECT state, count(*), count(DISTINCT event_id) FROM service_event WHERE source = 'loans' GROUP BY state"
JOBS = "SELECT kind, state, count(*) FROM job WHERE kind LIKE 'loans.t%targets' GROUP BY 1, 2 ORDER BY 1, 2"


async def test_each_disbursed_loan_arrives_once_though_workers_die_when_it_has_just_arrived(
    told: tuple[Office, int],
) -> None:
    office, port = told
    contract = CONTRACT | {"disbursed_on": "2017-05-15", "rule": "R2016_IND", "contract_rate": "6.3000",
                           "benchmark_rate": "4.3000"}  # fmt: skip
    loans = [
        await office.disbursed(contract, borrower_kind="INDIVIDUAL", amount="100000.00", group="GRADUATE")
        for _ in range(4)
    ]
    line = Line(port)
    async with line.listening() as url:
        async with working(office, url), asyncio.timeout(30):
            await line.swallowed.wait()  # targets has it, the worker does not know, and dies
        line.swallowing = False
        async with working(office, url):
            await until(office, "loans", JOBS, [("loans.tell_targets", "SUCCEEDED", 4)])
            assert await rows(office, "targets", EVENTS) == [("WAITING", 4, 4)]
            assert line.asked > 4
            await office.cancelled(loans[0], "2017-06-01")
            await until(
                office,
                "loans",
                JOBS,
                [("loans.take_back_targets", "SUCCEEDED", 1), ("loans.tell_targets", "SUCCEEDED", 4)],
            )
    assert sorted(await rows(office, "targets", EVENTS)) == [("RETRACTED", 1, 1), ("WAITING", 3, 3)]
    said = await rows(office, "targets", "SELECT DISTINCT unit, occurred_on::text, attributes::text FROM service_event")
    assert said == [("ZZ07", "2017-05-15", '{"group": "GRADUATE", "borrower_kind": "INDIVIDUAL"}')]
    payloads = await rows(
        office, "loans", "SELECT DISTINCT jsonb_object_keys(payload) FROM job WHERE kind LIKE '%targets'"
    )
    assert payloads == [("event_id",)]
