"""Levels, curves and tolerances on both sides of each bound, and which version holds when."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets_svc.indicators.domain import Source
from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.domain.arithmetic import Curve, Level, Ratio
from targets_svc.standards.domain import Standard, find_faults, in_force, mean_course
from targets_svc.standards.repository import read_standard, shipped, shipped_standard
from targets_svc.standards.schemas import StandardContent
from tests.targets_svc.progress.june import JUNE

DAY = timedelta(days=1)
PUBLISHED = datetime(2017, 6, 20, tzinfo=UTC)


def changed(**change: Any) -> Standard:
    """The shipped version with members of its content changed, such as `levels__blue`."""
    content = deepcopy(dict(shipped()["content"]))
    for path, value in change.items():
        *groups, name = path.split("__")
        group: Any = content
        for part in groups:
            group = group[part]
        group[name] = value
    return read_standard(content, 2, date(2017, 7, 1), "", PUBLISHED)


def test_the_shipped_version_is_what_the_design_gives_as_default() -> None:
    one = shipped_standard()

    assert StandardContent.model_validate(shipped()["content"]).model_dump(mode="json") == shipped()["content"]
    assert list(find_faults(one, load_indicators())) == []
    assert (one.curve, one.deadlines.report_days, one.deadlines.answer_days) == (Curve.LINEAR, 5, 5)
    assert one.pace(Curve.SEASONAL, "I01", 6).shown() == "54.00"
    assert [one.levels.of_gap(Ratio(points, 1)) for points in (0, -5, -10, -20, -21)] == list(Level)[:5]


def test_other_bounds_colour_the_same_gaps_differently() -> None:
    strict = changed(levels__blue="-2.50", levels__yellow="-5.00", levels__orange="-7.99").levels
    colours = {row.unit: strict.of_gap(Ratio(100 * row.actual - 50 * row.target, row.target)) for row in JUNE}

    assert (colours["ZZ08"], colours["ZZ11"], colours["ZZ04"], colours["ZZ10"], colours["ZZ15"]) == (
        *(Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED, Level.RED),
    )
    assert strict.of_gap(Ratio(-250, 100)) is Level.BLUE
    assert strict.of_gap(Ratio(-2501, 1000)) is Level.YELLOW


def test_an_indicator_may_have_its_own_course_and_its_own_source() -> None:
    autumn = ["0.00"] * 8 + ["25.00", "50.00", "75.00", "100.00"]
    one = changed(seasonal__by_indicator={"I03": autumn}, actual_sources={"I03": "REGISTER"})
    known = load_indicators()

    assert [one.pace(Curve.SEASONAL, code, 9).shown() for code in ("I03", "I01")] == ["25.00", "80.00"]
    assert one.pace(Curve.LINEAR, "I03", 9).shown() == "75.00"
    assert [one.source_of(known[code]) for code in ("I03", "I01")] == [Source.REGISTER, Source.REPORT]


def test_tolerances_on_both_sides_of_their_bounds() -> None:
    wide = changed(reconciliation__notice="5.00").reconciliation

    assert [wide.is_flagged(100, n) for n in (95, 94)] == [False, True]
    assert [shipped_standard().reconciliation.is_flagged(100, n) for n in (97, 96)] == [False, True]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"levels__blue": "0.00"}, "/levels/blue"),
        ({"levels__orange": "-9.00"}, "/levels/orange"),
        ({"seasonal__default": ["50.00", "40.00", *["100.00"] * 10]}, "/seasonal/default"),
        ({"seasonal__default": ["8.00"] * 12}, "/seasonal/default"),
        ({"seasonal__by_indicator": {"I01": ["8.00"] * 12}}, "/seasonal/by_indicator/I01"),
        ({"seasonal__by_indicator": {"R01": ["100.00"] * 12}}, "/seasonal/by_indicator/R01"),
        ({"seasonal__by_indicator": {"X1": ["100.00"] * 12}}, "/seasonal/by_indicator/X1"),
        ({"reconciliation__ok": "3.01"}, "/reconciliation/ok"),
        ({"actual_sources": {"R01": "REGISTER"}}, "/actual_sources/R01"),
        ({"actual_sources": {"X1": "REPORT"}}, "/actual_sources/X1"),
    ],
)
def test_what_does_not_fit_together_is_named(change: dict[str, Any], pointer: str) -> None:
    assert [fault.pointer for fault in find_faults(changed(**change), load_indicators())] == [pointer]


def test_a_version_holds_from_its_first_day_for_who_knows_of_it() -> None:
    old, new = shipped_standard(), changed()
    both = [new, old]

    assert in_force(both, date(2017, 6, 30)) is old
    assert in_force(both, date(2017, 7, 31)) is new
    assert in_force(both, date(2017, 7, 31), PUBLISHED) is new
    assert in_force(both, date(2017, 7, 31), PUBLISHED - DAY) is old
    corrected = replace(new, version=3)
    assert in_force([corrected, *both], date(2017, 7, 31)) is corrected


@given(st.lists(st.integers(0, 10_000), min_size=11, max_size=11).map(sorted))
def test_a_sound_course_is_read_as_it_is_written(shares: list[int]) -> None:
    written = [f"{share // 100}.{share % 100:02d}" for share in (*shares, 10_000)]

    assert changed(seasonal__default=written).seasonal == (*shares, 10_000)


def test_the_course_of_past_years_is_the_mean_of_their_shares() -> None:
    even = [100 * month for month in range(1, 13)]
    late = [0] * 6 + [100, 200, 300, 400, 500, 600]

    assert mean_course([even, even]) == (833, 1667, 2500, 3333, 4167, 5000, 5833, 6667, 7500, 8333, 9167, 10_000)
    assert mean_course([even, late])[5:7] == (2500, 3750), "each year weighs the same, whatever its size"
    assert mean_course([[10, 20, 15, *range(20, 29)], even])[1:3] == (4405, 4405), "a fall is no course"


@given(st.lists(st.lists(st.integers(0, 999), min_size=12, max_size=12), min_size=2, max_size=4))
def test_whatever_past_years_were_their_course_can_be_published(steps: list[list[int]]) -> None:
    years = [[sum(year[: m + 1]) + m + 1 for m in range(12)] for year in steps]
    written = [f"{share // 100}.{share % 100:02d}" for share in mean_course(years)]

    assert list(find_faults(changed(seasonal__default=written), load_indicators())) == []
