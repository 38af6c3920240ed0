"""A loan as the arithmetic sees it: its terms, its parts, and what happened to it and when."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from loans_svc.rules.domain import Parameters, RateBasis, Tranche


@dataclass(frozen=True, slots=True)
class Repayment:
    """Principal paid back, due or early; its day no longer bears interest (S4)."""

    effective_on: date
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """Principal due and unpaid on [effective_on, until), still so without `until`; its repayment is another event."""

    effective_on: date
    amount_fen: int
    until: date | None


@dataclass(frozen=True, slots=True)
class Stop:
    """The borrower lost the entitlement (§1.5)."""

    effective_on: date


@dataclass(frozen=True, slots=True)
class Compensation:
    """The guarantee fund paid the bank; the loan leaves the subsidy (S29)."""

    effective_on: date


@dataclass(frozen=True, slots=True)
class Extension:
    """A later maturity. Never subsidised: the window keeps the original one (S7)."""

    effective_on: date
    until: date | None


@dataclass(frozen=True, slots=True)
class RateReset:
    """A floating contract's new rates from a day on (S6); without a benchmark the one before stays."""

    effective_on: date
    contract_ppm: int
    benchmark_ppm: int | None


Event = Repayment | Overdue | Stop | Compensation | Extension | RateReset


class RepaymentOrder(StrEnum):
    """How repayments reduce the tranches (S15)."""

    PRO_RATA = "PRO_RATA"
    LOCAL_FIRST = "LOCAL_FIRST"


@dataclass(frozen=True, slots=True)
class TranchePart:
    tranche: Tranche
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Loan:
    """Terms and events; money in fen, rates in ppm per year.

    Attributes:
        tranches: the subsidised parts; what they leave of the principal is unsubsidised and is repaid first.
        events: in any order.
    """

    principal_fen: int
    disbursed_on: date
    matures_on: date
    contract_ppm: int
    benchmark_ppm: int
    tranches: tuple[TranchePart, ...]
    events: tuple[Event, ...] = ()
    repayment_order: RepaymentOrder = RepaymentOrder.PRO_RATA


@dataclass(frozen=True, slots=True)
class PriorUse:
    """What the borrower's earlier loans used of the subsidised term.

    Attributes:
        days: subsidised days of earlier loans.
        first_disbursed_on: where the allowance is counted from; without it the earlier days are taken to have run
            without a gap up to this loan's disbursement.
        loans: how many earlier loans were subsidised.
    """

    days: int = 0
    first_disbursed_on: date | None = None
    loans: int = 0


NO_PRIOR_USE = PriorUse()


def tranche_parts(principal_fen: int, cap_fen: int | None, local_cap_fen: int) -> tuple[TranchePart, ...]:
    """Cuts a principal at its cap: the excess is the LOCAL tranche, up to what the rule allows of one (S15)."""
    state = principal_fen if cap_fen is None else min(principal_fen, cap_fen)
    excess = principal_fen - state
    parts = [TranchePart(Tranche.STATE, state)]
    if min(excess, local_cap_fen) > 0:
        parts.append(TranchePart(Tranche.LOCAL, min(excess, local_cap_fen)))
    return tuple(parts)


def effective_rate_ppm(contract_ppm: int, benchmark_ppm: int, parameters: Parameters) -> int:
    """The rate that the shares are taken of: under the ceiling, above what the borrower bears, never negative (S6)."""
    rate = contract_ppm if parameters.rate_basis is RateBasis.CONTRACT else benchmark_ppm
    if parameters.cap_over_ppm is not None:
        rate = min(rate, benchmark_ppm + parameters.cap_over_ppm)
    floor = 0 if parameters.floor_over_ppm is None else max(0, benchmark_ppm + parameters.floor_over_ppm)
    return max(0, rate - floor)
