"""What was owed, overdue and charged on each day: steps of the date, derived from the events every time (S8, S15)."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Generic, TypeVar

from kit.apportionment import largest_remainder
from kit.dates import add_months
from loans_svc.rules.domain import OverdueMode, Parameters, Tranche
from loans_svc.subsidies.domain.loan import (
    Loan,
    Overdue,
    RateReset,
    Repayment,
    RepaymentOrder,
    effective_rate_ppm,
)

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Steps(Generic[V]):
    """A value for each day: `values[i]` from `days[i]` until the next; the first day starts it."""

    days: Sequence[date]
    values: Sequence[V]

    def at(self, day: date) -> V:
        return self.values[bisect_right(self.days, day) - 1]


@dataclass(frozen=True, slots=True)
class Owed:
    """Outstanding principal in fen: of each tranche, in the loan's order, and of the unsubsidised rest."""

    tranches: tuple[int, ...]
    rest: int

    @property
    def total(self) -> int:
        return sum(self.tranches) + self.rest


def repaid_by_day(loan: Loan) -> Mapping[date, int]:
    """Repayments of one day count together, so that their order of arrival can't matter."""
    sums: defaultdict[date, int] = defaultdict(int)
    for event in loan.events:
        if isinstance(event, Repayment):
            sums[event.effective_on] += event.amount_fen
    return dict(sorted(sums.items()))


def owed_steps(loan: Loan) -> Steps[Owed]:
    """Outstanding principal from disbursement on.

    Raises:
        ValueError: more is repaid than was lent.
    """
    parts = tuple(part.amount_fen for part in loan.tranches)
    states = {loan.disbursed_on: Owed(parts, loan.principal_fen - sum(parts))}
    owed = states[loan.disbursed_on]
    for day, amount in repaid_by_day(loan).items():
        owed = _repay(owed, amount, loan)
        states[day] = owed
    return Steps(list(states), list(states.values()))


def _repay(owed: Owed, amount: int, loan: Loan) -> Owed:
    from_rest = min(owed.rest, amount)
    due = amount - from_rest
    if due > sum(owed.tranches):
        raise ValueError("more is repaid than is owed")
    taken = [0] * len(owed.tranches)
    if loan.repayment_order is RepaymentOrder.LOCAL_FIRST:
        for i, part in enumerate(loan.tranches):
            if part.tranche is Tranche.LOCAL:
                taken[i] = min(owed.tranches[i], due - sum(taken))
    left = tuple(have - take for have, take in zip(owed.tranches, taken, strict=True))
    due -= sum(taken)
    if due:
        left = tuple(have - take for have, take in zip(left, largest_remainder(due, left), strict=True))
    return Owed(left, owed.rest - from_rest)


def counts_as_overdue(span: Overdue, grace_days: int, known_on: date | None) -> bool:
    """Repaid within the grace it never was; unpaid, it provisionally is not until the grace has passed (S8).

    Args:
        known_on: the day up to which events are known; None = what is said is final.
    """
    grace_end = span.effective_on + timedelta(days=grace_days)
    seen_until = span.until if span.until is not None else known_on
    return seen_until is None or seen_until > grace_end


def overdue_steps(loan: Loan, parameters: Parameters, known_on: date | None) -> Steps[int]:
    """Overdue principal in fen, grace applied."""
    changes: defaultdict[date, int] = defaultdict(int, {loan.disbursed_on: 0})
    for event in loan.events:
        if isinstance(event, Overdue) and counts_as_overdue(event, parameters.grace_days, known_on):
            changes[event.effective_on] += event.amount_fen
            if event.until is not None:
                changes[event.until] -= event.amount_fen
    days = sorted(changes)
    return Steps(days, list(accumulate(changes[day] for day in days)))


def rate_steps(loan: Loan, parameters: Parameters) -> Steps[int]:
    """The effective rate in ppm: frozen at signing, again at each reset (S6)."""
    benchmark = loan.benchmark_ppm
    rates = {loan.disbursed_on: effective_rate_ppm(loan.contract_ppm, benchmark, parameters)}
    resets = (event for event in loan.events if isinstance(event, RateReset))
    for reset in sorted(resets, key=lambda reset: reset.effective_on):
        benchmark = benchmark if reset.benchmark_ppm is None else reset.benchmark_ppm
        rates[reset.effective_on] = effective_rate_ppm(reset.contract_ppm, benchmark, parameters)
    return Steps(list(rates), list(rates.values()))


def share_steps(loan: Loan, parameters: Parameters) -> Steps[int]:
    """The state's share in sixths by loan-year, each anniversary counted from the disbursement itself (S5, S9)."""
    shares = (*parameters.shares6, 0)
    return Steps([add_months(loan.disbursed_on, 12 * year) for year in range(len(shares))], shares)


def subsidised(owed: Owed, overdue: int, mode: OverdueMode, was_overdue: bool) -> tuple[int, ...]:
    """The part of each tranche that bears subsidy, in fen (S8); an overdue sum is shared by what each tranche owes."""
    if (mode is OverdueMode.WHOLE and overdue > 0) or (mode is OverdueMode.FOREVER and was_overdue):
        return tuple(0 for _ in owed.tranches)
    whole = sum(owed.tranches)
    if mode is not OverdueMode.PART or overdue == 0 or whole == 0:
        return owed.tranches
    taken = largest_remainder(min(overdue, whole), owed.tranches)
    return tuple(have - take for have, take in zip(owed.tranches, taken, strict=True))


def cuts_within(start: date, end: date, *steps: Steps[int] | Steps[Owed]) -> Iterable[date]:
    """All days strictly inside (start, end) on which something changes."""
    return (day for step in steps for day in step.days if start < day < end)
