"""Whatever arrives whenever, the lines posted quarter by quarter sum to what a computation from scratch gives (S22)."""

import itertools
from collections import defaultdict
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.dates import Quarter
from kit.money import div_half_up
from loans_svc.batches.domain import ClaimLine, Posted, claim_lines, share_out
from loans_svc.rules.domain import Payer, Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.corrections import Entry, EntryKind
from loans_svc.subsidies.domain.loan import Loan
from loans_svc.subsidies.domain.schedule import Line, compute
from tests.loans_svc.subsidies.strategies import loans, parameters

LOAN = UUID(int=1)
SCHEMES = {Tranche.STATE: "ZZ2022_CITY_STATE", Tranche.LOCAL: "ZZ2022_CITY_LOCAL"}


class Books:
    """The posted lines of one loan, with what each quarter posted."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self._ids = map(str, itertools.count())

    def post(self, lines: list[Line], period: Quarter) -> list[ClaimLine]:
        made = claim_lines(LOAN, lines, self.posted, SCHEMES, period)
        for one in made:
            entry = Entry(next(self._ids), one.kind, one.tranche, one.relates_to, period, one.amount_fen, one.reverses)
            self.posted.append(Posted(entry, one.payer_scheme))
        return made

    def sums(self) -> dict[tuple[Quarter, Tranche], int]:
        sums: defaultdict[tuple[Quarter, Tranche], int] = defaultdict(int)
        for one in self.posted:
            sums[one.entry.relates_to, one.entry.tranche] += one.entry.amount_fen
        return {key: amount for key, amount in sums.items() if amount}


def worth(lines: list[Line]) -> dict[tuple[Quarter, Tranche], int]:
    return {
        (line.period, line.tranche): div_half_up(line.numerator, line.denominator)
        for line in lines
        if div_half_up(line.numerator, line.denominator)
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(loan=loans(), rule=parameters(), data=st.data())
def test_the_books_follow_what_is_known_and_end_as_if_all_had_been_known(loan: Loan, rule: Any, data: Any) -> None:
    books, quarters = Books(), [Quarter.of(loan.disbursed_on)]
    while len(quarters) < 8:
        quarters.append(quarters[-1].next())
    arrivals = data.draw(st.lists(st.integers(0, 7), min_size=len(loan.events), max_size=len(loan.events)))
    taken_back_in = data.draw(st.sampled_from([None, None, None, 3, 7]))
    for now, quarter in enumerate(quarters):
        known = tuple(event for event, at in zip(loan.events, arrivals, strict=True) if at <= now)
        is_taken_back = taken_back_in is not None and taken_back_in <= now
        lines = [] if is_taken_back else list(compute(replace(loan, events=known), rule).lines)
        made = books.post(lines, quarter)
        assert books.sums() == worth([line for line in lines if line.period <= quarter])
        assert books.post(lines, quarter) == []
        assert all(one.kind is not EntryKind.CLAIM or one.relates_to == quarter for one in made)
    if taken_back_in is not None:
        assert books.sums() == {}


@settings(max_examples=100, deadline=None)
@given(amounts=st.lists(st.lists(st.integers(-500_000, 900_000), max_size=6), min_size=1, max_size=6))
def test_nothing_is_lost_between_batches_and_payers(amounts: list[list[int]]) -> None:
    """Over any row of batches: paid and still owing is the sum of all lines, and payers sum to what is paid."""
    carried: dict[str | None, int] = {}
    paid = 0
    for batch in amounts:
        lines = [
            ClaimLine(LOAN, EntryKind.CLAIM, Tranche.STATE, Quarter(2025, 1), fen, None, SCHEMES[Tranche.STATE], None)
            for fen in batch
        ]
        shares = share_out(lines, carried, catalogue().payer_schemes)
        for share in shares:
            assert sum(share.payers.values()) == share.payable_fen >= 0
            assert set(share.payers) == {Payer.CENTRE, Payer.PROVINCE, Payer.CITY}
            paid += share.payable_fen
        carried = {share.payer_scheme: share.carried_out_fen for share in shares if share.carried_out_fen}
    assert paid + sum(carried.values()) == sum(map(sum, amounts))
