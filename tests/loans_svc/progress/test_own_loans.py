"""Who has the document and the name learns how the loan stands; nobody else learns whether there is one."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import pytest

from kit.db.engine import Database
from kit.working_days import load_calendar
from loans_svc.loans.domain import State
from loans_svc.progress.domain import Standing, tell, tell_subsidy
from loans_svc.time_limits.domain import Due
from tests.loans_svc.lending import Office, new_person
from tests.loans_svc.paying import carried

DUE = Due(date(2026, 11, 25), 3, is_late=False)


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def found(office: Office, person: dict[str, Any], role: str = "KIOSK", **rows: str) -> list[dict[str, Any]]:
    answer = await office.post(role, "/loan-searches", {"borrower": person}, **rows)
    assert answer.status_code == 200, answer.text
    assert person["id_number"] not in answer.text
    assert person["name"] not in answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_the_borrower_follows_the_loan_from_application_to_the_last_fen(office: Office, books: Database) -> None:
    person = new_person()
    loan = await office.applied(borrower=person, unit="ZZ10", bank="bank-own")
    [told] = await found(office, person)
    day = date.fromisoformat(told["due_on"])
    assert (told["id"], told["state_zh"], told["is_own"], told["is_late"]) == (loan, "待审批", False, False)
    assert told["message_zh"] == "您的贷款申请正在审批"
    assert told["next_step_zh"] == f"请等待审批，最迟{day.year}年{day.month}月{day.day}日办结。"
    assert day == load_calendar().add(date.fromisoformat(told["applied_on"]), 10)
    assert (told["subsidy_paid"], told["subsidy_to_come"], told["subsidy_zh"]) == ("0.00", "0.00", None)

    await office.approve(loan)
    assert (await found(office, person))[0]["message_zh"] == "您的贷款已获批准，等待银行发放"
    contract = {
        "disbursed_on": "2023-08-15", "contract_rate": "3.8500", "benchmark_rate": "3.5500", "rule": "R2022_HENAN_IND",
        "evidence": "借款合同", "bank_ref": "OWN-1",
    }  # fmt: skip
    await office.post("OFFICER", f"/loans/{loan}/disbursement", contract)
    lines = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()
    await carried(office, books, "bank-own", "ZZ10", "2023Q3")
    [told] = await found(office, person)
    # 300 000 for 47 days at 3.85 % is 1 507.92; the rest is what the loan's own lines say.
    assert told["subsidy_paid"] == "1507.92"
    assert round(float(told["subsidy_to_come"]) + 1507.92, 2) == float(lines["total"])
    assert told["subsidy_zh"] == f"财政已拨付贴息1507.92元，预计还有{told['subsidy_to_come']}元。"
    assert (told["matures_on"], told["next_step_zh"]) == (
        "2026-08-15", "请按合同还款，最迟2026年8月15日还清；逾期部分不享受贴息。",
    )  # fmt: skip

    late = (await office.event(loan, "OVERDUE", "2024-02-10", amount="1000.00")).json()["events"][-1]["id"]
    [told] = await found(office, person)
    assert (told["is_overdue"], told["message_zh"]) == (True, "您的贷款有逾期未还的本金")
    await office.event(loan, "RETRACTION", "2024-02-10", retracts=late)
    await office.event(loan, "REPAYMENT", "2024-03-01", amount="300000.00")
    [told] = await found(office, person)
    assert (told["state"], told["is_overdue"]) == ("CLOSED", False)
    assert told["message_zh"] == "您的贷款已经结清"


async def test_a_stranger_learns_nothing_and_who_serves_the_public_finds_all(office: Office) -> None:
    person, nobody = new_person(), new_person()
    here = await office.applied(borrower=person, unit="ZZ08", bank="bank-a")
    there = await office.applied(borrower=person, unit="ZZ09", bank="bank-b")
    assert [one["id"] for one in await found(office, person)] == [there, here]
    in_a_hall = await found(office, person, unit="ZZ01")
    assert [one["id"] for one in in_a_hall] == [there, here]  # a kiosk stands in one district and serves all
    assert [one["id"] for one in await found(office, person, "STAFF", unit="ZZ08")] == [here]
    assert [one["id"] for one in await found(office, person, "BANK", bank="bank-b")] == [there]
    assert all(one["is_own"] for one in await found(office, person, "OFFICER"))
    wrong_name, no_loan = person | {"name": "李测试"}, nobody
    answers = [await office.post("KIOSK", "/loan-searches", {"borrower": one}) for one in (wrong_name, no_loan)]
    assert answers[0].json() == answers[1].json() == {"items": []}
    full_width = person | {"name": " 王测试 "}
    assert len(await found(office, full_width)) == 2
    broken = await office.post("KIOSK", "/loan-searches", {"borrower": person | {"id_number": "41019"}})
    assert (broken.status_code, broken.json()["errors"][0]["pointer"]) == (422, "/borrower/id_number")
    refused = await office.post("REVIEWER", "/loan-searches", {"borrower": person})
    assert refused.status_code == 403


async def test_neither_number_nor_name_is_stored_in_the_clear(office: Office) -> None:
    person = new_person()
    loan = await office.applied(borrower=person)
    owner = await asyncpg.connect(office.infrastructure.plain_url("loans_owner", office.database))
    try:
        row = await owner.fetchval("SELECT CAST(l AS text) FROM loans.loan l WHERE id = $1", loan)
    finally:
        await owner.close()
    assert person["id_number"] not in row
    assert person["name"] not in row


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("due", [None, DUE, Due(date(2026, 11, 2), -14, is_late=True)], ids=["none", "due", "late"])
@pytest.mark.parametrize("is_overdue", [True, False])
def test_every_state_is_told_shortly_and_without_a_latin_letter(
    state: State, due: Due | None, is_overdue: bool
) -> None:
    standing = Standing(state, due, date(2028, 1, 10), is_overdue, 157_500, 937_500)
    told = tell(standing)
    assert len(told.message) <= 40
    assert len(told.next_step) <= 60
    said = f"{told.message}{told.next_step}{tell_subsidy(standing) or ''}"
    assert not any(letter.isascii() and letter.isalpha() for letter in said)


def test_late_and_nothing_more_to_come_are_said() -> None:
    late = Standing(State.APPLIED, Due(date(2026, 11, 2), -14, is_late=True), None, False, 0, 0)
    assert tell(late).next_step == "审批已超过办理时限，请拨打12333催办。"
    over = Standing(State.CLOSED, None, None, False, 157_500, 0)
    assert tell_subsidy(over) == "财政已拨付贴息1575.00元，以后不再有贴息。"
