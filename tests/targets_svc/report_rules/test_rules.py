"""Each rule of a report, one figure on each side of its boundary."""

from datetime import date
from typing import Any

import pytest

from kit.dates import Month
from kit.errors import FieldError
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import ItemState, PlanItem
from targets_svc.report_rules.domain import (
    Assignment,
    Cell,
    OfficialMonth,
    check_period,
    find_errors,
    find_gaps,
    find_warnings,
)
from targets_svc.standards.repository import shipped_standard

INDICATORS = load_indicators()
VALIDATION = shipped_standard().validation
TODAY = date(2017, 7, 1)


def assigned(month: int = 6, earlier: list[dict[str, Cell]] | None = None, **options: Any) -> Assignment:
    """金水 with three figures, a pending and an unassigned one; `earlier` are the approved months just before."""
    items = [
        PlanItem("ZZ07", "I01", ItemState.ASSIGNED, 28000),
        PlanItem("ZZ07", "I01a", ItemState.ASSIGNED, 6400),
        PlanItem("ZZ07", "I03", ItemState.ASSIGNED, 910),
        PlanItem("ZZ07", "I05", ItemState.NOT_ASSIGNED),
        PlanItem("ZZ07", "P01", ItemState.PENDING),
    ]
    known = earlier or []
    official = [OfficialMonth(month - len(known) + n, cells) for n, cells in enumerate(known)]
    known_items = {item.indicator: item for item in items}
    return Assignment(INDICATORS, known_items, month, VALIDATION, official, **options)


def codes(found: list[FieldError]) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in found]


def official(**values: int) -> dict[str, Cell]:
    return {code: Cell(code, value) for code, value in values.items()}


@pytest.mark.parametrize(
    ("month", "has_plan", "code"),
    [
        (Month(2017, 7), True, None),
        (Month(2017, 8), True, "R1_FUTURE"),
        (Month(2016, 7), False, "R1_NO_PLAN"),
    ],
)
def test_a_month_is_reported_once_it_has_begun_and_only_in_a_year_with_a_plan(
    month: Month, has_plan: bool, code: str | None
) -> None:
    assert [error.code for error in check_period(month, TODAY, has_plan=has_plan)] == ([code] if code else [])


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([Cell("I01", 15120), Cell("I01a", 3400), Cell("I03", 0)], []),
        ([Cell("I99", 1)], [("/cells/0/indicator", "UNKNOWN_INDICATOR")]),
        ([Cell("I03", 1), Cell("I03", 2)], [("/cells/1/indicator", "DUPLICATE_INDICATOR")]),
        ([Cell("P01", 1)], [("/cells/0/value", "R3_PENDING")]),
        ([Cell("P01", None)], []),
        ([Cell("I03", -1)], [("/cells/0/value", "R4_NEGATIVE")]),
        ([Cell("I01", -15)], []),
        ([Cell("I01", 295, gross=310)], [("/cells/0/attrition", "R4_PARTS")]),
        ([Cell("I01", 300, gross=310, attrition=15)], [("/cells/0/value", "R4_PARTS")]),
        ([Cell("I01", -5, gross=-5, attrition=0)], [("/cells/0/gross", "R4_NEGATIVE")]),
        ([Cell("I03", 5, gross=5, attrition=0)], [("/cells/0/gross", "NOT_A_NET_FIGURE")]),
        ([Cell("I01", 100), Cell("I01a", 100)], []),
        ([Cell("I01", 100), Cell("I01a", 101)], [("/cells/1/value", "R6_SUBSET")]),
        ([Cell("I03", 5, numerator=1, denominator=2)], [("/cells/0/numerator", "NOT_A_RATE")]),
    ],
)
def test_figures_that_cannot_be_are_named_one_by_one(cells: list[Cell], found: list[tuple[str, str]]) -> None:
    assert codes(find_errors(cells, assigned())) == found


def test_all_faults_are_reported_together() -> None:
    cells = [Cell("I03", -1), Cell("P01", 3), Cell("I01", 5), Cell("I01a", 6)]

    assert codes(find_errors(cells, assigned())) == [
        ("/cells/0/value", "R4_NEGATIVE"),
        ("/cells/1/value", "R3_PENDING"),
        ("/cells/3/value", "R6_SUBSET"),
    ]


def test_a_subset_is_compared_with_the_gross_figure_and_a_net_fall_is_only_unusual() -> None:
    """310 newly employed, 325 left: the month adds −15, yet 300 of the 310 may have been unemployed before."""
    before = {"I01": Cell("I01", 500, gross=500, attrition=0), "I01a": Cell("I01a", 100)}
    now = [Cell("I01", 485, gross=810, attrition=325), Cell("I01a", 490)]
    against = assigned(2, [before])

    assert find_errors(now, against) == []
    assert ("/cells/0/value", "R4_NET_FALL") in codes(find_warnings(now, against, is_late=False))
    assert codes(find_errors([now[0], Cell("I01a", 811)], against)) == [("/cells/1/value", "R6_SUBSET")]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (Cell("I03", 400), []),
        (Cell("I03", 399), [("/cells/0/value", "R5_FALL")]),
        (Cell("I01", 13000), []),
        (Cell("I01", 12999), [("/cells/0/value", "R5_FALL")]),
        (Cell("I01", 12999, gross=13010, attrition=11), []),
        (Cell("I01", 12990, gross=12999, attrition=9), [("/cells/0/gross", "R5_FALL")]),
    ],
)
def test_a_cumulative_figure_falls_by_correction_or_by_shown_attrition_only(
    cell: Cell, found: list[tuple[str, str]]
) -> None:
    before = [official(I03=400, I01=13000)]

    assert codes(find_errors([cell], assigned(6, before))) == found
    assert find_errors([cell], assigned(6, before, is_correction=True)) == []


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (Cell("R01", 396), []),
        (Cell("R01", 396, numerator=396, denominator=10000), []),
        (Cell("R01", 333, numerator=40, denominator=1200), []),
        (Cell("R01", 334, numerator=40, denominator=1200), []),  # 3.34 against 3.3333…: 0.0067 points
        (Cell("R01", 335, numerator=40, denominator=1200), [("/cells/0/value", "R9_RATE")]),
        (Cell("R01", 396, numerator=396), [("/cells/0/denominator", "R9_PARTS")]),
        (Cell("R01", 396, numerator=396, denominator=0), [("/cells/0/denominator", "R9_DENOMINATOR")]),
        (Cell("R01", 10000), []),
        (Cell("R01", 10001), [("/cells/0/value", "R10_RATE_RANGE")]),
    ],
)
def test_a_rate_agrees_with_its_parts(cell: Cell, found: list[tuple[str, str]]) -> None:
    assert codes(find_errors([cell], assigned())) == found


def test_a_submission_has_every_assigned_figure_or_the_reason_why_not() -> None:
    complete = [Cell("I01", 1), Cell("I01a", 1), Cell("I03", None, comment="培训机构数据未到")]

    assert find_gaps(complete, assigned()) == []
    assert codes(find_gaps([Cell("I01", 1), Cell("I03", None, comment=" ")], assigned())) == [
        ("/cells", "R11_MISSING"),
        ("/cells/1/comment", "R11_NO_REASON"),
    ]


@pytest.mark.parametrize(
    ("month", "value", "found"),
    [
        (4, 3000 + 3000, []),
        (4, 3000 + 3001, ["R7_JUMP"]),  # more than three times the median of 1000, 1000, 1000
        (4, 3000, []),
        (1, 7000, []),
        (1, 7001, ["R7_JUMP"]),  # more than a quarter of 28000
    ],
)
def test_a_sudden_jump_is_shown(month: int, value: int, found: list[str]) -> None:
    earlier = [official(I01=1000 * n) for n in range(1, month)]
    warnings = find_warnings([Cell("I01", value)], assigned(month, earlier), is_late=False)

    assert [w.code for w in warnings if w.code != "R15_COPIED"] == found


def test_standing_still_for_two_months_and_copying_a_month_are_shown() -> None:
    earlier = [official(I01=500), official(I01=500)]

    assert codes(find_warnings([Cell("I01", 500)], assigned(3, earlier), is_late=False)) == [
        ("/cells/0/value", "R8_NO_PROGRESS"),
        ("/cells", "R15_COPIED"),
    ]


def test_late_reports_and_unassigned_figures_are_shown() -> None:
    assert codes(find_warnings([Cell("I05", 5)], assigned(), is_late=True)) == [
        ("path:month", "R14_LATE"),
        ("/cells/0/value", "R3_NOT_ASSIGNED"),
    ]


def test_a_missing_month_breaks_the_run_of_increments() -> None:
    gap = [OfficialMonth(1, official(I01=100)), OfficialMonth(3, official(I01=9000))]
    items = {"I01": PlanItem("ZZ07", "I01", ItemState.ASSIGNED, 28000)}

    assert find_warnings([Cell("I01", 9001)], Assignment(INDICATORS, items, 5, VALIDATION, gap), is_late=False) == []


@pytest.mark.parametrize(
    ("value", "counted", "is_apart"),
    [
        (1030, 1000, False),  # 30 of 1030 is 2.91 %
        (1031, 1000, True),  # 31 of 1031 is 3.01 %
        (970, 1000, False),  # exactly 3 %
        (969, 1000, True),
        (1000, 0, False),  # nobody is registered yet: there is nothing to compare
    ],
)
def test_a_figure_far_from_the_register_is_shown(value: int, counted: int, is_apart: bool) -> None:
    """R16, for a plain figure and for one from which attrition is taken off."""
    plain = find_warnings([Cell("I03", value)], assigned(registered={"I03": counted}), is_late=False)
    net = {"I01": counted + 5, "I01N": 5} if counted else {}
    netted = find_warnings([Cell("I01", value)], assigned(registered=net), is_late=False)

    for found in (plain, netted):
        assert ("R16_REGISTER" in [warning.code for warning in found]) is is_apart
