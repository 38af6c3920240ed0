"""What waits, for whom and until when, over HTTP."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from kit.clock import today
from kit.db.engine import Database
from kit.working_days import load_calendar
from tests.loans_svc.batches.test_batches import compute, opened, step
from tests.loans_svc.lending import Office

BANK = "bank-due"


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


@pytest.fixture
async def owner(office: Office) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(office.infrastructure.plain_url("loans_owner", office.database))
    yield connection
    await connection.close()


async def waiting(office: Office, query: str = "", role: str = "OFFICER", **rows: str) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        answer = await office.get(role, f"/due-steps?bank={BANK}&limit=2{query}{cursor}", **rows)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = f"&cursor={answer.json()['next']}"


async def test_each_step_is_due_by_working_days_and_late_ones_are_found(
    office: Office, owner: asyncpg.Connection, books: Database
) -> None:
    old, new, approved = [await office.applied(unit="ZZ12", bank=BANK) for _ in range(3)]
    await office.approve(approved)
    await owner.execute("UPDATE loans.loan SET applied_at = '2026-09-28 16:30+08' WHERE id = $1", old)
    day = today()
    calendar = load_calendar()

    items = {one["loan_id"]: one for one in await waiting(office)}
    assert list(items) == [old, *sorted([new, approved])]
    late = items[old]
    assert (late["step"], late["since"], late["due_on"]) == ("DECISION", "2026-09-28", "2026-10-16")
    assert (late["is_late"], late["days_left"]) == (True, -calendar.between(date(2026, 10, 16), day))
    assert items[new]["due_on"] == calendar.add(day, 10).isoformat()
    assert (items[new]["days_left"], items[new]["is_late"]) == (10, False)
    assert (items[approved]["step"], items[approved]["step_zh"], items[approved]["days_left"]) == (
        "DISBURSEMENT", "发放贷款", 3,
    )  # fmt: skip

    for loan in (old, new, approved):
        assert (await office.get("OFFICER", f"/loans/{loan}")).json()["due_on"] == items[loan]["due_on"]
    listed = (await office.get("OFFICER", f"/loans?bank={BANK}")).json()["items"]
    assert {one["id"]: one["due_on"] for one in listed} == {loan: one["due_on"] for loan, one in items.items()}

    assert [one["loan_id"] for one in await waiting(office, "&is_late=true")] == [old]
    assert {one["loan_id"] for one in await waiting(office, "&is_late=false")} == {new, approved}
    assert [one["loan_id"] for one in await waiting(office, "&step=DISBURSEMENT")] == [approved]
    assert (
        len(await waiting(office, role="STAFF", unit="ZZ12")) == len(await waiting(office, role="BANK", bank=BANK)) == 3
    )
    assert await waiting(office, role="STAFF", unit="ZZ13") == []
    assert await waiting(office, role="BANK", bank="bank-b") == []
    assert await waiting(office, "&unit=ZZ12", role="STAFF", unit="ZZ13") == []
    for loan in (old, new, approved):
        await office.post("REVIEWER", f"/loans/{loan}/cancellation", {"reason": "借款人不再需要"})
    assert await waiting(office) == []
    assert (await office.get("OFFICER", f"/loans/{old}")).json()["due_on"] is None


async def test_a_claim_waits_for_the_bank_then_for_each_office_and_is_missed_when_nobody_begins_it(
    office: Office, owner: asyncpg.Connection, books: Database
) -> None:
    await office.disbursed(unit="ZZ14", bank=BANK)
    ended = today().replace(month=3 * ((today().month - 1) // 3) + 1, day=1) - timedelta(days=1)
    period = f"{ended.year}Q{(ended.month + 2) // 3}"
    await owner.execute("UPDATE loans.loan SET window_end = '2099-01-01' WHERE bank = $1 AND state = 'DISBURSED'", BANK)
    [missing] = await waiting(office)
    assert (missing["step"], missing["batch_id"], missing["period"], missing["unit"]) == (
        "SUBMISSION",
        None,
        period,
        "ZZ14",
    )
    assert missing["since"] == ended.isoformat()
    assert missing["due_on"] == load_calendar().add(ended, 3).isoformat()

    batch = await opened(office, "ZZ14", period, bank=BANK)
    [begun] = await waiting(office)
    assert begun == missing | {"batch_id": batch}
    await compute(books, batch)
    for role, name, then in (
        ("OFFICER", "submission", "REVIEW"), ("REVIEWER", "review", "APPROVAL"), ("CITY", "approval", "PAYMENT"),
    ):  # fmt: skip
        await step(office, role, batch, name)
        [now] = await waiting(office)
        days = 3 if then == "REVIEW" else 5
        assert (now["step"], now["batch_id"], now["days_left"]) == (then, batch, days)
    await step(office, "FINANCE", batch, "payment", {"paid_on": "2026-01-20", "payment_ref": batch})
    assert await waiting(office) == []


async def test_who_has_only_one_of_the_two_rights_is_refused(office: Office) -> None:
    answer = await office.get("CITY", "/due-steps")
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")
