"""Many random loans, told late and in any order: what the statements post is what the engine computes from scratch."""

import os
import random
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kit.dates import Quarter
from kit.db.engine import Database
from kit.ids import new_id
from loans_svc.batches.computation import compute_batch
from loans_svc.batches.domain import quarters_between
from loans_svc.loans.domain import Happening
from tests.loans_svc.batches.portfolio import NOW, Stored, Worth, cancel, posted, random_loan, store, tell
from tests.loans_svc.lending import Office

LOANS = int(os.environ.get("JIUYE_TEST_LOANS", "150"))
FIRST, LAST = Quarter(2023, 2), Quarter(2025, 1)


@pytest.fixture
async def owner(office: Office) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(office.infrastructure.admin_url(office.database))
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def run_batch(
    owner: asyncpg.Connection, books: Database, place: tuple[str, str], quarter: Quarter, ends: str = "PAID"
) -> dict[str, Any]:
    """A batch computed and carried to its end, as if people had done their parts."""
    batch, (bank, unit) = new_id(), place
    before = await owner.fetchval(
        "SELECT count(*) FROM loans.subsidy_batch WHERE bank = $1 AND unit = $2 AND period = $3",
        bank,
        unit,
        str(quarter),
    )
    await owner.execute(
        "INSERT INTO loans.subsidy_batch (id, bank, unit, period, sequence, state, row_version, created_by, created_at)"
        " VALUES ($1, $2, $3, $4, $5, 'PENDING', 1, 'a', $6)",
        batch, bank, unit, str(quarter), before + 1, NOW,
    )  # fmt: skip
    async with books.transaction() as tx:
        found = await compute_batch(tx, books, batch, NOW.date())
    told, stored = await owner.fetch(
        "SELECT lines::bigint, total_fen::numeric FROM loans.subsidy_batch WHERE id = $1 UNION ALL"
        " SELECT count(*), coalesce(sum(amount_fen), 0) FROM loans.subsidy_line WHERE batch_id = $1",
        batch,
    )
    assert told == stored
    await owner.execute(
        "UPDATE loans.subsidy_batch SET state = $2, submitted_by = 'a', reviewed_by = 'b', approved_by = 'c',"
        " paid_by = 'd', payment_ref = $3, rejection_reason = 'x' WHERE id = $1",
        batch, ends, str(batch),
    )  # fmt: skip
    return found


def all_worth(loans: list[Stored], known: dict[UUID, list[Happening]], until: Quarter) -> dict[UUID, Worth]:
    found = {loan.id: loan.worth(until, known[loan.id]) for loan in loans}
    return {loan: worth for loan, worth in found.items() if worth}


async def test_years_of_late_events_end_as_if_all_had_been_known(
    office: Office, owner: asyncpg.Connection, books: Database
) -> None:
    """After each quarter the sums of all signed lines are what the engine computes from scratch, to the fen."""
    dice, place = random.Random(20250701), ("bank-size", "ZZ12")
    loans = [random_loan(dice, date(2023, 4, 1), date(2025, 2, 1), date(2025, 4, 1)) for _ in range(LOANS)]
    arrivals = {loan.id: [dice.choice([-1, 0, 1, 1, 2, 3]) for _ in loan.happenings] for loan in loans}
    known: dict[UUID, list[Happening]] = {loan.id: [] for loan in loans}
    stored: set[UUID] = set()
    for number, quarter in enumerate(quarters_between(FIRST, LAST)):
        new = [
            loan
            for loan in loans
            if loan.id not in stored and Quarter.of(loan.order.disbursed_on) <= quarter and dice.random() < 0.9
        ]
        await store(owner, new, *place)
        stored |= {loan.id for loan in new}
        news: dict[UUID, list[Happening]] = {}
        for loan in loans:
            for one, delay in zip(loan.happenings, arrivals[loan.id], strict=True):
                is_due = Quarter.of(one.effective_on) <= quarter and delay <= number % 4
                if loan.id in stored and is_due and one not in known[loan.id]:
                    news.setdefault(loan.id, []).append(one)
        for loan_id, happenings in news.items():
            known[loan_id] += happenings
        await tell(owner, news, place[0])
        gone = [loan for loan in loans if loan.id in stored and not loan.cancelled and dice.random() < 0.01]
        for loan in gone:
            loan.cancelled = True
        await cancel(owner, [loan.id for loan in gone])
        if number == 4:  # a quarter that is computed, rejected, and skipped: the next one claims it
            await run_batch(owner, books, place, quarter, "REJECTED")
            continue
        await run_batch(owner, books, place, quarter)
        there = [loan for loan in loans if loan.id in stored]
        assert await posted(owner, *place) == all_worth(there, known, quarter)
    kinds = dict(await owner.fetch("SELECT kind, count(*) FROM loans.subsidy_line GROUP BY 1"))
    assert min(kinds[kind] for kind in ("CLAIM", "REVERSAL", "REPOST")) > LOANS // 10


async def test_the_order_of_arrival_does_not_matter(office: Office, owner: asyncpg.Connection, books: Database) -> None:
    """Two districts with the same loans, told in two orders at two speeds, end with the same live lines."""
    dice = random.Random(7)
    loans = [random_loan(dice, date(2023, 4, 1), date(2024, 2, 1), date(2024, 12, 1)) for _ in range(LOANS)]
    twins = [Stored(new_id(), loan.order, dice.sample(loan.happenings, len(loan.happenings))) for loan in loans]
    found = []
    for unit, these, speed in (("ZZ13", loans, 1), ("ZZ14", twins, 2)):
        place = ("bank-order", unit)
        await store(owner, these, *place)
        left = {loan.id: list(loan.happenings) for loan in these}
        for quarter in quarters_between(Quarter(2023, 3), Quarter(2024, 4)):
            is_last = quarter == Quarter(2024, 4)
            news = {
                loan: [left[loan].pop(0) for _ in range(len(left[loan]) if is_last else min(speed, len(left[loan])))]
                for loan in left
                if left[loan]
            }
            await tell(owner, news, place[0])
            await run_batch(owner, books, place, quarter)
        sums = await posted(owner, *place)
        found.append([sums.get(loan.id, {}) for loan in these])
    assert found[0] == found[1] == [loan.worth(Quarter(2024, 4)) for loan in loans]
