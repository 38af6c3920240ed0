"""A claim line in one sentence, as an auditor would check it by hand."""

from datetime import date, timedelta

from kit.money import fixed, yuan
from loans_svc.rules.domain import DayCount, OverdueMode, Parameters, PeriodScheme, RateBasis, Tranche, share_text
from loans_svc.subsidies.domain.calendar import year_basis
from loans_svc.subsidies.domain.loan import Loan
from loans_svc.subsidies.domain.schedule import Line, Segment

_QUARTERS = "一二三四"
_TRANCHE_NAMES = {Tranche.STATE: "国家支持部分", Tranche.LOCAL: "地方支持部分"}
_OVERDUE_TEXTS = {
    OverdueMode.PART: "逾期部分不贴息",
    OverdueMode.WHOLE: "逾期期间整笔不贴息",
    OverdueMode.FOREVER: "自逾期之日起不再贴息",
}
_PPM_PER_PERCENT = 10_000
_MOST_TERMS = 8


def percent(ppm: int) -> str:
    """The wire form of a rate: percent per year with four places."""
    return fixed(ppm, _PPM_PER_PERCENT, 4)


def explain_line(line: Line, parameters: Parameters, citation: str, is_tranched: bool) -> str:
    """The arithmetic of a line with its rule.

    Args:
        citation: document and code of the rule.
        is_tranched: the loan has more than one tranche, so that the line says which it is.
    """
    first, after = line.segments[0].start, line.segments[-1].end
    scheme = "结息期" if parameters.period_scheme is PeriodScheme.BANK20 else ""
    tranche = f"，{_TRANCHE_NAMES[line.tranche]}" if is_tranched else ""
    head = (
        f"{line.period.year}年第{_QUARTERS[line.period.number - 1]}季度{scheme}（{_inclusive(first, after)}{tranche}）"
    )
    paid = [segment for segment in line.segments if segment.numerator > 0]
    if not paid:
        return f"{head}：{_why_nothing(line)}，本期贴息0.00元。依据：{citation}。"
    day_count = "（按每月30天计）" if parameters.day_count is DayCount.THIRTY_E_360 else ""
    rounding = "" if line.numerator % line.denominator == 0 else "（四舍五入到分）"
    result = f"{_sum_text(paid, year_basis(parameters.day_count))}＝{yuan(line.amount_fen)}元"
    return f"{head}：{result}{rounding}{day_count}{_overdue_text(line, parameters)}。依据：{citation}。"


def _sum_text(segments: list[Segment], basis: int) -> str:
    """Factors that are the same in all terms stand once, behind the bracket."""
    rates = {segment.rate_ppm for segment in segments}
    shares = {segment.share6 for segment in segments}
    terms = []
    for segment in segments[:_MOST_TERMS]:
        rate = f"×{percent(segment.rate_ppm)}%" if len(rates) > 1 else ""
        share = f"×{share_text(segment.share6)}" if len(shares) > 1 else ""
        terms.append(f"{yuan(segment.balance_fen)}元{rate}{share}×{segment.days}天")
    if len(segments) > _MOST_TERMS:
        terms.append(f"其余{len(segments) - _MOST_TERMS}段（见分段明细）")
    text = terms[0] if len(terms) == 1 else f"（{'＋'.join(terms)}）"
    if len(rates) == 1:
        text += f"×年利率{percent(segments[0].rate_ppm)}%"
    if len(shares) == 1 and segments[0].share6 != 6:
        text += f"×贴息比例{share_text(segments[0].share6)}"
    return f"{text}÷{basis}"


def _overdue_text(line: Line, parameters: Parameters) -> str:
    overdue = [s for s in line.segments if s.overdue_fen > 0 and s.balance_fen < s.principal_fen]
    texts = [
        f"；{_inclusive(segment.start, segment.end)}逾期本金{yuan(segment.overdue_fen)}元，"
        f"{_OVERDUE_TEXTS[parameters.overdue_mode]}"
        for segment in overdue[:_MOST_TERMS]
    ]
    return "".join(texts) + (f"；另有{len(overdue) - _MOST_TERMS}段逾期" if len(overdue) > _MOST_TERMS else "")


def _why_nothing(line: Line) -> str:
    if all(segment.principal_fen == 0 for segment in line.segments):
        return "本档本金已还清"
    if all(segment.balance_fen == 0 for segment in line.segments):
        return "贷款逾期，不予贴息"
    if all(segment.rate_ppm == 0 for segment in line.segments):
        return "财政承担的利率为0"
    return "没有可贴息的天数或比例"


def _inclusive(start: date, end: date) -> str:
    """A half-open interval as people write it: with its last day."""
    return f"{start.isoformat()}至{(end - timedelta(days=1)).isoformat()}"


def explain_rate(loan: Loan, parameters: Parameters, effective_ppm: int) -> str:
    """How the effective rate came about (S6)."""
    at_benchmark = parameters.rate_basis is RateBasis.BENCHMARK_AT_SIGNING
    rate = loan.benchmark_ppm if at_benchmark else loan.contract_ppm
    text = f"{'签订合同时的基准利率' if at_benchmark else '合同利率'}{percent(rate)}%"
    if parameters.cap_over_ppm is not None:
        ceiling = loan.benchmark_ppm + parameters.cap_over_ppm
        verdict = "超过上限，按上限计" if rate > ceiling else "不超过上限"
        sum_text = f"{percent(loan.benchmark_ppm)}%＋{percent(parameters.cap_over_ppm)}%＝{percent(ceiling)}%"
        text += f"，上限为基准{sum_text}（{verdict}）"
    if parameters.floor_over_ppm is not None:
        floor = max(0, loan.benchmark_ppm + parameters.floor_over_ppm)
        text += f"，借款人先承担{percent(floor)}%"
    return f"{text}；贴息年利率{percent(effective_ppm)}%。"
