"""Forecasts to the digit of the targets design §7.2, and the table of t against its own integral."""

from fractions import Fraction
from itertools import accumulate
from math import gamma, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import fixed
from targets_svc.forecasts.domain import T90, Forecast, Verdict, foresee
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.standards.repository import shipped_standard

POINTS = {curve: shipped_standard().points(curve, "I01") for curve in Curve}

JINSHUI = (1900, 2150, 3050, 2600, 2580, 2840)
HUIJI = (180, 200, 260, 230, 230, 250)


def shown(value: Fraction) -> str:
    return fixed(value.numerator, value.denominator, 1)


@pytest.mark.parametrize(
    ("months", "curve", "target", "value", "half_width", "interval", "verdict"),
    [
        (JINSHUI, Curve.LINEAR, 28000, "30240.0", "2186.6", ("28053.4", "32426.6"), Verdict.LIKELY),
        (JINSHUI, Curve.SEASONAL, 28000, "28000.0", "707.5", ("27292.5", "28707.5"), Verdict.AT_RISK),
        (HUIJI, Curve.LINEAR, 3000, "2700.0", "154.2", ("2545.8", "2854.2"), Verdict.UNLIKELY),
        (HUIJI, Curve.SEASONAL, 3000, "2500.0", "45.7", ("2454.3", "2545.7"), Verdict.UNLIKELY),
    ],
)
def test_the_worked_forecasts_come_out_to_the_digit(
    months: tuple[int, ...], curve: Curve, target: int, value: str, half_width: str, interval: tuple[str, str],
    verdict: Verdict,
) -> None:  # fmt: skip
    found = foresee(list(accumulate(months)), POINTS[curve])

    assert found is not None
    assert (shown(found.value), shown(found.half_width)) == (value, half_width)
    assert (shown(found.lower), shown(found.upper)) == interval
    assert found.verdict(target) is verdict


def test_the_linear_interval_is_the_textbook_one_for_a_mean() -> None:
    """n months with mean x̄ and standard deviation s: the other k together are k·x̄ ± t·s·√(k + k²/n)."""
    found = foresee(list(accumulate(JINSHUI)), POINTS[Curve.LINEAR])
    mean = sum(JINSHUI) / 6
    deviation = sqrt(sum((x - mean) ** 2 for x in JINSHUI) / 5)

    assert found is not None
    assert float(found.half_width) == pytest.approx(1.475884 * deviation * sqrt(6 + 36 / 6), rel=1e-9)


def test_two_months_or_a_gap_are_too_little() -> None:
    assert foresee([100, 200], POINTS[Curve.LINEAR]) is None
    assert foresee([100, None, 300], POINTS[Curve.LINEAR]) is None
    assert foresee([], POINTS[Curve.LINEAR]) is None


def test_at_the_year_end_nothing_is_left_to_foresee() -> None:
    found = foresee(list(accumulate(range(1, 13))), POINTS[Curve.SEASONAL])

    assert found is not None
    assert (found.lower, found.value, found.upper) == (78, 78, 78)
    assert [found.verdict(target) for target in (78, 79)] == [Verdict.LIKELY, Verdict.UNLIKELY]


def test_the_verdict_is_decided_on_the_exact_bound() -> None:
    found = Forecast(actual=50, value=Fraction(100), square=Fraction(400))

    assert [found.verdict(t) for t in (80, 81, 120, 121)] == [
        Verdict.LIKELY, Verdict.AT_RISK, Verdict.AT_RISK, Verdict.UNLIKELY,
    ]  # fmt: skip
    assert [found.covers(end) for end in (79, 80, 120, 121)] == [False, True, True, False]


def test_what_is_counted_already_is_never_foreseen_away() -> None:
    assert Forecast(actual=95, value=Fraction(100), square=Fraction(400)).lower == 95


@pytest.mark.parametrize("degrees", range(1, 12))
def test_the_table_of_t_leaves_a_tenth_above(degrees: int) -> None:
    """Simpson's rule over the density from zero to the quantile gives 0.4."""
    factor = gamma((degrees + 1) / 2) / (sqrt(degrees * pi) * gamma(degrees / 2))
    quantile, steps = float(T90[degrees]), 2000
    width = quantile / steps
    weights = [1, *([4, 2] * (steps // 2 - 1)), 4, 1]
    area = sum(w * factor * (1 + (i * width) ** 2 / degrees) ** (-(degrees + 1) / 2) for i, w in enumerate(weights))

    assert area * width / 3 == pytest.approx(0.4, abs=5e-7)


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=12), st.sampled_from(Curve), st.integers(2, 50))
def test_a_forecast_grows_with_its_figures(months: list[int], curve: Curve, factor: int) -> None:
    one, many = (
        foresee(list(accumulate(months)), POINTS[curve]),
        foresee([factor * v for v in accumulate(months)], POINTS[curve]),
    )

    assert one is not None
    assert many is not None
    assert (many.value, many.square) == (factor * one.value, factor**2 * one.square)
