"""Many writers on one fund: never above the limit, and at every snapshot the books sum to zero and say the same.

A second in the usual run; `make test-long` lets it go on for a minute.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db.engine import Database
from kit.ids import new_id
from loans_svc.funds import domain, service
from loans_svc.funds.service import Booking
from tests.loans_svc.lending import Office

SECONDS = float(os.environ.get("JIUYE_TEST_SECONDS", "1"))
WRITERS, SNAPSHOTS = 32, 10
LIMIT = 5
# One statement is one snapshot: balances, and what the journal says they should be.
SNAPSHOT = text(
    """
    SELECT a.account, a.balance_fen,
           coalesce((SELECT sum(t.amount_fen) FROM fund_transfer t WHERE t.fund = a.fund AND t.debit = a.account), 0)
         - coalesce((SELECT sum(t.amount_fen) FROM fund_transfer t WHERE t.fund = a.fund AND t.credit = a.account), 0)
    FROM fund_account a WHERE a.fund = 'CROWD'
    """
)


def booking() -> Booking:
    return Booking(new_id(), date(2025, 1, 2), "writer", datetime.now(UTC))


class Writer:
    """Promises, lends, releases and is repaid, as it happens; knows only its own loans."""

    def __init__(self, database: Database, number: int, counted: Counter[str]) -> None:
        self._database = database
        self._dice = random.Random(number)
        self._counted = counted
        self._reserved: list[int] = []
        self._lent: list[int] = []

    async def write_until(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            async with self._database.transaction() as tx:
                self._counted[await self._step(tx)] += 1

    async def _step(self, tx: AsyncSession) -> str:
        dice = self._dice
        if self._reserved and dice.random() < 0.4:
            amount = self._reserved.pop()
            if dice.random() < 0.3:
                await service.post(tx, "CROWD", domain.release(amount), booking())
                return "released"
            lent = dice.randint(1, amount)
            await service.post(tx, "CROWD", domain.guarantee(lent, amount), booking())
            self._lent.append(lent)
            return "lent"
        if self._lent and dice.random() < 0.5:
            await service.post(tx, "CROWD", domain.relieve(self._lent.pop()), booking())
            return "repaid"
        amount = dice.randint(1_000_000, 15_000_000)
        view = await service.reserve(tx, "CROWD", amount, booking())
        if not view.assessment.may_approve:
            return "refused"
        self._reserved.append(amount)
        return "reserved"


async def test_32_writers_never_pass_the_limit_and_the_books_are_whole_at_every_snapshot(office: Office) -> None:
    await office.new_fund("CROWD", "100000.00")
    database = Database(office.infrastructure.url("loans_app", office.database), schema="loans", pool_size=WRITERS)
    watching = Database(office.infrastructure.url("loans_worker", office.database), schema="loans", pool_size=1)
    counted: Counter[str] = Counter()
    snapshots: list[dict[str, Any]] = []
    end = asyncio.get_running_loop().time() + SECONDS

    def is_over() -> bool:
        """On a busy machine a second holds few snapshots and steps: then it goes on."""
        seen = len(snapshots) > SNAPSHOTS and counted.keys() >= {"reserved", "lent", "refused"}
        return seen and asyncio.get_running_loop().time() >= end

    async def watch() -> None:
        while not is_over():
            async with watching.transaction() as tx:
                rows = (await tx.execute(SNAPSHOT)).all()
            balances = {account: balance for account, balance, _ in rows}
            assert all(balance == said for _, balance, said in rows)
            assert sum(balances.values()) == 0
            assert balances["RESERVED"] + balances["GUARANTEED"] <= LIMIT * balances["CASH"]
            snapshots.append(balances)
            await asyncio.sleep(0.02)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            for number in range(WRITERS):
                group.create_task(Writer(database, number, counted).write_until(is_over))
    finally:
        await database.close()
        await watching.close()
    used = max(one["RESERVED"] + one["GUARANTEED"] for one in snapshots)
    assert used > 0.8 * LIMIT * 100_000_00, "the limit was never near"


@pytest.mark.parametrize("statement", ["UPDATE", "DELETE", "TRUNCATE"])
async def test_who_serves_requests_can_only_add_to_the_journal(office: Office, statement: str) -> None:
    privileges = text("SELECT has_table_privilege(:role, 'loans.fund_transfer', :privilege)")
    database = Database(office.infrastructure.url("loans_app", office.database), schema="loans", pool_size=1)
    try:
        async with database.transaction() as tx:
            for role in ("loans_app", "loans_worker"):
                assert await tx.scalar(privileges, {"role": role, "privilege": statement}) is False
                assert await tx.scalar(privileges, {"role": role, "privilege": "INSERT"}) is True
    finally:
        await database.close()
