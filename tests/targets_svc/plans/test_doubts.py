"""Rules P8, P9 and P12: what a person should look at before a plan is issued, on both sides of each boundary."""

import pytest

from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import ItemState, PlanItem, find_doubts


def rules(items: list[PlanItem], before: dict[tuple[str, str], int] | None = None) -> list[str]:
    return [doubt.rule for doubt in find_doubts(items, load_indicators(), before or {})]


@pytest.mark.parametrize(
    ("value", "is_doubtful"), [(1300, False), (1310, True), (700, False), (690, True), (1000, False)]
)
def test_a_change_of_more_than_thirty_percent_is_shown_p8(value: int, is_doubtful: bool) -> None:
    items = [PlanItem("ZZ07", "I03", ItemState.ASSIGNED, value)]

    assert ("P8" in rules(items, {("ZZ07", "I03"): 1000})) is is_doubtful
    assert rules(items) == [], "the first plan of all has nothing to be compared with"


def test_a_part_without_its_whole_is_shown_p9() -> None:
    part = PlanItem("ZZ07", "I03a", ItemState.ASSIGNED, 30)
    whole = PlanItem("ZZ07", "I03", ItemState.ASSIGNED, 910)

    assert rules([PlanItem("ZZ07", "I03", ItemState.NOT_ASSIGNED), part]) == ["P9"]
    assert rules([whole, part]) == []


@pytest.mark.parametrize(("value", "found"), [(7000, []), (7050, ["P12"])])
def test_a_figure_off_its_quantum_is_shown_p12(value: int, found: list[str]) -> None:
    assert rules([PlanItem("ZZ01", "I01", ItemState.ASSIGNED, value)]) == found
