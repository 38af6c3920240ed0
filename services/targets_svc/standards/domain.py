"""One version of the standards, and which one holds (targets design: what no text fixes is dated configuration).

Points and percentages are whole hundredths (−5.00 is −500), so that every comparison is exact.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from itertools import accumulate, pairwise

from kit.errors import FieldError
from kit.money import div_half_up
from targets_svc.indicators.domain import Indicator, IndicatorKind, Source
from targets_svc.progress.domain.arithmetic import Curve, Level, Ratio

MONTHS = 12
WHOLE = 10_000
"""A hundred per cent."""
_LINEAR = tuple(range(1, MONTHS + 1))


@dataclass(frozen=True, slots=True)
class Levels:
    """Least gap of each colour; what is below the last one is red (§5.7)."""

    green: int
    blue: int
    yellow: int
    orange: int
    overdue_days_to_orange: int

    def of_gap(self, gap: Ratio) -> Level:
        """The colour of a gap in points, on its exact value."""
        bounds = ((self.green, Level.GREEN), (self.blue, Level.BLUE), (self.yellow, Level.YELLOW))
        return next(
            (level for bound, level in (*bounds, (self.orange, Level.ORANGE)) if gap.reaches(bound, 100)), Level.RED
        )

    def of_overdue(self, days: int) -> Level:
        """A report that is overdue is at least yellow; after some days orange."""
        return Level.ORANGE if days > self.overdue_days_to_orange else Level.YELLOW


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Working days after the month's end for the report (§5.4), after a rise for the answer; days for the recovery."""

    report_days: int
    answer_days: int
    action_days: int


@dataclass(frozen=True, slots=True)
class Tolerances:
    """Of report against register, in parts of the larger one (§5.11)."""

    ok: int
    notice: int
    unexplained: int

    def is_flagged(self, reported: int, registered: int) -> bool:
        """Whether they are further apart than a notice."""
        return WHOLE * abs(reported - registered) > self.notice * max(reported, registered, 1)


@dataclass(frozen=True, slots=True)
class Validation:
    """When a reported figure is unusual: R7 and R16."""

    jump_times_median: int
    jump_share_of_target: int
    register_apart: int


@dataclass(frozen=True, slots=True)
class Standard:
    """A version.

    Attributes:
        effective_from: it holds for months that end on this day or later.
        published_at: None for the one that is shipped.
        curve: the course of the year by which warnings are judged, and progress unless asked otherwise.
        seasonal: cumulative shares of the months; by indicator where one has its own.
        actual_sources: the official source of an indicator's actual, where it is another than the catalogue says.
    """

    version: int
    effective_from: date
    reference: str
    levels: Levels
    curve: Curve
    seasonal: tuple[int, ...]
    seasonal_by_indicator: Mapping[str, tuple[int, ...]]
    deadlines: Deadlines
    reconciliation: Tolerances
    validation: Validation
    actual_sources: Mapping[str, Source] = field(default_factory=dict)
    published_at: datetime | None = None

    def points(self, curve: Curve, indicator: str) -> tuple[int, ...]:
        """Cumulative shares of the twelve months, in parts of the last one."""
        return _LINEAR if curve is Curve.LINEAR else self.seasonal_by_indicator.get(indicator, self.seasonal)

    def pace(self, curve: Curve, indicator: str, month: int) -> Ratio:
        """100·S(m), the share of the year's target expected by the end of month 1…12, in percent."""
        points = self.points(curve, indicator)
        return Ratio(100 * points[month - 1], points[-1])

    def source_of(self, indicator: Indicator) -> Source:
        """Where the official actual comes from."""
        return self.actual_sources.get(indicator.code, indicator.actual_source)


def in_force(standards: Iterable[Standard], last_day: date, known_at: datetime | None = None) -> Standard:
    """The version for a month that ends on `last_day`, of those published by an instant; there is always one."""
    known = (
        one
        for one in standards
        if one.effective_from <= last_day
        and (one.published_at is None or known_at is None or one.published_at <= known_at)
    )
    return max(known, key=lambda one: (one.effective_from, one.version))


def mean_course(years: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The course of past years: of each month the mean of its shares of the year's end, half up, never falling (§5.6).

    Args:
        years: cumulative figures of the twelve months of each year; a year's end is more than nothing.
    """
    means = [sum((Fraction(year[m], year[-1]) for year in years), Fraction(0)) / len(years) for m in range(MONTHS)]
    shares = (min(WHOLE, max(0, div_half_up(WHOLE * mean.numerator, mean.denominator))) for mean in means)
    return tuple(accumulate(shares, max))


def find_faults(standard: Standard, indicators: Mapping[str, Indicator]) -> Iterator[FieldError]:
    """What does not fit together; every fault at once."""
    levels = standard.levels
    bounds = (("green", levels.green), ("blue", levels.blue), ("yellow", levels.yellow), ("orange", levels.orange))
    for (_, better), (name, bound) in pairwise(bounds):
        if bound >= better:
            yield FieldError(f"/levels/{name}", "LEVELS", "各级差距下限应依次降低：绿、蓝、黄、橙")
    yield from _curve_faults("/seasonal/default", standard.seasonal)
    for code, points in standard.seasonal_by_indicator.items():
        where = f"/seasonal/by_indicator/{code}"
        if not _is_flow(indicators.get(code)):
            yield FieldError(where, "INDICATOR", "只有累计指标有时序曲线，请对照指标目录核对")
        yield from _curve_faults(where, points)
    if standard.reconciliation.ok > standard.reconciliation.notice:
        yield FieldError("/reconciliation/ok", "TOLERANCES", "“一致”的上限不能大于“提示”的上限")
    for code, source in standard.actual_sources.items():
        indicator = indicators.get(code)
        if indicator is None or (source is Source.REGISTER and not _is_flow(indicator)):
            message = "没有这项指标，或不能按实名登记计数，请对照指标目录核对"
            yield FieldError(f"/actual_sources/{code}", "INDICATOR", message)


def _is_flow(indicator: Indicator | None) -> bool:
    return indicator is not None and indicator.kind is IndicatorKind.FLOW


def _curve_faults(where: str, points: tuple[int, ...]) -> Iterator[FieldError]:
    if any(later < earlier for earlier, later in pairwise(points)):
        yield FieldError(where, "CURVE", "各月累计比例不能下降")
    if points[-1] != WHOLE:
        yield FieldError(where, "CURVE", "12月的累计比例应为100.00")
