"""From a loan and its rule's parameters to exact claim lines (loans design S7–S14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from kit.dates import Quarter, add_months
from kit.money import div_half_up
from loans_svc.rules.domain import CapScope, Parameters, Tranche
from loans_svc.subsidies.domain.balances import (
    Owed,
    Steps,
    cuts_within,
    overdue_steps,
    owed_steps,
    rate_steps,
    share_steps,
    subsidised,
)
from loans_svc.subsidies.domain.calendar import Period, days_between, periods_in, year_basis
from loans_svc.subsidies.domain.loan import NO_PRIOR_USE, Compensation, Loan, PriorUse, Stop

_PPM = 1_000_000
_SIXTHS = 6


class WindowEnd(StrEnum):
    """What ended the subsidised term."""

    MATURITY = "MATURITY"
    TERM_LIMIT = "TERM_LIMIT"
    ALLOWANCE_USED = "ALLOWANCE_USED"
    STOP = "STOP"
    COMPENSATION = "COMPENSATION"
    REPAID = "REPAID"
    LOAN_COUNT = "LOAN_COUNT"


@dataclass(frozen=True, slots=True)
class Window:
    """The subsidised term [start, end); empty when they are equal."""

    start: date
    end: date
    ended_by: WindowEnd


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of days of one tranche on which nothing changes; [start, end).

    Attributes:
        principal_fen: what the tranche owes.
        balance_fen: what of it bears subsidy.
        overdue_fen: overdue principal of the whole loan.
        days: under the day count of the loan.
    """

    start: date
    end: date
    days: int
    principal_fen: int
    balance_fen: int
    overdue_fen: int
    share6: int
    rate_ppm: int

    @property
    def numerator(self) -> int:
        """fen x ppm x sixths x days."""
        return self.balance_fen * self.rate_ppm * self.share6 * self.days

    def continues(self, before: "Segment") -> bool:
        """True where nothing changed between the two."""
        return (before.end, before.principal_fen, before.balance_fen, before.overdue_fen) == (
            self.start,
            self.principal_fen,
            self.balance_fen,
            self.overdue_fen,
        ) and (before.share6, before.rate_ppm) == (self.share6, self.rate_ppm)


@dataclass(frozen=True, slots=True)
class Line:
    """What one tranche earns in one period, clipped to the window; exact value numerator / denominator in fen."""

    period: Quarter
    tranche: Tranche
    segments: tuple[Segment, ...]
    denominator: int

    @property
    def numerator(self) -> int:
        return sum(segment.numerator for segment in self.segments)

    @property
    def amount_fen(self) -> int:
        """Rounded here and nowhere else, half up (S11)."""
        return div_half_up(self.numerator, self.denominator)

    @property
    def days(self) -> int:
        """Days that bear subsidy."""
        return sum(segment.days for segment in self.segments if segment.balance_fen > 0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All lines of a loan, by period and tranche."""

    effective_ppm: int
    window: Window
    lines: Sequence[Line]

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)


def denominator(parameters: Parameters) -> int:
    """What a numerator is divided by to give fen: ppm x sixths x the year's days."""
    return _PPM * _SIXTHS * year_basis(parameters.day_count)


def subsidised_window(loan: Loan, parameters: Parameters, prior: PriorUse) -> Window:
    """The term [disbursement, earliest of all that ends it) (S7, S13); none for a loan beyond the last allowed one."""
    if prior.loans >= parameters.max_loans:
        return Window(loan.disbursed_on, loan.disbursed_on, WindowEnd.LOAN_COUNT)
    ends = [
        (loan.matures_on, WindowEnd.MATURITY),
        (add_months(loan.disbursed_on, parameters.window_months), WindowEnd.TERM_LIMIT),
    ]
    if parameters.cap_scope is CapScope.PER_BORROWER:
        left = timedelta(days=days_left(loan.disbursed_on, parameters.window_months, prior))
        ends.append((loan.disbursed_on + left, WindowEnd.ALLOWANCE_USED))
    for event in loan.events:
        if isinstance(event, Stop):
            ends.append((event.effective_on, WindowEnd.STOP))
        elif isinstance(event, Compensation):
            ends.append((event.effective_on, WindowEnd.COMPENSATION))
    owed = owed_steps(loan)
    ends.extend((day, WindowEnd.REPAID) for day, state in zip(owed.days, owed.values, strict=True) if state.total == 0)
    end, ended_by = min(ends, key=lambda candidate: candidate[0])
    return Window(loan.disbursed_on, max(end, loan.disbursed_on), ended_by)


def days_left(disbursed_on: date, window_months: int, prior: PriorUse) -> int:
    """Days of the borrower's allowance that earlier loans left; the allowance runs from the first of them (S13)."""
    first = prior.first_disbursed_on or disbursed_on - timedelta(days=prior.days)
    allowance = (add_months(first, window_months) - first).days
    return max(0, allowance - prior.days)


@dataclass(frozen=True, slots=True)
class _Course:
    """The loan's steps, and since when it was ever overdue."""

    owed: Steps[Owed]
    overdue: Steps[int]
    rate: Steps[int]
    share: Steps[int]
    first_overdue: date | None

    @classmethod
    def of(cls, loan: Loan, parameters: Parameters, known_on: date | None) -> "_Course":
        overdue = overdue_steps(loan, parameters, known_on)
        starts = (day for day, amount in zip(overdue.days, overdue.values, strict=True) if amount > 0)
        return cls(
            owed_steps(loan), overdue, rate_steps(loan, parameters), share_steps(loan, parameters), next(starts, None)
        )

    def segments(self, start: date, end: date, parameters: Parameters, tranche: int) -> tuple[Segment, ...]:
        """The stretches of one tranche within [start, end)."""
        cuts = sorted({start, end, *cuts_within(start, end, self.owed, self.overdue, self.rate, self.share)})
        merged: list[Segment] = []
        for first, after in pairwise(cuts):
            segment = self._segment(first, after, parameters, tranche)
            if merged and segment.continues(merged[-1]):
                segment = self._segment(merged.pop().start, after, parameters, tranche)
            merged.append(segment)
        return tuple(merged)

    def _segment(self, first: date, after: date, parameters: Parameters, tranche: int) -> Segment:
        owed, overdue = self.owed.at(first), self.overdue.at(first)
        was_overdue = self.first_overdue is not None and first >= self.first_overdue
        return Segment(
            start=first,
            end=after,
            days=days_between(first, after, parameters.day_count),
            principal_fen=owed.tranches[tranche],
            balance_fen=subsidised(owed, overdue, parameters.overdue_mode, was_overdue)[tranche],
            overdue_fen=overdue,
            share6=self.share.at(first),
            rate_ppm=self.rate.at(first),
        )


def compute(
    loan: Loan,
    parameters: Parameters,
    prior: PriorUse = NO_PRIOR_USE,
    span: tuple[date | None, date | None] = (None, None),
    known_on: date | None = None,
) -> Schedule:
    """The claim lines of a loan; periods in which the window has no day have no line.

    Args:
        span: only days in [from, to) are counted, None = no bound.
        known_on: see `counts_as_overdue`.

    Raises:
        ValueError: more is repaid than was lent (`find_faults` says it in words).
    """
    window = subsidised_window(loan, parameters, prior)
    start = max(window.start, span[0] or window.start)
    end = min(window.end, span[1] or window.end)
    course = _Course.of(loan, parameters, known_on)
    lines = [
        line
        for period in periods_in(start, end, parameters.period_scheme)
        for line in _lines_of(period, (start, end), loan, parameters, course)
    ]
    return Schedule(course.rate.at(loan.disbursed_on), window, lines)


def _lines_of(
    period: Period, bounds: tuple[date, date], loan: Loan, parameters: Parameters, course: _Course
) -> list[Line]:
    first, after = max(period.first, bounds[0]), min(period.after, bounds[1])
    return [
        Line(
            period.quarter,
            part.tranche,
            course.segments(first, after, parameters, index),
            denominator(parameters),
        )
        for index, part in enumerate(loan.tranches)
    ]
