"""POST /reward-pool-quotes: base, pool and parts to the fen, and nonsense refused in words."""

from typing import Any

import httpx
import pytest

from kit.money import fen_from_yuan

ROLES = [
    {"role": "BANK", "weight": 60},
    {"role": "FUND_OPERATOR", "weight": 25},
    {"role": "HR_OFFICE", "weight": 15},
]
RECIPIENTS = [
    {"recipient": "甲银行", "role": "BANK", "weight": "333000000.00"},
    {"recipient": "乙银行", "role": "BANK", "weight": "333000000.00"},
    {"recipient": "丙银行", "role": "BANK", "weight": "334000001.00"},
    {"recipient": "担保中心", "role": "FUND_OPERATOR", "weight": 1},
    {"recipient": "甲区中心", "role": "HR_OFFICE", "weight": 218},
    {"recipient": "乙区中心", "role": "HR_OFFICE", "weight": 280},
    {"recipient": "丙区中心", "role": "HR_OFFICE", "weight": 218},
]
DISBURSEMENTS = [
    {"disbursed_on": "2024-03-01", "amount": "200000.00", "reference": "a"},
    {"disbursed_on": "2024-12-31", "amount": "300000.00", "reference": "b"},
    {"disbursed_on": "2024-05-05", "amount": "123456.78", "reference": "c"},
    {"disbursed_on": "2024-06-01", "amount": "150000.00", "reference": "d"},
    {"disbursed_on": "2025-01-01", "amount": "500000.00", "reference": "e"},
]
CANCELLATIONS = [
    {"booked_on": "2024-08-01", "amount": "123456.78", "reference": "c"},
    {"booked_on": "2025-02-10", "amount": "150000.00", "reference": "d"},
]
BASE: dict[str, Any] = {
    "year": 2024,
    "unit": "ZZ07",
    "disbursements": DISBURSEMENTS,
    "cancellations": CANCELLATIONS,
    "roles": ROLES,
    "recipients": RECIPIENTS,
}


async def quote(loans: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    body = {name: value for name, value in (BASE | changes).items() if value is not None}
    answer = await loans.post("/reward-pool-quotes", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def sums(answer: dict[str, Any]) -> tuple[int, int, int]:
    roles = sum(fen_from_yuan(part["amount"]) for part in answer["roles"])
    recipients = sum(fen_from_yuan(part["amount"]) for part in answer["recipients"])
    return fen_from_yuan(answer["pool"]), roles, recipients


@pytest.mark.parametrize(
    ("year", "base", "pool"),
    [
        pytest.param(2024, "650000.00", "6500.00", id="E19-2024"),
        pytest.param(2025, "350000.00", "3500.00", id="E19-2025"),
    ],
)
async def test_the_year_of_the_booking_decides(loans: httpx.AsyncClient, year: int, base: str, pool: str) -> None:
    answer = await quote(loans, year=year)
    assert (answer["base"], answer["carried_forward"], answer["pool"]) == (base, "0.00", pool)
    assert len(set(sums(answer))) == 1


async def test_E20_parts_of_100_000_01(loans: httpx.AsyncClient) -> None:  # noqa: N802  the example's number
    answer = await quote(
        loans, disbursements=None, cancellations=None, lending=[{"recipient": "各行", "disbursed": "10000001.00"}]
    )
    assert answer["pool"] == "100000.01"
    assert [part["amount"] for part in answer["roles"]] == ["60000.01", "25000.00", "15000.00"]
    assert [part["amount"] for part in answer["recipients"]] == [
        "19980.00", "19980.00", "20040.01", "25000.00", "4567.04", "5865.92", "4567.04"
    ]  # fmt: skip
    assert len(set(sums(answer))) == 1


async def test_weights_are_marked_as_the_callers(loans: httpx.AsyncClient) -> None:
    answer = await quote(loans)
    assert {part["weight_source"] for part in answer["roles"]} == {"CALLER"}
    assert "WEIGHTS_BY_CALLER" in {note["code"] for note in answer["notes"]}
    assert [part["weight"] for part in answer["roles"]] == ["60", "25", "15"]


async def test_a_bank_without_weight_is_weighed_by_its_net_lending(loans: httpx.AsyncClient) -> None:
    answer = await quote(
        loans,
        disbursements=None,
        cancellations=None,
        lending=[
            {"recipient": "甲银行", "disbursed": "300.00", "cancelled": "100.00"},
            {"recipient": "乙银行", "disbursed": "100.00"},
        ],
        roles=[{"role": "BANK", "weight": 1}],
        recipients=[{"recipient": "甲银行", "role": "BANK"}, {"recipient": "乙银行", "role": "BANK"}],
    )
    assert [(part["weight"], part["weight_source"], part["amount"]) for part in answer["recipients"]] == [
        ("200.00", "LENDING", "2.00"),
        ("100.00", "LENDING", "1.00"),
    ]


async def test_a_negative_year_is_carried_forward(loans: httpx.AsyncClient) -> None:
    lean = await quote(loans, year=2025, disbursements=DISBURSEMENTS[:4])
    assert (lean["base"], lean["pool"], lean["carried_forward"]) == ("0.00", "0.00", "150000.00")
    assert {part["amount"] for part in lean["recipients"]} == {"0.00"}
    following = await quote(loans, brought_forward=lean["carried_forward"])
    assert (following["base"], following["brought_forward"]) == ("500000.00", "150000.00")


async def test_a_pool_that_is_given_from_above_is_only_split(loans: httpx.AsyncClient) -> None:
    answer = await quote(loans, scheme="CENTRAL_AWARD_75", pool="100000.01", disbursements=None, cancellations=None)
    assert (answer["pool"], answer["rate"]) == ("100000.01", None)
    assert len(set(sums(answer))) == 1


async def test_the_explanation_cites_the_clause(loans: httpx.AsyncClient) -> None:
    explanation = (await quote(loans))["explanation_zh"]
    assert "郑政〔2018〕31号（十）" in explanation
    assert "650000.00元；基数×1.0000%＝6500.00元" in explanation


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"roles": None}, "/roles", "REQUIRED"),
        ({"roles": []}, "/roles", "TOO_FEW"),
        ({"roles": [{"role": "BANK"}]}, "/roles/0/weight", "REQUIRED"),
        ({"roles": [{"role": "BANK", "weight": -1}]}, "/roles/0/weight", "WEIGHT"),
        ({"roles": [{"role": "BANK", "weight": 0.5}]}, "/roles/0/weight", "WEIGHT"),
        ({"roles": [{"role": "BANK", "weight": True}]}, "/roles/0/weight", "WEIGHT"),
        ({"roles": [{"role": "MAYOR", "weight": 1}]}, "/roles/0/role", "NOT_ALLOWED"),
        ({"roles": [*ROLES, {"role": "OTHER", "weight": 1}]}, "/roles/3", "NO_RECIPIENT"),
        ({"roles": ROLES[:2]}, "/recipients/4/role", "UNKNOWN_ROLE"),
        ({"recipients": [*RECIPIENTS, RECIPIENTS[0]]}, "/recipients/7/recipient", "DUPLICATE_RECIPIENT"),
        ({"recipients": [{"recipient": "甲", "role": "BANK"}]}, "/recipients/0/weight", "REQUIRED"),
        ({"disbursements": None}, "/disbursements", "REQUIRED"),
        ({"lending": []}, "/lending", "GIVEN_TWICE"),
        ({"pool": "1.00"}, "/pool", "NOT_APPLICABLE"),
        ({"scheme": "CENTRAL_AWARD_75"}, "/pool", "REQUIRED"),
        ({"scheme": "LOTTERY"}, "/scheme", "UNKNOWN_CODE"),
        ({"unit": "XX01"}, "/unit", "FORMAT"),
        ({"year": "2024"}, "/year", "TYPE"),
        ({"year": 1999}, "/year", "OUT_OF_RANGE"),
        ({"brought_forward": "-1.00"}, "/brought_forward", "OUT_OF_RANGE"),
        (
            {"cancellations": [CANCELLATIONS[0] | {"amount": "123456.79"}]},
            "/cancellations/0/amount",
            "EXCEEDS_DISBURSEMENT",
        ),
        (
            {"cancellations": [CANCELLATIONS[0] | {"booked_on": "2024-05-04"}]},
            "/cancellations/0/booked_on",
            "BEFORE_DISBURSEMENT",
        ),
        ({"disbursements": [DISBURSEMENTS[0], DISBURSEMENTS[0]]}, "/disbursements/1/reference", "DUPLICATE_REFERENCE"),
    ],
)  # fmt: skip
async def test_nonsense_is_refused_with_its_place(
    loans: httpx.AsyncClient, change: dict[str, Any], pointer: str, code: str
) -> None:
    body = {name: value for name, value in (BASE | change).items() if value is not None}
    answer = await loans.post("/reward-pool-quotes", json=body)
    assert answer.status_code == 422
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert "MAYOR" not in answer.text
    assert "LOTTERY" not in answer.text
