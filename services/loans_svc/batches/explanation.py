"""A line as an auditor would write it down: sentence by sentence, with the rule, to be checked by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.dates import Quarter
from kit.money import yuan
from loans_svc.batches.domain import LineKind
from loans_svc.batches.errors import LineNotFoundError
from loans_svc.batches.lines import LineView, clip, share_line, view_lines
from loans_svc.batches.models import BatchRow
from loans_svc.batches.repository import find_line
from loans_svc.batches.service import read_batch
from loans_svc.loans.domain import Happening, Kind, rule_on
from loans_svc.loans.repository import list_events, list_tranches, standing
from loans_svc.loans.service.steps import Actor, order_of, tranche_order
from loans_svc.rules.domain import DayCount, Payer, PeriodScheme, SubsidyRule, Tranche, share_text
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
_PAYERS = {Payer.CENTRE: "中央", Payer.PROVINCE: "省", Payer.CITY: "市", Payer.DISTRICT: "县（市、区）"}
_STYLE = (
    "body{font-family:SimSun,serif;max-width:48em;margin:2em auto;line-height:1.8}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #000;padding:.2em .5em;text-align:right}"
    "th{font-weight:normal}footer{margin-top:3em}@media print{body{margin:0}}"
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line and its sentences; `is_exact` says that the segments, computed again, give the stored amount."""

    batch: BatchRow
    view: LineView
    sentences: list[str]
    payers: Mapping[Payer, int]
    rule: SubsidyRule
    is_exact: bool


async def explain(tx: AsyncSession, actor: Actor, batch_id: UUID, number: int) -> Explanation:
    """Why a line is worth what it is.

    Raises:
        BatchNotFoundError, LineNotFoundError.
    """
    batch = (await read_batch(tx, actor, batch_id)).batch
    row = await find_line(tx, batch_id, number)
    if row is None:
        raise LineNotFoundError
    (view,) = await view_lines(tx, [row])
    payers = await share_line(tx, row)
    assert view.loan.rule_id is not None
    rule = catalogue().rules[view.loan.rule_id]
    if view.segments:
        known = await _known(tx, batch, view)
        rule = catalogue().rules[rule_on(view.loan.rule_id, known, view.segments[-1].start)]
    head = (
        f"{batch.bank}{batch.unit}{batch.period}批次第{batch.sequence}次申报第{row.number}行："
        f"{_KINDS[LineKind(row.kind)]}，贷款{row.loan_id}，所属{row.relates_to}，金额{yuan(row.amount_fen)}元。"
    )
    sentences, is_exact = [head], True
    if row.numerator is not None:
        terms, is_exact = await _arithmetic(tx, view, rule)
        sentences += terms
    elif row.kind == LineKind.REVERSAL:
        sentences.append(
            f"本行冲回批次{row.reverses_batch}第{row.reverses_number}行：此后得知的事项改变了该期的贴息，"
            "原行不改动，按相反的金额在本期冲回，更正后的金额另行入账。"
        )
    else:
        sentences.append("银行申报的金额小于系统计算的金额，经裁定按较小的金额拨付，差额不付。")
    if payers:
        parts = "，".join(f"{_PAYERS[payer]}{yuan(fen)}元" for payer, fen in payers.items())
        sentences.append(
            f"资金按{row.payer_scheme}分担：{parts}。各分担方按全批合计一次分配，本行的份额为累计数之差，逐行、逐方合计均不差分文。"
        )
    return Explanation(batch, view, sentences, payers, rule, is_exact)


async def _known(tx: AsyncSession, batch: BatchRow, view: LineView) -> Sequence[Happening]:
    """What stood of the loan when the line was posted: a rule that was put in place later is not the line's.

    Known was at least what had been recorded when the batch was asked for; of what came before it was computed, as
    much as makes the line's days.
    """
    loan, row = view.loan, view.row
    events = await list_events(tx, loan.id)
    if not any(one.kind == Kind.RE_RULE for one in events):
        return standing(events)
    tranches, day = await list_tranches(tx, loan.id), legal_day(batch.created_at)
    told = sum(one.recorded_at <= batch.created_at for one in events)
    for count in range(told, len(events) + 1):
        known = standing(events[:count])
        stretches = [one for one in tell(loan, tranches, known, day)[0] if one.tranche == row.tranche]
        if clip(loan, row.relates_to, stretches) == view.segments:
            return known
    return standing(events[:told])  # of a loan that was taken back since no days are told


async def _arithmetic(tx: AsyncSession, view: LineView, rule: SubsidyRule) -> tuple[list[str], bool]:
    row, loan = view.row, view.loan
    tranches = tuple(tranche_order(one) for one in await list_tranches(tx, loan.id))
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


def printable(explanation: Explanation) -> str:
    """One page to print, sign and file."""
    row = explanation.view.row
    paragraphs = "".join(f"<p>{number}. {escape(text)}</p>" for number, text in enumerate(explanation.sentences, 1))
    rows = "".join(
        f"<tr><td>{one.start}</td><td>{one.end}</td><td>{one.days}</td><td>{yuan(one.balance_fen)}</td>"
        f"<td>{percent(one.rate_ppm)}%</td><td>{share_text(one.share6)}</td></tr>"
        for one in explanation.view.segments
    )
    table = (
        "<table><tr><th>自（含）</th><th>至（不含）</th><th>天数</th><th>可贴息余额（元）</th><th>贴息年利率</th><th>财政比例</th></tr>"
        f"{rows}</table>"
        if rows
        else ""
    )
    verdict = "复算一致。" if explanation.is_exact else "复算不一致，请立即核查。"
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>贴息明细说明 第{row.number}行</title>'
        f"<style>{_STYLE}</style></head><body><h1>贴息明细说明</h1>{paragraphs}{table}<p>{verdict}</p>"
        "<footer>复核人：＿＿＿＿＿＿　　日期：＿＿＿＿＿＿</footer></body></html>"
    )
