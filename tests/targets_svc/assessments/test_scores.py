"""Scores of the targets design §7.9 to the digit, the four rule types, and grades under the cap."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from targets_svc.assessment_rules.repository import load_rule_sets
from targets_svc.assessments.domain import (
    Grade,
    Result,
    RuleSet,
    RuleType,
    Score,
    grade,
    in_force,
    score,
)
from targets_svc.indicators.domain import Direction
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.repository import plan_files
from targets_svc.plans.service import read_plan
from targets_svc.progress.domain.arithmetic import completion
from targets_svc.standards.repository import shipped_standard

PLAN = read_plan(plan_files()[0])
CODES = ("I01", "I01a", "I01b", "I02", "I03", "I03a", "I04", "I05", "I06", "I07")
HUIJI = dict(zip(CODES, (2850, 520, 150, 400, 610, 24, 950, 1425, 260, 50), strict=True))


def rules(code: str) -> RuleSet:
    found = in_force(load_rule_sets(), code, date(2017, 12, 31))
    assert found is not None
    return found


def results(unit: str, actuals: dict[str, int | None]) -> list[Result]:
    found = []
    for item in PLAN.items:
        if item.unit == unit and item.value is not None:
            actual = actuals.get(item.indicator)
            reached = None if actual is None else completion(Direction.GE, actual, item.value)
            found.append(Result(item.indicator, item.value, actual, reached))
    return found


def scored(unit: str, actuals: dict[str, int | None], code: str, late: int = 0, flags: int = 0) -> Score:
    found = score(results(unit, actuals), late, flags, rules(code))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "late", "flags", "total"),
    [
        ("PROPORTIONAL", 0, 0, "97.5"),
        ("PROPORTIONAL", 2, 1, "95.5"),
        ("ALL_OR_NOTHING", 0, 0, "65"),
        ("STEPPED", 0, 0, "82.5"),
        ("VETO", 0, 0, "74.99"),
        ("PROPORTIONAL", 9, 0, "94.5"),
    ],
)
def test_the_worked_scores_of_huiji_come_out(code: str, late: int, flags: int, total: str) -> None:
    assert scored("ZZ11", dict(HUIJI), code, late, flags).total == Fraction(total)


def test_only_what_was_assigned_is_weighed() -> None:
    found = scored("ZZ00", {"I03": 17100, "I04": 2000}, "PROPORTIONAL")

    assert found.total == Fraction("97.5")
    assert [(line.result.indicator, line.weight, line.points) for line in found.lines] == [
        ("I03", 10, Fraction("9.5")),
        ("I04", 10, 10),
    ]


def test_the_trace_adds_up_to_the_score() -> None:
    found = scored("ZZ11", HUIJI | {"I06": None}, "PROPORTIONAL", late=3, flags=2)

    assert {line.result.indicator: line.points for line in found.lines}["I06"] == 0
    assert sum(line.points for line in found.lines) == found.base == Fraction("92.5")
    assert found.total == found.base + found.bonus - found.late_deduction - found.flag_deduction == Fraction(89)


def test_over_completion_earns_whole_tens_up_to_the_cap() -> None:
    full = {code: item.value for code in CODES for item in [PLAN.item("ZZ11", code)] if item and item.value}
    over = full | {"I01": 3599, "I02": 4000}

    assert scored("ZZ11", dict(full), "VETO").total == 100
    assert scored("ZZ11", dict(full | {"I01": 3599}), "VETO").bonus == Fraction("0.5")
    assert scored("ZZ11", dict(over), "VETO").total == 105
    assert scored("ZZ11", dict(over), "PROPORTIONAL").total == 100


def test_a_score_never_falls_below_nothing_and_nothing_assigned_is_no_score() -> None:
    assert scored("ZZ11", {}, "PROPORTIONAL", late=12, flags=10).total == 0
    assert score([], 0, 0, rules("PROPORTIONAL")) is None


@pytest.mark.parametrize(
    ("actual", "points"), [(3000, 20), (2999, 10), (2400, 10), (2399, 5), (1500, 5), (1499, 0), (3300, 20)]
)
def test_each_step_begins_at_its_bound(actual: int, points: int) -> None:
    assert scored("ZZ11", {"I01": actual}, "STEPPED").lines[0].points == points


def test_excellence_is_for_four_of_fifteen() -> None:
    totals = {f"U{n:02d}": Fraction(100 - n) for n in range(15)}
    found = grade(totals, rules("PROPORTIONAL"))

    assert [unit for unit, graded in found.items() if graded.grade is Grade.EXCELLENT] == ["U00", "U01", "U02", "U03"]
    assert found["U04"] == (Grade.PASS, False)
    assert grade(totals | {"U14": Fraction("74.99")}, rules("PROPORTIONAL"))["U14"].grade is Grade.FAIL


def test_a_tie_across_the_cap_promotes_nobody_and_is_referred() -> None:
    totals = {f"U{n:02d}": Fraction(80) for n in range(15)}
    totals |= {"U00": Fraction(99), "U01": Fraction(98), "U02": Fraction(97), "U03": Fraction(96), "U04": Fraction(96)}
    found = grade(totals, rules("PROPORTIONAL"))

    assert [unit for unit, graded in found.items() if graded.grade is Grade.EXCELLENT] == ["U00", "U01", "U02"]
    assert {unit for unit, graded in found.items() if graded.is_referred} == {"U03", "U04"}


def test_the_third_percent_is_tolerated() -> None:
    assert not shipped_standard().reconciliation.is_flagged(100, 97)
    assert shipped_standard().reconciliation.is_flagged(2580, 2498)
    assert shipped_standard().reconciliation.is_flagged(0, 1)
    assert not shipped_standard().reconciliation.is_flagged(0, 0)


def test_rules_are_dated_data_over_known_indicators_and_sum_to_a_hundred() -> None:
    assert {found.code for found in load_rule_sets()} == set(RuleType)
    for found in load_rule_sets():
        assert set(found.weights) | set(found.rules) <= set(load_indicators())
        assert sum(found.weights.values()) == 100
        assert found.reference
        assert list(found.steps) == sorted(found.steps, reverse=True)


def test_a_later_version_takes_over_on_its_day() -> None:
    first = rules("PROPORTIONAL")
    sets = (first, replace(first, version=2, effective_from=date(2018, 1, 1)))

    found = [in_force(sets, first.code, day) for day in (date(2016, 12, 31), date(2017, 12, 31), date(2018, 1, 1))]

    assert [r and r.version for r in found] == [None, 1, 2]
