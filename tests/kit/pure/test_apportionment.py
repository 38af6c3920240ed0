"""Parts sum exactly, and nobody is a whole unit away from the exact share."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.apportionment import largest_remainder

STREETS = [412, 388, 365, 301, 277, 254, 190, 113]

totals = st.integers(-(10**12), 10**12)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any)


@pytest.mark.parametrize(
    ("total", "shares", "parts"),
    [
        pytest.param(500, STREETS, [90, 84, 79, 66, 60, 55, 41, 25], id="eight streets"),
        pytest.param(300, STREETS, [54, 51, 47, 39, 36, 33, 25, 15], id="eight streets in tens"),
        pytest.param(301, STREETS, [54, 51, 48, 39, 36, 33, 25, 15], id="one more goes to the third alone"),
        pytest.param(10, [1, 1, 1, 1], [3, 3, 2, 2], id="a full tie goes to the earlier"),
        pytest.param(2, [1, 3], [0, 2], id="a tie goes to the greater weight, even if it comes later"),
        pytest.param(270, [3, 2, 1], [135, 90, 45], id="an exact split"),
        pytest.param(100_003, [50, 25, 25], [50_001, 25_001, 25_001], id="three payers"),
        pytest.param(100_003, [50, 25, 15, 10], [50_002, 25_001, 15_000, 10_000], id="four payers"),
        pytest.param(3_333_333, [300, 200], [2_000_000, 1_333_333], id="two tranches"),
        pytest.param(10_000_001, [60, 25, 15], [6_000_001, 2_500_000, 1_500_000], id="three roles"),
        pytest.param(1, [1, 2], [0, 1], id="less than there are parts"),
        pytest.param(7, [0, 5, 0], [0, 7, 0], id="no weight, no part"),
        pytest.param(0, [1, 2], [0, 0], id="nothing to give"),
        pytest.param(-10, [1, 1, 1, 1], [-3, -3, -2, -2], id="a correction mirrors what it corrects"),
    ],
)
def test_worked_examples(total: int, shares: list[int], parts: list[int]) -> None:
    assert largest_remainder(total, shares) == parts


@pytest.mark.parametrize(
    ("shares", "says"),
    [([], "zero"), ([0, 0], "zero"), ([1, -1], "negative"), ([-1], "negative"), ([3, -1], "negative")],
)
def test_without_weights_nothing_can_be_split(shares: list[int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        largest_remainder(1, shares)


@given(totals, weights)
def test_the_parts_sum_to_the_total_and_stay_within_one_of_their_quota(total: int, shares: list[int]) -> None:
    parts = largest_remainder(total, shares)
    assert sum(parts) == total
    for part, weight in zip(parts, shares, strict=True):
        assert abs(part - Fraction(total * weight, sum(shares))) < 1


@given(totals, weights, st.integers(1, 1000))
def test_only_the_proportion_of_the_weights_matters(total: int, shares: list[int], scale: int) -> None:
    assert largest_remainder(total, [weight * scale for weight in shares]) == largest_remainder(total, shares)


@given(totals, weights)
def test_a_negative_total_is_split_like_its_opposite(total: int, shares: list[int]) -> None:
    assert largest_remainder(-total, shares) == [-part for part in largest_remainder(total, shares)]


@given(st.integers(0, 10**9), weights)
def test_a_greater_weight_never_gets_less(total: int, shares: list[int]) -> None:
    by_weight = sorted(zip(shares, largest_remainder(total, shares), strict=True))
    for (weight, part), (next_weight, next_part) in pairwise(by_weight):
        assert part <= next_part or weight == next_weight


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=12, unique=True))
def test_with_different_weights_the_order_does_not_matter(total: int, shares: list[int]) -> None:
    given_order = dict(zip(shares, largest_remainder(total, shares), strict=True))
    shuffled = sorted(shares)
    assert dict(zip(shuffled, largest_remainder(total, shuffled), strict=True)) == given_order
