"""Whatever is done to the rows of a trail is found, and the first row that it touches is named (S7)."""

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from kit.audit.domain import Entry, Fault, Head, first_fault, sealed
from kit.audit.service import audit, note_head, verify
from kit.audit.sessions import SessionStatements
from kit.auth.principal import Principal
from kit.db.engine import Database
from kit.db.statements import StatementPool
from kit.telemetry.logging import configure_logging
from kit.testing import captured_log

SOMEBODY = Principal("tester", "STAFF", frozenset())
Rows = list[tuple[Entry, bytes]]
SIZE, TRIALS = int(os.environ.get("JIUYE_TEST_ROWS", "300")), 200


def trail(size: int) -> Rows:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return list(
        sealed(
            Entry(
                number, begin + timedelta(seconds=number), "a", "ADMIN", "client.change", f"client:{number}", "{}", "r"
            )
            for number in range(1, size + 1)
        )
    )


def delete(rows: Rows, at: int, _: int) -> int:
    del rows[at]
    return at + 1


def alter(rows: Rows, at: int, other: int) -> int:
    entry, digest = rows[at]
    field = ("actor", "action", "object", "detail", "request_id", "actor_kind")[other % 6]
    rows[at] = (replace(entry, **{field: getattr(entry, field) + "x"}), digest)
    return at + 1


def alter_and_seal(rows: Rows, at: int, _: int) -> int:
    """One row with a hash that fits it: the next one does not follow from it, or the head does not."""
    before = rows[at - 1][1] if at else bytes(32)
    entry = replace(rows[at][0], actor="somebody else")
    rows[at] = (entry, entry.hash(before))
    return at + 2 if at + 1 < len(rows) else at + 1


def insert(rows: Rows, at: int, _: int) -> int:
    """As a new row, with all that follow moved on by one."""
    new = replace(rows[at][0], action="nothing.happened")
    moved = [(replace(entry, seq=entry.seq + 1), digest) for entry, digest in rows[at:]]
    rows[at:] = [(new, rows[at][1]), *moved]
    return at + 1


def reorder(rows: Rows, at: int, other: int) -> int:
    other = other if other != at else (at + 1) % len(rows)
    (one, digest), (two, second) = rows[at], rows[other]
    rows[at], rows[other] = (replace(two, seq=one.seq), second), (replace(one, seq=two.seq), digest)
    return min(at, other) + 1


@pytest.mark.parametrize("tamper", [delete, alter, alter_and_seal, insert, reorder])
def test_it_is_found_and_the_first_bad_row_is_named(tamper: Callable[[Rows, int, int], int]) -> None:
    untouched = trail(SIZE)
    head = Head(SIZE, untouched[-1][1])
    assert first_fault(untouched, head) is None
    chance = random.Random(7)
    for _ in range(TRIALS // 5):
        rows = list(untouched)
        expected = tamper(rows, chance.randrange(SIZE), chance.randrange(SIZE))
        fault = first_fault(rows, head)
        assert fault is not None
        assert fault.seq == expected


@pytest.mark.parametrize("at", [0, SIZE - 1])
def test_the_ends_are_no_weaker_than_the_middle(at: int) -> None:
    untouched = trail(SIZE)
    head = Head(SIZE, untouched[-1][1])
    for tamper in (delete, alter, alter_and_seal, insert):
        rows = list(untouched)
        assert tamper(rows, at, 3) == getattr(first_fault(rows, head), "seq", None), tamper.__name__


def test_a_row_behind_the_head_is_named() -> None:
    rows = trail(3)
    assert first_fault(rows, Head(2, rows[1][1])) == Fault(3, "BEYOND_END")


async def test_both_kinds_of_transaction_write_one_trail(infrastructure: Any) -> None:
    database = infrastructure.new_database()
    url = infrastructure.url("gateway_app", database)
    pool, engine = StatementPool(url, schema="gateway"), Database(url, schema="gateway")
    try:
        async with engine.transaction() as session:
            assert await audit(SessionStatements(session), SOMEBODY, "thing.make", "thing:1", {"b": 1, "a": "乙"}) == 1
        async with pool.transaction() as tx:
            assert await audit(tx, SOMEBODY, "thing.change", "thing:1") == 2
        with pytest.raises(ZeroDivisionError):
            await _break_off(pool)
        async with engine.transaction() as session:
            head, verified, fault = await verify(SessionStatements(session))
        assert (head.seq, verified, fault) == (2, 2, None)
        async with pool.transaction() as tx:
            assert await verify(tx) == (head, 2, None)
    finally:
        await pool.close()
        await engine.close()


async def _break_off(pool: StatementPool) -> None:
    async with pool.transaction() as tx:
        await audit(tx, SOMEBODY, "thing.break", "thing:1")
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM gateway.audit_entry WHERE seq = 3", Fault(3, "MISSING")),
        ("DELETE FROM gateway.audit_entry WHERE seq = 5", Fault(5, "MISSING")),
        ("DELETE FROM gateway.audit_entry", Fault(1, "MISSING")),
        ("UPDATE gateway.audit_entry SET at = at + interval '1 us' WHERE seq = 2", Fault(2, "ALTERED")),
        ("UPDATE gateway.audit_head SET seq = 4", Fault(5, "BEYOND_END")),
        ("UPDATE gateway.audit_head SET hash = decode(repeat('00', 32), 'hex')", Fault(5, "ALTERED")),
    ],
)
async def test_what_the_owner_of_the_tables_does_is_found(
    five_entries: str, infrastructure: Any, statement: str, fault: Fault
) -> None:
    connection = await asyncpg.connect(infrastructure.plain_url("gateway_owner", five_entries))
    pool = StatementPool(infrastructure.url("gateway_app", five_entries), schema="gateway")
    changing = connection.transaction()
    await changing.start()
    try:
        await connection.execute(statement)
        await changing.commit()
        async with pool.transaction() as tx:
            _, _, found = await verify(tx)
        assert found == fault
    finally:
        await pool.close()
        await connection.close()


@pytest.fixture
async def five_entries(infrastructure: Any) -> str:
    database: str = infrastructure.new_database()
    pool = StatementPool(infrastructure.url("gateway_app", database), schema="gateway")
    for number in range(5):
        async with pool.transaction() as tx:
            await audit(tx, SOMEBODY, "thing.make", f"thing:{number}")
    await pool.close()
    return database


async def test_the_head_is_noted_where_the_database_cannot_reach_it(five_entries: str, infrastructure: Any) -> None:
    configure_logging("test")
    pool = StatementPool(infrastructure.url("gateway_app", five_entries), schema="gateway")
    try:
        with captured_log() as log:
            async with pool.transaction() as tx:
                head = await note_head(tx)
        noted = json.loads(log.getvalue().splitlines()[-1])
    finally:
        await pool.close()
    assert (noted["event"], noted["seq"], noted["hash"]) == ("audit.head", 5, head.hash.hex())
