"""Splitting a unit's targets: the sums of §7.3, rule P7 on both sides of its boundary, and any split by any weights."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets_svc.child_plans.domain import Mode, Part, PartItem, find_doubts, find_faults, propose, sums_of
from targets_svc.indicators.repository import load_indicators

INDICATORS = load_indicators()
PARTS = [Part("ZZ11-01", "老鸦陈街道"), Part("ZZ11-02", "长兴路街道")]
TARGETS = {"I01": 3000, "I01a": 500}


def faults(items: list[PartItem], mode: Mode = Mode.EXACT, parts: list[Part] = PARTS, **options: Any) -> list[str]:
    accepts = options.get("accepts_shortfall", False)
    found = find_faults("ZZ11", parts, items, TARGETS, INDICATORS, mode, accepts_shortfall=accepts)
    return [fault.rule for fault in found]


def items(first: int, second: int, subset: int = 500) -> list[PartItem]:
    return [
        PartItem("ZZ11-01", "I01", first),
        PartItem("ZZ11-02", "I01", second),
        PartItem("ZZ11-01", "I01a", subset),
    ]


def test_the_worked_example_comes_out_for_two_indicators_at_once() -> None:
    weights = dict(zip("ABCDEFGH", (412, 388, 365, 301, 277, 254, 190, 113), strict=True))
    found = propose(TARGETS, weights, {"I01": 10}, floor=0)

    assert [i.value for i in found if i.indicator == "I01"] == [540, 510, 470, 390, 360, 330, 250, 150]
    assert [i.value for i in found if i.indicator == "I01a"] == [90, 84, 79, 66, 60, 55, 41, 25]


def test_the_parts_sum_to_the_target_p7() -> None:
    assert faults(items(1800, 1200)) == []
    assert faults(items(1800, 1199)) == ["P7"]
    assert faults(items(1800, 1201)) == ["P7"]
    assert faults(items(1800, 1201), Mode.AT_LEAST) == []
    assert faults(items(1800, 1199), Mode.AT_LEAST) == ["P7"]
    assert faults(items(1800, 1199), accepts_shortfall=True) == []
    assert faults(items(1800, 1201), accepts_shortfall=True) == ["P7"], "a reason for less is none for more"


def test_what_is_not_exact_is_pointed_out_p7_p12() -> None:
    more = find_doubts(items(1850, 1200), TARGETS, INDICATORS)
    less = find_doubts(items(1800, 1100), TARGETS, INDICATORS)

    assert [(d.rule, d.indicator) for d in more] == [("P7", "I01"), ("P12", "I01")]
    assert "加码" in more[0].message
    assert "未足额" in less[0].message


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ([*items(1800, 1200), PartItem("ZZ11-03", "I01", 0)], "P2"),
        ([*items(1800, 1200), PartItem("ZZ11-01", "I07", 1)], "P2"),
        ([*items(1800, 1200), PartItem("ZZ11-02", "I01", 0)], "P3"),
        ([*items(3001, -1)], "P5"),
        (items(400, 2600), "P6"),
    ],
)
def test_each_cell_keeps_the_rules_of_a_plan(broken: list[PartItem], rule: str) -> None:
    assert rule in faults(broken)


def test_parts_are_the_units_own_and_each_is_named_once() -> None:
    assert "P2" in faults(items(1800, 1200), parts=[*PARTS, Part("ZZ12-01", "枫杨街道")])
    assert "P3" in faults(items(1800, 1200), parts=[*PARTS, PARTS[0]])


@given(
    targets=st.dictionaries(st.sampled_from(["I02", "I03", "I04", "I05"]), st.integers(0, 10**6), min_size=1),
    weights=st.lists(st.integers(0, 1000), min_size=1, max_size=20),
    quantum=st.integers(1, 500),
)
def test_whatever_is_proposed_can_be_handed_in(targets: dict[str, int], weights: list[int], quantum: int) -> None:
    parts = [Part(f"ZZ11-{n:02d}", f"第{n}街道") for n in range(len(weights))]
    by_part = dict(zip((part.code for part in parts), weights, strict=True))
    found = propose(targets, by_part, dict.fromkeys(targets, quantum), floor=0)

    assert sums_of(found) == targets
    assert find_faults("ZZ11", parts, found, targets, INDICATORS, Mode.EXACT, accepts_shortfall=False) == []
