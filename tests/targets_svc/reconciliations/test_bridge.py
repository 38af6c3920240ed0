"""The bridge: the worked figures of the targets design §7.7, and that it always sums."""

from hypothesis import given
from hypothesis import strategies as st

from targets_svc.reconciliations.domain import Bridge, Terms, Verdict
from targets_svc.standards.repository import shipped_standard

TOLERANCES = shipped_standard().reconciliation


def test_the_worked_case_of_xingyang_in_june() -> None:
    bridge = Bridge("ZZ04", "I01", 2580, 2498, Terms(31, 12, 9, 22, 3), TOLERANCES)

    assert (bridge.difference, bridge.unexplained, bridge.relative) == (82, 11, 318)
    assert bridge.verdict is Verdict.FLAG


def test_verdicts_on_both_sides_of_each_limit() -> None:
    def verdict(reported: int, explained: int) -> Verdict:
        return Bridge("ZZ04", "I01", reported, 10_000, Terms(dup_removed=explained), TOLERANCES).verdict

    # R is the larger one: 101/10101 is within 1 %, 102/10102 is not; the same for 3 %; 0.5 % of 10 051 is 50.3.
    assert (verdict(10_101, 101), verdict(10_102, 102)) == (Verdict.OK, Verdict.NOTICE)
    assert (verdict(10_309, 309), verdict(10_310, 310)) == (Verdict.NOTICE, Verdict.FLAG)
    assert (verdict(10_050, 0), verdict(10_051, 0)) == (Verdict.OK, Verdict.FLAG)
    assert Bridge("ZZ04", "I01", 0, 0, Terms(), TOLERANCES).verdict is Verdict.OK


@given(st.integers(0, 500), st.integers(0, 500), st.lists(st.integers(0, 500), min_size=5, max_size=5))
def test_the_bridge_sums(reported: int, registered: int, terms: list[int]) -> None:
    bridge = Bridge("ZZ04", "I01", reported, registered, Terms(*terms), TOLERANCES)
    t = bridge.terms

    parts = t.dup_removed + t.displaced_elsewhere + t.retracted_after_report + t.pending_verification - t.late_arrivals
    assert parts + bridge.unexplained == reported - registered
