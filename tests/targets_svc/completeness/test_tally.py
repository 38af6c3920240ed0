"""The worked figures of the targets design §7.8, from the plan of 2017 itself."""

from datetime import UTC, datetime, timedelta

from targets_svc.completeness.domain import Received, Tally, owed, tally, whole
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.repository import plan_files
from targets_svc.plans.service import read_plan

PLAN = read_plan(plan_files()[0])
DUE = {month: datetime(2017, month + 1, 7, 16, tzinfo=UTC) for month in range(1, 7)}
OWED = owed(PLAN, load_indicators())


def reports(missing: set[tuple[str, int]], late: set[tuple[str, int]]) -> list[Received]:
    return [
        Received(unit, month, DUE[month] + timedelta(seconds=int((unit, month) in late)), OWED[unit])
        for unit in OWED
        for month in DUE
        if (unit, month) not in missing
    ]


def test_the_half_year_of_the_design_comes_out() -> None:
    """16 units × 6 months; two reports never came, four came late; a second past the deadline is late."""
    missing = {("ZZ04", 5), ("ZZ04", 6)}
    late = {("ZZ01", 1), ("ZZ02", 1), ("ZZ03", 6), ("ZZ00", 2)}

    found = whole(list(tally(dict.fromkeys(DUE, OWED), reports(missing, late), DUE).values()))

    assert found == Tally(expected=96, received=94, on_time=90, cells_expected=912, cells_filled=912 - 20)


def test_the_city_itself_owes_no_report_and_a_cell_without_a_figure_is_not_filled() -> None:
    assert "ZZ" not in OWED
    assert OWED["ZZ00"] == {"I03", "I04"}
    one = Received("ZZ00", 1, DUE[1], frozenset({"I03", "I01"}))

    assert tally({1: {"ZZ00": OWED["ZZ00"]}}, [one], DUE)["ZZ00"] == Tally(1, 1, 1, 2, 1)
