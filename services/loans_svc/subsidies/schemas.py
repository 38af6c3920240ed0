"""A quote on the wire: what is asked, and the answer line by line."""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from kit.errors import FieldError
from kit.http.problems import validation_failed
from kit.http.wire import Code, LegalDate, PercentOut, QuarterText, RequestModel, ResponseModel, YuanOut
from loans_svc.rules.domain import (
    BorrowerKind,
    CapScope,
    DayCount,
    OverdueMode,
    Payer,
    PeriodScheme,
    Tranche,
    share_text,
)
from loans_svc.subsidies.domain.loan import (
    Compensation,
    Event,
    Extension,
    Overdue,
    PriorUse,
    RateReset,
    Repayment,
    RepaymentOrder,
    Stop,
)
from loans_svc.subsidies.domain.schedule import Line, Segment, WindowEnd
from loans_svc.subsidies.service import Quote, QuoteOrder, TrancheOrder, TrancheTotal
from loans_svc.wire import PositiveYuan, Rate

MOST_EVENTS = 1_000


class EventKind(StrEnum):
    REPAYMENT = "REPAYMENT"
    OVERDUE = "OVERDUE"
    STOP = "STOP"
    EXTENSION = "EXTENSION"
    COMPENSATION = "COMPENSATION"
    RATE_RESET = "RATE_RESET"


_FIELDS: Mapping[EventKind, tuple[frozenset[str], frozenset[str]]] = {  # required, optional
    EventKind.REPAYMENT: (frozenset({"amount"}), frozenset()),
    EventKind.OVERDUE: (frozenset({"amount"}), frozenset({"until"})),
    EventKind.STOP: (frozenset(), frozenset()),
    EventKind.EXTENSION: (frozenset(), frozenset({"until", "amount"})),
    EventKind.COMPENSATION: (frozenset(), frozenset({"amount"})),
    EventKind.RATE_RESET: (frozenset({"contract_rate"}), frozenset({"benchmark_rate"})),
}


class EventIn(RequestModel):
    """Something that happened to the loan, from a day on."""

    kind: Annotated[
        EventKind,
        Field(
            strict=False,
            description="REPAYMENT归还本金；OVERDUE本金逾期；STOP停止贴息；EXTENSION展期；COMPENSATION代偿；RATE_RESET利率调整",
        ),
    ]
    effective_on: Annotated[LegalDate, Field(description="生效日；还款日当天不计息，逾期自应还日当天起算")]
    amount: Annotated[
        PositiveYuan | None, Field(description="本金；还款和逾期必填，展期和代偿只作记录、不影响计算")
    ] = None
    until: Annotated[
        LegalDate | None, Field(description="逾期结束日（不含当日），不填表示仍在逾期；或展期后的到期日")
    ] = None
    contract_rate: Annotated[Rate | None, Field(description="仅用于RATE_RESET，必填")] = None
    benchmark_rate: Annotated[Rate | None, Field(description="仅用于RATE_RESET，不填表示基准不变")] = None

    def faults(self, index: int) -> Iterator[FieldError]:
        """Fields that this kind of event needs and lacks, or has and does not know."""
        required, optional = _FIELDS[self.kind]
        given = {
            name for name in ("amount", "until", "contract_rate", "benchmark_rate") if getattr(self, name) is not None
        }
        for name in sorted(required - given):
            yield FieldError(f"/events/{index}/{name}", "REQUIRED", "此类事项必须填写这一项。")
        for name in sorted(given - required - optional):
            yield FieldError(f"/events/{index}/{name}", "NOT_APPLICABLE", "此类事项不用填写这一项，请删去。")

    def to_domain(self) -> Event:
        """After `faults` found nothing."""
        match self.kind:
            case EventKind.REPAYMENT:
                return Repayment(self.effective_on, self.amount or 0)
            case EventKind.OVERDUE:
                return Overdue(self.effective_on, self.amount or 0, self.until)
            case EventKind.STOP:
                return Stop(self.effective_on)
            case EventKind.EXTENSION:
                return Extension(self.effective_on, self.until)
            case EventKind.COMPENSATION:
                return Compensation(self.effective_on)
            case EventKind.RATE_RESET:
                return RateReset(self.effective_on, self.contract_rate or 0, self.benchmark_rate)


class TrancheIn(RequestModel):
    """A part of the loan with payers of its own."""

    tranche: Annotated[Tranche, Field(strict=False, description="STATE国家支持部分，LOCAL地方支持部分")]
    amount: PositiveYuan
    payer_scheme: Annotated[Code | None, Field(description="分担比例代码，见贴息规则的payer_schemes")] = None


QUOTE_EXAMPLE: dict[str, Any] = {
    "principal": "200000.00",
    "disbursed_on": "2022-12-01",
    "matures_on": "2025-12-01",
    "contract_rate": "3.8500",
    "benchmark_rate": "3.6500",
    "rule": "R2022_HENAN_IND",
    "events": [
        {"kind": "OVERDUE", "effective_on": "2023-05-20", "amount": "50000.00", "until": "2023-06-05"},
        {"kind": "REPAYMENT", "effective_on": "2023-06-05", "amount": "50000.00"},
    ],
    "from": "2023-04-01",
    "to": "2023-07-01",
}


class QuoteRequest(RequestModel):
    """A loan as it is or might be; what is left out is as the rule says."""

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [QUOTE_EXAMPLE]}}

    principal: Annotated[PositiveYuan, Field(description="发放金额")]
    disbursed_on: LegalDate
    matures_on: Annotated[LegalDate, Field(description="原到期日（展期前）")]
    contract_rate: Rate
    benchmark_rate: Annotated[
        Rate | None, Field(description="签订合同时的基准利率（LPR）；不填取基准利率表中发放日或以前最近公布的")
    ] = None
    rule: Annotated[Code, Field(description="规则代码，见贴息规则")]
    day_count: Annotated[DayCount | None, Field(strict=False)] = None
    period_scheme: Annotated[
        PeriodScheme | None, Field(strict=False, description="CAL自然季度；BANK20银行结息日（季末月20日）")
    ] = None
    overdue_mode: Annotated[
        OverdueMode | None,
        Field(strict=False, description="PART只扣逾期部分；WHOLE逾期期间整笔不贴；FOREVER逾期后不再贴"),
    ] = None
    cap_scope: Annotated[
        CapScope | None, Field(strict=False, description="贴息期限PER_LOAN按笔计，PER_BORROWER按借款人累计")
    ] = None
    prior_subsidised_days: Annotated[
        int, Field(ge=0, le=10_000, description="此前各笔已贴息天数，仅在PER_BORROWER时计入")
    ] = 0
    events: Annotated[list[EventIn], Field(max_length=MOST_EVENTS, description="顺序不限", default_factory=list)]
    from_: Annotated[LegalDate | None, Field(alias="from", description="只计算这一天（含）以后的天数")] = None
    to: Annotated[LegalDate | None, Field(description="只计算这一天（不含）以前的天数")] = None
    borrower_kind: Annotated[
        BorrowerKind | None, Field(strict=False, description="按该类借款人的限额计算；不填按规则的最高限额")
    ] = None
    first_disbursed_on: Annotated[
        LegalDate | None, Field(description="借款人首笔贴息贷款发放日；不填视为此前天数与本笔相连")
    ] = None
    prior_loans: Annotated[int, Field(ge=0, le=100, description="此前已贴息的贷款笔数")] = 0
    grace_days: Annotated[int | None, Field(ge=0, le=90, description="宽限天数；宽限期内归还的不算逾期")] = None
    as_of: Annotated[
        LegalDate | None, Field(description="已知情况截至的日期；宽限期未过的逾期暂不计。不填视为情况已定")
    ] = None
    tranches: Annotated[list[TrancheIn], Field(max_length=2, description="分资金档的贷款", default_factory=list)]
    repayment_order: Annotated[RepaymentOrder, Field(strict=False, description="还款冲减资金档的次序")] = (
        RepaymentOrder.PRO_RATA
    )
    payer_scheme: Annotated[Code | None, Field(description="国家支持部分的分担比例代码；已分资金档的在各档填写")] = None

    def to_order(self, benchmark_ppm: int) -> QuoteOrder:
        """The order of the use case.

        Args:
            benchmark_ppm: the one that is asked with, or that of the table.

        Raises:
            ValidationFailedError: an event lacks a field that its kind needs, or has one that it does not know.
        """
        validation_failed([fault for i, event in enumerate(self.events) for fault in event.faults(i)])
        return QuoteOrder(
            rule=self.rule,
            principal_fen=self.principal,
            disbursed_on=self.disbursed_on,
            matures_on=self.matures_on,
            contract_ppm=self.contract_rate,
            benchmark_ppm=benchmark_ppm,
            events=tuple(event.to_domain() for event in self.events),
            span=(self.from_, self.to),
            prior=PriorUse(self.prior_subsidised_days, self.first_disbursed_on, self.prior_loans),
            borrower_kind=self.borrower_kind,
            day_count=self.day_count,
            period_scheme=self.period_scheme,
            overdue_mode=self.overdue_mode,
            cap_scope=self.cap_scope,
            grace_days=self.grace_days,
            known_on=self.as_of,
            tranches=tuple(TrancheOrder(part.tranche, part.amount, part.payer_scheme) for part in self.tranches),
            repayment_order=self.repayment_order,
            payer_scheme=self.payer_scheme,
        )


class _Answer(ResponseModel):
    model_config = ConfigDict(populate_by_name=True)


class WindowRead(_Answer):
    """The subsidised term."""

    from_: date = Field(alias="from")
    to: date = Field(description="不含当日")
    ended_by: WindowEnd = Field(description="贴息期限因何而止")


class SegmentRead(_Answer):
    """A stretch of days on which nothing changes."""

    from_: date = Field(alias="from")
    to: date = Field(description="不含当日")
    days: int
    balance: YuanOut = Field(description="可贴息余额")
    share: str
    rate: PercentOut
    principal: YuanOut = Field(description="本档未还本金")
    overdue: YuanOut = Field(description="整笔贷款的逾期本金")

    @classmethod
    def of(cls, segment: Segment) -> "SegmentRead":
        return cls(
            from_=segment.start,
            to=segment.end,
            days=segment.days,
            balance=segment.balance_fen,
            share=share_text(segment.share6),
            rate=segment.rate_ppm,
            principal=segment.principal_fen,
            overdue=segment.overdue_fen,
        )


class ExactRead(ResponseModel):
    """The value before rounding, in fen; integers as text because JSON readers lose digits beyond 2^53."""

    numerator: str
    denominator: str


class LineRead(_Answer):
    """What one tranche earns in one period."""

    period: QuarterText
    tranche: Tranche
    from_: date = Field(alias="from")
    to: date = Field(description="不含当日")
    days: int = Field(description="计贴息的天数")
    share: str | None = Field(description="财政承担的比例；期内有变化时为空，见分段")
    subsidy: YuanOut = Field(description="本期贴息，只在这里四舍五入到分")
    exact: ExactRead
    segments: list[SegmentRead]
    explanation_zh: str

    @classmethod
    def of(cls, line: Line, explanation: str) -> "LineRead":
        shares = {segment.share6 for segment in line.segments}
        return cls(
            period=line.period,
            tranche=line.tranche,
            from_=line.segments[0].start,
            to=line.segments[-1].end,
            days=line.days,
            share=share_text(min(shares)) if len(shares) == 1 else None,
            subsidy=line.amount_fen,
            exact=ExactRead(numerator=str(line.numerator), denominator=str(line.denominator)),
            segments=[SegmentRead.of(segment) for segment in line.segments],
            explanation_zh=explanation,
        )


class PayerPart(ResponseModel):
    """What one payer bears."""

    payer: Payer
    amount: YuanOut


def _payers(parts: Mapping[Payer, int]) -> list[PayerPart]:
    return [PayerPart(payer=payer, amount=amount) for payer, amount in parts.items()]


class TrancheRead(ResponseModel):
    """The sum of one tranche; payers where a scheme was named."""

    tranche: Tranche
    amount: YuanOut = Field(description="本档可贴息本金")
    total: YuanOut
    payer_scheme: str | None
    payers: list[PayerPart]

    @classmethod
    def of(cls, total: TrancheTotal) -> "TrancheRead":
        return cls(
            tranche=total.tranche,
            amount=total.amount_fen,
            total=total.total_fen,
            payer_scheme=total.payer_scheme,
            payers=_payers(total.payers),
        )


class UsedParameters(ResponseModel):
    """What the quote was computed with, rule and request together."""

    day_count: DayCount
    period_scheme: PeriodScheme
    overdue_mode: OverdueMode
    cap_scope: CapScope
    grace_days: int
    window_months: int
    max_loans: int
    shares: list[str]


class NoteRead(ResponseModel):
    """Something to know about this quote."""

    code: str
    message: str


class QuoteRead(ResponseModel):
    """The subsidy, line by line."""

    rule: str
    document: str
    effective_rate: PercentOut = Field(description="签订合同时的贴息年利率")
    rate_explanation_zh: str
    window: WindowRead
    lines: list[LineRead]
    total: YuanOut = Field(description="各行之和")
    tranches: list[TrancheRead]
    payers: list[PayerPart] = Field(description="各资金档之和，仅供试算；正式申领按批次合计分担")
    parameters: UsedParameters
    notes: list[NoteRead]

    @classmethod
    def of(cls, quote: Quote) -> "QuoteRead":
        """From the use case's answer."""
        window, used = quote.schedule.window, quote.parameters
        return cls(
            rule=quote.rule.rule_id,
            document=quote.rule.document,
            effective_rate=quote.schedule.effective_ppm,
            rate_explanation_zh=quote.explained_rate,
            window=WindowRead(from_=window.start, to=window.end, ended_by=window.ended_by),
            lines=[LineRead.of(line, text) for line, text in quote.explained_lines],
            total=quote.schedule.total_fen,
            tranches=[TrancheRead.of(total) for total in quote.tranches],
            payers=_payers(quote.payers),
            parameters=UsedParameters(
                day_count=used.day_count,
                period_scheme=used.period_scheme,
                overdue_mode=used.overdue_mode,
                cap_scope=used.cap_scope,
                grace_days=used.grace_days,
                window_months=used.window_months,
                max_loans=used.max_loans,
                shares=[share_text(share6) for share6 in used.shares6],
            ),
            notes=[NoteRead(code=note.code, message=note.message) for note in quote.notes],
        )
