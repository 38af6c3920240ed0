"""A line as an auditor would write it down: sentence by sentence, with the rule, to be checked by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.dates import Quarter
from kit.money import yuan
from loans_svc.batches.domain import LineKind
from loans_svc.batches.errors import LineNotFoundError
from loans_svc.batches.lines import LineView, clip, share_line, view_lines
from loans_svc.batches.models import BatchRow
from loans_svc.batches.repository import find_batch, find_line
from loans_svc.batches.service import find_visible
from loans_svc.loans.domain import Happening, Kind, rule_on
from loans_svc.loans.models import LoanEventRow, TrancheRow
from loans_svc.loans.repository import list_events, list_tranches, standing
from loans_svc.loans.service.steps import Actor, order_of, tranche_order
from loans_svc.rules.domain import DayCount, Mark, Payer, PeriodScheme, SubsidyRule, Tranche, share_text
from loans_svc.rules.repository import catalogue
from loans_svc.stories.service import tell
from loans_svc.subsidies.domain.explanation import explain_line, explain_rate, percent
from loans_svc.subsidies.domain.loan import Loan, effective_rate_ppm
from loans_svc.subsidies.domain.schedule import Line

_KINDS = {
    LineKind.CLAIM: "本期申领",
    LineKind.REVERSAL: "冲回",
    LineKind.REPOST: "以前各期更正或补记",
    LineKind.WAIVER: "银行少报、经裁定不付",
}
PAYERS = {Payer.CENTRE: "中央", Payer.PROVINCE: "省", Payer.CITY: "市", Payer.DISTRICT: "县（市、区）"}
# What of a rule a line rests on, in words; the rest of a row says when and for whom it holds.
_FIELDS = {
    "rate_basis": "利率口径",
    "cap_over": "利率上限",
    "floor_over": "借款人先承担的部分",
    "shares": "财政比例",
    "window_months": "贴息期限",
    "cap_scope": "贴息期限按笔还是累计",
    "overdue_mode": "逾期处理",
    "grace_days": "宽限期",
}
_EVENTS = {
    Kind.REPAYMENT: "归还本金",
    Kind.OVERDUE: "本金逾期",
    Kind.STOP: "停止贴息",
    Kind.EXTENSION: "展期",
    Kind.RATE_RESET: "利率调整",
    Kind.RE_RULE: "改按规则",
    Kind.COMPENSATION: "代偿",
    Kind.RETRACTION: "撤销原登记",
    Kind.CANCELLATION: "撤销发放",
}
_MOST_EVENTS = 20


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line and its sentences; `is_exact` says that the segments, computed again, give the stored amount.

    Attributes:
        rule: that the line was posted under; of a REVERSAL, that of the line it takes back.
    """

    batch: BatchRow
    view: LineView
    sentences: list[str]
    payers: Mapping[Payer, int]
    rule: SubsidyRule
    is_exact: bool


@dataclass(frozen=True, slots=True)
class History:
    """A loan's events, as they became known, and its tranches."""

    events: Sequence[LoanEventRow]
    tranches: Sequence[TrancheRow]


async def explain(tx: AsyncSession, actor: Actor, batch_id: UUID, number: int) -> Explanation:
    """Why a line is worth what it is.

    Raises:
        BatchNotFoundError, LineNotFoundError.
    """
    batch = await find_visible(tx, actor, batch_id)
    row = await find_line(tx, batch_id, number)
    if row is None:
        raise LineNotFoundError
    (view,) = await view_lines(tx, [row])
    payers = await share_line(tx, row)
    history = History(await list_events(tx, row.loan_id), await list_tranches(tx, row.loan_id))
    head = (
        f"银行{batch.bank}、单位{batch.unit}，{_quarter(batch.period)}贴息批次（第{batch.sequence}次申报）第{row.number}行："
        f"{_KINDS[LineKind(row.kind)]}，贷款{row.loan_id}，所属{_quarter(row.relates_to)}，金额{yuan(row.amount_fen)}元。"
    )
    if row.kind == LineKind.REVERSAL:
        rule, terms, is_exact = await _reversal(tx, batch, view, history)
    else:
        rule, terms, is_exact = _posted(batch, view, history)
    sentences = [head, *terms]
    if payers:
        parts = "，".join(f"{PAYERS[payer]}{yuan(fen)}元" for payer, fen in payers.items())
        scheme = catalogue().payer_schemes[row.payer_scheme or ""]
        sentences.append(
            f"资金按“{scheme.title}”（{scheme.payer_scheme_id}，{scheme.evidence.source}）分担：{parts}。"
            "各分担方按全批合计一次分配，本行的份额为累计数之差，逐行、逐方合计均不差分文。"
        )
    return Explanation(batch, view, sentences, payers, rule, is_exact)


def _posted(batch: BatchRow, view: LineView, history: History) -> tuple[SubsidyRule, list[str], bool]:
    """Rule and arithmetic of a line, as it was posted."""
    loan, row = view.loan, view.row
    assert loan.rule_id is not None
    if row.numerator is None or not view.segments:
        waived = "银行申报的金额小于系统计算的金额，经裁定按较小的金额拨付，差额不付。"
        return catalogue().rules[loan.rule_id], [waived], True
    known = _known(batch, view, history)
    rule = catalogue().rules[rule_on(loan.rule_id, known, view.segments[-1].start)]
    terms, is_exact = _arithmetic(view, rule, history.tranches)
    happened = {one.id for one in known if one.effective_on < view.segments[-1].end}
    counted = [one for one in history.events if one.id in happened and Kind(one.kind) in _EVENTS]
    told = [_event(one) for one in sorted(counted, key=lambda one: one.effective_on)]
    if told:
        terms.insert(2, f"据以计算的事项：{_listed(told)}。")
    return rule, [*terms, _standing_of(rule)], is_exact


async def _reversal(
    tx: AsyncSession, batch: BatchRow, view: LineView, history: History
) -> tuple[SubsidyRule, list[str], bool]:
    """What is taken back, what became known in between, and how the line had come about."""
    row = view.row
    assert row.reverses_batch is not None
    assert row.reverses_number is not None
    first = await find_batch(tx, row.reverses_batch)
    taken_back = await find_line(tx, row.reverses_batch, row.reverses_number)
    if first is None or taken_back is None:
        raise LineNotFoundError
    (original,) = await view_lines(tx, [taken_back])
    rule, terms, is_exact = _posted(first, original, history)
    news = [
        _event(one)
        for one in history.events
        if first.created_at < one.recorded_at <= batch.created_at and Kind(one.kind) in _EVENTS
    ]
    why = (
        f"本行冲回{_quarter(first.period)}批次{first.id}第{taken_back.number}行（{yuan(taken_back.amount_fen)}元）："
        "此后得知的事项改变了该期的贴息，原行不改动，按相反的金额在本期冲回，更正后的金额另行入账。"
    )
    sentences = [why]
    if news:
        sentences.append(f"两批之间登记的事项：{_listed(news)}。")
    exact = is_exact and row.amount_fen == -taken_back.amount_fen
    return rule, [*sentences, "被冲回的原行如下。", *terms], exact


def _standing_of(rule: SubsidyRule) -> str:
    """Where the rule stands, and which of its values nobody has confirmed yet."""
    until = f"至{rule.validity.until}前" if rule.validity.until else "起"
    text = f"规则{rule.rule_id}：{rule.title}，依据{rule.document}，自{rule.validity.since}{until}的贷款适用。"
    unsure = [
        f"{name}（{rule.evidence[field].source}）"
        for field, name in _FIELDS.items()
        if rule.evidence[field].mark in (Mark.MEM, Mark.INF)
    ]
    return f"{text}其中尚待主管部门确认的取值：{'；'.join(unsure)}。" if unsure else text


def _event(row: LoanEventRow) -> str:
    text = f"{row.effective_on}{_EVENTS[Kind(row.kind)]}"
    if row.rule_id is not None:
        text += row.rule_id
    if row.amount_fen is not None:
        text += f"{yuan(row.amount_fen)}元"
    if row.until is not None:
        text += f"（至{row.until}）"
    return text + (f"，流水号{row.bank_ref}" if row.bank_ref else f"，依据“{row.evidence}”")


def _listed(texts: Sequence[str]) -> str:
    rest = f"；另有{len(texts) - _MOST_EVENTS}项" if len(texts) > _MOST_EVENTS else ""
    return "；".join(texts[:_MOST_EVENTS]) + rest


def _quarter(text: str) -> str:
    quarter = Quarter.parse(text)
    return f"{quarter.year}年第{'一二三四'[quarter.number - 1]}季度"


def _known(batch: BatchRow, view: LineView, history: History) -> Sequence[Happening]:
    """What stood of the loan when the line was posted: what was told later is not the line's.

    Known was at least what had been recorded when the batch was asked for; of what came before it was computed, as
    much as makes the line's days.
    """
    loan, row, events, day = view.loan, view.row, history.events, legal_day(batch.created_at)
    told = sum(one.recorded_at <= batch.created_at for one in events)
    for count in range(told, len(events) + 1):
        known = standing(events[:count])
        stretches = [one for one in tell(loan, history.tranches, known, day)[0] if one.tranche == row.tranche]
        if clip(loan, row.relates_to, stretches) == view.segments:
            return known
    return standing(events[:told])  # of a loan that was taken back since no days are told


def _arithmetic(view: LineView, rule: SubsidyRule, rows: Sequence[TrancheRow]) -> tuple[list[str], bool]:
    row, loan = view.row, view.loan
    tranches = tuple(tranche_order(one) for one in rows)
    assert loan.day_count is not None
    assert loan.period_scheme is not None
    order = order_of(loan, tranches, (), loan.disbursed_on or view.segments[0].start)
    parameters = replace(
        rule.parameters, day_count=DayCount(loan.day_count), period_scheme=PeriodScheme(loan.period_scheme)
    )
    terms = Loan(
        order.principal_fen, order.disbursed_on, order.matures_on, order.contract_ppm, order.benchmark_ppm, ()
    )  # fmt: skip
    rate = effective_rate_ppm(order.contract_ppm, order.benchmark_ppm, parameters)
    line = Line(Quarter.parse(row.relates_to), Tranche(row.tranche), tuple(view.segments), row.denominator or 1)
    citation = f"{rule.document}（规则{rule.rule_id}）"
    contract = (
        f"贷款{yuan(order.principal_fen)}元，{order.disbursed_on}发放，原到期日{order.matures_on}，"
        f"合同年利率{percent(order.contract_ppm)}%，签订时基准利率{percent(order.benchmark_ppm)}%。"
    )
    sentences = [
        contract,
        f"利率：{explain_rate(terms, parameters, rate)}",
    ]
    sentences += [
        f"{one.start}至{one.end - timedelta(days=1)}共{one.days}天：未还本金{yuan(one.principal_fen)}元，"
        f"逾期{yuan(one.overdue_fen)}元，可贴息余额{yuan(one.balance_fen)}元，贴息年利率{percent(one.rate_ppm)}%，"
        f"财政比例{share_text(one.share6)}。"
        for one in view.segments
    ]
    sentences.append(explain_line(line, parameters, citation, len(tranches) > 1))
    sentences.append(f"精确值为{row.numerator}÷{row.denominator}分，只在这里四舍五入一次，得{yuan(row.amount_fen)}元。")
    return sentences, (line.numerator, line.amount_fen) == (row.numerator, row.amount_fen)
