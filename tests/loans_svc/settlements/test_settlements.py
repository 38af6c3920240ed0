"""A year's settlement: approved, paid and arrived, payer by payer, and what banks owe."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kit.clock import today
from kit.db.engine import Database
from loans_svc.rules.repository import catalogue
from loans_svc.settlements.domain import due_on
from tests.loans_svc.lending import Office
from tests.loans_svc.paying import carried

BANK = "bank-settled"
ARRIVAL = {"payer_scheme": "ZZ2022_CITY_STATE", "payer": "CENTRE", "arrived_on": "2026-01-20"}


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def settled(office: Office, query: str = "", role: str = "CITY", **rows: str) -> dict[str, Any]:
    answer = await office.get(role, f"/settlements?year={today().year}&bank={BANK}{query}", **rows)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_payer_is_settled_apart_and_a_bank_that_owes_is_named(office: Office, books: Database) -> None:
    loan = await office.disbursed(unit="ZZ04", bank=BANK)
    first = await carried(office, books, BANK, "ZZ04", "2023Q3", is_paid=True)
    await office.disbursed(unit="ZZ05", bank=BANK)
    await carried(office, books, BANK, "ZZ05", "2023Q3", is_paid=False)
    path = f"/subsidy-batches/{first}/arrivals"
    came = await office.post("BANK", path, ARRIVAL | {"amount": "700.00", "bank_ref": "S-1"}, bank=BANK)
    wrong = await office.post("BANK", path, ARRIVAL | {"amount": "53.96", "bank_ref": "S-2"}, bank=BANK)
    assert came.status_code == wrong.status_code == 201
    back = f"{path}/{wrong.json()['items'][-1]['id']}/retraction"
    await office.post("BANK", back, {"reason": "这一笔是另一批的"}, bank=BANK)

    found = await settled(office)
    # 300 000 for 47 days at 3.85 % is 1 507.92: half, a quarter, a quarter; in each of two districts.
    assert [(one["unit"], one["payer"], one["approved"], one["paid"], one["arrived"], one["missing"])
            for one in found["items"]] == [
        ("ZZ04", "CENTRE", "753.96", "753.96", "700.00", "53.96"),
        ("ZZ04", "CITY", "376.98", "376.98", "0.00", "376.98"),
        ("ZZ04", "PROVINCE", "376.98", "376.98", "0.00", "376.98"),
        ("ZZ05", "CENTRE", "753.96", "0.00", "0.00", "753.96"),
        ("ZZ05", "CITY", "376.98", "0.00", "0.00", "376.98"),
        ("ZZ05", "PROVINCE", "376.98", "0.00", "0.00", "376.98"),
    ]  # fmt: skip
    assert found["totals"] == {
        "approved": "3015.84", "paid": "1507.92", "arrived": "700.00", "missing": "2315.84", "owed": "0.00",
    }  # fmt: skip
    assert found["debts"] == []

    # All was given back on the first day: the next quarter takes back what was paid, and the bank owes it.
    await office.cancelled(loan, "2023-08-16")
    await carried(office, books, BANK, "ZZ04", "2023Q4", is_paid=False)
    again = await settled(office, "&unit=ZZ04")
    assert [(one["unit"], one["owed"]) for one in again["debts"]] == [("ZZ04", "1507.92")]
    assert again["totals"]["owed"] == "1507.92"
    assert [one["approved"] for one in again["items"]] == ["753.96", "376.98", "376.98"]

    assert (await settled(office, role="STAFF", unit="ZZ05"))["totals"]["approved"] == "1507.92"
    assert (await settled(office, "&unit=ZZ04", role="STAFF", unit="ZZ05"))["items"] == []
    assert len((await settled(office, role="BANK", bank=BANK))["items"]) == 6
    assert (await settled(office, role="BANK", bank="bank-b"))["items"] == []
    owner = await asyncpg.connect(office.infrastructure.plain_url("loans_owner", office.database))
    move = (
        "UPDATE loans.subsidy_batch SET approved_at = make_timestamptz($1, 1, 1, 0, 0, 0, 'Asia/Shanghai') + $2"
        " WHERE id = $3"
    )
    try:  # a minute after the year began in Zhengzhou, and a minute before
        for minutes, units in ((1, {"ZZ04", "ZZ05"}), (-1, {"ZZ05"})):
            await owner.execute(move, today().year, timedelta(minutes=minutes), UUID(first))
            assert {one["unit"] for one in (await settled(office))["items"]} == units
    finally:
        await owner.close()


def test_a_year_is_reported_within_twenty_days_of_its_end() -> None:
    limits = catalogue().time_limits.values()
    assert due_on(limits, 2025) == date(2026, 1, 20)
    assert due_on(limits, 2020) is None
