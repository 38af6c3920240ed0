"""The use case of a quote: rule and order become a loan, the loan a schedule with its reasons. Nothing is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kit.dates import Quarter
from kit.errors import FieldError, ValidationFailedError
from kit.money import yuan
from loans_svc.rules.domain import (
    BorrowerKind,
    CapScope,
    Catalogue,
    DateKey,
    DayCount,
    Mark,
    OverdueMode,
    Parameters,
    Payer,
    PeriodScheme,
    SubsidyRule,
    Tranche,
)
from loans_svc.subsidies.domain.balances import repaid_by_day
from loans_svc.subsidies.domain.explanation import explain_line, explain_rate
from loans_svc.subsidies.domain.faults import find_faults
from loans_svc.subsidies.domain.loan import (
    Event,
    Extension,
    Loan,
    Overdue,
    PriorUse,
    RepaymentOrder,
    TranchePart,
    effective_rate_ppm,
    tranche_parts,
)
from loans_svc.subsidies.domain.payers import split_by_payer
from loans_svc.subsidies.domain.schedule import Line, Schedule, compute


@dataclass(frozen=True, slots=True)
class TrancheOrder:
    """A part of the loan as the caller cut it; its payers where a scheme is named."""

    tranche: Tranche
    amount_fen: int
    payer_scheme: str | None = None


@dataclass(frozen=True, slots=True)
class ReRule:
    """From a day on another rule holds for the loan (loans design §0.1); the days before keep theirs."""

    effective_on: date
    rule: str


@dataclass(frozen=True, slots=True)
class QuoteOrder:
    """What is asked; None means "as the rule says"."""

    rule: str
    principal_fen: int
    disbursed_on: date
    matures_on: date
    contract_ppm: int
    benchmark_ppm: int
    events: tuple[Event, ...]
    span: tuple[date | None, date | None]
    prior: PriorUse
    borrower_kind: BorrowerKind | None
    day_count: DayCount | None
    period_scheme: PeriodScheme | None
    overdue_mode: OverdueMode | None
    cap_scope: CapScope | None
    grace_days: int | None
    known_on: date | None
    tranches: tuple[TrancheOrder, ...]
    repayment_order: RepaymentOrder
    payer_scheme: str | None
    rerules: tuple["ReRule", ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the reader of a quote should know; a code and a Chinese sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class TrancheTotal:
    """Sum of one tranche, and who pays it; no payers where no scheme was named."""

    tranche: Tranche
    amount_fen: int
    total_fen: int
    payer_scheme: str | None
    payers: Mapping[Payer, int]


@dataclass(frozen=True, slots=True)
class Quote:
    """A schedule with the rule and parameters that it was computed from, each line explained."""

    rule: SubsidyRule
    parameters: Parameters
    loan: Loan
    schedule: Schedule
    explained_rate: str
    explained_lines: Sequence[tuple[Line, str]]
    tranches: Sequence[TrancheTotal]
    payers: Mapping[Payer, int]
    notes: Sequence[Note]


def quote_subsidy(order: QuoteOrder, catalogue: Catalogue) -> Quote:
    """The subsidy of a loan, line by line.

    Raises:
        ValidationFailedError: the order names a rule that is not there, or tells of a loan that can't be.
    """
    rule = catalogue.rules.get(order.rule)
    if rule is None:
        raise ValidationFailedError(errors=[_unknown("/rule", "规则", catalogue.rules)])
    _refuse([*_order_faults(order, rule, catalogue)])
    loan = _loan(order, rule)
    _refuse(find_faults(loan, order.prior))
    parameters = _parameters(order, rule)
    parts = _parts(order, catalogue)
    schedule = _schedule(order, parts)
    is_tranched = len(loan.tranches) > 1
    tranches = [*_tranche_totals(order, loan, schedule, catalogue)]
    return Quote(
        rule=rule,
        parameters=parameters,
        loan=loan,
        schedule=schedule,
        explained_rate="".join(_explain_rates(order, parts)),
        explained_lines=[
            (line, explain_line(line, parameters, _cite(line, parts), is_tranched)) for line in schedule.lines
        ],
        tranches=tranches,
        payers=_sum_by_payer(tranches),
        notes=[*_notes(order, rule, loan), *_payer_notes(tranches)],
    )


def compute_schedule(order: QuoteOrder, catalogue: Catalogue) -> Schedule:
    """The bare schedule of a loan whose order `quote_subsidy` has taken before: no checks, no words."""
    return _schedule(order, _parts(order, catalogue))


@dataclass(frozen=True, slots=True)
class _Part:
    """The days [since, until) on which one rule holds; None = no bound."""

    rule: SubsidyRule
    since: date | None
    until: date | None


def _parts(order: QuoteOrder, catalogue: Catalogue) -> list[_Part]:
    changes = sorted(order.rerules, key=lambda change: change.effective_on)
    rules = [order.rule, *(change.rule for change in changes)]
    days: list[date | None] = [None, *(change.effective_on for change in changes), None]
    return [_Part(catalogue.rules[rule], days[i], days[i + 1]) for i, rule in enumerate(rules)]


def _schedule(order: QuoteOrder, parts: Sequence[_Part]) -> Schedule:
    """Each rule computes its own days; a period that two of them share is one line, rounded once.

    Day count and periods stay those of the first rule, so that the parts of a line have one denominator.
    """
    first = parts[0].rule.parameters
    schedules = [
        compute(
            _loan(order, part.rule),
            replace(
                _parameters(order, part.rule),
                day_count=order.day_count or first.day_count,
                period_scheme=order.period_scheme or first.period_scheme,
            ),
            order.prior,
            (_later(order.span[0], part.since), _earlier(order.span[1], part.until)),
            order.known_on,
        )
        for part in parts
    ]
    if len(schedules) == 1:
        return schedules[0]
    lines: dict[tuple[Quarter, Tranche], Line] = {}
    for line in (line for schedule in schedules for line in schedule.lines):
        before = lines.get((line.period, line.tranche))
        lines[line.period, line.tranche] = (
            line if before is None else replace(before, segments=before.segments + line.segments)
        )
    ordered = sorted(lines.values(), key=lambda line: (line.period, line.tranche is not Tranche.STATE))
    return Schedule(schedules[0].effective_ppm, schedules[-1].window, ordered)


def _later(one: date | None, other: date | None) -> date | None:
    return max((day for day in (one, other) if day is not None), default=None)


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


def _explain_rates(order: QuoteOrder, parts: Sequence[_Part]) -> Iterator[str]:
    for part in parts:
        loan, parameters = _loan(order, part.rule), _parameters(order, part.rule)
        rate = effective_rate_ppm(loan.contract_ppm, loan.benchmark_ppm, parameters)
        said = explain_rate(loan, parameters, rate)
        yield said if part.since is None else f"自{part.since}起改按规则{part.rule.rule_id}：{said}"


def _cite(line: Line, parts: Sequence[_Part]) -> str:
    """The rules that hold on the days of a line."""
    start, end = line.segments[0].start, line.segments[-1].end
    return "、".join(
        f"{part.rule.document}（规则{part.rule.rule_id}）"
        for part in parts
        if (part.since is None or part.since < end) and (part.until is None or part.until > start)
    )


def _refuse(faults: list[FieldError]) -> None:
    if faults:
        raise ValidationFailedError(errors=faults)


def _unknown(pointer: str, name: str, known: Mapping[str, object]) -> FieldError:
    return FieldError(pointer, "UNKNOWN_CODE", f"没有这个{name}代码；可用的代码：{'、'.join(known)}。")


def _order_faults(order: QuoteOrder, rule: SubsidyRule, catalogue: Catalogue) -> Iterator[FieldError]:
    """What does not fit the rule or contradicts itself."""
    start, end = order.span
    if start is not None and end is not None and start > end:
        yield FieldError("/from", "AFTER_END", "from 不能晚于 to，请核对计算区间。")
    if order.borrower_kind is not None and order.borrower_kind not in rule.amount_caps:
        kinds = "、".join(rule.amount_caps)
        yield FieldError("/borrower_kind", "NOT_COVERED", f"所选规则不适用于这类借款人；适用的类别：{kinds}。")
    if order.payer_scheme is not None and order.tranches:
        yield FieldError("/payer_scheme", "GIVEN_TWICE", "已分资金档时，请在 tranches 各档中填写 payer_scheme。")
    elif order.payer_scheme is not None:
        yield from _scheme_faults("/payer_scheme", order.payer_scheme, Tranche.STATE, catalogue)
    if sum(part.amount_fen for part in order.tranches) > order.principal_fen:
        yield FieldError("/tranches", "EXCEEDS_PRINCIPAL", "各资金档金额之和不能超过贷款本金，请核对。")
    for i, part in enumerate(order.tranches):
        if part.tranche is Tranche.LOCAL and not rule.allows_local_tranche:
            yield FieldError(
                f"/tranches/{i}/tranche", "NOT_ALLOWED", "所选规则没有地方支持部分，请改选规则或去掉这一档。"
            )
        if part.payer_scheme is not None:
            yield from _scheme_faults(f"/tranches/{i}/payer_scheme", part.payer_scheme, part.tranche, catalogue)


def _scheme_faults(pointer: str, code: str, tranche: Tranche, catalogue: Catalogue) -> Iterator[FieldError]:
    fitting = {key: scheme for key, scheme in catalogue.payer_schemes.items() if scheme.tranche is tranche}
    if code not in fitting:
        yield _unknown(pointer, "（适用于该资金档的）分担比例", fitting)


def _loan(order: QuoteOrder, rule: SubsidyRule) -> Loan:
    kind = order.borrower_kind
    if order.tranches:
        parts = tuple(_capped(part, rule, kind) for part in order.tranches)
    else:
        # Without a kind of borrower nobody knows whether the locality supports the excess: it stays unsubsidised.
        local_cap = rule.local_amount_cap(kind) if kind is not None else None
        parts = tranche_parts(order.principal_fen, rule.amount_cap(kind), local_cap or 0)
    return Loan(
        principal_fen=order.principal_fen,
        disbursed_on=order.disbursed_on,
        matures_on=order.matures_on,
        contract_ppm=order.contract_ppm,
        benchmark_ppm=order.benchmark_ppm,
        tranches=parts,
        events=order.events,
        repayment_order=order.repayment_order,
    )


def _capped(part: TrancheOrder, rule: SubsidyRule, kind: BorrowerKind | None) -> TranchePart:
    cap = rule.amount_cap(kind) if part.tranche is Tranche.STATE else rule.local_amount_cap(kind)
    return TranchePart(part.tranche, part.amount_fen if cap is None else min(part.amount_fen, cap))


def _parameters(order: QuoteOrder, rule: SubsidyRule) -> Parameters:
    given = rule.parameters
    return replace(
        given,
        day_count=order.day_count or given.day_count,
        period_scheme=order.period_scheme or given.period_scheme,
        overdue_mode=order.overdue_mode or given.overdue_mode,
        cap_scope=order.cap_scope or given.cap_scope,
        grace_days=given.grace_days if order.grace_days is None else order.grace_days,
    )


def _tranche_totals(order: QuoteOrder, loan: Loan, schedule: Schedule, catalogue: Catalogue) -> Iterator[TrancheTotal]:
    schemes = {part.tranche: part.payer_scheme for part in order.tranches} or {Tranche.STATE: order.payer_scheme}
    for part in loan.tranches:
        total = sum(line.amount_fen for line in schedule.lines if line.tranche is part.tranche)
        scheme = schemes.get(part.tranche)
        payers = split_by_payer(total, catalogue.payer_schemes[scheme].weights) if scheme else {}
        yield TrancheTotal(part.tranche, part.amount_fen, total, scheme, payers)


def _sum_by_payer(tranches: Sequence[TrancheTotal]) -> dict[Payer, int]:
    sums = {payer: sum(total.payers.get(payer, 0) for total in tranches) for payer in Payer}
    return {payer: amount for payer, amount in sums.items() if any(payer in total.payers for total in tranches)}


def _payer_notes(tranches: Sequence[TrancheTotal]) -> Iterator[Note]:
    unpaid = sum(total.total_fen for total in tranches if total.payer_scheme is None)
    if unpaid and any(total.payer_scheme for total in tranches):
        yield Note("PAYERS_INCOMPLETE", f"有{yuan(unpaid)}元没有指定分担比例，未计入分担结果。")


def _notes(order: QuoteOrder, rule: SubsidyRule, loan: Loan) -> Iterator[Note]:
    if rule.keyed_by is DateKey.DISBURSED and not rule.validity.covers(order.disbursed_on):
        yield Note(
            "RULE_NOT_IN_FORCE",
            "发放日不在所选规则的有效期内，本结果按您指定的规则试算；正式申领以发放日适用的规则为准。",
        )
    yield from _amount_notes(order, rule, loan)
    repaid = repaid_by_day(loan)
    for i, event in enumerate(loan.events):
        if isinstance(event, Overdue) and event.until is not None and repaid.get(event.until, 0) < event.amount_fen:
            yield Note(
                "OVERDUE_NOT_REPAID",
                f"第{i + 1}项逾期已结束，但当日没有足额的还款记录；如已归还本金，请另填一项REPAYMENT。",
            )
        if isinstance(event, Extension):
            yield Note("EXTENSION_NOT_SUBSIDISED", "展期不贴息，贴息期限仍以原到期日为限。")
    unsure = [field for field in _money_fields(order, rule) if rule.evidence[field].mark in (Mark.MEM, Mark.INF)]
    if unsure:
        yield Note(
            "UNCONFIRMED_VALUES", f"本次用到的以下规则数值尚待主管部门确认：{'、'.join(unsure)}。出处见贴息规则。"
        )
    if order.span != (None, None):
        yield Note("SPAN_CLIPPED", "只计算 from（含）至 to（不含）之间的天数；区间不足一期的，该行不是整期申领额。")


def _money_fields(order: QuoteOrder, rule: SubsidyRule) -> Iterator[str]:
    """The fields of the rule that the amount rests on; what the caller said himself does not."""
    said = {
        "day_count": order.day_count,
        "period_scheme": order.period_scheme,
        "overdue_mode": order.overdue_mode,
        "cap_scope": order.cap_scope,
        "grace_days": order.grace_days,
    }
    never = {"valid_from", "valid_to", "keyed_by", "region_class", "tranche", "payer_scheme"}
    return (field for field in rule.evidence if field not in never and said.get(field) is None)


def _amount_notes(order: QuoteOrder, rule: SubsidyRule, loan: Loan) -> Iterator[Note]:
    covered = sum(part.amount_fen for part in loan.tranches)
    if covered < order.principal_fen:
        yield Note("PRINCIPAL_OVER_CAP", f"可贴息本金为{yuan(covered)}元，超出部分不贴息，还款先冲减超出部分。")
    if order.borrower_kind is None and not order.tranches:
        caps = [cap for cap in rule.amount_caps.values() if cap is not None]
        if len(rule.amount_caps) > 1 and order.principal_fen > min(caps):
            yield Note(
                "BORROWER_KIND_NOT_GIVEN",
                "未说明借款人类别，按所选规则的最高限额试算；填写 borrower_kind 可按该类借款人的限额计算。",
            )
    elif order.borrower_kind is not None and rule.amount_cap(order.borrower_kind) is None:
        yield Note("NO_FIXED_AMOUNT", "文件对这类借款人只给出计算办法，没有固定限额，本次试算未限额。")
