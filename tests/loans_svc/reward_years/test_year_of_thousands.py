"""A year of thousands of loans: over districts, roles and recipients the pool sums to the fen, and to our own sums."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import asyncpg
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.ids import new_id
from loans_svc.reward_years.domain import Lending, RewardRole, compute_year
from tests.loans_svc.lending import Office
from tests.loans_svc.reward_years.test_reward_years import pool, weights, years

__all__ = ["years"]
LOANS = 1_500
UNITS = [f"ZZ{number:02d}" for number in range(1, 16)]
BANKS = ["bank-a", "bank-b", "bank-c", "bank-d"]
LOAN = """
    INSERT INTO loans.loan (id, unit, bank, fund, supported_group, borrower_kind, borrower_key, is_woman, is_disabled,
        amount_fen, term_months, eligibility, state, row_version, applied_by, applied_at)
    VALUES ($1, $2, $3, 'CITY', 'GRADUATE', 'INDIVIDUAL', $1, false, false, $4, 36, '{}', 'APPLIED', 1, 'a', now())
"""
EVENT = """
    INSERT INTO loans.loan_event (id, loan_id, bank, kind, to_state, effective_on, booked_on, recorded_at, recorded_by,
        amount_fen, evidence)
    VALUES ($1, $2, $3, $4, 'DISBURSED', $5, $6, $7, 'a', $8, 'x')
"""


def yuan(text: str) -> int:
    return int(text.replace(".", ""))


async def fill(office: Office) -> dict[str, int]:
    """Loans of 2022 by district; a tenth of them taken back in 2022. The sums are kept apart from the service."""
    dice, base = random.Random(2022), defaultdict[str, int](int)
    loans, events = [], []
    for _ in range(LOANS):
        loan, unit, bank, amount = new_id(), dice.choice(UNITS), dice.choice(BANKS), dice.randint(1, 30_000_000)
        day = date(2022, 1, 1) + timedelta(days=dice.randrange(365))
        loans.append((loan, unit, bank, amount))
        events.append((new_id(), loan, bank, "DISBURSEMENT", day, day, datetime.now(UTC), amount))
        base[unit] += amount
        if dice.random() < 0.1:
            booked = day + timedelta(days=dice.randrange((date(2022, 12, 31) - day).days + 1))
            events.append((new_id(), loan, bank, "CANCELLATION", booked, booked, datetime.now(UTC), amount))
            base[unit] -= amount
    owner = await asyncpg.connect(office.infrastructure.plain_url("loans_owner", office.database))
    await owner.executemany(LOAN, loans)
    await owner.executemany(EVENT, events)
    await owner.close()
    return base


def assert_whole(found: dict[str, Any]) -> None:
    """Roles sum to the pool, the recipients of each role to the role, each within a fen of its exact share."""
    total = yuan(found["pool"])
    by_role = {role["role"]: yuan(role["amount"]) for role in found["roles"]}
    assert sum(by_role.values()) == total
    all_weights = sum(role["weight"] for role in found["roles"])
    for role in found["roles"]:
        assert abs(by_role[role["role"]] - Fraction(total * role["weight"], all_weights)) < 1
        members = [one for one in found["recipients"] if one["role"] == role["role"]]
        assert sum(yuan(one["amount"]) for one in members) == by_role[role["role"]]
        lent = sum(yuan(one["lending"]) for one in members)
        for one in members:
            share = Fraction(by_role[role["role"]] * yuan(one["lending"]), lent)
            assert abs(yuan(one["amount"]) - share) < 1


async def test_the_pool_of_a_year_sums_to_the_fen_over_districts_roles_and_recipients(years: Office) -> None:
    await weights(years)
    base = await fill(years)
    city = await pool(years, 2022)
    assert yuan(city["base"]) == sum(base.values())
    assert yuan(city["pool"]) == (2 * sum(base.values()) + 100) // 200  # 1 %, half up
    assert_whole(city)
    offices = {one["recipient"]: yuan(one["lending"]) for one in city["recipients"] if one["role"] == "HR_OFFICE"}
    assert offices == dict(base)
    districts = [await pool(years, 2022, unit) for unit in UNITS]
    for unit, found in zip(UNITS, districts, strict=True):
        assert yuan(found["base"]) == base[unit]
        assert yuan(found["pool"]) == (2 * base[unit] + 100) // 200
        assert_whole(found)
    assert sum(yuan(found["base"]) for found in districts) == yuan(city["base"])
    assert abs(sum(yuan(found["pool"]) for found in districts) - yuan(city["pool"])) <= len(UNITS)  # half a fen each


_LENDING = st.builds(
    Lending,
    bank=st.sampled_from(BANKS),
    fund=st.sampled_from(["CITY", "OTHER"]),
    unit=st.sampled_from(UNITS),
    amount_fen=st.integers(-10_000_000, 30_000_000).filter(bool),
)


@settings(max_examples=60, deadline=None)
@given(
    lending=st.lists(_LENDING, max_size=60),
    parts=st.tuples(*[st.integers(0, 100)] * 3).filter(any),
    brought=st.integers(0, 50_000_000),
)
def test_no_fen_is_lost_or_made_whatever_was_lent(lending: list[Lending], parts: Any, brought: int) -> None:
    found = compute_year(lending, dict(zip(RewardRole, parts, strict=True)), 10_000, brought)
    net = sum(one.amount_fen for one in lending) - brought
    assert (found.base.base_fen, found.base.carried_forward_fen) == (max(0, net), max(0, -net))
    assert found.pool_fen == (2 * max(0, net) + 100) // 200
    assert sum(found.parts.roles) == sum(found.parts.recipients) == found.pool_fen
    for role, part in zip(found.roles, found.parts.roles, strict=True):
        members = [
            amount
            for one, amount in zip(found.recipients, found.parts.recipients, strict=True)
            if one.role == role.role
        ]
        assert sum(members) == part
        assert all(amount >= 0 for amount in members)
