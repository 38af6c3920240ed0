"""The rows of a unit's streets from counts and targets, without a database."""

from hypothesis import given
from hypothesis import strategies as st

from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.domain.arithmetic import Curve, Level
from targets_svc.standards.repository import shipped_standard
from targets_svc.street_progress.domain import Cell, Course, build_rows, net, without_street

INDICATORS = load_indicators()
JUNE = Course(6, Curve.LINEAR, shipped_standard())
# 惠济's split of I01 in the design's worked example (§7.3), and figures of June.
HUIJI: dict[Cell, int] = {
    (f"ZZ11-{n:02d}", "I01"): target for n, target in enumerate((540, 510, 470, 390, 360, 330, 250, 150), 1)
}
DONE: dict[Cell, int] = dict(zip(HUIJI, (270, 260, 200, 195, 100, 165, 249, 0), strict=True))


def test_each_street_is_judged_by_its_part_of_the_target_and_ranked_with_ties() -> None:
    rows = {row.street: row for row in build_rows(HUIJI, DONE, INDICATORS, [c[0] or "" for c in HUIJI], JUNE)}
    shown = {
        street: (row.completion and row.completion.shown(), row.gap and row.gap.shown(), row.level, row.rank)
        for street, row in rows.items()
    }

    assert shown == {
        "ZZ11-01": ("50.00", "0.00", Level.GREEN, 3),
        "ZZ11-02": ("50.98", "0.98", Level.GREEN, 2),
        "ZZ11-03": ("42.55", "-7.45", Level.YELLOW, 6),
        "ZZ11-04": ("50.00", "0.00", Level.GREEN, 3),
        "ZZ11-05": ("27.78", "-22.22", Level.RED, 7),
        "ZZ11-06": ("50.00", "0.00", Level.GREEN, 3),
        "ZZ11-07": ("99.60", "49.60", Level.GREEN, 1),
        "ZZ11-08": ("0.00", "-50.00", Level.RED, 8),
    }
    needed = rows["ZZ11-01"].needed
    assert needed is not None
    assert needed.shown(1) == "45.0"


def test_what_is_not_in_the_split_stands_in_rows_of_its_own_without_a_rank() -> None:
    counts: dict[Cell, int] = {("ZZ11-02", "I01"): 2, ("ZZ11-99", "I03"): 1, (None, "I01"): 4}
    rows = build_rows(
        {("ZZ11-02", "I01"): 10, ("ZZ11-01", "I01"): 20}, counts, INDICATORS, ["ZZ11-02", "ZZ11-01"], JUNE
    )

    assert [(row.street, row.indicator, row.target, row.actual, row.level, row.rank) for row in rows] == [
        ("ZZ11-02", "I01", 10, 2, Level.RED, 1),
        ("ZZ11-01", "I01", 20, 0, Level.RED, 2),
        ("ZZ11-99", "I03", None, 1, Level.GREY, None),
        (None, "I01", None, 4, Level.GREY, None),
    ]


def test_attrition_is_taken_off_where_it_was_registered() -> None:
    counts: dict[Cell, int] = {("A", "I01"): 5, ("A", "I01N"): 2, ("B", "I01N"): 1, ("A", "I01a"): 3}

    assert net(counts, INDICATORS) == {("A", "I01"): 3, ("B", "I01"): -1, ("A", "I01a"): 3}


@given(
    st.dictionaries(st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["I01", "I01N", "I03"])), st.integers(1, 9)),
    st.dictionaries(st.sampled_from(["I01", "I01N", "I03"]), st.integers(0, 9)),
)
def test_the_rows_sum_to_the_units_count(streets: dict[Cell, int], more: dict[str, int]) -> None:
    totals = {code: sum(n for (_, c), n in streets.items() if c == code) + more.get(code, 0)
              for code in ("I01", "I01N", "I03")}  # fmt: skip
    counts = net(streets | without_street(totals, streets), INDICATORS)
    rows = build_rows({}, counts, INDICATORS, [], JUNE)
    sums = {code: sum(row.actual for row in rows if row.indicator == code) for code in ("I01", "I03")}

    assert sums == {"I01": totals["I01"] - totals["I01N"], "I03": totals["I03"]}
