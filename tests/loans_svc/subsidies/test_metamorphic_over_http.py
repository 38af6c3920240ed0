"""What must stay the same when a quote is asked otherwise (loans design §3.9), and the payers of E17, over HTTP."""

import re
from fractions import Fraction
from typing import Any

import httpx
import pytest

from kit.money import fen_from_yuan, yuan
from tests.loans_svc.cases import worked_quotes

LOAN: dict[str, Any] = {
    "principal": "100000.00", "disbursed_on": "2023-08-15", "matures_on": "2026-08-15", "contract_rate": "3.8500",
    "benchmark_rate": "3.5500", "rule": "R2022_HENAN_IND",
    "events": [
        {"kind": "REPAYMENT", "effective_on": "2024-02-10", "amount": "20000.00"},
        {"kind": "OVERDUE", "effective_on": "2024-08-20", "amount": "10000.00", "until": "2024-09-05"},
        {"kind": "REPAYMENT", "effective_on": "2024-09-05", "amount": "10000.00"},
        {"kind": "STOP", "effective_on": "2025-10-01"},
    ],
}  # fmt: skip


async def quote(loans: httpx.AsyncClient, request: dict[str, Any]) -> dict[str, Any]:
    answer = await loans.post("/subsidy-quotes", json=request)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def exact(answer: dict[str, Any]) -> Fraction:
    values = (line["exact"] for line in answer["lines"])
    return sum((Fraction(int(one["numerator"]), int(one["denominator"])) for one in values), Fraction())


async def test_splitting_the_time_in_two_leaves_the_exact_sum(loans: httpx.AsyncClient) -> None:
    whole = exact(await quote(loans, LOAN))
    for day in ("2023-08-15", "2023-10-01", "2024-02-29", "2024-08-20", "2024-09-05", "2026-08-15"):
        parts = [await quote(loans, LOAN | {bound: day}) for bound in ("to", "from")]
        assert exact(parts[0]) + exact(parts[1]) == whole > 0


async def test_the_order_of_the_events_does_not_matter(loans: httpx.AsyncClient) -> None:
    told = await quote(loans, LOAN)
    events = LOAN["events"]
    for order in (events[::-1], events[2:] + events[:2]):
        assert await quote(loans, LOAN | {"events": order}) == told


async def test_twice_the_money_is_worth_exactly_twice(loans: httpx.AsyncClient) -> None:
    def twice(part: dict[str, Any]) -> dict[str, Any]:
        return part | {name: yuan(2 * fen_from_yuan(part[name])) for name in ("principal", "amount") if name in part}

    doubled = twice(LOAN) | {"events": [twice(one) for one in LOAN["events"]]}
    assert exact(await quote(loans, doubled)) == 2 * exact(await quote(loans, LOAN))


@pytest.mark.parametrize("years", [28, 72, -100])
async def test_the_same_loan_in_years_of_the_same_calendar_is_worth_the_same(
    loans: httpx.AsyncClient, years: int
) -> None:
    """§3.9 asks for 400 years; dates of the wire end in 2200, so over HTTP the leap days stand for the century's rule.

    From 1901 to 2099 each fourth year is a leap year: after a multiple of four years all days have moved alike.
    """

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(member) for name, member in value.items() if name != "explanation_zh"}
        if isinstance(value, list):
            return [moved(member) for member in value]
        is_dated = isinstance(value, str) and re.fullmatch(r"20[0-9]{2}(-[0-9]{2}-[0-9]{2}|Q[1-4])", value)
        return f"{int(value[:4]) + years}{value[4:]}" if is_dated else value

    told = await quote(loans, LOAN)
    later = await quote(loans, moved(LOAN))
    assert moved({"window": told["window"], "lines": told["lines"]}) == {
        "window": later["window"],
        "lines": [{name: one[name] for name in one if name != "explanation_zh"} for one in later["lines"]],
    }
    assert later["total"] == told["total"]


async def test_dates_that_no_loan_can_have_are_refused_in_words(loans: httpx.AsyncClient) -> None:
    later = {"disbursed_on": "2423-08-15", "matures_on": "2426-08-15", "events": []}
    errors = (await loans.post("/subsidy-quotes", json=LOAN | later)).json()["errors"]
    assert [(one["pointer"], one["message"]) for one in errors] == [
        (f"/{name}", "日期应在1900年至2200年之间") for name in ("disbursed_on", "matures_on")
    ]


async def test_an_earlier_prepayment_never_raises_a_claim(loans: httpx.AsyncClient) -> None:
    first, *others = LOAN["events"]
    before: dict[str, int] = {}
    for day in ("2024-02-10", "2024-02-09", "2023-10-01", "2023-08-15"):
        answer = await quote(loans, LOAN | {"events": [first | {"effective_on": day}, *others]})
        now = {line["period"]: fen_from_yuan(line["subsidy"]) for line in answer["lines"]}
        assert all(now[period] <= fen for period, fen in before.items())
        before = now


async def test_an_overdue_sum_of_no_day_is_refused_and_of_one_day_costs_that_day(loans: httpx.AsyncClient) -> None:
    quarter = LOAN | {"from": "2024-04-01", "to": "2024-07-01"}
    overdue = {"kind": "OVERDUE", "effective_on": "2024-05-20", "amount": "36000.00"}
    refused = await loans.post("/subsidy-quotes", json=quarter | {"events": [overdue | {"until": "2024-05-20"}]})
    fault = refused.json()["errors"][0]
    assert (refused.status_code, fault["pointer"], fault["code"]) == (422, "/events/0/until", "NOT_AFTER_START")
    one_day = await quote(loans, quarter | {"events": [overdue | {"until": "2024-05-21"}]})
    assert exact(await quote(loans, quarter | {"events": []})) - exact(one_day) == 385  # 36 000 at 3.85 % / 360


@pytest.mark.parametrize(
    ("scheme", "parts"),
    [
        ("ZZ2022_CITY_STATE", {"CENTRE": "500.01", "PROVINCE": "250.01", "CITY": "250.01"}),
        ("ZZ2022_SHANGJIE_STATE", {"CENTRE": "500.02", "PROVINCE": "250.01", "CITY": "150.00", "DISTRICT": "100.00"}),
    ],
)
async def test_E17_payers_of_1000_03(loans: httpx.AsyncClient, scheme: str, parts: dict[str, str]) -> None:  # noqa: N802  the example's number
    """100 003 yuan at 4 % for 90 days are 1 000.03; the spare fen go to the largest remainders."""
    request = LOAN | {"principal": "100003.00", "contract_rate": "4.0000", "events": [], "payer_scheme": scheme}
    answer = await quote(loans, request | {"from": "2025-01-01", "to": "2025-04-01"})
    assert answer["total"] == "1000.03"
    assert {one["payer"]: one["amount"] for one in answer["payers"]} == parts


def test_every_worked_quote_of_the_design_is_asked_over_http() -> None:
    """By `test_a_worked_quote_comes_out_to_the_fen`; E17, E19, E20 and E22 have tests of their own."""
    found = {case.name.split("-")[0].rstrip("b") for case in worked_quotes()}
    assert found == {f"E{n}" for n in (*range(1, 17), 18, 21, 23)}
