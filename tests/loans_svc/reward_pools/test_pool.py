"""E19, E20, and that no fen is lost or made."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.money import fen_from_yuan
from loans_svc.reward_pools.domain import (
    Cancellation,
    Disbursement,
    Recipient,
    Role,
    base_of,
    find_faults,
    find_lending_faults,
    net_base,
    pool_of,
    share_pool,
)
from loans_svc.rules.repository import catalogue

ONE_PERCENT = catalogue().reward_schemes["REWARD_1PCT"].rate_ppm or 0

E19_DISBURSEMENTS = [
    Disbursement(date(2024, 3, 1), 200_000_00, "a"),
    Disbursement(date(2024, 12, 31), 300_000_00, "b"),
    Disbursement(date(2024, 5, 5), 123_456_78, "c"),
    Disbursement(date(2024, 6, 1), 150_000_00, "d"),
    Disbursement(date(2025, 1, 1), 500_000_00, "e"),
]
E19_CANCELLATIONS = [Cancellation(date(2024, 8, 1), 123_456_78, "c"), Cancellation(date(2025, 2, 10), 150_000_00, "d")]


@pytest.mark.parametrize(
    ("year", "base", "pool"),
    [
        pytest.param(2024, 650_000_00, 6_500_00, id="E19-2024"),
        pytest.param(2025, 350_000_00, 3_500_00, id="E19-2025-bears-the-cancellation-of-a-2024-loan"),
        pytest.param(2023, 0, 0, id="E19-2023-has-nothing"),
    ],
)
def test_year_boundaries(year: int, base: int, pool: int) -> None:
    found = base_of(year, E19_DISBURSEMENTS, E19_CANCELLATIONS, 0)
    assert (found.base_fen, found.carried_forward_fen) == (base, 0)
    assert pool_of(found.base_fen, ONE_PERCENT) == pool
    assert list(find_lending_faults(E19_DISBURSEMENTS, E19_CANCELLATIONS)) == []


def test_E20_60_25_15_of_100_000_01() -> None:  # noqa: N802  the example's number
    """6 000 000.6, 2 500 000.25 and 1 500 000.15 fen: the spare fen is the banks'."""
    roles = [Role("BANK", 60), Role("FUND_OPERATOR", 25), Role("HR_OFFICE", 15)]
    recipients = [
        Recipient("bank-a", "BANK", fen_from_yuan("333000000.00")),
        Recipient("bank-b", "BANK", fen_from_yuan("333000000.00")),
        Recipient("bank-c", "BANK", fen_from_yuan("334000001.00")),
        Recipient("operator", "FUND_OPERATOR", 1),
        Recipient("hr-a", "HR_OFFICE", 218),
        Recipient("hr-b", "HR_OFFICE", 280),
        Recipient("hr-c", "HR_OFFICE", 218),
    ]
    parts = share_pool(100_000_01, roles, recipients)
    assert parts.roles == (60_000_01, 25_000_00, 15_000_00)
    # Banks: 1 998 000.331, 1 998 000.331, 2 004 000.338 fen; offices: 456 703.91, 586 592.18, 456 703.91 fen.
    assert parts.recipients == (19_980_00, 19_980_00, 20_040_01, 25_000_00, 4_567_04, 5_865_92, 4_567_04)
    assert sum(parts.roles) == sum(parts.recipients) == 100_000_01


def test_a_negative_year_counts_as_none_and_is_carried_forward() -> None:
    lean = net_base(100_00, 250_00, 0)
    assert (lean.base_fen, lean.carried_forward_fen) == (0, 150_00)
    next_year = net_base(400_00, 0, lean.carried_forward_fen)
    assert (next_year.base_fen, next_year.carried_forward_fen) == (250_00, 0)


@pytest.mark.parametrize(("base", "pool"), [(49, 0), (50, 1), (149, 1), (150, 2)])
def test_the_pool_is_rounded_half_up(base: int, pool: int) -> None:
    assert pool_of(base, ONE_PERCENT) == pool


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 10**12),
    st.lists(st.integers(0, 100), min_size=1, max_size=4).filter(any),
    st.data(),
)
def test_parts_sum_exactly_and_stay_within_a_fen_of_the_quota(
    pool: int, weights: list[int], data: st.DataObject
) -> None:
    roles = [Role(f"ROLE_{i}", weight) for i, weight in enumerate(weights)]
    recipients = [
        Recipient(f"{role.role}-{n}", role.role, weight)
        for role in roles
        for n, weight in enumerate(data.draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=5)))
    ]
    assert list(find_faults(roles, recipients)) == []
    parts = share_pool(pool, roles, recipients)
    assert sum(parts.roles) == sum(parts.recipients) == pool
    for role, part in zip(roles, parts.roles, strict=True):
        assert abs(part - Fraction(pool * role.weight, sum(weights))) < 1
        members = [(r, p) for r, p in zip(recipients, parts.recipients, strict=True) if r.role == role.role]
        assert sum(p for _, p in members) == part
        for recipient, share in members:
            assert abs(share - Fraction(part * recipient.weight, sum(r.weight for r, _ in members))) < 1


def test_the_order_of_recipients_does_not_change_anyones_part() -> None:
    roles = [Role("BANK", 1)]
    recipients = [Recipient(name, "BANK", 1) for name in ("b", "a", "c")]
    parts = share_pool(100, roles, recipients)
    assert dict(zip("bac", parts.recipients, strict=True)) == {"a": 34, "b": 33, "c": 33}


@pytest.mark.parametrize(
    ("roles", "recipients", "pointer", "code"),
    [
        ([Role("BANK", 0)], [], "/roles", "NO_WEIGHT"),
        ([Role("BANK", 1)], [], "/roles/0", "NO_RECIPIENT"),
        ([Role("BANK", 1)], [Recipient("a", "BANK", 0)], "/roles/0", "NO_RECIPIENT"),
        ([Role("BANK", 1), Role("BANK", 2)], [Recipient("a", "BANK", 1)], "/roles/1/role", "DUPLICATE_ROLE"),
        ([Role("BANK", 1)], [Recipient("a", "BANK", 1), Recipient("b", "X", 1)], "/recipients/1/role", "UNKNOWN_ROLE"),
        (
            [Role("BANK", 1)],
            [Recipient("a", "BANK", 1), Recipient("a", "BANK", 1)],
            "/recipients/1/recipient",
            "DUPLICATE_RECIPIENT",
        ),
    ],
)
def test_money_that_would_stay_unallocated_is_a_fault(
    roles: list[Role], recipients: list[Recipient], pointer: str, code: str
) -> None:
    assert [(fault.pointer, fault.code) for fault in find_faults(roles, recipients)] == [(pointer, code)]


def test_a_role_without_weight_needs_nobody() -> None:
    roles = [Role("BANK", 1), Role("HR_OFFICE", 0)]
    recipients = [Recipient("a", "BANK", 1), Recipient("h", "HR_OFFICE", 0)]
    assert list(find_faults(roles, recipients)) == []
    assert share_pool(5, roles, recipients).recipients == (5, 0)


@pytest.mark.parametrize(
    ("cancellation", "pointer", "code"),
    [
        (Cancellation(date(2024, 2, 29), 1, "a"), "/cancellations/0/booked_on", "BEFORE_DISBURSEMENT"),
        (Cancellation(date(2024, 3, 1), 200_000_01, "a"), "/cancellations/0/amount", "EXCEEDS_DISBURSEMENT"),
    ],
)
def test_a_cancellation_must_fit_its_disbursement(cancellation: Cancellation, pointer: str, code: str) -> None:
    assert [(f.pointer, f.code) for f in find_lending_faults(E19_DISBURSEMENTS, [cancellation])] == [(pointer, code)]


def test_a_reference_stands_for_one_disbursement() -> None:
    twice = [E19_DISBURSEMENTS[0], E19_DISBURSEMENTS[0]]
    twice[1] = Disbursement(date(2024, 4, 1), 1, "a")
    assert [f.pointer for f in find_lending_faults(twice, [])] == ["/disbursements/1/reference"]
