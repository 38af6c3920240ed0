"""The vocabulary of a dated rule and what one row holds (loans design S2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar


class Mark(StrEnum):
    """How sure we are of a value."""

    SEED = "SEED"
    SEEN = "SEEN"
    MEM = "MEM"
    INF = "INF"


MARK_MEANINGS: Mapping[Mark, str] = {
    Mark.SEED: "郑政〔2018〕31号原文载明",
    Mark.SEEN: "见于公开文件或公开报道",
    Mark.MEM: "凭业务记忆填写，尚未见到原文，使用前请核对",
    Mark.INF: "由其他材料推断或为系统默认值，使用前请主管部门确认",
}


_SHARE_TEXTS = ("0", "1/6", "1/3", "1/2", "2/3", "5/6", "1")


def share_text(share6: int) -> str:
    """A share in sixths as a fraction in lowest terms: `1`, `2/3`, `1/2`."""
    return _SHARE_TEXTS[share6]


def parse_share(text: str) -> int:
    """The sixths of a fraction in lowest terms; anything else is a ValueError."""
    return _SHARE_TEXTS.index(text)


class DateKey(StrEnum):
    """Which date of a loan picks its rule."""

    DISBURSED = "DISBURSED"
    ACCEPTED = "ACCEPTED"
    SIGNED = "SIGNED"


class BorrowerKind(StrEnum):
    INDIVIDUAL = "INDIVIDUAL"
    PARTNERSHIP = "PARTNERSHIP"
    ORGANISED_STARTUP = "ORGANISED_STARTUP"
    SMALL_ENTERPRISE = "SMALL_ENTERPRISE"


class RegionClass(StrEnum):
    ANY = "ANY"
    EAST = "EAST"
    CENTRE_WEST = "CENTRE_WEST"
    POOR_AREA = "POOR_AREA"


class Tranche(StrEnum):
    """Whose money supports a part of the loan: the state scheme, or the locality alone."""

    STATE = "STATE"
    LOCAL = "LOCAL"


class RateBasis(StrEnum):
    CONTRACT = "CONTRACT"
    BENCHMARK_AT_SIGNING = "BENCHMARK_AT_SIGNING"


class CapScope(StrEnum):
    """Whether the subsidised term is counted for each loan or over all loans of a borrower (S13)."""

    PER_LOAN = "PER_LOAN"
    PER_BORROWER = "PER_BORROWER"


class OverdueMode(StrEnum):
    """What an overdue instalment takes out (S8): itself, the whole loan while it lasts, or all that follows."""

    PART = "PART"
    WHOLE = "WHOLE"
    FOREVER = "FOREVER"


class DayCount(StrEnum):
    ACT_360 = "ACT_360"
    ACT_365F = "ACT_365F"
    THIRTY_E_360 = "30E_360"


class PeriodScheme(StrEnum):
    """Calendar quarters, or quarters that end on the bank's settlement day 20 (S14)."""

    CAL = "CAL"
    BANK20 = "BANK20"


class Payer(StrEnum):
    CENTRE = "CENTRE"
    PROVINCE = "PROVINCE"
    CITY = "CITY"
    DISTRICT = "DISTRICT"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value comes from and how sure we are of it."""

    mark: Mark
    source: str


@dataclass(frozen=True, slots=True)
class Validity:
    """Half-open; `until` None means still in force."""

    since: date
    until: date | None

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The part of a rule that the arithmetic needs.

    Attributes:
        cap_over_ppm: ceiling of the rate above the benchmark; None = no ceiling.
        floor_over_ppm: the borrower pays up to benchmark plus this (it is negative); None = from zero.
        shares6: for each loan-year the state's share in sixths.
        window_months: the longest subsidised term.
        max_loans: how many loans of one borrower may be subsidised.
        grace_days: an instalment repaid within so many days was never overdue.
    """

    rate_basis: RateBasis
    cap_over_ppm: int | None
    floor_over_ppm: int | None
    shares6: tuple[int, ...]
    window_months: int
    max_loans: int
    cap_scope: CapScope
    overdue_mode: OverdueMode
    grace_days: int
    day_count: DayCount
    period_scheme: PeriodScheme


@dataclass(frozen=True, slots=True)
class SubsidyRule:
    """One dated row; never changed, only followed by another.

    Attributes:
        amount_caps: for each kind of borrower the largest subsidised principal in fen; None where the text
            gives a formula and no amount.
        local_amount_caps: likewise the largest LOCAL tranche, for the kinds whose amount is known.
        evidence: for each field of the row, by its name.
    """

    rule_id: str
    title: str
    document: str
    validity: Validity
    keyed_by: DateKey
    amount_caps: Mapping[BorrowerKind, int | None]
    region_class: RegionClass
    tranche: Tranche
    allows_local_tranche: bool
    local_amount_caps: Mapping[BorrowerKind, int]
    payer_scheme_id: str | None
    parameters: Parameters
    evidence: Mapping[str, Evidence]
    note: str | None

    def amount_cap(self, borrower: BorrowerKind | None) -> int | None:
        """The largest subsidised principal in fen, None = no amount is fixed.

        Without a kind of borrower it is the widest amount of the row, which no borrower may exceed.
        """
        if borrower is not None:
            return self.amount_caps[borrower]
        return max((cap for cap in self.amount_caps.values() if cap is not None), default=None)

    def local_amount_cap(self, borrower: BorrowerKind | None) -> int | None:
        """Likewise of the LOCAL tranche."""
        if borrower is not None:
            return self.local_amount_caps.get(borrower)
        return max(self.local_amount_caps.values(), default=None)


@dataclass(frozen=True, slots=True)
class PayerScheme:
    """Who pays how much of the subsidy; weights are parts of their sum (loans design §1.7)."""

    payer_scheme_id: str
    title: str
    validity: Validity
    tranche: Tranche
    weights: Mapping[Payer, int]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class RewardScheme:
    """How a year's reward pool comes about; without a rate its amount is given from above (§1.9)."""

    reward_scheme_id: str
    title: str
    validity: Validity
    rate_ppm: int | None
    evidence: Mapping[str, Evidence]

    def is_in_force_all(self, year: int) -> bool:
        """On the year's first day and on its last."""
        return all(self.validity.covers(day) for day in (date(year, 1, 1), date(year, 12, 31)))


@dataclass(frozen=True, slots=True)
class FundLimits:
    """What a guarantee fund may carry (§1.8, S27, S28); shares in ppm, leverage in multiples of its balance."""

    fund_limits_id: str
    title: str
    validity: Validity
    leverage: int
    raised_leverage: int
    repayment_rate_for_raise_ppm: int
    compensation_warn_ppm: int
    compensation_stop_ppm: int
    evidence: Mapping[str, Evidence]


@dataclass(frozen=True, slots=True)
class RepeatRule:
    """What a borrower who has had a loan must meet to have another (郑政〔2018〕31号（十）).

    Attributes:
        needs_recognised_effect: somebody has to have found that the earlier loans had a clear effect.
        refuses_overdue_history: not after an earlier loan was overdue beyond its grace, or paid by the fund.
    """

    repeat_rule_id: str
    title: str
    validity: Validity
    needs_recognised_effect: bool
    refuses_overdue_history: bool
    evidence: Mapping[str, Evidence]


class TimedStep(StrEnum):
    """A step that is to be done within so many working days."""

    DECISION = "DECISION"
    DISBURSEMENT = "DISBURSEMENT"
    SUBMISSION = "SUBMISSION"
    REVIEW = "REVIEW"
    APPROVAL = "APPROVAL"
    PAYMENT = "PAYMENT"


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How many working days a step may take from the day of the one before it (loans design §1.6).

    Attributes:
        settlement_days: calendar days after the year's end for the year's settlement.
    """

    time_limits_id: str
    title: str
    validity: Validity
    days: Mapping[TimedStep, int]
    settlement_days: int
    evidence: Mapping[str, Evidence]


Row = TypeVar("Row", PayerScheme, RewardScheme, FundLimits, RepeatRule, TimeLimits)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All dated rows, in the order of their file."""

    rules: Mapping[str, SubsidyRule]
    payer_schemes: Mapping[str, PayerScheme]
    reward_schemes: Mapping[str, RewardScheme]
    fund_limits: Mapping[str, FundLimits]
    repeat_rules: Mapping[str, RepeatRule]
    time_limits: Mapping[str, TimeLimits]

    def repeat_rule_on(self, day: date) -> RepeatRule | None:
        """The one in force; None before there was one."""
        return next((rule for rule in self.repeat_rules.values() if rule.validity.covers(day)), None)

    def schemes_in_force(self, as_of: date | None) -> "Catalogue":
        """The same with only those payer, reward and fund rows that are in force on a day; None does not narrow."""
        return Catalogue(
            rules=self.rules,
            payer_schemes=_in_force(self.payer_schemes, as_of),
            reward_schemes=_in_force(self.reward_schemes, as_of),
            fund_limits=_in_force(self.fund_limits, as_of),
            repeat_rules=_in_force(self.repeat_rules, as_of),
            time_limits=_in_force(self.time_limits, as_of),
        )

    def select(self, as_of: date | None = None, borrower: BorrowerKind | None = None) -> Sequence[SubsidyRule]:
        """Rules in force on a day and for a kind of borrower; None does not narrow."""
        return [
            rule
            for rule in self.rules.values()
            if (as_of is None or rule.validity.covers(as_of)) and (borrower is None or borrower in rule.amount_caps)
        ]


def _in_force(rows: Mapping[str, Row], as_of: date | None) -> dict[str, Row]:
    return {code: row for code, row in rows.items() if as_of is None or row.validity.covers(as_of)}
