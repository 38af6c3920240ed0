"""The year's end foreseen from its months, exact but for one square root (targets design §5.8).

With weights w_k = S_k − S_{k−1} and r = A_m/S_m the deviations are e_k = x_k − r·w_k, s² = Σ e_k²/w_k/(m−1), the
forecast F = r and its half-width t(0.90, m−1)·√(s²·(h + h²/S_m)) with h = 1 − S_m. Deviations of the months are
taken as independent; nothing is learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import isqrt

LEAST_MONTHS = 3
# Student's t, 90 % one-sided, by degrees of freedom (any table of the distribution; recomputed by a test).
_T90 = {
    1: "3.077684", 2: "1.885618", 3: "1.637744", 4: "1.533206", 5: "1.475884", 6: "1.439756",
    7: "1.414924", 8: "1.396815", 9: "1.383029", 10: "1.372184", 11: "1.363430",
}  # fmt: skip
T90 = {degrees: Fraction(text) for degrees, text in _T90.items()}
_SCALE = 10**9


class Verdict(StrEnum):
    """LIKELY: even the lower end reaches the target; UNLIKELY: not even the upper end does."""

    LIKELY = "LIKELY"
    AT_RISK = "AT_RISK"
    UNLIKELY = "UNLIKELY"
    INSUFFICIENT = "INSUFFICIENT"


@dataclass(frozen=True, slots=True)
class Forecast:
    """The year's end; `square` is the exact square of the half-width."""

    actual: int
    value: Fraction
    square: Fraction

    @property
    def half_width(self) -> Fraction:
        """Nine places, rounded down."""
        return Fraction(isqrt(self.square.numerator * _SCALE**2 // self.square.denominator), _SCALE)

    @property
    def lower(self) -> Fraction:
        """Never below what is counted already."""
        return max(Fraction(self.actual), self.value - self.half_width)

    @property
    def upper(self) -> Fraction:
        """The other end."""
        return self.value + self.half_width

    def verdict(self, target: int) -> Verdict:
        """Decided on the exact interval, by squares."""
        if self.actual >= target or _at_least(self.value - target, self.square):
            return Verdict.LIKELY
        missing = target - self.value
        return Verdict.UNLIKELY if missing > 0 and missing**2 > self.square else Verdict.AT_RISK

    def covers(self, year_end: int) -> bool:
        """Whether a known year's end lies in the interval."""
        return year_end >= self.actual and (self.value - year_end) ** 2 <= self.square


def _at_least(surplus: Fraction, square: Fraction) -> bool:
    return surplus >= 0 and surplus**2 >= square


def foresee(cumulative: Sequence[int | None], points: Sequence[int]) -> Forecast | None:
    """From the cumulative figures of months 1…m; None with fewer than three months or one of them unknown.

    Args:
        points: the course of the year, cumulative, in parts of its last one.
    """
    if len(cumulative) < LEAST_MONTHS or any(value is None for value in cumulative):
        return None
    known = [value for value in cumulative if value is not None]
    shares = [Fraction(point, points[-1]) for point in points[: len(known)]]
    reached, whole = shares[-1], Fraction(known[-1])
    rate = whole / reached
    squares: list[Fraction] = [
        (x - rate * w) ** 2 / w
        for x, w in zip(_steps([Fraction(v) for v in known]), _steps(shares), strict=True)
        if w > 0
    ]
    degrees = len(squares) - 1
    if degrees < LEAST_MONTHS - 1:
        return None
    ahead = 1 - reached
    variance = sum(squares, Fraction(0)) / degrees
    square = T90[degrees] ** 2 * variance * (ahead + ahead**2 / reached)
    return Forecast(known[-1], rate, square)


def _steps(values: Sequence[Fraction]) -> list[Fraction]:
    return [value - before for before, value in pairwise([Fraction(0), *values])]
