"""A batch's states and duties, the quarters it computes, and what each payer bears (loans design S14–S22)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kit.dates import Quarter
from loans_svc.rules.domain import DayCount, Payer, PayerScheme, PeriodScheme
from loans_svc.subsidies.domain.calendar import day_number, period_of
from loans_svc.subsidies.domain.payers import split_by_payer


class State(StrEnum):
    PENDING = "PENDING"
    COMPUTED = "COMPUTED"
    MATCHED = "MATCHED"
    SUBMITTED = "SUBMITTED"
    REVIEWED = "REVIEWED"
    APPROVED = "APPROVED"
    PAID = "PAID"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"


class LineKind(StrEnum):
    """CLAIM of the batch's own quarter, REVERSAL and REPOST of earlier ones, WAIVER of what the bank did not claim."""

    CLAIM = "CLAIM"
    REVERSAL = "REVERSAL"
    REPOST = "REPOST"
    WAIVER = "WAIVER"


class Step(StrEnum):
    """What people do with a batch."""

    SUBMISSION = "SUBMISSION"
    REVIEW = "REVIEW"
    APPROVAL = "APPROVAL"
    PAYMENT = "PAYMENT"
    CLOSING = "CLOSING"
    REJECTION = "REJECTION"


TRANSITIONS: Mapping[tuple[State, Step], State] = {
    (State.COMPUTED, Step.SUBMISSION): State.SUBMITTED,
    (State.MATCHED, Step.SUBMISSION): State.SUBMITTED,
    (State.SUBMITTED, Step.REVIEW): State.REVIEWED,
    (State.REVIEWED, Step.APPROVAL): State.APPROVED,
    (State.APPROVED, Step.PAYMENT): State.PAID,
    (State.PAID, Step.CLOSING): State.CLOSED,
    (State.PENDING, Step.REJECTION): State.REJECTED,
    (State.COMPUTED, Step.REJECTION): State.REJECTED,
    (State.MATCHED, Step.REJECTION): State.REJECTED,
    (State.SUBMITTED, Step.REJECTION): State.REJECTED,
    (State.REVIEWED, Step.REJECTION): State.REJECTED,
}
SETTLED = frozenset({State.PAID, State.CLOSED})


@dataclass(frozen=True, slots=True)
class Share:
    """What one payer scheme bears of a batch; fen.

    Attributes:
        total_fen: sum of the lines, negative when more was taken back than claimed.
        carried_in_fen: what earlier batches still owe, never positive (S21).
        payable_fen: never negative; split once (S17).
        carried_out_fen: what is left owing, never positive.
    """

    payer_scheme: str | None
    total_fen: int
    carried_in_fen: int
    payable_fen: int
    carried_out_fen: int
    payers: Mapping[Payer, int]


def is_over(period: Quarter, today: date) -> bool:
    """Under either way of cutting quarters, the calendar's ends later."""
    return period_of(period, PeriodScheme.CAL).after <= today


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A quarter under one way of cutting quarters and of counting days; [first, after) and their day numbers."""

    quarter: Quarter
    scheme: PeriodScheme
    is_thirty: bool
    first: date
    after: date
    first_no: int
    after_no: int


def period_rows(quarters: Sequence[Quarter]) -> list[PeriodRow]:
    """All that the statements need to know of the calendar."""
    return [
        PeriodRow(
            quarter,
            scheme,
            day_count is DayCount.THIRTY_E_360,
            period.first,
            period.after,
            day_number(period.first, day_count),
            day_number(period.after, day_count),
        )
        for quarter in quarters
        for scheme in PeriodScheme
        for period in [period_of(quarter, scheme)]
        for day_count in (DayCount.ACT_360, DayCount.THIRTY_E_360)
    ]


def quarters_between(first: Quarter, last: Quarter) -> list[Quarter]:
    """From the first to the last, both included; none when the last is earlier."""
    quarters = []
    while first <= last:
        quarters.append(first)
        first = first.next()
    return quarters


def share_out(
    totals: Mapping[str | None, int], carried: Mapping[str | None, int], schemes: Mapping[str, PayerScheme]
) -> list[Share]:
    """Each payer scheme's total, what it pays after older debts, and its payers, split once for the batch.

    Args:
        totals: by scheme the sum of the lines.
        carried: by scheme what earlier batches left owing, never positive.
    """
    shares = []
    for scheme in sorted({*totals, *carried}, key=lambda code: code or ""):
        total, owing = totals.get(scheme, 0), carried.get(scheme, 0)
        net = total + owing
        payable = max(0, net)
        payers = split_by_payer(payable, schemes[scheme].weights) if scheme else {}
        shares.append(Share(scheme, total, owing, payable, min(0, net), payers))
    return shares
