"""The sentence under each line: the arithmetic that an auditor repeats, with the rule."""

from dataclasses import replace
from datetime import date, timedelta

from loans_svc.rules.domain import DayCount, OverdueMode, Parameters, PeriodScheme, Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.explanation import explain_line, explain_rate, percent
from loans_svc.subsidies.domain.loan import Event, Loan, Overdue, RateReset, Repayment, TranchePart
from loans_svc.subsidies.domain.schedule import compute

HALF = catalogue().rules["R2023"].parameters
FLOOR = catalogue().rules["R2021"].parameters
SPAN = (date(2024, 4, 1), date(2024, 7, 1))


def loan(*events: Event) -> Loan:
    parts = (TranchePart(Tranche.STATE, 300_000_00),)
    return Loan(300_000_00, date(2024, 1, 31), date(2027, 1, 31), 39_500, 34_500, parts, events)


def sentence(subject: Loan, parameters: Parameters, is_tranched: bool = False) -> str:
    line = compute(subject, parameters, span=SPAN).lines[0]
    return explain_line(line, parameters, "文件", is_tranched)


def test_one_stretch_is_one_product() -> None:
    assert sentence(loan(), HALF) == (
        "2024年第二季度（2024-04-01至2024-06-30）：300000.00元×91天×年利率3.9500%×贴息比例1/2÷360＝1497.71元（四舍五入到分）。依据：文件。"
    )


def test_thirty_day_months_settlement_periods_and_tranches_are_named() -> None:
    parameters = replace(HALF, day_count=DayCount.THIRTY_E_360, period_scheme=PeriodScheme.BANK20)
    text = sentence(loan(), parameters, is_tranched=True)
    assert text.startswith("2024年第二季度结息期（2024-04-01至2024-06-20，国家支持部分）：300000.00元×80天")
    assert text.endswith("元（四舍五入到分）（按每月30天计）。依据：文件。")
    assert "÷365" in sentence(loan(), replace(HALF, day_count=DayCount.ACT_365F))


def test_changing_rates_stand_in_each_term() -> None:
    text = sentence(loan(RateReset(date(2024, 5, 1), 20_000, None)), HALF)
    assert "（300000.00元×3.9500%×30天＋300000.00元×2.0000%×61天）×贴息比例1/2÷360" in text


def test_what_overdue_means_is_said_in_the_words_of_its_mode() -> None:
    overdue = loan(Overdue(date(2024, 5, 20), 50_000_00, date(2024, 6, 5)))
    texts = {mode: sentence(overdue, replace(HALF, overdue_mode=mode)) for mode in OverdueMode}
    for mode, words in [
        (OverdueMode.PART, "逾期部分不贴息"),
        (OverdueMode.WHOLE, "逾期期间整笔不贴息"),
        (OverdueMode.FOREVER, "自逾期之日起不再贴息"),
    ]:
        assert f"2024-05-20至2024-06-04逾期本金50000.00元，{words}" in texts[mode]


def test_long_sums_are_cut_and_say_so() -> None:
    repayments = [Repayment(date(2024, 4, 2) + timedelta(days=n), 1_00) for n in range(20)]
    assert "其余13段（见分段明细）" in sentence(loan(*repayments), HALF)
    spans = [
        Overdue(date(2024, 4, 2) + timedelta(days=2 * n), 1_00, date(2024, 4, 3) + timedelta(days=2 * n))
        for n in range(10)
    ]
    assert "；另有2段逾期" in sentence(loan(*spans), HALF)


def test_a_tranche_that_is_repaid_says_so() -> None:
    parts = (TranchePart(Tranche.STATE, 100), TranchePart(Tranche.LOCAL, 0))
    subject = replace(loan(), principal_fen=100, tranches=parts)
    line = compute(subject, HALF, span=SPAN).lines[1]
    assert explain_line(line, HALF, "文件", is_tranched=True) == (
        "2024年第二季度（2024-04-01至2024-06-30，地方支持部分）：本档本金已还清，本期贴息0.00元。依据：文件。"
    )


def test_the_rate_is_explained_with_ceiling_and_floor() -> None:
    subject = replace(loan(), contract_ppm=65_000, benchmark_ppm=38_500)
    assert explain_rate(subject, FLOOR, 30_000) == (
        "合同利率6.5000%，上限为基准3.8500%＋1.5000%＝5.3500%（超过上限，按上限计），借款人先承担2.3500%；贴息年利率3.0000%。"
    )
    at_benchmark = catalogue().rules["R2016_SE"].parameters
    assert explain_rate(subject, at_benchmark, 38_500) == "签订合同时的基准利率3.8500%；贴息年利率3.8500%。"


def test_rates_have_four_places() -> None:
    assert [percent(ppm) for ppm in (0, 1, 38_500, 240_000)] == ["0.0000", "0.0001", "3.8500", "24.0000"]
