"""The counts stay exact: random steps against the pure rule, eight connections at once, and the recount itself."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kit.db.engine import Database
from kit.identifiers.documents import IdType
from targets_svc.register import repository, service
from targets_svc.register.domain import Claim, Notice, RollupKey, SlotKey, rollup, slots
from targets_svc.register.errors import AlreadyRetractedError
from targets_svc.register.evidence import Evidence
from targets_svc.register.service import Receipt, Vault
from tests.targets_svc.conftest import Targets
from tests.targets_svc.register.people import number

REPOSITORY = Path(__file__).parents[3]
NOW = datetime(2017, 12, 31, 12, tzinfo=UTC)
UNITS = ["ZZ07", "ZZ08", "ZZ11"]
INDICATORS = ["I01", "I01a", "I03"]


class Register:
    """The use cases on real connections, each in a transaction of its own."""

    def __init__(self, targets: Targets, connections: int) -> None:
        self.vault = Vault(targets.settings.key_ring)
        self.database = Database(
            targets.settings.database_url.get_secret_value(), schema="targets", pool_size=connections
        )

    async def record(self, notice: Notice) -> Receipt:
        async with self.database.transaction() as tx:
            return await service.record_event(tx, self.vault, subject="tester", own_unit=None, notice=notice, now=NOW)

    async def retract(self, event_id: UUID, at: datetime = NOW) -> bool:
        try:
            async with self.database.transaction() as tx:
                await service.retract_event(
                    tx, subject="tester", own_unit=None, event_id=event_id, reason="查实为虚假登记", now=at
                )
        except AlreadyRetractedError:
            return False
        return True

    async def check(self) -> dict[str, Any]:
        async with self.database.transaction() as tx:
            return await service.check_register(tx)

    async def counts(self) -> dict[RollupKey, int]:
        async with self.database.transaction() as tx:
            rows = await repository.list_counts(tx, 2017, None, None, 10_000)
        return {RollupKey(unit, indicator, 2017, month): n for unit, indicator, month, n in rows}


@asynccontextmanager
async def opened(targets: Targets, connections: int = 1) -> AsyncIterator[Register]:
    register = Register(targets, connections)
    try:
        yield register
    finally:
        await register.database.close()


def notice(choose: random.Random, reference: str, people: int) -> Notice:
    day = date(2017, 1, 1) + timedelta(days=choose.randrange(90))
    return Notice(
        year=2017,
        indicator=choose.choice(INDICATORS),
        unit=choose.choice(UNITS),
        event_date=day,
        source_system=choose.choice(["hr", "si"]),
        source_ref=reference,
        received_at=datetime(2017, 6, 1 + choose.randrange(4), tzinfo=UTC),
        id_type=IdType.RESIDENT_ID,
        id_number=number(choose.randrange(people)),
        name="王测试",
        evidence=Evidence(unemployed_on=date(2016, 12, 1)),
    )


def as_claim(given: Notice, event_id: UUID) -> Claim:
    person = UUID(int=int(given.id_number.replace("X", "0")))
    key = SlotKey(given.year, given.indicator, person)
    return Claim(event_id, key, given.unit, given.event_date, given.received_at, given.source_system, given.source_ref)


async def test_random_steps_leave_what_the_rule_says(targets: Targets) -> None:
    """I-1 to I-6 on Postgres: events, replays and retractions in any order, then everything retracted."""
    choose = random.Random(20170310)
    ledger: dict[UUID, Claim] = {}
    given: list[Notice] = []
    async with opened(targets) as register:
        for step in range(200):
            kind = choose.random()
            if kind < 0.6 or not given:
                given.append(notice(choose, f"s{step}", people=6))
                receipt = await register.record(given[-1])
                ledger[receipt.event_id] = as_claim(given[-1], receipt.event_id)
                assert receipt.is_new
            elif kind < 0.75:
                assert not (await register.record(choose.choice(given))).is_new
            else:
                event_id = choose.choice(list(ledger))
                was_live = ledger[event_id].is_live()
                assert await register.retract(event_id) is was_live
                if was_live:
                    ledger[event_id] = replace(ledger[event_id], retracted_at=NOW)
            if step % 20 == 19:
                assert await register.counts() == dict(rollup(slots(ledger.values()).values()))
                assert (await register.check())["is_sound"]
        for event_id, claim in ledger.items():
            if claim.is_live():
                assert await register.retract(event_id)
        assert await register.counts() == {}
        assert (await register.check())["is_sound"]


async def test_eight_connections_at_once_leave_no_wrong_cell_and_no_deadlock(targets: Targets) -> None:
    """Five writers and three retractors fight over three people."""
    recorded: list[UUID] = []
    begun = asyncio.Event()
    failures: list[str] = []
    retracted = 0

    async with opened(targets, connections=8) as register:

        async def write(writer: int) -> None:
            choose = random.Random(writer)
            for number_of_event in range(40):
                try:
                    receipt = await register.record(notice(choose, f"w{writer}-{number_of_event}", people=3))
                except DBAPIError as error:
                    failures.append(repr(error.orig))
                else:
                    recorded.append(receipt.event_id)
                    begun.set()

        async def take_back(retractor: int) -> None:
            nonlocal retracted
            choose = random.Random(retractor)
            await begun.wait()
            for _ in range(40):
                chosen = recorded[-1 - choose.randrange(min(len(recorded), 8))]
                try:
                    retracted += await register.retract(chosen)
                except DBAPIError as error:
                    failures.append(repr(error.orig))

        await asyncio.gather(*(write(n) for n in range(5)), *(take_back(n) for n in range(5, 8)))
        found = await register.check()

    assert failures == []
    assert found == {"is_sound": True, "wrong_counts": [], "wrong_count_cells": 0, "wrong_slots": 0}
    assert len(recorded) == 200
    assert retracted > 15


async def test_a_retraction_waits_for_an_event_on_its_way_and_then_sees_it(targets: Targets) -> None:
    """The holder is retracted while a later event has lost to it and is not yet committed: that one is the heir."""
    first = replace(
        notice(random.Random(1), "heir-1", people=1),
        id_number=number(600),
        event_date=date(2017, 1, 5),
        indicator="I05",
    )
    second = replace(first, event_date=date(2017, 2, 5), source_ref="heir-2")
    async with opened(targets, connections=3) as register:
        holder = await register.record(first)
        async with register.database.transaction() as tx:
            heir = await service.record_event(
                tx, register.vault, subject="tester", own_unit=None, notice=second, now=NOW
            )
            retracting = asyncio.create_task(register.retract(holder.event_id))
            await until_somebody_waits(register)
        assert await retracting
        assert (await register.check())["is_sound"]
        assert (await register.record(second)).counted
    assert (heir.counted, heir.held_by) == (False, (holder.event_id, first.unit))


async def until_somebody_waits(register: Register) -> None:
    """A connection of this database stands before a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while True:
            async with register.database.transaction() as tx:
                if await tx.scalar(waiting):
                    return
            await asyncio.sleep(0.01)


async def test_what_the_register_knew_is_counted_from_the_ledger(targets: Targets) -> None:
    """§7.4, asked again for three days."""
    person = {"id_type": IdType.RESIDENT_ID, "id_number": number(500), "name": "王测试", "source_system": "known"}
    e1 = Notice(
        year=2017, indicator="I07", unit="ZZ07", event_date=date(2017, 5, 10), source_ref="e1",
        received_at=datetime(2017, 6, 1, tzinfo=UTC), **person,
    )  # fmt: skip
    e2 = replace(
        e1, unit="ZZ08", event_date=date(2017, 3, 20), source_ref="e2", received_at=datetime(2017, 6, 15, tzinfo=UTC)
    )
    async with opened(targets) as register:
        await register.record(e1)
        second = await register.record(e2)
        await register.retract(second.event_id, at=datetime(2017, 7, 2, tzinfo=UTC))
        async with register.database.transaction() as tx:
            known = [
                await repository.counts_to_month(tx, 2017, 12, datetime(2017, month, day, tzinfo=UTC))
                for month, day in ((5, 31), (6, 10), (6, 20), (7, 3))
            ]
            in_march = await repository.counts_to_month(tx, 2017, 3, datetime(2017, 6, 20, tzinfo=UTC))
            now = await repository.counts_to_month(tx, 2017, 12, None)

    def held(counts: dict[tuple[str, str], int]) -> list[tuple[str, int]]:
        return [(unit, n) for (unit, indicator), n in counts.items() if indicator == "I07" and n]

    assert [held(counts) for counts in known] == [[], [("ZZ07", 1)], [("ZZ08", 1)], [("ZZ07", 1)]]
    assert held(in_march) == [("ZZ08", 1)]
    assert held(now) == [("ZZ07", 1)]


@pytest.fixture(scope="module")
async def worker_log(targets: Targets) -> AsyncIterator[Path]:
    """The real worker process with its own role, on the real queue; yields the file of its log."""
    log = targets.infrastructure.folder / f"{targets.database}-worker.log"
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "targets_svc.worker"),
            env=os.environ | environment | {"PYTHONPATH": "services"},
            cwd=REPOSITORY,
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(20):
            while "worker.ready" not in log.read_text():
                await asyncio.sleep(0.05)
        yield log
    finally:
        process.terminate()
        code = await asyncio.wait_for(process.wait(), 20)
    assert code == 0, log.read_text()


async def finished(account: Any, location: str) -> dict[str, Any]:
    """The job once it has ended."""
    async with asyncio.timeout(20):
        while True:
            job: dict[str, Any] = (await account.get(location.removeprefix("/api/v1/targets"))).json()
            if job["state"] not in {"PENDING", "RUNNING"}:
                return job
            await asyncio.sleep(0.05)


async def test_the_recount_finds_a_wrong_count_and_repairs_nothing(targets: Targets, worker_log: Path) -> None:
    owner = await targets.connect("targets_owner")
    try:
        async with targets.account("admin", "ADMIN") as admin, targets.staff("ZZ07") as staff:
            started = await admin.post("/register-checks", headers=admin.key())
            sound = await finished(admin, started.headers["location"])
            await owner.execute("INSERT INTO rollup VALUES ('ZZ07', 2018, 'I01', '{0,3,0,0,0,0,0,0,0,0,0,0}')")
            again = await admin.post("/register-checks")
            wrong = await finished(admin, again.headers["location"])
            hidden = await staff.get(again.headers["location"].removeprefix("/api/v1/targets"))
            refused = await staff.post("/register-checks")
        kept = await owner.fetchval("SELECT counts[2] FROM rollup WHERE year = 2018")
    finally:
        await owner.execute("DELETE FROM rollup WHERE year = 2018")
        await owner.close()

    assert (started.status_code, sound["kind"], sound["state"]) == (202, "targets.recount", "SUCCEEDED")
    assert sound["result"]["is_sound"] is True
    assert wrong["result"]["wrong_counts"] == [
        {"unit": "ZZ07", "year": 2018, "indicator": "I01", "month": 2, "ledger": 0, "rollup": 3}
    ]
    assert '"event": "register.mismatch"' in worker_log.read_text()  # noqa: ASYNC240  a small file
    assert kept == 3
    assert (hidden.status_code, refused.status_code) == (404, 403)


async def test_every_night_is_a_recount(targets: Targets, worker_log: Path) -> None:
    connection = await targets.connect()
    try:
        async with asyncio.timeout(20):
            while not await connection.fetchval(
                "SELECT count(*) FROM job WHERE kind = 'targets.recount' AND owner = 'system' AND state = 'SUCCEEDED'"
            ):
                await asyncio.sleep(0.05)
    finally:
        await connection.close()
