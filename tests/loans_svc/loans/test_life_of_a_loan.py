"""Application to closing: the worked examples on stored loans, second persons, the transition table, the books."""

import asyncio
import itertools
from typing import Any

import asyncpg
import pytest

from tests.loans_svc.lending import APPLICATION, CONTRACT, Office, new_person


def lines(answer: dict[str, Any], *periods: str) -> list[list[str]]:
    return [
        [line["period"], line["tranche"], line["subsidy"]]
        for line in answer["lines"]
        if not periods or line["period"] in periods
    ]


async def test_E16_a_prepayment_reduces_two_tranches_pro_rata(office: Office) -> None:  # noqa: N802  the example's number
    loan = await office.disbursed(
        CONTRACT
        | {
            "disbursed_on": "2023-06-01",
            "contract_rate": "3.1000",
            "benchmark_rate": "3.1000",
            "tranches": [
                {"tranche": "STATE", "amount": "300000.00", "payer_scheme": "ZZ2022_CITY_STATE"},
                {"tranche": "LOCAL", "amount": "200000.00", "payer_scheme": "ZZ2022_CITY_LOCAL"},
            ],
        },
        amount="500000.00",
    )
    assert (await office.event(loan, "REPAYMENT", "2025-02-10", amount="33333.33")).status_code == 201
    answer = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()
    assert lines(answer, "2025Q1") == [["2025Q1", "STATE", "2238.89"], ["2025Q1", "LOCAL", "1492.59"]]


async def test_E18_a_prepayment_known_late_changes_the_lines_of_both_quarters(office: Office) -> None:  # noqa: N802
    loan = await office.disbursed()
    before = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()
    assert lines(before, "2024Q4", "2025Q1") == [["2024Q4", "STATE", "2951.67"], ["2025Q1", "STATE", "2887.50"]]
    recorded = await office.event(loan, "REPAYMENT", "2024-11-20", amount="100000.00", booked_on="2025-05-06")
    event = recorded.json()["events"][-1]
    assert (event["effective_on"], event["booked_on"], event["recorded_by"]) == ("2024-11-20", "2025-05-06", "officer")
    after = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()
    assert lines(after, "2024Q4", "2025Q1") == [["2024Q4", "STATE", "2502.50"], ["2025Q1", "STATE", "1925.00"]]
    explained = (await office.get("OFFICER", f"/loans/{loan}/explanation")).json()
    assert explained["total"] == after["total"]
    assert any("2502.50元" in sentence and "R2022_HENAN_IND" in sentence for sentence in explained["lines"])
    assert explained["text"].endswith(f"合计{after['total']}元。")


@pytest.mark.parametrize(("repaid_on", "days", "total"), [("2023-03-01", 0, "0.00"), ("2023-03-02", 1, "10.00")])
async def test_E21_same_day_and_one_day_loans_are_closed(  # noqa: N802
    office: Office, repaid_on: str, days: int, total: str
) -> None:
    contract = CONTRACT | {"disbursed_on": "2023-03-01", "contract_rate": "3.6000", "benchmark_rate": "3.6500"}
    loan = await office.disbursed(contract, amount="100000.00")
    answer = await office.event(loan, "REPAYMENT", repaid_on, amount="100000.00")
    assert (answer.json()["state"], answer.json()["outstanding"]) == ("CLOSED", "0.00")
    schedule = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()
    assert (sum(line["days"] for line in schedule["lines"]), schedule["total"]) == (days, total)


async def test_E22_the_fund_refuses_5_020_times_and_gives_what_is_left(office: Office) -> None:  # noqa: N802
    await office.new_fund("E22", "50000000.00")
    for amount in ("100000000.00", "100000000.00", "48000000.00"):
        assert (await office.approve(await office.applied(fund="E22", amount=amount))).json()["outcome"] == "APPROVED"
    wanted = await office.applied(fund="E22", amount="3000000.00")
    refused = (await office.approve(wanted)).json()
    assert (refused["outcome"], refused["obstacles"], refused["leverage"], refused["room"]) == (
        "REFUSED",
        ["LEVERAGE_EXCEEDED"],
        "5.020",
        "2000000.00",
    )
    assert refused["loan"]["state"] == "APPLIED"
    assert (await office.approve(await office.applied(fund="E22", amount="2000000.00"))).json()["outcome"] == "APPROVED"
    assert (await office.figures("E22"))["reserved"] == "250000000.00"


async def test_of_concurrent_approvals_only_those_pass_that_the_fund_can_carry(office: Office) -> None:
    await office.new_fund("RACE", "100000.00")
    loans = [await office.applied(fund="RACE", amount="150000.00") for _ in range(8)]
    answers = await asyncio.gather(*(office.approve(loan, f"reviewer-{i}") for i, loan in enumerate(loans)))
    outcomes = sorted(answer.json()["outcome"] for answer in answers)
    assert outcomes == ["APPROVED"] * 3 + ["REFUSED"] * 5
    figures = await office.figures("RACE")
    assert (figures["reserved"], figures["leverage"], figures["room"]) == ("450000.00", "4.500", "50000.00")


async def test_loans_of_one_fund_are_disbursed_and_repaid_at_the_same_time(office: Office) -> None:
    """Each waits for the fund in turn; none waits for one that waits for it."""
    await office.new_fund("TURNS", "1000000.00")
    loans = [await office.applied(fund="TURNS", amount="10000.00") for _ in range(8)]
    for loan in loans:
        await office.approve(loan)
    contracts = [CONTRACT | {"bank_ref": f"TURNS-{number}"} for number in range(len(loans))]
    paths = [f"/loans/{loan}/disbursement" for loan in loans]
    done = await asyncio.gather(*map(office.post, ["OFFICER"] * 8, paths, contracts))
    assert [answer.status_code for answer in done] == [200] * 8
    repaid = await asyncio.gather(*(office.event(loan, "REPAYMENT", "2024-01-05", amount="4000.00") for loan in loans))
    assert [answer.status_code for answer in repaid] == [201] * 8
    assert (await office.figures("TURNS"))["outstanding"] == "48000.00"


async def test_events_in_any_order_of_arrival_give_the_same_lines_and_books(office: Office) -> None:
    told = [
        ("REPAYMENT", "2024-02-10", {"amount": "50000.00"}),
        ("OVERDUE", "2024-08-20", {"amount": "50000.00", "until": "2024-09-05"}),
        ("REPAYMENT", "2024-09-05", {"amount": "50000.00"}),
        ("STOP", "2025-10-01", {}),
    ]
    seen = []
    for order in itertools.islice(itertools.permutations(told), 0, None, 7):
        loan = await office.disbursed()
        for kind, day, fields in order:
            answer = await office.event(loan, kind, day, **fields)
            assert answer.status_code == 201, answer.text
        schedule = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()
        seen.append((schedule["window"], schedule["lines"], answer.json()["outstanding"]))
    assert len(seen) == 4
    assert all(one == seen[0] for one in seen)


async def test_what_was_recorded_wrongly_is_taken_back_once_and_a_closed_loan_opens_again(office: Office) -> None:
    loan = await office.disbursed()
    closed = (await office.event(loan, "REPAYMENT", "2024-02-10", amount="300000.00")).json()
    wrong = next(event["id"] for event in closed["events"] if event["kind"] == "REPAYMENT")
    assert [event["kind"] for event in closed["events"]][-2:] == ["REPAYMENT", "SETTLED"]
    back = (await office.event(loan, "RETRACTION", "2024-02-10", retracts=wrong)).json()
    assert (back["state"], back["outstanding"]) == ("DISBURSED", "300000.00")
    assert [event["kind"] for event in back["events"]][-2:] == ["RETRACTION", "REOPENED"]
    again = await office.event(loan, "RETRACTION", "2024-02-10", retracts=wrong)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "NOT_RETRACTABLE")


async def test_compensation_ends_the_subsidy_and_recovery_fills_the_fund(office: Office) -> None:
    await office.new_fund("LOSS", "1000000.00")
    loan = await office.disbursed(fund="LOSS")
    assert (await office.figures("LOSS"))["outstanding"] == "300000.00"
    assert (await office.event(loan, "RECOVERY", "2024-05-01", amount="1.00")).json()["code"] == "LOAN_STATE_CONFLICT"
    paid = (await office.event(loan, "COMPENSATION", "2024-05-01", amount="300000.00", booked_on="2026-05-06")).json()
    assert (paid["state"], paid["outstanding"], paid["receivable"]) == ("COMPENSATED", "0.00", "300000.00")
    assert paid["terms"]["subsidised_until"] == "2024-05-01"
    figures = await office.figures("LOSS")
    assert (figures["balance"], figures["outstanding"], figures["receivable"]) == ("700000.00", "0.00", "300000.00")
    assert figures["compensated_12_months"] == "300000.00"
    assert (await office.event(loan, "RECOVERY", "2024-06-01", amount="100000.00")).json()["receivable"] == "200000.00"
    too_much = await office.event(loan, "WRITE_OFF", "2024-07-01", amount="200000.01")
    assert too_much.json()["errors"][0]["code"] == "EXCEEDS_RECEIVABLE"
    gone = (await office.event(loan, "WRITE_OFF", "2024-07-01", amount="200000.00")).json()
    assert gone["state"] == "WRITTEN_OFF"
    figures = await office.figures("LOSS")
    assert (figures["balance"], figures["receivable"], figures["written_off"]) == ("800000.00", "0.00", "200000.00")


async def test_a_cancelled_disbursement_frees_the_fund_and_has_no_lines(office: Office) -> None:
    await office.new_fund("BACK", "1000000.00")
    loan = await office.disbursed(fund="BACK")
    body = {"reason": "借款人退回全部款项"}
    assert (await office.post("REVIEWER", f"/loans/{loan}/cancellation", body, "officer")).json()["code"] == "FOUR_EYES"
    done = (await office.post("REVIEWER", f"/loans/{loan}/cancellation", body)).json()
    assert (done["state"], done["outstanding"], done["events"][-1]["amount"]) == ("CANCELLED", "0.00", "300000.00")
    assert (await office.figures("BACK"))["outstanding"] == "0.00"
    assert (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()["code"] == "LOAN_NOT_DISBURSED"


async def test_what_was_not_lent_is_released(office: Office) -> None:
    await office.new_fund("LESS", "1000000.00")
    loan = await office.disbursed(CONTRACT | {"principal": "250000.00"}, fund="LESS")
    figures = await office.figures("LESS")
    assert (figures["outstanding"], figures["reserved"]) == ("250000.00", "0.00")
    over = await office.event(loan, "REPAYMENT", "2024-01-01", amount="250000.01")
    assert (over.status_code, over.json()["errors"][0]["pointer"]) == (422, "/amount")


async def test_nobody_takes_two_steps_of_a_loan(office: Office) -> None:
    loan = await office.applied()
    assert (await office.approve(loan, "officer")).json()["code"] == "FOUR_EYES"
    reject = await office.post("REVIEWER", f"/loans/{loan}/rejection", {"reason": "资料不全，不予批准"}, "officer")
    assert reject.json()["code"] == "FOUR_EYES"
    assert (await office.approve(loan, "second")).json()["outcome"] == "APPROVED"
    same = await office.post("OFFICER", f"/loans/{loan}/disbursement", CONTRACT | {"bank_ref": "same-1"}, "second")
    assert same.json()["code"] == "FOUR_EYES"
    owner = await asyncpg.connect(office.infrastructure.plain_url("loans_owner", office.database))
    with pytest.raises(asyncpg.CheckViolationError, match="decided_by_another"):
        await owner.execute("UPDATE loans.loan SET decided_by = applied_by")
    await owner.close()


async def test_a_step_that_the_table_does_not_allow_is_refused(office: Office) -> None:
    loan = await office.applied()
    body = CONTRACT | {"bank_ref": "early-1"}
    assert (await office.post("OFFICER", f"/loans/{loan}/disbursement", body)).json()["code"] == "LOAN_STATE_CONFLICT"
    early = await office.event(loan, "REPAYMENT", "2024-01-01", amount="1.00")
    assert early.status_code == 409
    assert early.json()["detail"] == "贷款现为“待审批”，不能办理“还款”。目前可以办理：批准、不予批准、撤销贷款。"
    assert (
        await office.post("REVIEWER", f"/loans/{loan}/rejection", {"reason": "资料不全，不予批准"})
    ).status_code == 200
    assert (await office.approve(loan)).json()["code"] == "LOAN_STATE_CONFLICT"


async def test_a_bank_reference_counts_once_and_a_key_repeats_the_answer(office: Office) -> None:
    loan = await office.disbursed()
    body = {
        "kind": "REPAYMENT",
        "effective_on": "2024-01-05",
        "amount": "1000.00",
        "bank_ref": "R-1",
        "evidence": "回单",
    }
    async with office.account("OFFICER") as officer:
        header = {"Idempotency-Key": "once-1"}
        first = await officer.post(f"/loans/{loan}/events", json=body, headers=header)
        repeat = await officer.post(f"/loans/{loan}/events", json=body, headers=header)
        assert (first.status_code, repeat.status_code) == (201, 201)
        assert (repeat.headers["Idempotency-Replayed"], repeat.json()) == ("true", first.json())
        assert (await officer.post(f"/loans/{loan}/events", json=body)).json()["code"] == "IDEMPOTENCY_KEY_MISSING"
    twin = await office.post("OFFICER", f"/loans/{loan}/events", body)
    assert twin.json()["code"] == "BANK_REF_USED"
    assert (await office.get("OFFICER", f"/loans/{loan}")).json()["outstanding"] == "299000.00"


async def test_a_bank_and_a_district_see_their_own_loans_only(office: Office) -> None:
    loan = await office.disbursed()
    for path in (f"/loans/{loan}", f"/loans/{loan}/subsidy-lines", f"/loans/{loan}/explanation"):
        assert (await office.get("BANK", path, bank="bank-a")).status_code == 200
        assert (await office.get("STAFF", path, unit="ZZ07")).status_code == 200
        assert (await office.get("STAFF", path, unit="ZZ")).status_code == 200
        assert (await office.get("BANK", path, bank="bank-b")).json()["code"] == "LOAN_NOT_FOUND"
        assert (await office.get("STAFF", path, unit="ZZ08")).status_code == 404
    event = {"kind": "STOP", "effective_on": "2024-01-05", "evidence": "注销证明"}
    assert (await office.post("BANK", f"/loans/{loan}/events", event, bank="bank-b")).status_code == 404
    foreign = await office.post("STAFF", "/loans", APPLICATION, unit="ZZ08")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "UNIT_NOT_FOUND")


async def test_another_loan_needs_a_recognised_effect_and_knows_the_terms_before_it(office: Office) -> None:
    """郑政〔2018〕31号（十）: the first loan was at another bank, whose people do not see this one."""
    person = new_person()
    first = await office.disbursed(borrower=person)
    assert (await office.event(first, "REPAYMENT", "2024-08-15", amount="300000.00")).status_code == 201
    second = await office.applied(borrower=person, borrower_kind="INDIVIDUAL", bank="bank-b", unit="ZZ02")
    seen = {"loans": 1, "overdue_loans": 0, "compensated_loans": 0, "outstanding": "0.00"}
    path = f"/loans/{second}/borrower-history"
    assert (await office.get("BANK", path, bank="bank-b")).json() == seen
    assert (await office.get("BANK", path, bank="bank-a")).json()["code"] == "LOAN_NOT_FOUND"
    refused = (await office.approve(second)).json()
    assert (refused["outcome"], refused["obstacles"]) == ("REFUSED", ["EFFECT_NOT_RECOGNISED"])
    assert (refused["borrower_history"], refused["loan"]["state"]) == (seen, "APPLIED")
    assert "扶持效果" in refused["next_steps_zh"][0]
    body = {"evidence": "评审会纪要", "effect_evidence": "带动就业3人，按期还清"}
    approved = (await office.post("REVIEWER", f"/loans/{second}/approval", body)).json()
    assert (approved["outcome"], approved["next_steps_zh"]) == ("APPROVED", [])
    assert approved["loan"]["events"][-1]["evidence"] == "评审会纪要；扶持效果认定：带动就业3人，按期还清"
    contract = CONTRACT | {"disbursed_on": "2025-01-10", "rule": "R2023", "bank_ref": "B-REPEAT"}
    done = await office.post("BANK", f"/loans/{second}/disbursement", contract, bank="bank-b")
    assert done.status_code == 200, done.text
    terms = done.json()["terms"]
    assert (terms["prior_loans"], terms["prior_subsidised_days"]) == (1, 366)


async def test_no_other_loan_after_one_that_was_overdue_unless_that_was_an_error(office: Office) -> None:
    person = new_person()
    first = await office.disbursed(borrower=person)
    late = await office.event(first, "OVERDUE", "2024-05-20", amount="5000.00", until="2024-06-05")
    second = await office.applied(borrower=person)
    body = {"evidence": "评审会纪要", "effect_evidence": "带动就业3人"}
    refused = (await office.post("REVIEWER", f"/loans/{second}/approval", body)).json()
    assert (refused["obstacles"], refused["borrower_history"]["overdue_loans"]) == (["OVERDUE_HISTORY"], 1)
    assert refused["borrower_history"]["outstanding"] == "300000.00"
    error = late.json()["events"][-1]["id"]
    await office.event(first, "RETRACTION", "2024-05-20", retracts=error, evidence="银行系统故障说明")
    again = (await office.post("REVIEWER", f"/loans/{second}/approval", body)).json()
    assert (again["outcome"], again["borrower_history"]["overdue_loans"]) == ("APPROVED", 0)


async def test_the_fourth_loan_has_no_subsidy_and_days_are_counted_by_the_rule(office: Office) -> None:
    """Count and term run over all of a borrower's loans, at whichever bank (max_loans 3, PER_LOAN)."""
    person, terms = new_person(), []
    for number, bank in enumerate(("bank-a", "bank-b", "bank-c", "bank-d")):
        loan = await office.applied(borrower=person, bank=bank, amount="50000.00")
        await office.post("REVIEWER", f"/loans/{loan}/approval", {"evidence": "纪要", "effect_evidence": "效果明显"})
        contract = CONTRACT | {"disbursed_on": f"2024-0{1 + number}-10", "rule": "R2023", "bank_ref": f"N-{number}"}
        done = await office.post("OFFICER", f"/loans/{loan}/disbursement", contract)
        terms.append(done.json()["terms"])
    assert [one["prior_loans"] for one in terms] == [0, 1, 2, 3]
    assert [one["subsidised_until"] for one in terms] == ["2027-01-10", "2027-02-10", "2027-03-10", "2024-04-10"]
    schedule = (await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")).json()
    assert (schedule["window"]["ended_by"], schedule["total"]) == ("LOAN_COUNT", "0.00")


async def test_wrong_input_stores_nothing_and_is_not_echoed(office: Office) -> None:
    wrong = {"borrower": {"id_type": "RESIDENT_ID", "id_number": "410199199001010012", "name": "王1"}, "fund": "NONE"}
    answer = await office.post("OFFICER", "/loans", APPLICATION | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "LOAN_INVALID")
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {
        "/borrower/id_number",
        "/borrower/name",
        "/fund",
    }
    assert "410199199001010012" not in answer.text
    loan = await office.disbursed()
    for fields, pointer in (
        ({"kind": "REPAYMENT"}, "/amount"),
        ({"kind": "STOP", "amount": "1.00"}, "/amount"),
        ({"kind": "REPAYMENT", "amount": "1.00", "effective_on": "2023-08-14"}, "/effective_on"),
        ({"kind": "REPAYMENT", "amount": "1.00", "effective_on": "2199-01-01"}, "/effective_on"),
    ):
        body = {"effective_on": "2024-01-01", "evidence": "回单", "bank_ref": "W-1"} | fields
        refused = await office.post("OFFICER", f"/loans/{loan}/events", body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), refused.text
    assert len((await office.get("OFFICER", f"/loans/{loan}")).json()["events"]) == 3


async def test_the_services_roles_can_neither_change_nor_delete_what_happened(office: Office) -> None:
    for role in ("loans_app", "loans_worker"):
        connection = await asyncpg.connect(office.infrastructure.plain_url(role, office.database))
        for table in ("loan_event", "fund_transfer", "loan_tranche"):
            for statement in (f"DELETE FROM loans.{table}", f"UPDATE loans.{table} SET amount_fen = 1"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        # The worker reads it, sealed, to tell of disbursements.
        statement = "SELECT * FROM" if role == "loans_app" else "DELETE FROM"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"{statement} loans.loan_borrower")
        await connection.close()
