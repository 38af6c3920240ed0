"""A deposit that was recorded in error is taken back, before and after its confirmation."""

import asyncio
from typing import Any

from tests.loans_svc.lending import Office

BODY = {"amount": "100.00", "received_on": "2025-01-02", "bank_ref": "W-1", "evidence": "拨款凭证"}
WHY = {"reason": "金额多记了一位"}


async def record(office: Office, fund: str, **changes: str) -> str:
    answer = await office.post("OFFICER", f"/funds/{fund}/deposits", BODY | changes)
    assert answer.status_code == 201, answer.text
    return f"/funds/{fund}/deposits/{answer.json()['id']}"


async def test_what_nobody_has_confirmed_is_withdrawn_and_its_reference_is_free(office: Office) -> None:
    await office.new_fund("WDRAWN", "50.00")
    wrong = await record(office, "WDRAWN")
    done = await office.post("OFFICER", f"{wrong}/withdrawal", WHY)
    assert (done.status_code, done.json()["withdrawn_by"], done.json()["withdrawal_reason"]) == (
        200, "officer", WHY["reason"],
    )  # fmt: skip
    for step, body in (("confirmation", None), ("withdrawal", WHY)):
        assert (await office.post("REVIEWER", f"{wrong}/{step}", body)).json()["code"] == "DEPOSIT_WITHDRAWN"
    right = await record(office, "WDRAWN", amount="10.00")
    waiting = (await office.get("OFFICER", "/funds/WDRAWN/deposits?is_confirmed=false")).json()["items"]
    assert [f"/funds/WDRAWN/deposits/{one['id']}" for one in waiting] == [right]
    assert (await office.figures("WDRAWN"))["balance"] == "50.00"


async def test_a_confirmed_one_is_taken_back_by_a_third_person_as_far_as_the_money_is_there(office: Office) -> None:
    await office.new_fund("WTAKEN", "1.00")
    deposit = await record(office, "WTAKEN")
    await office.post("REVIEWER", f"{deposit}/confirmation", None)
    officer = await office.post("OFFICER", f"{deposit}/withdrawal", WHY)
    assert (officer.status_code, officer.json()["code"]) == (403, "SCOPE_MISSING")
    assert (await office.post("REVIEWER", f"{deposit}/withdrawal", WHY)).json()["code"] == "FOUR_EYES"
    assert (await office.figures("WTAKEN"))["balance"] == "101.00"
    third = await office.post("REVIEWER", f"{deposit}/withdrawal", WHY, "another-reviewer")
    assert third.status_code == 200, third.text
    assert (await office.figures("WTAKEN"))["balance"] == "1.00"
    journal: list[dict[str, Any]] = (await office.get("OFFICER", "/funds/WTAKEN/journal")).json()["items"]
    assert [(one["debit"], one["credit"], one["amount"]) for one in journal][-2:] == [
        ("CASH", "CAPITAL", "100.00"), ("CAPITAL", "CASH", "100.00"),
    ]  # fmt: skip
    again = await record(office, "WTAKEN")  # the same reference, for the money that did come
    assert again != deposit


async def test_money_that_was_spent_meanwhile_can_not_be_taken_back(office: Office) -> None:
    await office.new_fund("WSPENT", "1.00")
    deposit = await record(office, "WSPENT", amount="300000.00")
    await office.post("REVIEWER", f"{deposit}/confirmation", None)
    loan = await office.disbursed(fund="WSPENT")
    await office.event(loan, "COMPENSATION", "2024-05-01", amount="300000.00")
    short = await office.post("REVIEWER", f"{deposit}/withdrawal", WHY, "another-reviewer")
    assert (short.status_code, short.json()["code"]) == (409, "FUND_SHORT")
    assert (await office.figures("WSPENT"))["balance"] == "1.00"


async def test_two_who_take_it_back_at_once_take_it_back_once(office: Office) -> None:
    await office.new_fund("WONCE", "1000.00")
    deposit = await record(office, "WONCE")
    await office.post("REVIEWER", f"{deposit}/confirmation", None)
    answers = await asyncio.gather(
        *(office.post("REVIEWER", f"{deposit}/withdrawal", WHY, f"reviewer-{number}") for number in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (await office.figures("WONCE"))["balance"] == "1000.00"
