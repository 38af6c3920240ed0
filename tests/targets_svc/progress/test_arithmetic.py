"""The worked numbers of the targets design §7.1 and §7.6, computed without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets_svc.indicators.domain import Direction
from targets_svc.progress.domain.arithmetic import (
    Curve,
    Level,
    Ratio,
    completion,
    is_met,
    level_of_limit,
    needed_per_month,
    ranks,
)
from targets_svc.standards.repository import shipped_standard
from tests.targets_svc.progress.june import CITY_JUNE, JUNE, June

STANDARD = shipped_standard()
LEVELS = STANDARD.levels
_TARGETS = st.integers(1, 10**6)
_ACTUALS = st.integers(0, 10**6)


@pytest.mark.parametrize("row", JUNE, ids=lambda row: row.unit)
def test_each_district_at_the_end_of_june_to_the_last_digit(row: June) -> None:
    reached = completion(Direction.GE, row.actual, row.target)
    linear = reached.minus(STANDARD.pace(Curve.LINEAR, "I01", 6))
    seasonal = reached.minus(STANDARD.pace(Curve.SEASONAL, "I01", 6))
    needed = needed_per_month(row.target, row.actual, 6)

    assert reached.shown() == row.completion
    assert (linear.shown(), LEVELS.of_gap(linear)) == (row.gap_linear, row.level_linear)
    assert (seasonal.shown(), LEVELS.of_gap(seasonal)) == (row.gap_seasonal, row.level_seasonal)
    assert needed is not None
    assert needed.shown(1) == row.needed_per_month


def test_the_city_is_the_sum_of_its_districts() -> None:
    actual, target = sum(row.actual for row in JUNE), sum(row.target for row in JUNE)
    reached = completion(Direction.GE, actual, target)

    assert (target, actual, reached.shown()) == (CITY_JUNE.target, CITY_JUNE.actual, CITY_JUNE.completion)
    assert reached.minus(STANDARD.pace(Curve.LINEAR, "I01", 6)).shown() == CITY_JUNE.gap_linear
    assert reached.minus(STANDARD.pace(Curve.SEASONAL, "I01", 6)).shown() == CITY_JUNE.gap_seasonal


def test_ties_share_a_rank_and_the_next_ones_skip() -> None:
    assert ranks({row.unit: completion(Direction.GE, row.actual, row.target) for row in JUNE}) == {
        row.unit: row.rank for row in JUNE
    }


@pytest.mark.parametrize(
    ("direction", "actual", "target", "shown", "met"),
    [
        (Direction.LE, 396, 400, "100.00", True),
        (Direction.LE, 400, 400, "100.00", True),
        (Direction.LE, 412, 400, "97.00", False),
        (Direction.LE, 1000, 400, "0.00", False),
        (Direction.EQ, 0, 0, "100.00", True),
        (Direction.EQ, 1, 0, "0.00", False),
        (Direction.LE, 1, 0, "0.00", False),
        (Direction.GE, 0, 0, "100.00", True),
        (Direction.GE, 9150, 9000, "101.67", True),
        (Direction.GE, -15, 3000, "-0.50", False),
    ],
)
def test_limits_and_zero_targets_are_native(
    direction: Direction, actual: int, target: int, shown: str, met: bool
) -> None:
    assert completion(direction, actual, target).shown() == shown
    assert is_met(direction, actual, target) is met


def test_a_limit_missed_twice_is_red() -> None:
    assert level_of_limit(True, False) is Level.GREEN
    assert level_of_limit(False, None) is level_of_limit(False, True) is Level.ORANGE
    assert level_of_limit(False, False) is Level.RED


def test_an_overdue_report_turns_orange_after_ten_days() -> None:
    assert (LEVELS.of_overdue(1), LEVELS.of_overdue(10), LEVELS.of_overdue(11)) == (
        *(Level.YELLOW, Level.YELLOW),
        Level.ORANGE,
    )


@pytest.mark.parametrize(
    ("gap", "level"),
    [
        (Ratio(0, 1), Level.GREEN),
        (Ratio(-1, 10**9), Level.BLUE),
        (Ratio(-5, 1), Level.BLUE),
        (Ratio(-5 * 10**9 - 1, 10**9), Level.YELLOW),
        (Ratio(-10, 1), Level.YELLOW),
        (Ratio(-20, 1), Level.ORANGE),
        (Ratio(-20 * 10**9 - 1, 10**9), Level.RED),
    ],
)
def test_a_level_is_decided_on_the_exact_gap_and_not_on_the_shown_one(gap: Ratio, level: Level) -> None:
    assert LEVELS.of_gap(gap) is level


def test_nothing_is_needed_once_the_target_is_reached_or_the_year_is_over() -> None:
    assert needed_per_month(100, 100, 6) is None
    assert needed_per_month(100, 10, 12) is None


@pytest.mark.parametrize("curve", Curve)
def test_a_curve_never_falls_and_ends_with_the_whole_year(curve: Curve) -> None:
    points = STANDARD.points(curve, "I01")

    assert len(points) == 12
    assert list(points) == sorted(points)
    assert STANDARD.pace(curve, "I01", 12).shown() == "100.00"


@given(_TARGETS, _ACTUALS)
def test_more_done_is_never_less_complete_and_a_limit_is_its_mirror(target: int, actual: int) -> None:
    def exact(direction: Direction, value: int) -> float:
        reached = completion(direction, value, target)
        return reached.numerator * 10**9 // reached.denominator

    assert exact(Direction.GE, actual) <= exact(Direction.GE, actual + 1)
    assert exact(Direction.LE, actual) >= exact(Direction.LE, actual + 1)


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.tuples(_ACTUALS, _TARGETS), max_size=12), st.integers(1, 99))
def test_ranks_depend_on_nothing_but_the_exact_completion(figures: dict[str, tuple[int, int]], scale: int) -> None:
    reached = {key: completion(Direction.GE, a, t) for key, (a, t) in figures.items()}
    scaled = {key: completion(Direction.GE, a * scale, t * scale) for key, (a, t) in figures.items()}

    given_out = ranks(reached)

    assert given_out == ranks(scaled)
    for one, one_ratio in reached.items():
        better = [o for o in reached.values() if o.minus(one_ratio).numerator > 0]
        assert given_out[one] == 1 + len(better)
