"""E1–E23 of the loans design §3.8: what is a quote here and again over HTTP, the rest as its own case."""

from datetime import date, timedelta
from fractions import Fraction

import pytest

from kit.dates import Quarter, add_months
from loans_svc.rules.domain import DayCount, Payer, PeriodScheme, Tranche, share_text
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.balances import owed_steps
from loans_svc.subsidies.domain.calendar import days_between, period_of
from loans_svc.subsidies.domain.explanation import percent
from loans_svc.subsidies.domain.loan import Loan, PriorUse, TranchePart
from loans_svc.subsidies.domain.payers import drill_down, split_by_payer
from loans_svc.subsidies.domain.schedule import Segment, compute, days_left
from tests.loans_svc.cases import WorkedQuote, day, loan_of, parameters_of, prior_of, worked_quotes
from tests.loans_svc.subsidies.ledger_model import Entry, EntryKind, correct

Q4, Q1, Q2 = Quarter(2024, 4), Quarter(2025, 1), Quarter(2025, 2)


@pytest.mark.parametrize("case", worked_quotes(), ids=lambda case: case.name)
def test_a_worked_quote_comes_out_to_the_fen(case: WorkedQuote) -> None:
    request = case.request
    schedule = compute(
        loan_of(request), parameters_of(request), prior_of(request), (day(request.get("from")), day(request.get("to")))
    )
    lines = []
    for line in schedule.lines:
        shares = {segment.share6 for segment in line.segments}
        share = share_text(shares.pop()) if len(shares) == 1 else None
        cents = f"{line.amount_fen // 100}.{line.amount_fen % 100:02d}"
        lines.append([str(line.period), line.days, share, cents, line.tranche.value])
    assert lines == case.lines
    assert f"{schedule.total_fen // 100}.{schedule.total_fen % 100:02d}" == case.total
    assert case.effective_rate in (None, percent(schedule.effective_ppm))
    assert case.window in (None, (schedule.window.start.isoformat(), schedule.window.end.isoformat()))


@pytest.mark.parametrize(
    ("start", "end", "actual", "thirty"),
    [
        pytest.param("2024-01-31", "2024-03-31", 60, 60, id="E2"),
        pytest.param("2025-01-01", "2025-04-01", 90, 90, id="E2b-quarter"),
        pytest.param("2025-01-01", "2026-01-01", 365, 360, id="E2b-year"),
        pytest.param("2024-01-01", "2024-04-01", 91, 90, id="E3-leap-quarter"),
        pytest.param("2025-02-28", "2025-03-01", 1, 3, id="end-of-february"),
        pytest.param("2025-01-30", "2025-01-31", 1, 0, id="the-31st-adds-no-30E-day"),
    ],
)
def test_days_under_both_counts(start: str, end: str, actual: int, thirty: int) -> None:
    first, after = date.fromisoformat(start), date.fromisoformat(end)
    assert days_between(first, after, DayCount.ACT_360) == days_between(first, after, DayCount.ACT_365F) == actual
    assert days_between(first, after, DayCount.THIRTY_E_360) == thirty


@pytest.mark.parametrize(
    ("start", "months", "end", "days"),
    [
        pytest.param("2024-08-31", 6, "2025-02-28", 181, id="E4-31-august"),
        pytest.param("2024-02-29", 12, "2025-02-28", 365, id="E4-29-february-one-year"),
        pytest.param("2024-02-29", 36, "2027-02-28", 1095, id="E4-29-february-three-years"),
        pytest.param("2023-12-31", 36, "2026-12-31", 1096, id="E4-31-december"),
    ],
)
def test_anniversaries(start: str, months: int, end: str, days: int) -> None:
    first = date.fromisoformat(start)
    assert add_months(first, months) == date.fromisoformat(end)
    assert (add_months(first, months) - first).days == days


def test_E14_731_of_1096_days_leave_365() -> None:  # noqa: N802  the example's number
    second = date(2024, 7, 10)
    assert days_left(second, 36, PriorUse(731, date(2022, 7, 10))) == 365
    assert days_left(second, 36, PriorUse(731)) == 365
    assert days_left(second, 36, PriorUse(1096, date(2021, 7, 10))) == 0


def test_E15_settlement_periods() -> None:  # noqa: N802
    first, second = (period_of(quarter, PeriodScheme.BANK20) for quarter in (Q1, Q2))
    assert (first.first, first.after) == (date(2024, 12, 21), date(2025, 3, 21))
    assert (second.first, second.after) == (date(2025, 3, 21), date(2025, 6, 21))


def test_E16_a_prepayment_splits_20000_00_to_13333_33() -> None:  # noqa: N802
    case = next(case for case in worked_quotes() if case.name.startswith("E16"))
    owed = owed_steps(loan_of(case.request)).values
    assert owed[0].tranches == (300_000_00, 200_000_00)
    assert owed[1].tranches == (280_000_00, 186_666_67)


@pytest.mark.parametrize(
    ("scheme", "fen", "parts"),
    [
        pytest.param(
            "ZZ2022_CITY_STATE", 1_000_03, {"CENTRE": 500_01, "PROVINCE": 250_01, "CITY": 250_01}, id="E17-50-25-25"
        ),
        pytest.param(
            "ZZ2022_SHANGJIE_STATE",
            1_000_03,
            {"CENTRE": 500_02, "PROVINCE": 250_01, "CITY": 150_00, "DISTRICT": 100_00},
            id="E17-50-25-15-10",
        ),
        pytest.param("ZZ2022_SHANGJIE_LOCAL_WITH_STATE", 1_492_59, {"CITY": 746_30, "DISTRICT": 746_29}, id="E17d"),
        pytest.param("ZZ2022_CITY_LOCAL", 1_492_59, {"CITY": 1_492_59}, id="E17-city-alone"),
        pytest.param("ZZ2022_SHANGJIE_LOCAL", 1_492_59, {"DISTRICT": 1_492_59}, id="E17-district-alone"),
    ],
)
def test_payers(scheme: str, fen: int, parts: dict[str, int]) -> None:
    assert split_by_payer(fen, catalogue().payer_schemes[scheme].weights) == parts
    assert sum(parts.values()) == fen


def test_E17b_splitting_each_line_drifts_where_splitting_the_batch_does_not() -> None:  # noqa: N802
    weights = catalogue().payer_schemes["ZZ2022_CITY_STATE"].weights
    lines = [1_000_00 + i % 4 for i in range(2_000)]
    one_by_one = [split_by_payer(line, weights) for line in lines]
    apart = sum(part[Payer.CITY] - part[Payer.PROVINCE] for part in one_by_one)
    batch = split_by_payer(sum(lines), weights)
    assert apart == 500  # a fen on every fourth line: 500 yuan apart, 250 from what is due, on 200 000 lines
    assert abs(batch[Payer.CITY] - batch[Payer.PROVINCE]) <= 1


def test_E17c_the_drill_down_is_exact_in_every_line_and_column() -> None:  # noqa: N802
    weights = catalogue().payer_schemes["ZZ2022_SHANGJIE_STATE"].weights
    lines = [1, 2, 3, 7, 11, 12, 99, 100_003, 5, 1_234_567, 1]
    cells = drill_down(lines, weights)
    assert [sum(row.values()) for row in cells] == lines
    assert {payer: sum(row[payer] for row in cells) for payer in weights} == split_by_payer(sum(lines), weights)
    for line, row in zip(lines, cells, strict=True):
        assert min(row.values()) >= (0 if line >= 12 else -1)


def test_E18_a_late_prepayment_reverses_and_posts_anew() -> None:  # noqa: N802
    ledger = [
        Entry("q4", EntryKind.CLAIM, Tranche.STATE, Q4, Q4, 2_951_67),
        Entry("q1", EntryKind.CLAIM, Tranche.STATE, Q1, Q1, 2_887_50),
    ]
    posted = correct(ledger, {(Q4, Tranche.STATE): 2_502_50, (Q1, Tranche.STATE): 1_925_00}, booked_in=Q2)
    assert [(line.kind.value, line.relates_to, line.amount_fen, line.reverses) for line in posted] == [
        ("REVERSAL", Q4, -2_951_67, "q4"),
        ("REPOST", Q4, 2_502_50, None),
        ("REVERSAL", Q1, -2_887_50, "q1"),
        ("REPOST", Q1, 1_925_00, None),
    ]
    assert {line.booked_in for line in posted} == {Q2}
    assert sum(line.amount_fen for line in posted) == -1_411_67


def test_E23_the_largest_line_fits_a_bigint() -> None:  # noqa: N802
    def numerator(yuan: int, days: int) -> int:
        start = date(2024, 7, 1)
        return Segment(
            start, start + timedelta(days), days, yuan * 100, yuan * 100, 0, share6=6, rate_ppm=240_000
        ).numerator

    assert numerator(5_000_000, 92) == 66_240_000_000_000_000
    assert numerator(100_000_000, 365) == 5_256_000_000_000_000_000 < 2**63


def test_a_line_knows_its_exact_value() -> None:
    case = next(case for case in worked_quotes() if case.name.startswith("E11"))
    request = case.request
    line = compute(loan_of(request), parameters_of(request), PriorUse(), (day(request["from"]), None)).lines[0]
    assert Fraction(line.numerator, line.denominator) == Fraction(50165, 10)
    assert line.denominator == 2_160_000_000


def test_a_loan_of_several_tranches_needs_no_state_tranche() -> None:
    loan = Loan(100, date(2024, 1, 1), date(2024, 2, 1), 0, 0, (TranchePart(Tranche.LOCAL, 100),))
    assert compute(loan, catalogue().rules["R2023"].parameters).lines[0].tranche is Tranche.LOCAL
