"""One test on each side of every boundary: what a slip of the pen in the engine would change."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from kit.dates import Quarter
from loans_svc.rules.domain import CapScope, DayCount, OverdueMode, PeriodScheme, Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.calendar import periods_in, year_basis
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
    effective_rate_ppm,
    tranche_parts,
)
from loans_svc.subsidies.domain.payers import split_by_payer
from loans_svc.subsidies.domain.schedule import Schedule, WindowEnd, compute, days_left
from tests.loans_svc.subsidies.ledger_model import Entry, EntryKind, ReversalRefusedError, correct, reverse

FULL = catalogue().rules["R2022_HENAN_IND"].parameters
FLOOR = catalogue().rules["R2021"].parameters
THIRDS = catalogue().rules["R2016_IND"].parameters
START = date(2023, 1, 10)


def loan(*events: Event, principal: int = 200_000_00, matures: date = date(2026, 1, 10), rate: int = 36_000) -> Loan:
    return Loan(principal, START, matures, rate, rate, (TranchePart(Tranche.STATE, principal),), events)


def days(schedule: Schedule) -> int:
    return sum(line.days for line in schedule.lines)


def quarter(schedule: Schedule, name: str) -> int:
    return next(line.amount_fen for line in schedule.lines if str(line.period) == name)


def test_the_day_of_maturity_is_not_subsidised() -> None:
    assert days(compute(loan(matures=START + timedelta(days=30)), FULL)) == 30


def test_the_day_of_disbursement_is_subsidised_and_the_day_of_repayment_is_not() -> None:
    schedule = compute(loan(Repayment(date(2023, 1, 11), 200_000_00)), FULL)
    assert days(schedule) == 1
    assert schedule.window.ended_by is WindowEnd.REPAID


@pytest.mark.parametrize("event", [Stop(date(2023, 2, 10)), Compensation(date(2023, 2, 10))])
def test_the_day_of_a_stop_is_no_longer_subsidised(event: Event) -> None:
    schedule = compute(loan(event), FULL)
    assert schedule.window.end == date(2023, 2, 10)
    assert days(schedule) == 31


def test_the_earliest_end_wins() -> None:
    schedule = compute(loan(Stop(date(2024, 5, 1)), Compensation(date(2024, 4, 1)), Stop(date(2024, 6, 1))), FULL)
    assert (schedule.window.end, schedule.window.ended_by) == (date(2024, 4, 1), WindowEnd.COMPENSATION)


def test_the_share_changes_on_the_anniversary_itself() -> None:
    schedule = compute(loan(), THIRDS, span=(date(2024, 1, 9), date(2024, 1, 11)))
    assert [(s.start, s.share6) for s in schedule.lines[0].segments] == [
        (date(2024, 1, 9), 6),
        (date(2024, 1, 10), 4),
    ]


def test_the_third_year_has_the_third_share_and_nothing_follows_it() -> None:
    schedule = compute(loan(matures=date(2027, 1, 10)), THIRDS, span=(date(2025, 1, 10), None))
    assert {s.share6 for line in schedule.lines for s in line.segments} == {2}
    assert schedule.window.end == date(2026, 1, 10)


def test_anniversaries_are_counted_from_the_disbursement_not_from_each_other() -> None:
    """Going month by month from the 31st would end on the 28th."""
    base = replace(loan(matures=date(2030, 1, 1)), disbursed_on=date(2022, 8, 31))
    assert compute(base, FULL).window.end == date(2025, 8, 31)


def test_360_and_365_are_not_the_same() -> None:
    one_day = loan(matures=START + timedelta(days=1), principal=365_000_00)
    assert compute(one_day, FULL).total_fen == 36_50
    assert compute(one_day, replace(FULL, day_count=DayCount.ACT_365F)).total_fen == 36_00
    assert [year_basis(count) for count in DayCount] == [360, 365, 360]


def test_half_a_fen_rounds_up_and_less_rounds_down() -> None:
    assert compute(loan(matures=START + timedelta(days=1), principal=50_00), FULL).total_fen == 1  # 0.5
    assert compute(loan(matures=START + timedelta(days=1), principal=49_99), FULL).total_fen == 0  # 0.4999


def test_a_line_is_rounded_once_not_segment_by_segment() -> None:
    """Two stretches of 0.4 fen each are 0.8, a fen; rounded apart they would be nothing."""
    schedule = compute(
        loan(
            Repayment(date(2023, 1, 11), 1),
            principal=40_01,
            matures=START + timedelta(days=2),
        ),
        FULL,
    )
    line = schedule.lines[0]
    assert [Fraction(s.numerator, line.denominator) < Fraction(1, 2) for s in line.segments] == [True, True]
    assert schedule.total_fen == 1


def test_the_effective_rate_is_never_negative_and_the_floor_never_below_zero() -> None:
    assert effective_rate_ppm(20_000, 38_500, FLOOR) == 0
    assert effective_rate_ppm(23_500, 38_500, FLOOR) == 0
    assert effective_rate_ppm(23_501, 38_500, FLOOR) == 1
    assert effective_rate_ppm(20_000, 10_000, FLOOR) == 20_000  # 1.00 - 1.50 is no floor at all


def test_the_ceiling_binds_above_it_only() -> None:
    assert effective_rate_ppm(53_500, 38_500, FULL) == 53_500
    assert effective_rate_ppm(53_501, 38_500, FULL) == 53_500


def test_the_benchmark_is_what_counts_where_the_rule_says_so() -> None:
    at_benchmark = catalogue().rules["R2016_SE"].parameters
    assert effective_rate_ppm(60_000, 43_000, at_benchmark) == effective_rate_ppm(1, 43_000, at_benchmark) == 43_000


def test_an_instalment_is_overdue_from_the_day_it_was_due_until_the_day_it_is_paid() -> None:
    overdue = loan(Overdue(date(2023, 2, 1), 50_000_00, date(2023, 2, 3)))
    segments = compute(overdue, FULL, span=(date(2023, 1, 31), date(2023, 2, 4))).lines[0].segments
    assert [(s.start.day, s.end.day, s.balance_fen) for s in segments] == [
        (31, 1, 200_000_00),
        (1, 3, 150_000_00),
        (3, 4, 200_000_00),
    ]


@pytest.mark.parametrize(
    ("paid_on", "is_overdue"),
    [(date(2023, 2, 4), False), (date(2023, 2, 5), True)],
    ids=["on-the-last-day-of-grace", "a-day-later"],
)
def test_grace(paid_on: date, is_overdue: bool) -> None:
    """Three days of grace; what outlasts them was overdue from the due day."""
    schedule = compute(loan(Overdue(date(2023, 2, 1), 1_00, paid_on)), replace(FULL, grace_days=3))
    hit = [s.start for line in schedule.lines for s in line.segments if s.balance_fen < 200_000_00]
    assert hit == ([date(2023, 2, 1)] if is_overdue else [])


@pytest.mark.parametrize(
    ("known_on", "is_overdue"), [(date(2023, 2, 4), False), (date(2023, 2, 5), True), (None, True)]
)
def test_an_unpaid_instalment_is_provisionally_not_overdue_while_grace_runs(
    known_on: date | None, is_overdue: bool
) -> None:
    unpaid = loan(Overdue(date(2023, 2, 1), 1_00, None))
    schedule = compute(unpaid, replace(FULL, grace_days=3), known_on=known_on)
    assert any(s.overdue_fen for line in schedule.lines for s in line.segments) is is_overdue


def test_whole_recovers_when_the_overdue_sum_is_paid_and_forever_does_not() -> None:
    overdue = loan(Overdue(date(2023, 2, 1), 1_00, date(2023, 2, 3)), matures=date(2023, 2, 10))
    whole = compute(overdue, replace(FULL, overdue_mode=OverdueMode.WHOLE))
    forever = compute(overdue, replace(FULL, overdue_mode=OverdueMode.FOREVER))
    assert (days(whole), days(forever)) == (31 - 2, 22)


def test_two_overdue_sums_add_up() -> None:
    both = loan(
        Overdue(date(2023, 2, 1), 50_000_00, date(2023, 2, 4)), Overdue(date(2023, 2, 2), 150_000_00, date(2023, 2, 3))
    )
    segments = compute(both, FULL, span=(date(2023, 2, 1), date(2023, 2, 4))).lines[0].segments
    assert [s.balance_fen for s in segments] == [150_000_00, 0, 150_000_00]


def test_overdue_sums_that_end_and_begin_on_one_day_do_not_disturb_each_other() -> None:
    three = loan(
        Overdue(date(2023, 2, 1), 50_000_00, date(2023, 2, 3)),
        Overdue(date(2023, 2, 2), 20_000_00, date(2023, 2, 3)),
        Overdue(date(2023, 2, 3), 10_000_00, date(2023, 2, 4)),
    )
    segments = compute(three, FULL, span=(date(2023, 2, 1), date(2023, 2, 5))).lines[0].segments
    assert [s.overdue_fen for s in segments] == [50_000_00, 70_000_00, 10_000_00, 0]


def test_more_overdue_than_subsidised_leaves_nothing_and_not_less() -> None:
    capped = replace(
        loan(Overdue(date(2023, 2, 1), 250_000_00, None), principal=300_000_00),
        tranches=(TranchePart(Tranche.STATE, 200_000_00),),
    )
    segments = compute(capped, FULL, span=(date(2023, 1, 31), date(2023, 2, 2))).lines[0].segments
    assert [s.balance_fen for s in segments] == [200_000_00, 0]


def test_an_extension_is_never_subsidised() -> None:
    extended = loan(Extension(date(2024, 1, 10), date(2025, 1, 10)), matures=date(2024, 1, 10))
    assert compute(extended, FULL) == compute(loan(matures=date(2024, 1, 10)), FULL)


def test_a_floating_rate_counts_from_the_day_of_its_reset() -> None:
    reset = loan(RateReset(date(2023, 2, 1), 60_000, None))
    segments = compute(reset, FULL, span=(None, date(2023, 3, 1))).lines[0].segments
    assert [(s.start, s.rate_ppm) for s in segments] == [(START, 36_000), (date(2023, 2, 1), 51_000)]


def test_a_reset_moves_the_ceiling_with_the_benchmark() -> None:
    reset = loan(RateReset(date(2023, 2, 1), 60_000, 40_000), RateReset(date(2023, 2, 2), 60_000, None))
    segments = compute(reset, FULL, span=(date(2023, 2, 1), date(2023, 3, 1))).lines[0].segments
    assert [s.rate_ppm for s in segments] == [55_000]


def test_prior_days_shorten_the_term_only_where_it_is_counted_for_the_borrower() -> None:
    prior = PriorUse(days=731)
    assert compute(loan(), FULL, prior).window.ended_by is WindowEnd.MATURITY
    schedule = compute(loan(), replace(FULL, cap_scope=CapScope.PER_BORROWER), prior)
    assert schedule.window.ended_by is WindowEnd.ALLOWANCE_USED
    assert (schedule.window.end - START).days == days_left(START, 36, prior)


def test_a_used_up_allowance_leaves_no_line() -> None:
    schedule = compute(loan(), replace(FULL, cap_scope=CapScope.PER_BORROWER), PriorUse(days=1_096))
    assert (schedule.window.start, schedule.window.end, schedule.lines) == (START, START, [])


def test_no_prior_use_is_the_term_of_the_loan_itself() -> None:
    assert days_left(date(2024, 2, 29), 36, PriorUse()) == 1_095


def test_days_left_are_never_negative() -> None:
    assert days_left(date(2026, 2, 1), 36, PriorUse(1_200, date(2022, 7, 10))) == 0


@pytest.mark.parametrize(("earlier", "is_open"), [(2, True), (3, False)])
def test_the_fourth_loan_is_not_subsidised(earlier: int, is_open: bool) -> None:
    schedule = compute(loan(), FULL, PriorUse(loans=earlier))
    assert (schedule.window.ended_by is not WindowEnd.LOAN_COUNT) is is_open
    assert (schedule.total_fen > 0) is is_open


def test_what_exceeds_the_cap_is_unsubsidised_and_is_repaid_first() -> None:
    """min(cap, disbursed - repaid), S8."""
    capped = replace(
        loan(Repayment(date(2023, 2, 1), 60_000_00), Repayment(date(2023, 2, 2), 60_000_00), principal=300_000_00),
        tranches=(TranchePart(Tranche.STATE, 200_000_00),),
    )
    segments = compute(capped, FULL, span=(None, date(2023, 3, 1))).lines[0].segments
    assert [s.balance_fen for s in segments] == [200_000_00, 180_000_00]


def test_the_excess_over_the_cap_is_the_local_tranche_where_the_rule_allows_one() -> None:
    state, local = Tranche.STATE, Tranche.LOCAL
    assert tranche_parts(500, 300, 0) == (TranchePart(state, 300),)
    assert tranche_parts(500, 300, 900) == (
        TranchePart(state, 300),
        TranchePart(local, 200),
    )
    assert tranche_parts(600, 300, 200)[1] == TranchePart(local, 200)
    assert tranche_parts(300, 300, 200) == (TranchePart(state, 300),)
    assert tranche_parts(300, None, 200) == (TranchePart(state, 300),)


def test_repayments_reduce_the_local_tranche_first_where_that_is_agreed() -> None:
    parts = (TranchePart(Tranche.STATE, 300_00), TranchePart(Tranche.LOCAL, 200_00))
    local_first = replace(
        loan(Repayment(date(2023, 2, 1), 250_00), principal=500_00),
        tranches=parts,
        repayment_order=RepaymentOrder.LOCAL_FIRST,
    )
    last = compute(local_first, FULL, span=(date(2023, 2, 1), date(2023, 2, 2))).lines
    assert [line.segments[0].balance_fen for line in last] == [250_00, 0]


def test_an_overdue_sum_is_shared_by_what_each_tranche_owes() -> None:
    parts = (TranchePart(Tranche.STATE, 300_00), TranchePart(Tranche.LOCAL, 200_00))
    overdue = replace(loan(Overdue(date(2023, 2, 1), 1_01, None), principal=500_00), tranches=parts)
    lines = compute(overdue, FULL, span=(date(2023, 2, 1), date(2023, 2, 2))).lines
    assert [line.segments[0].balance_fen for line in lines] == [300_00 - 61, 200_00 - 40]


def test_more_repaid_than_lent_is_refused() -> None:
    with pytest.raises(ValueError, match="more is repaid"):
        compute(loan(Repayment(date(2023, 2, 1), 200_000_01)), FULL)


def test_a_period_that_only_touches_the_time_has_no_line() -> None:
    january = (date(2025, 1, 1), date(2025, 4, 1))
    assert [str(p.quarter) for p in periods_in(*january, PeriodScheme.CAL)] == ["2025Q1"]
    assert [str(p.quarter) for p in periods_in(*january, PeriodScheme.BANK20)] == ["2025Q1", "2025Q2"]
    assert [str(p.quarter) for p in periods_in(date(2024, 12, 21), date(2025, 3, 21), PeriodScheme.BANK20)] == [
        "2025Q1"
    ]
    assert list(periods_in(january[0], january[0], PeriodScheme.CAL)) == []


def test_a_span_outside_the_term_gives_nothing() -> None:
    assert compute(loan(), FULL, span=(date(2030, 1, 1), None)).lines == []
    assert compute(loan(), FULL, span=(None, date(2020, 1, 1))).lines == []


def claim(name: str, kind: EntryKind = EntryKind.CLAIM, reverses: str | None = None, fen: int = 100) -> Entry:
    return Entry(name, kind, Tranche.STATE, Quarter(2024, 4), Quarter(2024, 4), fen, reverses)


def test_a_reversal_is_not_reversed() -> None:
    with pytest.raises(ReversalRefusedError):
        reverse(claim("b", EntryKind.REVERSAL, "a"), Quarter(2025, 1))


@pytest.mark.parametrize(
    "ledger",
    [
        [claim("a"), claim("b", EntryKind.REVERSAL, "a"), claim("c", EntryKind.REVERSAL, "a")],
        [claim("a"), claim("b", EntryKind.REVERSAL, "a"), claim("c", EntryKind.REVERSAL, "b")],
        [claim("b", EntryKind.REVERSAL, "nothing")],
        [claim("a"), claim("b")],
    ],
    ids=["twice", "of-a-reversal", "of-nothing", "two-lines-stand"],
)
def test_a_broken_ledger_is_refused(ledger: list[Entry]) -> None:
    with pytest.raises(ReversalRefusedError):
        correct(ledger, {}, Quarter(2025, 1))


def test_a_cancelled_loan_has_its_lines_reversed_and_none_posted() -> None:
    posted = correct([claim("a")], {}, Quarter(2025, 1))
    assert [(line.kind, line.amount_fen, line.reverses) for line in posted] == [(EntryKind.REVERSAL, -100, "a")]


def test_an_unchanged_line_is_left_alone_and_a_missing_one_is_posted() -> None:
    later = (Quarter(2025, 1), Tranche.STATE)
    posted = correct([claim("a")], {(Quarter(2024, 4), Tranche.STATE): 100, later: 7}, Quarter(2025, 2))
    assert [(line.kind, line.relates_to, line.amount_fen) for line in posted] == [
        (EntryKind.REPOST, Quarter(2025, 1), 7)
    ]


def test_without_any_weight_the_money_stays_unallocated() -> None:
    with pytest.raises(ValueError, match="zero"):
        split_by_payer(100, dict.fromkeys(catalogue().payer_schemes["ZZ2022_CITY_STATE"].weights, 0))
