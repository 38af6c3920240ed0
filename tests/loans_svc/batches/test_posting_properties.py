"""Payers and debts between batches: nothing is lost, nothing is split twice (S16, S17, S21)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from loans_svc.batches.domain import share_out
from loans_svc.batches.lines import part_between
from loans_svc.rules.domain import Payer
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.payers import drill_down, split_by_payer

SCHEME = "ZZ2022_CITY_STATE"


@settings(max_examples=100, deadline=None)
@given(amounts=st.lists(st.lists(st.integers(-500_000, 900_000), max_size=6), min_size=1, max_size=6))
def test_nothing_is_lost_between_batches_and_payers(amounts: list[list[int]]) -> None:
    """Over any row of batches: paid and still owing is the sum of all lines, and payers sum to what is paid."""
    carried: dict[str | None, int] = {}
    paid = 0
    for batch in amounts:
        totals: dict[str | None, int] = {SCHEME: sum(batch)} if batch else {}
        shares = share_out(totals, carried, catalogue().payer_schemes)
        for share in shares:
            assert sum(share.payers.values()) == share.payable_fen >= 0
            assert set(share.payers) == {Payer.CENTRE, Payer.PROVINCE, Payer.CITY}
            paid += share.payable_fen
        carried = {share.payer_scheme: share.carried_out_fen for share in shares if share.carried_out_fen}
    assert paid + sum(carried.values()) == sum(map(sum, amounts))


@settings(max_examples=100, deadline=None)
@given(amounts=st.lists(st.integers(-500_000, 900_000), max_size=30))
def test_a_line_knows_its_payers_from_the_sum_before_it(amounts: list[int]) -> None:
    """One line at a time as all lines together: each line is exact, and each payer's column."""
    weights = catalogue().payer_schemes[SCHEME].weights
    parts = [part_between(sum(amounts[:i]), fen, weights) for i, fen in enumerate(amounts)]
    assert parts == drill_down(amounts, weights)
    assert [sum(part.values()) for part in parts] == amounts
    columns = {payer: sum(part[payer] for part in parts) for payer in weights}
    assert columns == split_by_payer(sum(amounts), weights)
