"""From what loans are worth and what was posted to the lines and shares of a batch (loans design S16–S22)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from kit.dates import Quarter
from loans_svc.rules.domain import Payer, PayerScheme, PeriodScheme, Tranche
from loans_svc.subsidies.domain.calendar import period_of
from loans_svc.subsidies.domain.corrections import Entry, EntryKind, correct
from loans_svc.subsidies.domain.payers import split_by_payer
from loans_svc.subsidies.domain.schedule import Line


class State(StrEnum):
    PENDING = "PENDING"
    COMPUTED = "COMPUTED"
    SUBMITTED = "SUBMITTED"
    REVIEWED = "REVIEWED"
    APPROVED = "APPROVED"
    PAID = "PAID"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"


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
    (State.SUBMITTED, Step.REVIEW): State.REVIEWED,
    (State.REVIEWED, Step.APPROVAL): State.APPROVED,
    (State.APPROVED, Step.PAYMENT): State.PAID,
    (State.PAID, Step.CLOSING): State.CLOSED,
    (State.PENDING, Step.REJECTION): State.REJECTED,
    (State.COMPUTED, Step.REJECTION): State.REJECTED,
    (State.SUBMITTED, Step.REJECTION): State.REJECTED,
    (State.REVIEWED, Step.REJECTION): State.REJECTED,
}
SETTLED = frozenset({State.PAID, State.CLOSED})


@dataclass(frozen=True, slots=True)
class Posted:
    """A stored line and the payer scheme that it was posted under."""

    entry: Entry
    payer_scheme: str | None


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A line to store; `line` is None for a reversal, which carries no arithmetic of its own."""

    loan_id: UUID
    kind: EntryKind
    tranche: Tranche
    relates_to: Quarter
    amount_fen: int
    reverses: str | None
    payer_scheme: str | None
    line: Line | None


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


def claim_lines(
    loan_id: UUID,
    lines: Sequence[Line],
    posted: Sequence[Posted],
    schemes: Mapping[Tranche, str | None],
    period: Quarter,
) -> list[ClaimLine]:
    """What the open period posts for a loan: its own claim, and a reversal and new line where an earlier one changed.

    A line of an earlier period that was never posted is posted now, too. A reversal goes to the payers of the line
    that it takes back.

    Args:
        lines: of the engine as events stand now; those of later periods are left out.
        posted: all lines of batches that were not rejected.
    """
    worth = {(line.period, line.tranche): line for line in lines if line.period <= period}
    earlier = {one.entry.id: one.payer_scheme for one in posted}
    amounts = {key: line.amount_fen for key, line in worth.items()}
    made = []
    for correction in correct([one.entry for one in posted], amounts, period):
        is_reversal = correction.kind is EntryKind.REVERSAL
        is_claim = not is_reversal and correction.relates_to == period
        scheme = earlier[correction.reverses] if correction.reverses else schemes.get(correction.tranche)
        made.append(
            ClaimLine(
                loan_id=loan_id,
                kind=EntryKind.CLAIM if is_claim else correction.kind,
                tranche=correction.tranche,
                relates_to=correction.relates_to,
                amount_fen=correction.amount_fen,
                reverses=correction.reverses,
                payer_scheme=scheme,
                line=None if is_reversal else worth[correction.relates_to, correction.tranche],
            )
        )
    return made


def share_out(
    lines: Sequence[ClaimLine], carried: Mapping[str | None, int], schemes: Mapping[str, PayerScheme]
) -> list[Share]:
    """Each payer scheme's total, what it pays after older debts, and its payers, split once for the batch.

    Args:
        carried: by scheme what earlier batches left owing, never positive.
    """
    totals: defaultdict[str | None, int] = defaultdict(int, dict.fromkeys(carried, 0))
    for line in lines:
        totals[line.payer_scheme] += line.amount_fen
    shares = []
    for scheme in sorted(totals, key=lambda code: code or ""):
        total, owing = totals[scheme], carried.get(scheme, 0)
        net = total + owing
        payable = max(0, net)
        payers = split_by_payer(payable, schemes[scheme].weights) if scheme else {}
        shares.append(Share(scheme, total, owing, payable, min(0, net), payers))
    return shares
