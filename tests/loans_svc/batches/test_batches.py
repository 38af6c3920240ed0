"""A bank's quarters for a district: claims, late events, payers, separated duties, closed periods, a crash."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kit.db.engine import Database
from loans_svc.batches.computation import compute_batch
from tests.loans_svc.lending import CONTRACT, Office

PAYERS = {"state_scheme": "ZZ2022_CITY_STATE", "local_scheme": "ZZ2022_CITY_LOCAL"}
PAID = {"paid_on": "2025-07-18"}


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    """The worker's database connections."""
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def compute(books: Database, batch: str) -> None:
    async with books.transaction() as tx:
        await compute_batch(tx, books, UUID(batch), date(2026, 1, 5))


async def opened(office: Office, unit: str, period: str, **fields: Any) -> str:
    body = {"bank": "bank-a", "unit": unit, "period": period} | PAYERS | fields
    answer = await office.post("OFFICER", "/subsidy-batches", body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/api/v1/loans/jobs/{answer.json()['job']}"
    return str(answer.json()["id"])


async def step(office: Office, role: str, batch: str, name: str, body: Any = None, subject: str | None = None) -> Any:
    return (await office.post(role, f"/subsidy-batches/{batch}/{name}", body, subject)).json()


async def paid(office: Office, books: Database, unit: str, period: str) -> dict[str, Any]:
    """A batch of a quarter, computed, carried through and paid."""
    batch = await opened(office, unit, period)
    await compute(books, batch)
    return await carried_through(office, batch)


async def carried_through(office: Office, batch: str) -> dict[str, Any]:
    await step(office, "OFFICER", batch, "submission")
    await step(office, "REVIEWER", batch, "review")
    await step(office, "CITY", batch, "approval")
    done = await step(office, "FINANCE", batch, "payment", PAID | {"payment_ref": batch})
    assert done["state"] == "PAID", done
    found: dict[str, Any] = done
    return found


async def lines(office: Office, batch: str, bank: str = "bank-a") -> list[tuple[str, str, str, str]]:
    answer = (await office.get("BANK", f"/subsidy-batches/{batch}/lines", bank=bank)).json()
    return sorted((one["relates_to"], one["kind"], one["tranche"], one["amount"]) for one in answer["items"])


async def test_E18_a_late_prepayment_is_reversed_and_posted_again_in_the_open_period(  # noqa: N802
    office: Office, books: Database
) -> None:
    loan = await office.disbursed(unit="ZZ01")
    first = await paid(office, books, "ZZ01", "2024Q4")
    # The loan's earlier quarters, never claimed before, are posted with it.
    assert [line for line in await lines(office, first["id"]) if line[0] == "2024Q4"] == [
        ("2024Q4", "CLAIM", "STATE", "2951.67")
    ]
    second = await paid(office, books, "ZZ01", "2025Q1")
    assert await lines(office, second["id"]) == [("2025Q1", "CLAIM", "STATE", "2887.50")]
    await office.event(loan, "REPAYMENT", "2024-11-20", amount="100000.00", booked_on="2025-05-06")
    third = await paid(office, books, "ZZ01", "2025Q2")
    assert await lines(office, third["id"]) == [
        ("2024Q4", "REPOST", "STATE", "2502.50"),
        ("2024Q4", "REVERSAL", "STATE", "-2951.67"),
        ("2025Q1", "REPOST", "STATE", "1925.00"),
        ("2025Q1", "REVERSAL", "STATE", "-2887.50"),
        ("2025Q2", "CLAIM", "STATE", "1946.39"),
    ]
    assert third["total"] == "534.72"
    await live_lines_equal_the_engine(office, loan, "2025Q2")


async def live_lines_equal_the_engine(office: Office, loan: str, until: str) -> None:
    """S22: the signed lines of a loan and period sum to its value as it is known now."""
    connection = await asyncpg.connect(office.infrastructure.plain_url("loans_app", office.database))
    rows = await connection.fetch(
        "SELECT relates_to, tranche, sum(amount_fen)::bigint AS fen FROM loans.subsidy_line l"
        " JOIN loans.subsidy_batch b ON b.id = l.batch_id AND b.state <> 'REJECTED'"
        " WHERE loan_id = $1 GROUP BY relates_to, tranche",
        UUID(loan),
    )
    await connection.close()
    posted = {(row["relates_to"], row["tranche"]): row["fen"] for row in rows if row["fen"]}
    schedule = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()
    worth = {
        (line["period"], line["tranche"]): int(line["subsidy"].replace(".", ""))
        for line in schedule["lines"]
        if line["period"] <= until and line["subsidy"] != "0.00"
    }
    assert posted == worth


async def test_E16_E17_each_tranche_has_its_payers_and_they_sum_to_the_batch(  # noqa: N802
    office: Office, books: Database
) -> None:
    loan = await office.disbursed(
        CONTRACT
        | {
            "disbursed_on": "2025-01-01",
            "contract_rate": "3.1000",
            "benchmark_rate": "3.1000",
            "rule": "R2023",
            "tranches": [
                {"tranche": "STATE", "amount": "300000.00", "payer_scheme": "ZZ2022_SHANGJIE_STATE"},
                {"tranche": "LOCAL", "amount": "200000.00"},
            ],
        },
        amount="500000.00",
        unit="ZZ02",
    )
    await office.event(loan, "REPAYMENT", "2025-02-10", amount="33333.33")
    done = await paid(office, books, "ZZ02", "2025Q1")
    # Half of E16's 2 238.8889 and 1 492.5926.
    assert await lines(office, done["id"]) == [
        ("2025Q1", "CLAIM", "LOCAL", "746.30"),
        ("2025Q1", "CLAIM", "STATE", "1119.44"),
    ]
    shares = {share["payer_scheme"]: share for share in done["shares"]}
    assert shares["ZZ2022_SHANGJIE_STATE"]["payers"] == [
        {"payer": "CENTRE", "amount": "559.72"},
        {"payer": "PROVINCE", "amount": "279.86"},
        {"payer": "CITY", "amount": "167.92"},
        {"payer": "DISTRICT", "amount": "111.94"},
    ]
    assert shares["ZZ2022_CITY_LOCAL"]["payers"] == [{"payer": "CITY", "amount": "746.30"}]
    assert (done["total"], done["payable"]) == ("1865.74", "1865.74")


async def test_a_negative_batch_pays_nothing_and_is_carried_into_the_next(office: Office, books: Database) -> None:
    gone = await office.disbursed(CONTRACT | {"disbursed_on": "2024-10-01", "rule": "R2023"}, unit="ZZ03")
    await paid(office, books, "ZZ03", "2024Q4")
    await office.cancelled(gone, "2025-02-02")
    small = await office.disbursed(
        CONTRACT | {"disbursed_on": "2025-01-01", "rule": "R2023"}, unit="ZZ03", amount="100000.00"
    )
    negative = await paid(office, books, "ZZ03", "2025Q1")
    assert await lines(office, negative["id"]) == [
        ("2024Q4", "REVERSAL", "STATE", "-1475.83"),
        ("2025Q1", "CLAIM", "STATE", "481.25"),
    ]
    assert (negative["total"], negative["payable"]) == ("-994.58", "0.00")
    assert negative["shares"][0]["carried_out"] == "-994.58"
    following = await paid(office, books, "ZZ03", "2025Q2")
    assert (following["total"], following["payable"], following["shares"][0]["carried_in"]) == (
        "486.60",
        "0.00",
        "-994.58",
    )
    last = await paid(office, books, "ZZ03", "2025Q3")
    assert (last["total"], last["payable"]) == ("491.94", "0.00")
    assert last["shares"][0]["carried_out"] == "-16.04"
    await live_lines_equal_the_engine(office, small, "2025Q3")


async def test_a_rejected_batch_counts_for_nothing_and_its_period_is_claimed_again(
    office: Office, books: Database
) -> None:
    await office.disbursed(CONTRACT | {"disbursed_on": "2023-10-10", "rule": "R2023"}, unit="ZZ04")
    unpaid = await opened(office, "ZZ04", "2023Q4", state_scheme=None)
    await compute(books, unpaid)
    assert (await step(office, "OFFICER", unpaid, "submission"))["code"] == "PAYERS_MISSING"
    body = {"bank": "bank-a", "unit": "ZZ04", "period": "2023Q4"}
    assert (await office.post("OFFICER", "/subsidy-batches", body)).json()["code"] == "BATCH_EXISTS"
    later = await office.post("OFFICER", "/subsidy-batches", body | {"period": "2024Q1"})
    assert later.json()["code"] == "EARLIER_BATCH_OPEN"
    assert (await step(office, "REVIEWER", unpaid, "rejection", {"reason": "没有指定分担比例"}))["state"] == "REJECTED"
    assert (await step(office, "REVIEWER", unpaid, "rejection", {"reason": "没有指定分担比例"}))["code"] == (
        "BATCH_STATE_CONFLICT"
    )
    again = await paid(office, books, "ZZ04", "2023Q4")
    assert (again["sequence"], again["lines"]) == (2, 1)
    assert await lines(office, again["id"]) == await lines(office, unpaid)


async def test_a_period_is_closed_for_ever(office: Office, books: Database) -> None:
    await office.disbursed(unit="ZZ05")
    done = await paid(office, books, "ZZ05", "2024Q1")
    assert (await step(office, "REVIEWER", done["id"], "closing"))["state"] == "CLOSED"
    body = {"bank": "bank-a", "unit": "ZZ05", "period": "2024Q1"}
    assert (await office.post("OFFICER", "/subsidy-batches", body)).json()["code"] == "BATCH_EXISTS"
    earlier = await office.post("OFFICER", "/subsidy-batches", body | {"period": "2023Q4"})
    assert earlier.json()["code"] == "PERIOD_CLOSED"
    future = await office.post("OFFICER", "/subsidy-batches", body | {"period": "2199Q1"})
    assert future.json()["code"] == "PERIOD_NOT_OVER"
    unknown = await office.post("OFFICER", "/subsidy-batches", body | {"period": "2024Q2", "state_scheme": "NONE"})
    assert unknown.json()["errors"][0]["pointer"] == "/state_scheme"
    service = await asyncpg.connect(office.infrastructure.plain_url("loans_app", office.database))
    changed = await service.execute("UPDATE loans.subsidy_batch SET total_fen = 1 WHERE id = $1", UUID(done["id"]))
    assert changed == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("UPDATE loans.subsidy_line SET amount_fen = 1")
    await service.close()


async def test_submission_review_approval_and_payment_are_four_peoples_work(office: Office, books: Database) -> None:
    await office.disbursed(unit="ZZ06")
    batch = await opened(office, "ZZ06", "2023Q3")
    assert (await step(office, "OFFICER", batch, "submission"))["code"] == "BATCH_STATE_CONFLICT"
    await compute(books, batch)
    await step(office, "OFFICER", batch, "submission", subject="one")
    assert (await step(office, "REVIEWER", batch, "review", subject="one"))["code"] == "FOUR_EYES"
    await step(office, "REVIEWER", batch, "review", subject="two")
    for subject in ("one", "two"):
        assert (await step(office, "CITY", batch, "approval", subject=subject))["code"] == "FOUR_EYES"
    await step(office, "CITY", batch, "approval", subject="three")
    payment = PAID | {"payment_ref": "four-1"}
    assert (await step(office, "FINANCE", batch, "payment", payment, "three"))["code"] == "FOUR_EYES"
    assert (await step(office, "FINANCE", batch, "payment", payment, "four"))["paid_by"] == "four"
    path = f"/subsidy-batches/{batch}"
    assert (await office.get("BANK", path, bank="bank-a")).status_code == 200
    assert (await office.get("BANK", path, bank="bank-b")).json()["code"] == "BATCH_NOT_FOUND"
    assert (await office.get("STAFF", f"{path}/lines", unit="ZZ07")).status_code == 404
    foreign = await office.post(
        "BANK", "/subsidy-batches", {"bank": "bank-a", "unit": "ZZ06", "period": "2023Q4"}, bank="bank-b"
    )
    assert foreign.json()["code"] == "BATCH_NOT_FOUND"


async def test_batches_can_be_looked_through_by_those_who_may_see_them(office: Office, books: Database) -> None:
    await office.disbursed(unit="ZZ10")
    done = await paid(office, books, "ZZ10", "2023Q3")
    assert done["paid_at"] > done["approved_at"] > done["reviewed_at"] > done["submitted_at"]
    waits = await opened(office, "ZZ10", "2023Q4")

    async def listed(query: str, role: str = "OFFICER", **rows: str) -> list[tuple[str, str, str]]:
        answer = await office.get(role, f"/subsidy-batches?{query}", **rows)
        assert answer.status_code == 200, answer.text
        return [(one["id"], one["state"], one["total"]) for one in answer.json()["items"]]

    both = [(waits, "PENDING", "0.00"), (done["id"], "PAID", done["total"])]
    assert await listed("unit=ZZ10&bank=bank-a") == both
    assert (
        await listed("unit=ZZ10&bank=bank-a&state=PAID")
        == await listed("unit=ZZ10&bank=bank-a&period=2023Q3")
        == both[1:]
    )
    assert await listed("bank=bank-a", "STAFF", unit="ZZ10") == both
    assert await listed("unit=ZZ10", "BANK", bank="bank-a") == both
    assert await listed("unit=ZZ10", "BANK", bank="bank-b") == []
    assert await listed("bank=bank-a", "BANK", bank="bank-b") == []
    assert await listed("unit=ZZ10", "STAFF", unit="ZZ11") == []
    first = (await office.get("OFFICER", "/subsidy-batches?unit=ZZ10&bank=bank-a&limit=1")).json()
    assert await listed(f"unit=ZZ10&bank=bank-a&limit=1&cursor={first['next']}") == both[1:]


async def test_what_is_recorded_while_a_batch_is_computed_is_corrected_by_the_next(
    office: Office, books: Database
) -> None:
    """The loans were told, and the batch waits for its row: what comes then is late, and nothing of it is lost."""
    contract, bank = CONTRACT | {"disbursed_on": "2024-10-01", "rule": "R2023"}, "bank-meanwhile"
    loan = await office.disbursed(contract, unit="ZZ01", bank=bank)
    batch = await opened(office, "ZZ01", "2024Q4", bank=bank)
    owner = await asyncpg.connect(office.infrastructure.admin_url(office.database))
    async with owner.transaction():
        await owner.execute("SELECT FROM loans.subsidy_batch WHERE id = $1 FOR UPDATE", UUID(batch))
        computing = asyncio.create_task(compute(books, batch))
        async with asyncio.timeout(30):
            while not await owner.fetchval(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND $1 = ANY(pg_blocking_pids(pid))",
                owner.get_server_pid(),
            ):
                await asyncio.sleep(0.02)
        await office.event(loan, "REPAYMENT", "2024-11-20", amount="100000.00", booked_on="2025-05-06")
        late = await office.disbursed(contract, unit="ZZ01", bank=bank)
    await computing
    await owner.close()
    assert await lines(office, batch, bank) == [("2024Q4", "CLAIM", "STATE", "1475.83")]
    await carried_through(office, batch)
    following = await opened(office, "ZZ01", "2025Q1", bank=bank)
    await compute(books, following)
    assert [(quarter, kind) for quarter, kind, _, _ in await lines(office, following, bank)] == [
        ("2024Q4", "REPOST"), ("2024Q4", "REPOST"), ("2024Q4", "REVERSAL"), ("2025Q1", "CLAIM"), ("2025Q1", "CLAIM"),
    ]  # fmt: skip
    for one in (loan, late):
        await live_lines_equal_the_engine(office, one, "2025Q1")


async def test_computing_twice_changes_nothing_and_a_crash_leaves_nothing(office: Office, books: Database) -> None:
    await office.disbursed(unit="ZZ08")
    batch = await opened(office, "ZZ08", "2023Q3")

    async def dies() -> None:
        async with books.transaction() as tx:
            await compute_batch(tx, books, UUID(batch), date(2026, 1, 5))
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await dies()
    assert (await office.get("OFFICER", f"/subsidy-batches/{batch}")).json()["state"] == "PENDING"
    assert await lines(office, batch) == []
    await asyncio.gather(*(compute(books, batch) for _ in range(3)))
    found = (await office.get("OFFICER", f"/subsidy-batches/{batch}")).json()
    assert (found["state"], found["lines"], found["loans"]) == ("COMPUTED", 1, 1)
    assert len(await lines(office, batch)) == 1


async def test_the_worker_computes_what_was_asked_for(office: Office) -> None:
    await office.disbursed(unit="ZZ09")
    body = {"bank": "bank-a", "unit": "ZZ09", "period": "2023Q3"}
    accepted = await office.post("OFFICER", "/subsidy-batches", body)
    environment = office.infrastructure.service_environment("loans", office.database, duty="worker")
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "loans_svc.worker",
        env=os.environ | environment | {"PYTHONPATH": str(Path(__file__).parents[3] / "services")},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            while (job := (await office.get("OFFICER", f"/jobs/{accepted.json()['job']}")).json())["state"] in {
                "PENDING",
                "RUNNING",
            }:
                await asyncio.sleep(0.1)
    finally:
        worker.terminate()
        await worker.wait()
    assert (job["state"], job["result"]) == ("SUCCEEDED", {"batch": accepted.json()["id"], "lines": 1})
    assert (await office.get("OFFICER", f"/subsidy-batches/{accepted.json()['id']}")).json()["state"] == "COMPUTED"
    assert (await office.get("BANK", f"/jobs/{accepted.json()['job']}", bank="bank-a")).status_code == 404
