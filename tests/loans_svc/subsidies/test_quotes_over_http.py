"""POST /subsidy-quotes: every worked quote to the fen, and every kind of nonsense refused in words."""

from typing import Any

import httpx
import pytest

from kit.money import fen_from_yuan
from tests.loans_svc.cases import WorkedQuote, worked_quotes

BASE: dict[str, Any] = {
    "principal": "200000.00",
    "disbursed_on": "2023-01-10",
    "matures_on": "2026-01-10",
    "contract_rate": "3.6000",
    "benchmark_rate": "3.6500",
    "rule": "R2022_HENAN_IND",
    "events": [],
}


def event(kind: str, on: str = "2023-06-01", **more: str) -> dict[str, str]:
    return {"kind": kind, "effective_on": on} | more


async def quote(loans: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await loans.post("/subsidy-quotes", json=BASE | changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def notes(answer: dict[str, Any]) -> set[str]:
    return {note["code"] for note in answer["notes"]}


@pytest.mark.parametrize("case", worked_quotes(), ids=lambda case: case.name)
async def test_a_worked_quote_comes_out_to_the_fen(loans: httpx.AsyncClient, case: WorkedQuote) -> None:
    answer = (await loans.post("/subsidy-quotes", json=case.request)).json()
    found = [
        [line["period"], line["days"], line["share"], line["subsidy"], line["tranche"]] for line in answer["lines"]
    ]
    assert found == case.lines
    assert answer["total"] == case.total
    assert case.effective_rate in (None, answer["effective_rate"])
    assert case.window in (None, (answer["window"]["from"], answer["window"]["to"]))
    for line in answer["lines"]:
        assert sum(segment["days"] for segment in line["segments"] if segment["balance"] != "0.00") == line["days"]
        assert (line["from"], line["to"]) == (line["segments"][0]["from"], line["segments"][-1]["to"])
        assert f"{line['subsidy']}元" in line["explanation_zh"]
        assert case.request["rule"] in line["explanation_zh"]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"matures_on": "2023-01-09"}, "/matures_on", "BEFORE_DISBURSEMENT"),
        ({"matures_on": "2053-01-11"}, "/matures_on", "TERM_TOO_LONG"),
        ({"disbursed_on": "2023-02-31"}, "/disbursed_on", "DATE"),
        ({"disbursed_on": "2023-2-1"}, "/disbursed_on", "DATE"),
        ({"disbursed_on": "0001-01-01"}, "/disbursed_on", "DATE"),
        ({"disbursed_on": 20230101}, "/disbursed_on", "TYPE"),
        ({"from": "2024-01-02", "to": "2024-01-01"}, "/from", "AFTER_END"),
        ({"from": "2024-02-30"}, "/from", "DATE"),
        ({"principal": "-1.00"}, "/principal", "OUT_OF_RANGE"),
        ({"principal": "0.00"}, "/principal", "OUT_OF_RANGE"),
        ({"principal": "100000000.01"}, "/principal", "OUT_OF_RANGE"),
        ({"principal": "1.001"}, "/principal", "MONEY"),
        ({"principal": "1e5"}, "/principal", "MONEY"),
        ({"principal": "１００"}, "/principal", "MONEY"),
        ({"principal": 200000}, "/principal", "TYPE"),
        ({"principal": None}, "/principal", "TYPE"),
        ({"contract_rate": "24.0001"}, "/contract_rate", "OUT_OF_RANGE"),
        ({"contract_rate": "-1.0000"}, "/contract_rate", "PERCENT"),
        ({"contract_rate": "3.60000"}, "/contract_rate", "PERCENT"),
        ({"contract_rate": 3.6}, "/contract_rate", "PERCENT"),
        ({"rule": "R2099"}, "/rule", "UNKNOWN_CODE"),
        ({"rule": "<script>"}, "/rule", "FORMAT"),
        ({"bonus": "1"}, "/bonus", "UNKNOWN_FIELD"),
        ({"day_count": "ACT_366"}, "/day_count", "NOT_ALLOWED"),
        ({"overdue_mode": 1}, "/overdue_mode", "NOT_ALLOWED"),
        ({"prior_subsidised_days": -1}, "/prior_subsidised_days", "OUT_OF_RANGE"),
        ({"prior_subsidised_days": True}, "/prior_subsidised_days", "TYPE"),
        ({"prior_subsidised_days": 2**63}, "/prior_subsidised_days", "OUT_OF_RANGE"),
        ({"first_disbursed_on": "2023-01-11"}, "/first_disbursed_on", "AFTER_DISBURSEMENT"),
        (
            {"first_disbursed_on": "2023-01-01", "prior_subsidised_days": 10},
            "/prior_subsidised_days",
            "TOO_MANY_DAYS",
        ),
        ({"grace_days": 91}, "/grace_days", "OUT_OF_RANGE"),
        ({"borrower_kind": "SMALL_ENTERPRISE"}, "/borrower_kind", "NOT_COVERED"),
        ({"payer_scheme": "NOBODY"}, "/payer_scheme", "UNKNOWN_CODE"),
        ({"payer_scheme": "ZZ2022_CITY_LOCAL"}, "/payer_scheme", "UNKNOWN_CODE"),
        (
            {"payer_scheme": "ZZ2022_CITY_STATE", "tranches": [{"tranche": "STATE", "amount": "1.00"}]},
            "/payer_scheme",
            "GIVEN_TWICE",
        ),
        ({"tranches": [{"tranche": "STATE", "amount": "200000.01"}]}, "/tranches", "EXCEEDS_PRINCIPAL"),
        ({"tranches": [{"tranche": "STATE", "amount": "1.00"}] * 2}, "/tranches", "DUPLICATE_TRANCHE"),
        (
            {"rule": "R2016_IND", "tranches": [{"tranche": "LOCAL", "amount": "1.00"}]},
            "/tranches/0/tranche",
            "NOT_ALLOWED",
        ),
        ({"events": [event("PAYDAY")]}, "/events/0/kind", "NOT_ALLOWED"),
        ({"events": [event("REPAYMENT")]}, "/events/0/amount", "REQUIRED"),
        ({"events": [event("OVERDUE")]}, "/events/0/amount", "REQUIRED"),
        ({"events": [event("STOP", amount="1.00")]}, "/events/0/amount", "NOT_APPLICABLE"),
        ({"events": [event("REPAYMENT", amount="1.00", until="2023-07-01")]}, "/events/0/until", "NOT_APPLICABLE"),
        ({"events": [event("REPAYMENT", amount="200000.01")]}, "/events/0/amount", "EXCEEDS_BALANCE"),
        (
            {
                "events": [
                    event("REPAYMENT", "2023-06-02", amount="150000.00"),
                    event("REPAYMENT", "2023-06-01", amount="50000.01"),
                ]
            },
            "/events/0/amount",
            "EXCEEDS_BALANCE",
        ),
        ({"events": [event("STOP", "2023-01-09")]}, "/events/0/effective_on", "BEFORE_DISBURSEMENT"),
        ({"events": [event("STOP", "2023-02-29")]}, "/events/0/effective_on", "DATE"),
        (
            {"events": [event("OVERDUE", amount="1.00", until="2023-06-01")]},
            "/events/0/until",
            "NOT_AFTER_START",
        ),
        (
            {"events": [event("OVERDUE", amount="150000.00"), event("OVERDUE", "2023-06-02", amount="50000.01")]},
            "/events/1/amount",
            "OVERDUE_EXCEEDS_BALANCE",
        ),
        (
            {"events": [event("OVERDUE", amount="1.00"), event("REPAYMENT", "2023-07-01", amount="200000.00")]},
            "/events/0/amount",
            "OVERDUE_EXCEEDS_BALANCE",
        ),
        ({"events": [event("EXTENSION", until="2026-01-10")]}, "/events/0/until", "NOT_AFTER_MATURITY"),
        ({"events": [event("RATE_RESET")]}, "/events/0/contract_rate", "REQUIRED"),
        (
            {"events": [event("RATE_RESET", contract_rate="1"), event("RATE_RESET", contract_rate="2")]},
            "/events/1/effective_on",
            "DUPLICATE_RESET",
        ),
        ({"events": [event("STOP")] * 1_001}, "/events", "TOO_MANY"),
        ({"events": {}}, "/events", "TYPE"),
    ],
)
async def test_nonsense_is_refused_with_its_place_and_what_to_do(
    loans: httpx.AsyncClient, change: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await loans.post("/subsidy-quotes", json=BASE | change)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    assert all(
        "\u4e00" <= error["message"][0] <= "\u9fff" or error["message"][0] in "（f" for error in problem["errors"]
    )
    assert "<script>" not in answer.text
    assert "PAYDAY" not in answer.text


async def test_every_fault_of_the_terms_is_reported_at_once(loans: httpx.AsyncClient) -> None:
    faults = BASE | {
        "matures_on": "2023-01-01",
        "events": [event("STOP", "2022-01-01"), event("OVERDUE", amount="1.00", until="2023-05-01")],
    }
    errors = (await loans.post("/subsidy-quotes", json=faults)).json()["errors"]
    assert [error["pointer"] for error in errors] == ["/matures_on", "/events/0/effective_on", "/events/1/until"]


async def test_an_unknown_rule_names_the_known_ones(loans: httpx.AsyncClient) -> None:
    answer = await loans.post("/subsidy-quotes", json=BASE | {"rule": "R2099"})
    message = answer.json()["errors"][0]["message"]
    assert all(code in message for code in ("R2016_IND", "R2016_POOR", "R2016_SE", "R2021", "R2022_HENAN_IND", "R2023"))
    assert "R2099" not in answer.text


async def test_the_order_of_events_does_not_matter(loans: httpx.AsyncClient) -> None:
    events = [
        event("REPAYMENT", "2023-09-01", amount="20000.00"),
        event("OVERDUE", "2023-08-01", amount="20000.00", until="2023-09-01"),
        event("STOP", "2025-01-01"),
    ]
    assert await quote(loans, events=events) == await quote(loans, events=events[::-1])


async def test_what_the_rule_leaves_open_can_be_chosen_and_is_shown(loans: httpx.AsyncClient) -> None:
    chosen = {
        "day_count": "ACT_365F",
        "period_scheme": "BANK20",
        "overdue_mode": "WHOLE",
        "cap_scope": "PER_BORROWER",
        "grace_days": 3,
    }
    answer = await quote(loans, **chosen)
    assert {name: answer["parameters"][name] for name in chosen} == chosen
    unconfirmed = next(note["message"] for note in answer["notes"] if note["code"] == "UNCONFIRMED_VALUES")
    assert "cap_over" in unconfirmed
    assert not any(name in unconfirmed for name in chosen)


async def test_grace_forgives_and_provisionally_waits(loans: httpx.AsyncClient) -> None:
    whole = (await quote(loans))["total"]
    in_time = [event("OVERDUE", amount="1000.00", until="2023-06-04")]
    assert (await quote(loans, events=in_time, grace_days=3))["total"] == whole
    assert fen_from_yuan((await quote(loans, events=in_time, grace_days=2))["total"]) < fen_from_yuan(whole)
    unpaid = [event("OVERDUE", amount="1000.00")]
    assert (await quote(loans, events=unpaid, grace_days=3, as_of="2023-06-04"))["total"] == whole
    late = await quote(loans, events=unpaid, grace_days=3, as_of="2023-06-05")
    assert fen_from_yuan(late["total"]) < fen_from_yuan(whole)


async def test_an_individual_is_held_to_the_amount_of_an_individual(loans: httpx.AsyncClient) -> None:
    """R2023 knows 300 000 of the state and 200 000 of the locality for an individual."""
    big = {"principal": "600000.00", "rule": "R2023", "disbursed_on": "2024-01-10", "matures_on": "2024-02-10"}
    narrowed = await quote(loans, **big, borrower_kind="INDIVIDUAL")
    assert [(part["tranche"], part["amount"]) for part in narrowed["tranches"]] == [
        ("STATE", "300000.00"),
        ("LOCAL", "200000.00"),
    ]
    assert "PRINCIPAL_OVER_CAP" in notes(narrowed)
    widest = await quote(loans, **big)
    assert [part["amount"] for part in widest["tranches"]] == ["600000.00"]
    assert "BORROWER_KIND_NOT_GIVEN" in notes(widest)
    enterprise = await quote(loans, **big, borrower_kind="SMALL_ENTERPRISE")
    assert [part["amount"] for part in enterprise["tranches"]] == ["600000.00"]


async def test_a_kind_without_a_fixed_amount_is_not_limited_and_says_so(loans: httpx.AsyncClient) -> None:
    answer = await quote(loans, principal="2000000.00", borrower_kind="PARTNERSHIP")
    assert answer["tranches"][0]["amount"] == "2000000.00"
    assert "NO_FIXED_AMOUNT" in notes(answer)


async def test_payers_of_each_tranche_sum_to_it(loans: httpx.AsyncClient) -> None:
    """E16 and E17d: the local 1 492.59 is 746.30 of the city and 746.29 of the district."""
    case = next(case for case in worked_quotes() if case.name.startswith("E16"))
    parts = [
        {"tranche": "STATE", "amount": "300000.00", "payer_scheme": "ZZ2022_SHANGJIE_STATE"},
        {"tranche": "LOCAL", "amount": "200000.00", "payer_scheme": "ZZ2022_SHANGJIE_LOCAL_WITH_STATE"},
    ]
    state, local = (await quote(loans, **case.request | {"tranches": parts}))["tranches"]
    assert {part["payer"]: part["amount"] for part in local["payers"]} == {"CITY": "746.30", "DISTRICT": "746.29"}
    assert sum(fen_from_yuan(part["amount"]) for part in state["payers"]) == fen_from_yuan(state["total"]) == 2_238_89


async def test_payers_of_a_whole_loan_sum_to_its_total(loans: httpx.AsyncClient) -> None:
    answer = await quote(loans, payer_scheme="ZZ2022_CITY_STATE")
    assert [part["payer"] for part in answer["payers"]] == ["CENTRE", "PROVINCE", "CITY"]
    assert sum(fen_from_yuan(part["amount"]) for part in answer["payers"]) == fen_from_yuan(answer["total"])


async def test_a_local_part_without_payers_is_not_charged_to_those_of_the_state_part(loans: httpx.AsyncClient) -> None:
    big = {"principal": "500000.00", "rule": "R2023", "disbursed_on": "2024-01-10", "matures_on": "2024-02-10"}
    answer = await quote(loans, **big, borrower_kind="INDIVIDUAL", payer_scheme="ZZ2022_CITY_STATE")
    state, local = answer["tranches"]
    assert sum(fen_from_yuan(part["amount"]) for part in answer["payers"]) == fen_from_yuan(state["total"])
    assert (local["payers"], "PAYERS_INCOMPLETE" in notes(answer)) == ([], True)


async def test_the_fourth_loan_is_refused_as_a_result_not_as_an_error(loans: httpx.AsyncClient) -> None:
    answer = await quote(loans, prior_loans=3)
    assert (answer["total"], answer["lines"], answer["window"]["ended_by"]) == ("0.00", [], "LOAN_COUNT")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"disbursed_on": "2025-01-10", "matures_on": "2026-01-10"}, "RULE_NOT_IN_FORCE"),
        ({"events": [event("OVERDUE", amount="1.00", until="2023-07-01")]}, "OVERDUE_NOT_REPAID"),
        ({"events": [event("EXTENSION", "2026-01-10", until="2027-01-10")]}, "EXTENSION_NOT_SUBSIDISED"),
        ({"to": "2023-06-01"}, "SPAN_CLIPPED"),
    ],
)
async def test_what_the_reader_should_know_is_said(loans: httpx.AsyncClient, change: dict[str, Any], code: str) -> None:
    assert code not in notes(await quote(loans))
    assert code in notes(await quote(loans, **change))


async def test_a_repaid_instalment_needs_no_remark(loans: httpx.AsyncClient) -> None:
    paid = [
        event("OVERDUE", amount="1000.00", until="2023-07-01"),
        event("REPAYMENT", "2023-07-01", amount="1000.00"),
    ]
    assert "OVERDUE_NOT_REPAID" not in notes(await quote(loans, events=paid))


async def test_the_explanation_is_the_sum_an_auditor_would_do(loans: httpx.AsyncClient) -> None:
    case = next(case for case in worked_quotes() if case.name == "E5-share-changes-inside-the-quarter")
    answer = (await loans.post("/subsidy-quotes", json=case.request)).json()
    assert answer["lines"][0]["explanation_zh"] == (
        "2019年第二季度（2019-04-01至2019-06-30）：（100000.00元×2/3×44天＋100000.00元×1/3×47天）×年利率6.3000%÷360"
        "＝787.50元。依据：银发〔2016〕202号、财金〔2016〕85号（规则R2016_IND）。"
    )
    assert answer["rate_explanation_zh"] == (
        "合同利率6.3000%，上限为基准4.3000%＋2.0000%＝6.3000%（不超过上限）；贴息年利率6.3000%。"
    )
    assert answer["lines"][0]["exact"] == {"numerator": "170100000000000", "denominator": "2160000000"}


async def test_nothing_paid_has_its_reason(loans: httpx.AsyncClient) -> None:
    overdue = [event("OVERDUE", "2023-01-10", amount="1.00")]
    line = (await quote(loans, events=overdue, overdue_mode="WHOLE"))["lines"][0]
    assert (line["subsidy"], line["days"]) == ("0.00", 0)
    assert "贷款逾期，不予贴息" in line["explanation_zh"]
    assert "财政承担的利率为0" in (await quote(loans, contract_rate="0"))["lines"][0]["explanation_zh"]


async def test_a_thousand_events_are_answered(loans: httpx.AsyncClient) -> None:
    events = [event("REPAYMENT", f"2023-0{1 + i % 9}-{10 + i % 19}", amount="100.00") for i in range(1_000)]
    answer = await quote(loans, events=events, tranches=[{"tranche": "STATE", "amount": "150000.00"}])
    assert fen_from_yuan(answer["total"]) > 0
    assert max(len(line["explanation_zh"]) for line in answer["lines"]) < 1_000


async def test_the_bounds_of_the_input_fit_the_arithmetic(loans: httpx.AsyncClient) -> None:
    largest = await quote(
        loans,
        principal="100000000.00",
        contract_rate="24.0000",
        benchmark_rate="24.0000",
        borrower_kind="PARTNERSHIP",
        matures_on="2053-01-10",
    )
    assert max(int(line["exact"]["numerator"]) for line in largest["lines"]) < 2**63
    assert largest["lines"][1]["subsidy"] == "6066666.67"  # 91 d x 100 m x 24 % / 360
    last = await quote(loans, disbursed_on="2200-12-31", matures_on="2200-12-31", prior_subsidised_days=10_000)
    assert last["lines"] == []
