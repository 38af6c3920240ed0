"""Money booked wrongly is taken back step by step; the loan and the books of the fund stand where they stood."""

from typing import Any

from kit.db.engine import Database
from loans_svc.funds.service import prove_journal
from tests.loans_svc.lending import Office


def last(answer: Any, kind: str) -> str:
    assert answer.status_code == 201, answer.text
    return str([event["id"] for event in answer.json()["events"] if event["kind"] == kind][-1])


async def test_compensation_recovery_and_write_off_are_taken_back_in_their_order(office: Office) -> None:
    await office.new_fund("RETRACT", "2000000.00")
    loan = await office.disbursed(fund="RETRACT")
    states = [await office.figures("RETRACT")]
    paid = last(await office.event(loan, "COMPENSATION", "2024-05-01", amount="300000.00"), "COMPENSATION")
    back = last(await office.event(loan, "RECOVERY", "2024-06-01", amount="50000.00"), "RECOVERY")
    gone = await office.event(loan, "WRITE_OFF", "2024-07-01", amount="250000.00")
    assert gone.json()["state"] == "WRITTEN_OFF"

    early = await office.event(loan, "RETRACTION", "2024-05-01", retracts=paid)
    assert (early.status_code, early.json()["errors"][0]) == (
        422,
        {
            "pointer": "/retracts",
            "code": "EXCEEDS_RECEIVABLE",
            "message": "金额超过代偿后尚未收回的金额；已追偿、核销的，请先撤销。",
        },
    )
    undone = await office.event(loan, "RETRACTION", "2024-07-01", retracts=last(gone, "WRITE_OFF"))
    assert (undone.json()["state"], undone.json()["receivable"]) == ("COMPENSATED", "250000.00")
    undone = await office.event(loan, "RETRACTION", "2024-06-01", retracts=back)
    assert (undone.json()["state"], undone.json()["receivable"]) == ("COMPENSATED", "300000.00")
    undone = await office.event(loan, "RETRACTION", "2024-05-01", retracts=paid)
    assert (undone.json()["state"], undone.json()["receivable"], undone.json()["outstanding"]) == (
        "DISBURSED",
        "0.00",
        "300000.00",
    )
    assert [event["kind"] for event in undone.json()["events"]][-2:] == ["RETRACTION", "REOPENED"]
    assert undone.json()["terms"]["subsidised_until"] == "2026-08-15"
    states.append(await office.figures("RETRACT"))
    assert states[0] == states[1]

    again = await office.event(loan, "REPAYMENT", "2024-08-01", amount="300000.00")
    assert again.json()["state"] == "CLOSED"
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    async with database.transaction() as tx:
        assert (await prove_journal(tx))["is_sound"]
    await database.close()


async def test_what_the_fund_has_spent_meanwhile_can_not_leave_it_again(office: Office) -> None:
    await office.new_fund("SPENT", "600000.00")
    first, second = await office.disbursed(fund="SPENT"), await office.disbursed(fund="SPENT")
    await office.event(first, "COMPENSATION", "2024-05-01", amount="300000.00")
    back = last(await office.event(first, "RECOVERY", "2024-06-01", amount="300000.00"), "RECOVERY")
    await office.event(second, "COMPENSATION", "2024-06-02", amount="300000.00")
    third = await office.event(first, "RETRACTION", "2024-06-01", retracts=back)
    assert third.status_code == 201  # 300 000 were left
    assert (await office.figures("SPENT"))["balance"] == "0.00"
