"""Whoever can write everything can change a line, but not unseen."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from kit.db.engine import Database
from kit.ids import new_id
from loans_svc.seals.domain import Break, Fault
from loans_svc.seals.service import find_break, find_chain_break, seal_lines
from tests.loans_svc.lending import Office

LINES = 2_500
COPY = (
    "INSERT INTO loans.subsidy_line SELECT batch_id, {number}, gen_random_uuid(), story, kind, tranche, relates_to,"
    " amount_fen, days, rate_ppm, share6, numerator, denominator, reverses_batch, reverses_number, payer_scheme"
    " FROM loans.subsidy_line WHERE batch_id = $1 AND number = 7"
)
TAMPERING = [
    ("UPDATE loans.subsidy_line SET amount_fen = amount_fen + 1 WHERE batch_id = $1 AND number = 1", Fault.CHANGED, 1),
    ("UPDATE loans.subsidy_line SET payer_scheme = 'X' WHERE batch_id = $1 AND number = 1777", Fault.CHANGED, 1777),
    ("UPDATE loans.subsidy_line SET rate_ppm = NULL WHERE batch_id = $1 AND number >= 2400", Fault.CHANGED, 2400),
    ("UPDATE loans.subsidy_line SET story = 9 WHERE batch_id = $1 AND number IN (1000, 1001)", Fault.CHANGED, 1000),
    ("DELETE FROM loans.subsidy_line WHERE batch_id = $1 AND number = 1001", Fault.MISSING, 1001),
    ("DELETE FROM loans.subsidy_line WHERE batch_id = $1 AND number = 2500", Fault.MISSING, 2500),
    ("DELETE FROM loans.subsidy_line WHERE batch_id = $1", Fault.MISSING, 1),
    (COPY.format(number=2501), Fault.ADDED, 2501),
    (
        "UPDATE loans.subsidy_seal_block SET digest = sha256(digest) WHERE batch_id = $1 AND first_number = 1001",
        Fault.SEAL_CHANGED,
        None,
    ),
    ("DELETE FROM loans.subsidy_seal WHERE batch_id = $1", Fault.NOT_SEALED, None),
    ("UPDATE loans.subsidy_seal SET digest = sha256(digest) WHERE batch_id = $1", Fault.SEAL_CHANGED, None),
]


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def sealed(office: Office, books: Database) -> list[UUID]:
    """Three batches of a place, linked."""
    owner = await asyncpg.connect(office.infrastructure.admin_url(office.database))
    batches = [new_id() for _ in range(3)]
    for batch in batches:
        await owner.execute(
            "INSERT INTO loans.subsidy_line (batch_id, number, loan_id, story, kind, tranche, relates_to, amount_fen,"
            " days, rate_ppm, share6, numerator, denominator, payer_scheme)"
            " SELECT $1, n, gen_random_uuid(), 1, 'CLAIM', 'STATE', '2025Q1', n, 90, 38500, 6, n, 1, 'P'"
            " FROM generate_series(1, $2::int) n",
            batch,
            LINES,
        )
        async with books.transaction() as tx:
            sealed = await seal_lines(tx, "bank-seal", "ZZ11", batch, 1)
        assert sealed == {"P": (LINES, LINES * (LINES + 1) // 2)}
    await owner.close()
    return batches


async def found_after(office: Office, statement: str, batch: UUID) -> Break | None:
    """What is found in a transaction of the superuser that changes something and is then undone."""
    database = Database(
        office.infrastructure.admin_url(office.database).replace("postgresql:", "postgresql+asyncpg:", 1),
        schema="loans",
    )
    try:
        async with database.transaction() as tx:
            raw = (await (await tx.connection()).get_raw_connection()).driver_connection
            await find_chain_break(tx, "bank-seal", "ZZ11")
            assert raw is not None
            for one in statement.split(";"):
                await raw.execute(one, batch)
            found = await find_break(tx, batch)
            await tx.rollback()
            return found
    finally:
        await database.close()


@pytest.mark.parametrize(("statement", "fault", "number"), TAMPERING)
async def test_the_first_bad_line_is_named(
    office: Office, sealed: list[UUID], statement: str, fault: Fault, number: int | None
) -> None:
    assert await found_after(office, statement, sealed[1]) == Break(sealed[1], fault, number)


async def test_two_lines_that_changed_places_are_found(office: Office, sealed: list[UUID]) -> None:
    swap = ";".join(
        f"UPDATE loans.subsidy_line SET number = {to} WHERE batch_id = $1 AND number = {number}"
        for number, to in ((1200, 9999), (1900, 1200), (9999, 1900))
    )
    assert await found_after(office, swap, sealed[0]) == Break(sealed[0], Fault.CHANGED, 1200)


async def test_untouched_books_hold_and_a_lost_link_is_found(
    office: Office, books: Database, sealed: list[UUID]
) -> None:
    async with books.transaction() as tx:
        assert [await find_break(tx, batch) for batch in sealed] == [None, None, None]
        assert await find_chain_break(tx, "bank-seal", "ZZ11") is None
    owner = await asyncpg.connect(office.infrastructure.admin_url(office.database))
    kept = await owner.fetchrow("DELETE FROM loans.subsidy_seal WHERE batch_id = $1 RETURNING *", sealed[1])
    async with books.transaction() as tx:
        assert await find_chain_break(tx, "bank-seal", "ZZ11") == Break(sealed[2], Fault.CHAIN_BROKEN)
    assert kept is not None
    await owner.execute("INSERT INTO loans.subsidy_seal VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", *kept)
    await owner.close()


@pytest.mark.parametrize("duty", ["app", "worker"])
@pytest.mark.parametrize(
    "table", ["subsidy_line", "subsidy_seal", "subsidy_seal_block", "subsidy_transfer", "loan_segment_past"]
)
async def test_no_role_of_the_service_changes_or_deletes_money(office: Office, duty: str, table: str) -> None:
    connection = await asyncpg.connect(office.infrastructure.plain_url(f"loans_{duty}", office.database))
    try:
        column = await connection.fetchval(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'loans' AND table_name = $1"
            " ORDER BY ordinal_position LIMIT 1",
            table,
        )
        for statement in (f"UPDATE loans.{table} SET {column} = {column}", f"DELETE FROM loans.{table}",
                          f"TRUNCATE loans.{table}"):  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
