"""Leverage and compensation of a guarantee fund, in whole fen (loans design S27, S28)."""

from dataclasses import dataclass
from enum import StrEnum

from kit.money import fixed
from loans_svc.rules.domain import FundLimits

_PPM = 1_000_000


class FundObstacle(StrEnum):
    """Why a fund can't take on another guarantee."""

    LEVERAGE_EXCEEDED = "LEVERAGE_EXCEEDED"
    COMPENSATION_TOO_HIGH = "COMPENSATION_TOO_HIGH"


@dataclass(frozen=True, slots=True)
class FundPosition:
    """All amounts in fen.

    Attributes:
        balance_fen: the fund's money at the bank.
        outstanding_fen: guaranteed principal not yet repaid.
        reserved_fen: approved and not yet disbursed.
        due_fen: principal that fell due last year.
        repaid_due_fen: what of it was repaid.
        compensated_fen: compensation paid in the last 12 months.
    """

    balance_fen: int
    outstanding_fen: int
    reserved_fen: int = 0
    due_fen: int = 0
    repaid_due_fen: int = 0
    compensated_fen: int = 0

    @property
    def carried_fen(self) -> int:
        return self.outstanding_fen + self.reserved_fen


@dataclass(frozen=True, slots=True)
class FundAssessment:
    """A business answer with its figures; an obstacle is a result, not an error.

    Attributes:
        leverage: carried principal, the application included, over the balance, three places; None without a balance.
        room_fen: what may still be approved before the application, never negative.
    """

    leverage: str | None
    leverage_limit: int
    room_fen: int
    is_compensation_high: bool
    obstacles: tuple[FundObstacle, ...]

    @property
    def may_approve(self) -> bool:
        return not self.obstacles


def leverage_limit(position: FundPosition, limits: FundLimits) -> int:
    """Raised where last year's repayment rate reached the mark; a year in which nothing fell due proves nothing."""
    reached = position.repaid_due_fen * _PPM >= limits.repayment_rate_for_raise_ppm * position.due_fen
    return limits.raised_leverage if position.due_fen > 0 and reached else limits.leverage


def assess_application(position: FundPosition, amount_fen: int, limits: FundLimits) -> FundAssessment:
    """Whether a fund may guarantee another `amount_fen`: allowed up to the limit itself, refused a fen above it.

    Compensation warns from the warning rate on and stops above the stop rate (S28).
    """
    limit = leverage_limit(position, limits)
    after_fen = position.carried_fen + amount_fen
    compensated = position.compensated_fen * _PPM
    obstacles = []
    if after_fen > limit * position.balance_fen:
        obstacles.append(FundObstacle.LEVERAGE_EXCEEDED)
    if compensated > limits.compensation_stop_ppm * position.outstanding_fen:
        obstacles.append(FundObstacle.COMPENSATION_TOO_HIGH)
    return FundAssessment(
        leverage=fixed(after_fen, position.balance_fen, 3) if position.balance_fen else None,
        leverage_limit=limit,
        room_fen=max(0, limit * position.balance_fen - position.carried_fen),
        is_compensation_high=compensated > 0 and compensated >= limits.compensation_warn_ppm * position.outstanding_fen,
        obstacles=tuple(obstacles),
    )


class Account(StrEnum):
    """Accounts of a fund; the last three hold promises, not money.

    CASH at the bank; CAPITAL paid in; RECEIVABLE from borrowers after compensation; LOSS written off; RESERVED for
    approved loans; GUARANTEED principal outstanding; CONTINGENT is the other side of both.
    """

    CASH = "CASH"
    CAPITAL = "CAPITAL"
    RECEIVABLE = "RECEIVABLE"
    LOSS = "LOSS"
    RESERVED = "RESERVED"
    GUARANTEED = "GUARANTEED"
    CONTINGENT = "CONTINGENT"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Fen from the credit of one account to the debit of another: balanced by its shape."""

    debit: Account
    credit: Account
    amount_fen: int


def deposit(amount_fen: int) -> list[Transfer]:
    """Money comes in."""
    return [Transfer(Account.CASH, Account.CAPITAL, amount_fen)]


def undeposit(amount_fen: int) -> list[Transfer]:
    """Money that turns out not to have come in, or not into this fund."""
    return [Transfer(Account.CAPITAL, Account.CASH, amount_fen)]


def reserve(amount_fen: int) -> list[Transfer]:
    """An approval promises a guarantee."""
    return [Transfer(Account.RESERVED, Account.CONTINGENT, amount_fen)]


def release(amount_fen: int) -> list[Transfer]:
    """An approval comes to nothing."""
    return [Transfer(Account.CONTINGENT, Account.RESERVED, amount_fen)]


def guarantee(principal_fen: int, reserved_fen: int) -> list[Transfer]:
    """A disbursement turns the promise into a guarantee; what was not lent is released."""
    rest = reserved_fen - principal_fen
    return [Transfer(Account.GUARANTEED, Account.RESERVED, principal_fen), *(release(rest) if rest else [])]


def relieve(amount_fen: int) -> list[Transfer]:
    """Principal that need not be guaranteed any more: repaid, or its disbursement taken back."""
    return [Transfer(Account.CONTINGENT, Account.GUARANTEED, amount_fen)] if amount_fen else []


def burden(amount_fen: int) -> list[Transfer]:
    """A repayment turns out not to have been one."""
    return [Transfer(Account.GUARANTEED, Account.CONTINGENT, amount_fen)]


def compensate(amount_fen: int) -> list[Transfer]:
    """The fund pays the bank, and the borrower owes the fund (S29)."""
    return [Transfer(Account.RECEIVABLE, Account.CASH, amount_fen), *relieve(amount_fen)]


def recover(amount_fen: int) -> list[Transfer]:
    """The borrower pays the fund back; never the subsidy (S29)."""
    return [Transfer(Account.CASH, Account.RECEIVABLE, amount_fen)]


def uncompensate(amount_fen: int) -> list[Transfer]:
    """A compensation that was none: the bank pays back, and the principal is guaranteed again."""
    return [Transfer(Account.CASH, Account.RECEIVABLE, amount_fen), *burden(amount_fen)]


def unrecover(amount_fen: int) -> list[Transfer]:
    """Money that turns out not to have come from the borrower leaves the fund again."""
    return [Transfer(Account.RECEIVABLE, Account.CASH, amount_fen)]


def unwrite_off(amount_fen: int) -> list[Transfer]:
    """What was given up is owed again."""
    return [Transfer(Account.RECEIVABLE, Account.LOSS, amount_fen)]


def write_off(amount_fen: int) -> list[Transfer]:
    """What the borrower will not pay any more."""
    return [Transfer(Account.LOSS, Account.RECEIVABLE, amount_fen)]
