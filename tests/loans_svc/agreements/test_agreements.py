"""What was agreed with a bank reaches its loans: days of grace provisionally and for good, order of repayments."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import pytest

from kit.db.engine import Database
from loans_svc.agreements.domain import begins_a_period
from loans_svc.rules.domain import PeriodScheme
from loans_svc.stories.service import refresh_stories
from tests.loans_svc.batches.test_batches import compute, opened, step
from tests.loans_svc.lending import CONTRACT, Office, new_person

TERMS = {"valid_from": "2023-07-01", "grace_days": 20, "evidence": "合作协议第8号"}


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def agreed(office: Office, bank: str, **changes: Any) -> dict[str, Any]:
    entered = await office.post("OFFICER", "/bank-agreements", TERMS | {"bank": bank} | changes)
    assert entered.status_code == 201, entered.text
    done = await office.post("REVIEWER", f"/bank-agreements/{entered.json()['id']}/confirmation", None)
    assert done.status_code == 200, done.text
    found: dict[str, Any] = done.json()
    return found


async def quarter(office: Office, loan: str, period: str) -> dict[str, Any]:
    found = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()["lines"]
    return dict(next(one for one in found if one["period"] == period))


async def test_E8_an_instalment_repaid_within_the_days_of_grace_was_never_overdue(office: Office) -> None:  # noqa: N802
    """50 000 due 05-20, paid 06-05, on 200 000 at 3.85 %: overdue for 16 days, of which 20 are forgiven."""
    await agreed(office, "bank-grace")
    subsidies, histories = [], []
    for bank in ("bank-strict", "bank-grace"):
        person = new_person()
        loan = await office.disbursed(CONTRACT, bank=bank, borrower=person, amount="200000.00")
        await office.event(loan, "OVERDUE", "2024-05-20", amount="50000.00", until="2024-06-05")
        await office.event(loan, "REPAYMENT", "2024-06-05", amount="50000.00")
        subsidies.append((await quarter(office, loan, "2024Q2"))["subsidy"])
        other = await office.applied(borrower=person)
        histories.append((await office.get("REVIEWER", f"/loans/{other}/borrower-history")).json()["overdue_loans"])
        terms = (await office.get("OFFICER", f"/loans/{loan}")).json()["terms"]
        assert terms["grace_days"] == (20 if bank == "bank-grace" else None)
    # 49 days on 200 000 and 42 on 150 000; with the grace 65 days on 200 000 and 26 on 150 000.
    assert subsidies == ["1721.81", "1807.36"]
    assert histories == [1, 0]


async def test_until_the_grace_is_over_nothing_is_overdue_and_then_it_was_from_the_first_day(
    office: Office, books: Database
) -> None:
    """S8: unpaid since 12-20 with 20 days of grace; the quarter was claimed on 01-05 and is corrected in the next."""
    await agreed(office, "bank-later")
    contract = CONTRACT | {"disbursed_on": "2025-10-01", "rule": "R2023"}
    loan = await office.disbursed(contract, bank="bank-later", unit="ZZ03", amount="200000.00")
    await office.event(loan, "OVERDUE", "2025-12-20", amount="50000.00")

    async def claimed(period: str) -> list[tuple[str, str, str]]:
        batch = await opened(office, "ZZ03", period, bank="bank-later")
        await compute(books, batch)  # as of 2026-01-05
        for role, name in (("OFFICER", "submission"), ("REVIEWER", "review"), ("CITY", "approval")):
            await step(office, role, batch, name)
        await step(office, "FINANCE", batch, "payment", {"paid_on": "2026-07-18", "payment_ref": batch})
        answer = (await office.get("BANK", f"/subsidy-batches/{batch}/lines", bank="bank-later")).json()
        return sorted((one["relates_to"], one["kind"], one["amount"]) for one in answer["items"])

    # Half of 3.85 % (R2023): 92 days on 200 000; then 80 days on 200 000 and 12 on 150 000; 90 days on 150 000.
    assert await claimed("2025Q4") == [("2025Q4", "CLAIM", "983.89")]
    async with books.transaction() as tx:  # the nights after the last day of grace
        assert await refresh_stories(tx, "bank-later", "ZZ03", date(2026, 1, 9)) == 0
        assert await refresh_stories(tx, "bank-later", "ZZ03", date(2026, 1, 10)) == 1
    assert await claimed("2026Q1") == [
        ("2025Q4", "REPOST", "951.81"),
        ("2025Q4", "REVERSAL", "-983.89"),
        ("2026Q1", "CLAIM", "721.88"),
    ]


async def test_repayments_reduce_the_local_part_first_where_that_is_agreed(office: Office) -> None:
    """E16 under the other order: 33 333.33 of 300 000 + 200 000 come from the local part alone."""
    await agreed(office, "bank-local", repayment_order="LOCAL_FIRST", grace_days=0)
    contract = CONTRACT | {
        "disbursed_on": "2025-01-01",
        "rule": "R2023",
        "contract_rate": "3.1000",
        "benchmark_rate": "3.1000",
    }
    loan = await office.disbursed(contract, bank="bank-local", borrower_kind="INDIVIDUAL", amount="500000.00")
    await office.event(loan, "REPAYMENT", "2025-02-10", amount="33333.33")
    found = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()["lines"]
    left = {one["tranche"]: one["segments"][-1]["principal"] for one in found if one["period"] == "2025Q1"}
    assert left == {"STATE": "300000.00", "LOCAL": "166666.67"}


async def test_two_people_make_it_and_loans_keep_what_they_were_disbursed_under(office: Office) -> None:
    before = await office.disbursed(bank="bank-two")
    body = TERMS | {"bank": "bank-two", "grace_days": 5}
    entered = (await office.post("OFFICER", "/bank-agreements", body)).json()
    path = f"/bank-agreements/{entered['id']}/confirmation"
    waiting = await office.disbursed(bank="bank-two")
    assert (await office.post("REVIEWER", path, None, "officer")).json()["code"] == "FOUR_EYES"
    assert (await office.post("REVIEWER", path, None)).json()["confirmed_by"] == "reviewer"
    assert (await office.post("REVIEWER", path, None)).json()["code"] == "AGREEMENT_CONFIRMED"
    nobody = await office.post("REVIEWER", f"/bank-agreements/{before}/confirmation", None)
    assert nobody.json()["code"] == "AGREEMENT_NOT_FOUND"
    after = await office.disbursed(bank="bank-two")
    await agreed(office, "bank-two", grace_days=7)  # of two for one day the one confirmed last
    corrected = await office.disbursed(bank="bank-two", unit="ZZ06")
    too_early = await office.disbursed(CONTRACT | {"disbursed_on": "2023-06-30"}, bank="bank-two")
    found = [
        (await office.get("OFFICER", f"/loans/{one}")).json()["terms"]["grace_days"]
        for one in (before, waiting, after, corrected, too_early)
    ]
    assert found == [None, None, 5, 7, None]

    for change, pointer in (
        ({"valid_from": "2023-07-02"}, "/valid_from"),
        ({"valid_from": "2023-07-01", "period_scheme": "BANK20"}, "/valid_from"),
        ({"grace_days": 91}, "/grace_days"),
    ):
        wrong = await office.post("OFFICER", "/bank-agreements", body | change)
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (
        await office.post("OFFICER", "/bank-agreements", body | {"valid_from": "2023-06-21", "period_scheme": "BANK20"})
    ).status_code == 201
    own = (await office.get("BANK", "/bank-agreements", bank="bank-two")).json()["items"]
    assert [one["grace_days"] for one in own] == [5, 7, 5]
    assert (await office.get("BANK", "/bank-agreements?bank=bank-two", bank="bank-b")).json()["items"] == []
    first = (await office.get("OFFICER", "/bank-agreements?bank=bank-two&limit=2")).json()
    rest = (await office.get("OFFICER", f"/bank-agreements?bank=bank-two&limit=2&cursor={first['next']}")).json()
    assert [*first["items"], *rest["items"]] == own

    service = await asyncpg.connect(office.infrastructure.plain_url("loans_app", office.database))
    changed = await service.execute("UPDATE loans.bank_agreement SET grace_days = 90 WHERE confirmed_by IS NOT NULL")
    assert changed == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("DELETE FROM loans.bank_agreement")
    await service.close()


@pytest.mark.parametrize(
    ("day", "scheme", "begins"),
    [
        ("2025-01-01", "CAL", True), ("2025-04-01", "CAL", True), ("2025-04-02", "CAL", False),
        ("2025-12-21", "BANK20", True), ("2025-03-21", "BANK20", True), ("2025-03-20", "BANK20", False),
        ("2025-04-01", "BANK20", False), ("2025-03-21", "CAL", False),
    ],
)  # fmt: skip
def test_an_agreement_begins_with_a_period_of_its_kind(day: str, scheme: str, begins: bool) -> None:
    assert begins_a_period(date.fromisoformat(day), PeriodScheme(scheme)) is begins
