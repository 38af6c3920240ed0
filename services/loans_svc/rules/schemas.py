"""Dated rows on the wire: every value with its source and how sure we are of it."""

from collections.abc import Mapping
from datetime import date

from pydantic import Field

from kit.http.wire import ResponseModel, YuanOut
from kit.money import fixed
from loans_svc.rules.domain import (
    MARK_MEANINGS,
    BorrowerKind,
    CapScope,
    Catalogue,
    DateKey,
    DayCount,
    Evidence,
    FundLimits,
    Mark,
    OverdueMode,
    Payer,
    PayerScheme,
    PeriodScheme,
    RateBasis,
    RegionClass,
    RepeatRule,
    RewardScheme,
    SubsidyRule,
    TimedStep,
    TimeLimits,
    Tranche,
    share_text,
)
from loans_svc.rules.repository import catalogue


class EvidenceRead(ResponseModel):
    """Source of a value, and its mark."""

    mark: Mark
    source: str


def _evidence(evidence: Mapping[str, Evidence]) -> dict[str, EvidenceRead]:
    return {field: EvidenceRead.model_validate(cited) for field, cited in evidence.items()}


def _points(ppm: int | None) -> str | None:
    return None if ppm is None else fixed(ppm, 10_000, 4)


class AmountCapRead(ResponseModel):
    """The largest subsidised principal of a kind of borrower."""

    borrower_kind: BorrowerKind
    amount: YuanOut | None = Field(description="空表示文件只给出计算办法，没有固定金额")


class RuleRead(ResponseModel):
    """One dated rule of the interest subsidy."""

    rule_id: str
    title: str
    document: str
    valid_from: date
    valid_to: date | None = Field(description="不含当日；空表示仍在执行")
    keyed_by: DateKey
    borrower_kinds: list[BorrowerKind]
    amount_caps: list[AmountCapRead]
    region_class: RegionClass
    tranche: Tranche
    allows_local_tranche: bool
    local_amount_caps: list[AmountCapRead]
    rate_basis: RateBasis
    cap_over: str | None = Field(description="利率上限高于基准利率的百分点；空表示不设上限")
    floor_over: str | None = Field(description="借款人先承担到基准利率加此百分点（负数）；空表示不设")
    shares: list[str] = Field(description="第一、二、三……年财政承担的比例")
    window_months: int
    max_loans: int
    cap_scope: CapScope
    overdue_mode: OverdueMode
    grace_days: int
    day_count: DayCount
    period_scheme: PeriodScheme
    payer_scheme: str | None
    note: str | None
    evidence: dict[str, EvidenceRead] = Field(description="每个字段的出处和可靠程度")

    @classmethod
    def of(cls, rule: SubsidyRule) -> "RuleRead":
        """From a row of the catalogue."""
        given = rule.parameters
        return cls(
            rule_id=rule.rule_id,
            title=rule.title,
            document=rule.document,
            valid_from=rule.validity.since,
            valid_to=rule.validity.until,
            keyed_by=rule.keyed_by,
            borrower_kinds=list(rule.amount_caps),
            amount_caps=[AmountCapRead(borrower_kind=kind, amount=cap) for kind, cap in rule.amount_caps.items()],
            region_class=rule.region_class,
            tranche=rule.tranche,
            allows_local_tranche=rule.allows_local_tranche,
            local_amount_caps=[
                AmountCapRead(borrower_kind=kind, amount=cap) for kind, cap in rule.local_amount_caps.items()
            ],
            rate_basis=given.rate_basis,
            cap_over=_points(given.cap_over_ppm),
            floor_over=_points(given.floor_over_ppm),
            shares=[share_text(share6) for share6 in given.shares6],
            window_months=given.window_months,
            max_loans=given.max_loans,
            cap_scope=given.cap_scope,
            overdue_mode=given.overdue_mode,
            grace_days=given.grace_days,
            day_count=given.day_count,
            period_scheme=given.period_scheme,
            payer_scheme=rule.payer_scheme_id,
            note=rule.note,
            evidence=_evidence(rule.evidence),
        )


# Computed, so that the document can't show a rule that is not there.
RuleRead.model_config["json_schema_extra"] = {
    "examples": [RuleRead.of(catalogue().rules["R2023"]).model_dump(mode="json")]
}


class PayerSchemeRead(ResponseModel):
    """Who pays how many per cent."""

    payer_scheme_id: str
    title: str
    tranche: Tranche
    valid_from: date
    valid_to: date | None
    weights: dict[Payer, int]
    mark: Mark
    source: str

    @classmethod
    def of(cls, scheme: PayerScheme) -> "PayerSchemeRead":
        return cls(
            payer_scheme_id=scheme.payer_scheme_id,
            title=scheme.title,
            tranche=scheme.tranche,
            valid_from=scheme.validity.since,
            valid_to=scheme.validity.until,
            weights=dict(scheme.weights),
            mark=scheme.evidence.mark,
            source=scheme.evidence.source,
        )


class RewardSchemeRead(ResponseModel):
    """How the reward pool of a year comes about."""

    reward_scheme_id: str
    title: str
    valid_from: date
    valid_to: date | None
    rate: str | None = Field(description="占当年新发放额的百分比；空表示总额由上级下达")
    evidence: dict[str, EvidenceRead]

    @classmethod
    def of(cls, scheme: RewardScheme) -> "RewardSchemeRead":
        return cls(
            reward_scheme_id=scheme.reward_scheme_id,
            title=scheme.title,
            valid_from=scheme.validity.since,
            valid_to=scheme.validity.until,
            rate=_points(scheme.rate_ppm),
            evidence=_evidence(scheme.evidence),
        )


class FundLimitsRead(ResponseModel):
    """What a guarantee fund may carry."""

    fund_limits_id: str
    title: str
    valid_from: date
    valid_to: date | None
    leverage: int
    raised_leverage: int
    repayment_rate_for_raise: str
    compensation_warn: str
    compensation_stop: str
    evidence: dict[str, EvidenceRead]

    @classmethod
    def of(cls, limits: FundLimits) -> "FundLimitsRead":
        return cls(
            fund_limits_id=limits.fund_limits_id,
            title=limits.title,
            valid_from=limits.validity.since,
            valid_to=limits.validity.until,
            leverage=limits.leverage,
            raised_leverage=limits.raised_leverage,
            repayment_rate_for_raise=fixed(limits.repayment_rate_for_raise_ppm, 10_000, 4),
            compensation_warn=fixed(limits.compensation_warn_ppm, 10_000, 4),
            compensation_stop=fixed(limits.compensation_stop_ppm, 10_000, 4),
            evidence=_evidence(limits.evidence),
        )


class RepeatRuleRead(ResponseModel):
    """What another loan of the same borrower needs."""

    repeat_rule_id: str
    title: str
    valid_from: date
    valid_to: date | None
    needs_recognised_effect: bool = Field(description="须认定以前贷款的扶持效果明显")
    refuses_overdue_history: bool = Field(description="以前贷款有逾期或代偿的，不再批准")
    evidence: dict[str, EvidenceRead]

    @classmethod
    def of(cls, rule: RepeatRule) -> "RepeatRuleRead":
        return cls(
            repeat_rule_id=rule.repeat_rule_id,
            title=rule.title,
            valid_from=rule.validity.since,
            valid_to=rule.validity.until,
            needs_recognised_effect=rule.needs_recognised_effect,
            refuses_overdue_history=rule.refuses_overdue_history,
            evidence=_evidence(rule.evidence),
        )


class TimeLimitsRead(ResponseModel):
    """Within how many working days a step is to be done."""

    time_limits_id: str
    title: str
    valid_from: date
    valid_to: date | None
    working_days: dict[TimedStep, int] = Field(description="自上一环节办结的次日起算的工作日数")
    settlement_days: int = Field(description="年度终了后多少天内报送年终清算（自然日）")
    evidence: dict[str, EvidenceRead]

    @classmethod
    def of(cls, limits: TimeLimits) -> "TimeLimitsRead":
        return cls(
            time_limits_id=limits.time_limits_id,
            title=limits.title,
            valid_from=limits.validity.since,
            valid_to=limits.validity.until,
            working_days=dict(limits.days),
            settlement_days=limits.settlement_days,
            evidence=_evidence(limits.evidence),
        )


class RulesRead(ResponseModel):
    """All dated rows of the loan service."""

    items: list[RuleRead]
    payer_schemes: list[PayerSchemeRead]
    reward_schemes: list[RewardSchemeRead]
    fund_limits: list[FundLimitsRead]
    repeat_rules: list[RepeatRuleRead]
    time_limits: list[TimeLimitsRead]
    marks: dict[Mark, str] = Field(description="可靠程度标记的含义")

    @classmethod
    def of(cls, catalogue: Catalogue, as_of: date | None, borrower_kind: BorrowerKind | None) -> "RulesRead":
        """The rows in force on a day (None: all); the kind of borrower narrows the rules only."""
        schemes = catalogue.schemes_in_force(as_of)
        return cls(
            items=[RuleRead.of(rule) for rule in catalogue.select(as_of, borrower_kind)],
            payer_schemes=[PayerSchemeRead.of(scheme) for scheme in schemes.payer_schemes.values()],
            reward_schemes=[RewardSchemeRead.of(scheme) for scheme in schemes.reward_schemes.values()],
            fund_limits=[FundLimitsRead.of(limits) for limits in schemes.fund_limits.values()],
            repeat_rules=[RepeatRuleRead.of(rule) for rule in schemes.repeat_rules.values()],
            time_limits=[TimeLimitsRead.of(limits) for limits in schemes.time_limits.values()],
            marks=dict(MARK_MEANINGS),
        )
