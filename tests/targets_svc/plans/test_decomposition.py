"""Splitting a figure: the worked numbers of the targets design §7.3, and what holds for all of them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets_svc.plans.domain import split

STREETS = [412, 388, 365, 301, 277, 254, 190, 113]


def test_a_district_splits_its_target_over_its_streets_in_tens() -> None:
    assert split(3000, STREETS, quantum=10) == [540, 510, 470, 390, 360, 330, 250, 150]


def test_ten_more_go_to_the_street_with_the_next_fraction() -> None:
    assert split(3010, STREETS, quantum=10) == [540, 510, 480, 390, 360, 330, 250, 150]


def test_single_persons_are_split_too() -> None:
    assert split(500, STREETS) == [90, 84, 79, 66, 60, 55, 41, 25]


def test_what_is_left_below_a_quantum_goes_to_the_largest_weight() -> None:
    assert split(2705, [3, 2, 1], quantum=10) == [1355, 900, 450]


def test_equal_weights_share_equally_and_the_earlier_ones_get_the_rest() -> None:
    assert split(10, [1, 1, 1, 1]) == split(10, [0, 0, 0, 0]) == [3, 3, 2, 2]


def test_everybody_gets_the_floor_first() -> None:
    assert split(100, [1, 0, 0], quantum=10, floor=20) == [60, 20, 20]


@pytest.mark.parametrize(
    ("total", "weights", "quantum", "floor"),
    [(10, [], 1, 0), (10, [1, -1], 1, 0), (10, [1], 0, 0), (10, [1, 1], 1, 6), (10, [1], 1, -1)],
)
def test_impossible_conditions_are_refused(total: int, weights: list[int], quantum: int, floor: int) -> None:
    with pytest.raises(ValueError, match="cannot be met"):
        split(total, weights, quantum, floor)


@given(
    st.integers(0, 10**7),
    st.lists(st.integers(0, 10**5), min_size=1, max_size=30),
    st.integers(1, 100),
    st.integers(0, 50),
    st.integers(1, 9),
)
def test_parts_sum_to_the_total_and_stay_within_a_quantum_of_their_share(
    spread: int, weights: list[int], quantum: int, floor: int, scale: int
) -> None:
    total = spread + floor * len(weights)
    parts = split(total, weights, quantum, floor)

    assert sum(parts) == total
    assert parts == split(total, [weight * scale for weight in weights], quantum, floor)
    shares = weights if any(weights) else [1] * len(weights)
    rest_to = shares.index(max(shares))
    for position, part in enumerate(parts):
        quota = floor + quantum * Fraction(spread // quantum * shares[position], sum(shares))
        rest = spread % quantum if position == rest_to else 0
        assert abs(part - rest - quota) < quantum
