"""GET /rules: all dated rows, each value with its mark."""

from typing import Any

import httpx
import pytest


async def codes(loans: httpx.AsyncClient, **query: str) -> list[str]:
    answer = await loans.get("/rules", params=query)
    assert answer.status_code == 200
    return [rule["rule_id"] for rule in answer.json()["items"]]


async def test_all_rows_come_whole_and_marked(loans: httpx.AsyncClient) -> None:
    answer: dict[str, Any] = (await loans.get("/rules")).json()
    rules = {rule["rule_id"]: rule for rule in answer["items"]}
    assert {"R2016_IND", "R2016_POOR", "R2016_SE", "R2021", "R2022_HENAN_IND", "R2023"} <= set(rules)
    assert set(answer["marks"]) == {"SEED", "SEEN", "MEM", "INF"}
    latest = rules["R2023"]
    assert (latest["valid_from"], latest["valid_to"], latest["shares"]) == ("2023-10-01", None, ["1/2"] * 3)
    assert (latest["cap_over"], latest["evidence"]["cap_over"]["mark"]) == ("0.5000", "MEM")
    assert rules["R2021"]["floor_over"] == "-1.5000"
    for rule in rules.values():
        assert {"cap_over", "shares", "window_months", "overdue_mode", "day_count"} <= set(rule["evidence"])
        assert all(cited["source"] and cited["mark"] in answer["marks"] for cited in rule["evidence"].values())


async def test_schemes_and_limits_stand_beside_the_rules(loans: httpx.AsyncClient) -> None:
    answer = (await loans.get("/rules")).json()
    assert {scheme["payer_scheme_id"]: scheme["weights"] for scheme in answer["payer_schemes"]}[
        "ZZ2022_SHANGJIE_STATE"
    ] == {"CENTRE": 50, "PROVINCE": 25, "CITY": 15, "DISTRICT": 10}
    reward = answer["reward_schemes"][0]
    assert (reward["reward_scheme_id"], reward["rate"], reward["evidence"]["rate"]["mark"]) == (
        "REWARD_1PCT",
        "1.0000",
        "SEED",
    )
    limits = answer["fund_limits"][0]
    assert (limits["leverage"], limits["raised_leverage"], limits["compensation_stop"]) == (5, 10, "20.0000")


async def test_a_day_selects_what_was_in_force(loans: httpx.AsyncClient) -> None:
    assert "R2022_HENAN_IND" in await codes(loans, as_of="2023-09-30")
    assert await codes(loans, as_of="2023-10-01") == ["R2023"]
    assert await codes(loans, as_of="2010-01-01") == []
    answer = (await loans.get("/rules", params={"as_of": "2019-01-01"})).json()
    assert answer["payer_schemes"] == []
    assert [scheme["reward_scheme_id"] for scheme in answer["reward_schemes"]] == ["REWARD_1PCT"]


async def test_a_kind_of_borrower_selects_its_rules(loans: httpx.AsyncClient) -> None:
    assert await codes(loans, borrower_kind="ORGANISED_STARTUP") == ["R2022_HENAN_IND"]
    assert await codes(loans, borrower_kind="SMALL_ENTERPRISE", as_of="2019-01-01") == ["R2018_SE"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"as_of": "2019-02-29"}, "query:as_of"),
        ({"as_of": ""}, "query:as_of"),
        ({"borrower_kind": "MAYOR"}, "query:borrower_kind"),
    ],
)
async def test_a_wrong_parameter_is_refused(loans: httpx.AsyncClient, query: dict[str, str], pointer: str) -> None:
    answer = await loans.get("/rules", params=query)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "MAYOR" not in answer.text
