"""Money into the fund by two people; balances that the journal proves."""

import asyncpg
import pytest

from kit.db.engine import Database
from loans_svc.funds.service import prove_journal
from tests.loans_svc.lending import Office

DEPOSIT = {"amount": "100.00", "received_on": "2025-01-02", "bank_ref": "D-1", "evidence": "拨款凭证"}


async def test_a_deposit_counts_when_a_second_person_has_confirmed_it(office: Office) -> None:
    before = await office.figures("CITY")
    recorded = (await office.post("OFFICER", "/funds/CITY/deposits", DEPOSIT)).json()
    assert (await office.post("OFFICER", "/funds/CITY/deposits", DEPOSIT)).json()["code"] == "BANK_REF_USED"
    assert await office.figures("CITY") == before
    confirmation = f"/funds/CITY/deposits/{recorded['id']}/confirmation"
    assert (await office.post("REVIEWER", confirmation, None, "officer")).json()["code"] == "FOUR_EYES"
    assert (await office.post("REVIEWER", confirmation, None)).json()["confirmed_by"] == "reviewer"
    assert (await office.post("REVIEWER", confirmation, None)).json()["code"] == "DEPOSIT_CONFIRMED"
    after = await office.figures("CITY")
    assert float(after["balance"]) - float(before["balance"]) == 100
    assert (await office.get("OFFICER", "/funds/NONE")).json()["code"] == "FUND_NOT_FOUND"
    assert (await office.post("OFFICER", "/funds/NONE/deposits", DEPOSIT)).json()["code"] == "FUND_NOT_FOUND"


async def test_the_proof_finds_a_balance_that_the_journal_does_not_say(office: Office) -> None:
    await office.new_fund("PROOF", "500000.00")
    loan = await office.disbursed(fund="PROOF")
    await office.event(loan, "REPAYMENT", "2024-01-05", amount="1234.56")
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    owner = await asyncpg.connect(office.infrastructure.plain_url("loans_owner", office.database))
    change = "UPDATE loans.fund_account SET balance_fen = balance_fen + $1 WHERE fund = 'PROOF' AND account = 'CASH'"
    try:
        async with database.transaction() as tx:
            assert await prove_journal(tx) == {"is_sound": True, "wrong_accounts": []}
        await owner.execute(change, 1)
        async with database.transaction() as tx:
            assert await prove_journal(tx) == {"is_sound": False, "wrong_accounts": ["PROOF/CASH"]}
        await owner.execute(change, -1)
        with pytest.raises(asyncpg.CheckViolationError, match="two_accounts"):
            await owner.execute("UPDATE loans.fund_transfer SET credit = debit")
    finally:
        await owner.close()
        await database.close()


async def test_the_fund_does_not_pay_more_than_it_has(office: Office) -> None:
    await office.new_fund("POOR", "100000.00")
    loan = await office.disbursed(fund="POOR")
    answer = await office.event(loan, "COMPENSATION", "2024-05-01", amount="300000.00")
    assert (answer.status_code, answer.json()["code"]) == (409, "FUND_SHORT")
    assert (await office.get("OFFICER", f"/loans/{loan}")).json()["state"] == "DISBURSED"


async def test_funds_their_deposits_and_their_journal_can_be_looked_through(office: Office) -> None:
    await office.new_fund("SEEN", "1000000.00")
    body = {"amount": "5.00", "received_on": "2023-01-04", "bank_ref": "SEEN-2", "evidence": "拨款凭证"}
    waiting = (await office.post("OFFICER", "/funds/SEEN/deposits", body)).json()
    tomorrow = await office.post("OFFICER", "/funds/SEEN/deposits", body | {"received_on": "2199-01-01"})
    assert tomorrow.json()["errors"][0]["pointer"] == "/received_on"
    loan = await office.disbursed(fund="SEEN")
    found = (await office.get("OFFICER", "/funds")).json()["items"]
    assert await office.figures("SEEN") in found
    assert {"CITY", "SEEN"} <= {one["id"] for one in found}

    async def deposits(query: str) -> list[str]:
        answer = (await office.get("OFFICER", f"/funds/SEEN/deposits?{query}")).json()
        return [one["amount"] for one in answer["items"]]

    assert await deposits("") == ["5.00", "1000000.00"]
    assert await deposits("is_confirmed=false") == [waiting["amount"]]
    assert await deposits("is_confirmed=true") == ["1000000.00"]
    first = (await office.get("OFFICER", "/funds/SEEN/deposits?limit=1")).json()
    assert [one["amount"] for one in first["items"]] == ["5.00"]
    assert await deposits(f"limit=1&cursor={first['next']}") == ["1000000.00"]

    page, entries = "/funds/SEEN/journal?limit=2", []
    while True:
        answer = (await office.get("OFFICER", page)).json()
        entries += [(one["debit"], one["credit"], one["amount"], one["loan_id"]) for one in answer["items"]]
        if answer["next"] is None:
            break
        page = f"/funds/SEEN/journal?limit=2&cursor={answer['next']}"
    assert entries == [
        ("CASH", "CAPITAL", "1000000.00", None),
        ("RESERVED", "CONTINGENT", "300000.00", loan),
        ("GUARANTEED", "RESERVED", "300000.00", loan),
    ]
    none = await office.get("OFFICER", "/funds/SEEN/journal?booked_from=2023-01-01&booked_to=2023-02-01")
    assert none.json() == {"items": [], "next": None}
    for path in ("deposits", "journal"):
        assert (await office.get("OFFICER", f"/funds/NONE/{path}")).json()["code"] == "FUND_NOT_FOUND"
