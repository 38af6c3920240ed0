"""The engine against the day-by-day oracle on random loans, and what stays the same when the input is moved about."""

import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kit.dates import Quarter
from loans_svc.rules.domain import DayCount, Parameters, Payer, PeriodScheme, Tranche
from loans_svc.subsidies.domain.calendar import days_between
from loans_svc.subsidies.domain.faults import find_faults
from loans_svc.subsidies.domain.loan import Event, Loan, Overdue, PriorUse, Repayment
from loans_svc.subsidies.domain.payers import drill_down, split_by_payer
from loans_svc.subsidies.domain.schedule import Schedule, compute
from tests.loans_svc.subsidies import oracle
from tests.loans_svc.subsidies.ledger_model import Entry, EntryKind, correct, live_entries
from tests.loans_svc.subsidies.strategies import loans, parameters, priors

FOUR_CENTURIES = timedelta(days=146_097)
bounded = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def exact(schedule: Schedule) -> Fraction:
    return sum((Fraction(line.numerator, line.denominator) for line in schedule.lines), Fraction())


def amounts(schedule: Schedule) -> list[tuple[str, str, int, int]]:
    return [(str(line.period), line.tranche.value, line.days, line.amount_fen) for line in schedule.lines]


@settings(bounded, max_examples=150)
@given(loans(), parameters(), priors)
def test_the_engine_equals_the_day_by_day_oracle(loan: Loan, chosen: Parameters, prior: PriorUse) -> None:
    assert find_faults(loan) == []
    lines = compute(loan, chosen, prior).lines
    found = {
        (str(line.period), line.tranche.value): Fraction(line.numerator, line.denominator)
        for line in lines
        if line.numerator
    }
    expected = oracle.exact_lines(loan, chosen, prior)
    assert found == expected
    assert [line.amount_fen for line in lines if line.numerator] == [
        oracle.half_up(expected[str(line.period), line.tranche.value]) for line in lines if line.numerator
    ]


@bounded
@given(loans(), parameters(), priors, st.integers(-30, 1_300))
def test_splitting_the_time_in_two_leaves_the_exact_sum(
    loan: Loan, chosen: Parameters, prior: PriorUse, offset: int
) -> None:
    middle = loan.disbursed_on + timedelta(days=offset)
    before, after = compute(loan, chosen, prior, (None, middle)), compute(loan, chosen, prior, (middle, None))
    assert exact(before) + exact(after) == exact(compute(loan, chosen, prior))


@bounded
@given(loans(), parameters(), priors)
def test_both_period_schemes_have_the_same_exact_sum(loan: Loan, chosen: Parameters, prior: PriorUse) -> None:
    sums = {exact(compute(loan, replace(chosen, period_scheme=scheme), prior)) for scheme in PeriodScheme}
    assert len(sums) == 1


@bounded
@given(loans(), parameters(), priors)
def test_400_years_later_it_is_the_same(loan: Loan, chosen: Parameters, prior: PriorUse) -> None:
    later = replace(
        loan,
        disbursed_on=loan.disbursed_on + FOUR_CENTURIES,
        matures_on=loan.matures_on + FOUR_CENTURIES,
        events=tuple(_later(event) for event in loan.events),
    )
    moved = amounts(compute(later, chosen, prior))
    assert [(f"{int(name[:4]) - 400}{name[4:]}", *rest) for name, *rest in moved] == amounts(
        compute(loan, chosen, prior)
    )


def _later(event: Event) -> Event:
    moved = replace(event, effective_on=event.effective_on + FOUR_CENTURIES)
    until = getattr(event, "until", None)
    return moved if until is None else replace(moved, until=until + FOUR_CENTURIES)  # type: ignore[call-arg]


@bounded
@given(loans(most_tranches=1), parameters(), priors)
def test_twice_the_money_is_worth_exactly_twice(loan: Loan, chosen: Parameters, prior: PriorUse) -> None:
    twice = replace(
        loan,
        principal_fen=2 * loan.principal_fen,
        tranches=tuple(replace(part, amount_fen=2 * part.amount_fen) for part in loan.tranches),
        events=tuple(
            replace(event, amount_fen=2 * event.amount_fen) if isinstance(event, Repayment | Overdue) else event
            for event in loan.events
        ),
    )
    assert exact(compute(twice, chosen, prior)) == 2 * exact(compute(loan, chosen, prior))


@bounded
@given(loans(most_tranches=1, has_overdue=False), parameters(), priors, st.data())
def test_an_earlier_prepayment_never_raises_a_claim(
    loan: Loan, chosen: Parameters, prior: PriorUse, data: st.DataObject
) -> None:
    repayments = [i for i, event in enumerate(loan.events) if isinstance(event, Repayment)]
    assume(repayments)
    index = data.draw(st.sampled_from(repayments))
    event = loan.events[index]
    earlier = data.draw(st.integers(0, (event.effective_on - loan.disbursed_on).days))
    moved = replace(event, effective_on=event.effective_on - timedelta(days=earlier))
    prepaid = replace(loan, events=(*loan.events[:index], moved, *loan.events[index + 1 :]))
    now = {line.period: line.amount_fen for line in compute(prepaid, chosen, prior).lines}
    for line in compute(loan, chosen, prior).lines:
        assert now.get(line.period, 0) <= line.amount_fen


@bounded
@given(loans(), parameters(), priors, st.randoms(use_true_random=False))
def test_the_order_in_which_events_arrive_does_not_matter(
    loan: Loan, chosen: Parameters, prior: PriorUse, shuffle: random.Random
) -> None:
    events = list(loan.events)
    shuffle.shuffle(events)
    assert compute(replace(loan, events=tuple(events)), chosen, prior) == compute(loan, chosen, prior)


@bounded
@given(loans(), parameters(), priors)
def test_rounding_drifts_by_at_most_half_a_fen_a_line(loan: Loan, chosen: Parameters, prior: PriorUse) -> None:
    schedule = compute(loan, chosen, prior)
    assert abs(schedule.total_fen - exact(schedule)) <= Fraction(len(schedule.lines), 2)


@bounded
@given(loans(), parameters(), priors)
def test_segments_cover_each_line_without_gap_or_overlap(loan: Loan, chosen: Parameters, prior: PriorUse) -> None:
    schedule = compute(loan, chosen, prior)
    for part in loan.tranches:
        segments = [s for line in schedule.lines if line.tranche is part.tranche for s in line.segments]
        for before, after in pairwise(segments):
            assert before.end == after.start
        if segments:
            assert (segments[0].start, segments[-1].end) == (schedule.window.start, schedule.window.end)
        for segment in segments:
            assert 0 <= segment.balance_fen <= segment.principal_fen <= part.amount_fen


@bounded
@given(loans(), parameters(), st.integers(0, 3))
def test_learning_late_plus_its_correction_is_learning_early(loan: Loan, chosen: Parameters, known: int) -> None:
    """What was claimed from the first events only, corrected once all are known, sums to what all of them give."""
    early = replace(loan, events=())
    ledger: list[Entry] = []
    for round_no, source in enumerate([early, replace(loan, events=loan.events[:known]), loan]):
        schedule = compute(source, chosen)
        open_period = Quarter.of(loan.disbursed_on + timedelta(days=2_000 + 100 * round_no))
        now = {(line.period, line.tranche): line.amount_fen for line in schedule.lines}
        for n, line in enumerate(correct(ledger, now, open_period)):
            ledger.append(
                Entry(
                    f"{round_no}-{n}",
                    line.kind,
                    line.tranche,
                    line.relates_to,
                    line.booked_in,
                    line.amount_fen,
                    line.reverses,
                )
            )
        net: dict[tuple[Quarter, Tranche], int] = {}
        for entry in ledger:
            net[entry.relates_to, entry.tranche] = net.get((entry.relates_to, entry.tranche), 0) + entry.amount_fen
        assert {key: fen for key, fen in net.items() if fen} == {key: fen for key, fen in now.items() if fen}
        assert {key: entry.amount_fen for key, entry in live_entries(ledger).items()} == {
            key: fen for key, fen in now.items() if fen
        }
        assert correct(ledger, now, open_period) == []
    assert all(entry.kind is not EntryKind.CLAIM for entry in ledger)


@bounded
@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=60),
    st.dictionaries(st.sampled_from(Payer), st.integers(0, 100), min_size=1).filter(lambda w: sum(w.values()) > 0),
)
def test_payers_are_exact_in_the_sum_in_every_line_and_in_every_column(
    lines: list[int], weights: dict[Payer, int]
) -> None:
    whole = sum(weights.values())
    batch = split_by_payer(sum(lines), weights)
    assert sum(batch.values()) == sum(lines)
    for payer, part in batch.items():
        assert abs(part - Fraction(sum(lines) * weights[payer], whole)) < 1
    cells = drill_down(lines, weights)
    assert [sum(row.values()) for row in cells] == lines
    assert {payer: sum(row[payer] for row in cells) for payer in weights} == batch


@bounded
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 2_000))
def test_30e_days_are_additive_day_by_day(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    by_day = sum((oracle.day_weight(start + timedelta(days=n), "30E_360") for n in range(length)), Fraction())
    assert by_day * 360 == days_between(start, end, DayCount.THIRTY_E_360)
