"""What was recorded in error is put right: with the bank's own reference, in one call, and nothing is left stuck."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from kit.db.engine import Database
from loans_svc.bank_lines.service import match_file
from tests.loans_svc.batches.test_batches import compute, opened
from tests.loans_svc.lending import CONTRACT, Office


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def kinds(office: Office, loan: str) -> list[tuple[str, str | None]]:
    events = (await office.get("OFFICER", f"/loans/{loan}")).json()["events"]
    return [(one["kind"], one["bank_ref"]) for one in events]


def last(answer: Any, kind: str) -> str:
    return str([one["id"] for one in answer.json()["events"] if one["kind"] == kind][-1])


async def test_a_wrong_amount_is_put_right_in_one_call_under_the_same_reference(office: Office) -> None:
    await office.new_fund("RIGHT", "1000000.00")
    loan = await office.disbursed(fund="RIGHT")
    ref = secrets.token_hex(6)
    wrong = await office.event(loan, "REPAYMENT", "2024-01-05", amount="300000.00", bank_ref=ref)
    assert wrong.json()["state"] == "CLOSED"
    right = await office.event(
        loan, "REPAYMENT", "2024-01-05", amount="30000.00", bank_ref=ref, retracts=last(wrong, "REPAYMENT")
    )
    assert (right.status_code, right.json()["state"], right.json()["outstanding"]) == (201, "DISBURSED", "270000.00")
    assert (await kinds(office, loan))[-5:] == [
        ("REPAYMENT", ref), ("SETTLED", None), ("RETRACTION", None), ("REPAYMENT", ref), ("REOPENED", None),
    ]  # fmt: skip
    assert (await office.figures("RIGHT"))["outstanding"] == "270000.00"
    again = await office.event(
        loan, "REPAYMENT", "2024-01-05", amount="1.00", bank_ref=ref, retracts=last(wrong, "REPAYMENT")
    )
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "NOT_RETRACTABLE")
    other_kind = await office.event(loan, "STOP", "2024-02-01", retracts=last(right, "REPAYMENT"))
    assert other_kind.json()["errors"][0]["pointer"] == "/retracts"
    twin = await office.event(loan, "REPAYMENT", "2024-01-06", amount="1.00", bank_ref=ref)
    assert twin.json()["code"] == "BANK_REF_USED"
    assert (await office.get("OFFICER", f"/loans/{loan}")).json()["outstanding"] == "270000.00"


async def test_an_overdue_sum_that_was_repaid_gets_its_end_and_then_its_repayment(office: Office) -> None:
    """Told as it happened: unpaid on the 10th, paid on the 25th, then the rest of the loan."""
    loan = await office.disbursed()
    ref = secrets.token_hex(6)
    told = await office.event(loan, "OVERDUE", "2024-02-10", amount="50000.00", bank_ref=ref)
    stuck = await office.event(loan, "REPAYMENT", "2024-02-25", amount="300000.00")
    [fault] = stuck.json()["errors"]
    assert (stuck.status_code, fault["pointer"], fault["code"]) == (422, "/amount", "OVERDUE_EXCEEDS_BALANCE")
    assert "retracts" in fault["message"]
    ended = await office.event(
        loan, "OVERDUE", "2024-02-10", amount="50000.00", until="2024-02-25", bank_ref=ref,
        retracts=last(told, "OVERDUE"),
    )  # fmt: skip
    assert ended.status_code == 201, ended.text
    done = await office.event(loan, "REPAYMENT", "2024-02-25", amount="300000.00")
    assert (done.status_code, done.json()["state"]) == (201, "CLOSED")
    lines = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()["lines"]
    # 40 days on 300 000, 15 days on 250 000, at 3.85 %.
    assert (lines[-1]["period"], lines[-1]["subsidy"]) == ("2024Q1", "1684.38")


async def test_a_disbursement_in_error_is_cancelled_and_its_reference_names_the_right_loan(office: Office) -> None:
    ref = secrets.token_hex(6)
    wrong = await office.disbursed(CONTRACT | {"bank_ref": ref, "contract_rate": "3.5800"})
    await office.cancelled(wrong, "2023-08-16")
    right = await office.disbursed(CONTRACT | {"bank_ref": ref})
    assert (await kinds(office, right))[-1] == ("DISBURSEMENT", ref)
    third = await office.applied()
    await office.approve(third)
    refused = await office.post("OFFICER", f"/loans/{third}/disbursement", CONTRACT | {"bank_ref": ref})
    assert (refused.status_code, refused.json()["code"]) == (409, "BANK_REF_USED")


async def test_a_banks_file_means_the_loan_that_has_the_reference_now(office: Office, books: Database) -> None:
    ref, bank = "HT-2023-77", "bank-ref"
    wrong = await office.disbursed(CONTRACT | {"bank_ref": ref}, unit="ZZ02", bank=bank)
    await office.cancelled(wrong, "2023-08-16")
    await office.disbursed(CONTRACT | {"bank_ref": ref}, unit="ZZ02", bank=bank)
    batch = await opened(office, "ZZ02", "2023Q3", bank=bank)
    await compute(books, batch)
    # 300 000 for 47 days at 3.85 % is 1 507.92.
    content = f"贷款编号,贴息金额\n{ref},1507.92".encode()
    async with office.account("BANK", bank=bank) as client:
        answer = await client.post(f"/subsidy-batches/{batch}/bank-lines", files={"file": ("claim", content)})
        async with books.transaction() as tx:
            await match_file(tx, UUID(answer.json()["id"]))
        found = (await client.get(f"/subsidy-batches/{batch}/bank-lines")).json()
    assert (found["state"], found["matched"], found["causes"]) == ("MATCHED", 1, {})


async def test_of_many_who_use_a_freed_reference_at_once_one_passes(office: Office) -> None:
    loan, ref = await office.disbursed(), secrets.token_hex(6)
    wrong = await office.event(loan, "REPAYMENT", "2024-01-05", amount="1.00", bank_ref=ref)
    await office.event(loan, "RETRACTION", "2024-01-05", retracts=last(wrong, "REPAYMENT"))
    others = [await office.disbursed() for _ in range(4)]
    answers = await asyncio.gather(
        *(office.event(one, "REPAYMENT", "2024-01-05", amount="2.00", bank_ref=ref) for one in others)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
