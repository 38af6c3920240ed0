"""Random loans that can exist, with every kind of event, in no particular order."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from loans_svc.rules.domain import CapScope, DayCount, OverdueMode, Parameters, PeriodScheme, RateBasis, Tranche
from loans_svc.subsidies.domain.loan import (
    Compensation,
    Event,
    Extension,
    Loan,
    Overdue,
    PriorUse,
    RateReset,
    Repayment,
    RepaymentOrder,
    Stop,
    TranchePart,
)

LONGEST_DAYS = 1_300
rates = st.integers(0, 240_000)
# Zero teaches nothing about balances: mostly rates at which a day is worth something.
earning = st.integers(20_000, 80_000)
days = st.dates(date(2016, 1, 1), date(2032, 12, 31))
# Ends of months and leap days are where clamped dates differ.
edges = st.sampled_from(
    [date(2024, 2, 29), date(2023, 12, 31), date(2024, 8, 31), date(2022, 5, 31), date(2023, 1, 30)]
)
disbursements = st.one_of(days, edges)


@st.composite
def parameters(draw: Any) -> Parameters:
    return Parameters(
        rate_basis=draw(st.sampled_from(RateBasis)),
        cap_over_ppm=draw(st.none() | st.integers(0, 30_000)),
        floor_over_ppm=draw(st.none() | st.integers(-15_000, 0)),
        shares6=draw(st.sampled_from([(6, 6, 6), (6, 4, 2), (3, 3, 3), (5, 1, 0), (0, 6, 3)])),
        window_months=draw(st.sampled_from([1, 13, 24, 36, 36])),
        max_loans=3,
        cap_scope=draw(st.sampled_from(CapScope)),
        overdue_mode=draw(st.sampled_from(OverdueMode)),
        grace_days=draw(st.sampled_from([0, 0, 3, 10])),
        day_count=draw(st.sampled_from(DayCount)),
        period_scheme=draw(st.sampled_from(PeriodScheme)),
    )


@st.composite
def loans(draw: Any, most_tranches: int = 2, has_overdue: bool = True) -> Loan:
    principal = draw(st.integers(1, 10_000_000_00))
    start = draw(disbursements)
    event_days = st.integers(0, LONGEST_DAYS).map(lambda n: start + timedelta(days=n))
    left = principal
    events: list[Event] = []
    for _ in range(draw(st.integers(0, 3))):
        amount = draw(st.integers(0, left))
        if amount:
            left -= amount
            events.append(Repayment(draw(event_days), amount))
    for _ in range(draw(st.integers(0, 2)) if has_overdue else 0):
        amount = draw(st.integers(0, left))
        if amount:
            left -= amount
            events.extend(_instalment(draw, draw(event_days), amount))
    events.extend(draw(st.lists(_rarer_events(start), max_size=2, unique_by=lambda e: (type(e), e.effective_on))))
    return Loan(
        principal_fen=principal,
        disbursed_on=start,
        matures_on=start + timedelta(days=draw(st.integers(0, LONGEST_DAYS))),
        contract_ppm=draw(earning | rates),
        benchmark_ppm=draw(earning | rates),
        tranches=draw(_tranches(principal, most_tranches)),
        events=tuple(draw(st.permutations(events))),
        repayment_order=draw(st.sampled_from(RepaymentOrder)),
    )


def _instalment(draw: Any, due: date, amount: int) -> list[Event]:
    """Due and unpaid for a while or for good; repaid at its end, or not (then the bank had been wrong)."""
    if draw(st.booleans()):
        return [Overdue(due, amount, None)]
    until = due + timedelta(days=draw(st.integers(1, 120)))
    repaid: list[Event] = [Repayment(until, amount)] if draw(st.booleans()) else []
    return [Overdue(due, amount, until), *repaid]


def _rarer_events(start: date) -> st.SearchStrategy[Event]:
    on = st.integers(0, LONGEST_DAYS).map(lambda n: start + timedelta(days=n))
    return st.one_of(
        st.builds(Stop, on),
        st.builds(Compensation, on),
        st.builds(Extension, on, st.none()),
        st.builds(RateReset, on, rates, st.none() | rates),
    )


@st.composite
def _tranches(draw: Any, principal: int, most: int) -> tuple[TranchePart, ...]:
    state = draw(st.one_of(st.just(principal), st.integers(0, principal)))
    parts = [TranchePart(Tranche.STATE, state)]
    if most > 1 and draw(st.booleans()):
        parts.append(TranchePart(Tranche.LOCAL, draw(st.integers(0, principal - state))))
    return tuple(parts)


priors = st.builds(PriorUse, st.integers(0, 1_200), st.none(), st.sampled_from([0, 0, 0, 2, 3]))
