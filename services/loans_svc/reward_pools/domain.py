"""The reward pool: a share of the year's new lending in exact parts (郑政〔2018〕31号（十）; loans design S23–S26)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kit.apportionment import largest_remainder
from kit.errors import FieldError
from kit.money import div_half_up

_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Disbursement:
    """New lending; extensions and re-loans count only where new money flowed."""

    disbursed_on: date
    amount_fen: int
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A disbursement taken back, in the year in which that was booked; repayments are none."""

    booked_on: date
    amount_fen: int
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """The year's new lending in fen.

    Attributes:
        brought_forward_fen: cancellations that earlier years could not deduct.
        base_fen: never negative.
        carried_forward_fen: what this year could not deduct either.
    """

    disbursed_fen: int
    cancelled_fen: int
    brought_forward_fen: int
    base_fen: int
    carried_forward_fen: int


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of recipient; the weight is the caller's, no law fixes it."""

    role: str
    weight: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """Its weight may be new lending, a count or a score: only the proportion within its role counts."""

    recipient: str
    role: str
    weight: int


@dataclass(frozen=True, slots=True)
class Parts:
    """Fen for each role and each recipient, in the order given."""

    roles: tuple[int, ...]
    recipients: tuple[int, ...]


def base_of(
    year: int, disbursements: Sequence[Disbursement], cancellations: Sequence[Cancellation], brought_forward_fen: int
) -> Base:
    """What was disbursed in the year less what was cancelled in it, of this year's loans or earlier ones (S23).

    Entries of other years do not count.
    """
    disbursed = sum(entry.amount_fen for entry in disbursements if entry.disbursed_on.year == year)
    cancelled = sum(entry.amount_fen for entry in cancellations if entry.booked_on.year == year)
    return net_base(disbursed, cancelled, brought_forward_fen)


def net_base(disbursed_fen: int, cancelled_fen: int, brought_forward_fen: int) -> Base:
    """A negative sum counts as none and is carried forward (S23)."""
    net = disbursed_fen - cancelled_fen - brought_forward_fen
    return Base(disbursed_fen, cancelled_fen, brought_forward_fen, max(0, net), max(0, -net))


def pool_of(base_fen: int, rate_ppm: int) -> int:
    """The pool in fen, rounded half up (S24)."""
    return div_half_up(base_fen * rate_ppm, _PPM)


def share_pool(pool_fen: int, roles: Sequence[Role], recipients: Sequence[Recipient]) -> Parts:
    """Pool to roles, each role to its recipients, both by largest remainder; all sums exact (S16, S25).

    Leftover fen by remainder, then weight, then name.

    Raises:
        ValueError: a role that gets money has nobody with a weight (`find_faults` says it in words).
    """
    by_role = _shared(pool_fen, [(role.role, role.weight) for role in roles])
    parts: dict[int, int] = {}
    for role in roles:
        members = [i for i, recipient in enumerate(recipients) if recipient.role == role.role]
        if by_role[role.role] == 0 and not any(recipients[i].weight for i in members):
            parts |= dict.fromkeys(members, 0)
            continue
        shared = _shared(by_role[role.role], [(recipients[i].recipient, recipients[i].weight) for i in members])
        parts |= {i: shared[recipients[i].recipient] for i in members}
    return Parts(tuple(by_role[role.role] for role in roles), tuple(parts[i] for i in range(len(recipients))))


def _shared(total_fen: int, weights: Sequence[tuple[str, int]]) -> dict[str, int]:
    ordered = sorted(weights)
    return dict(
        zip((key for key, _ in ordered), largest_remainder(total_fen, [weight for _, weight in ordered]), strict=True)
    )


def find_faults(roles: Sequence[Role], recipients: Sequence[Recipient]) -> Iterator[FieldError]:
    """What would leave money unallocated or give it twice; pointers of the wire."""
    names = [role.role for role in roles]
    for i, role in enumerate(roles):
        if role.role in names[:i]:
            yield FieldError(f"/roles/{i}/role", "DUPLICATE_ROLE", "同一类单位只能填写一次，请合并后再试。")
    if not any(role.weight for role in roles):
        yield FieldError("/roles", "NO_WEIGHT", "各类单位的权重合计为零，资金无法分配；请填写各类单位的权重。")
    weights: defaultdict[str, int] = defaultdict(int)
    seen: set[str] = set()
    for i, recipient in enumerate(recipients):
        if recipient.role not in names:
            yield FieldError(
                f"/recipients/{i}/role", "UNKNOWN_ROLE", "该单位的类别不在 roles 中，请先在 roles 中填写权重。"
            )
        if recipient.recipient in seen:
            yield FieldError(
                f"/recipients/{i}/recipient", "DUPLICATE_RECIPIENT", "同一单位只能填写一次，请合并后再试。"
            )
        seen.add(recipient.recipient)
        weights[recipient.role] += recipient.weight
    for i, role in enumerate(roles):
        if role.weight > 0 and weights[role.role] == 0:
            yield FieldError(
                f"/roles/{i}",
                "NO_RECIPIENT",
                "这类单位有权重，但没有可分配的单位（或单位权重合计为零）；请补充单位，或将权重改为0。",
            )


def find_lending_faults(
    disbursements: Sequence[Disbursement], cancellations: Sequence[Cancellation]
) -> Iterator[FieldError]:
    """Cancellations that can't be of the disbursement they name; one not listed is taken to be an earlier year's."""
    known: dict[str, Disbursement] = {}
    for i, entry in enumerate(disbursements):
        if entry.reference is not None and known.setdefault(entry.reference, entry) is not entry:
            yield FieldError(
                f"/disbursements/{i}/reference", "DUPLICATE_REFERENCE", "发放编号重复，请核对是否重复填写。"
            )
    left = {reference: entry.amount_fen for reference, entry in known.items()}
    for i, cancellation in enumerate(cancellations):
        source = known.get(cancellation.reference or "")
        if source is None:
            continue
        if cancellation.booked_on < source.disbursed_on:
            yield FieldError(
                f"/cancellations/{i}/booked_on", "BEFORE_DISBURSEMENT", "撤销入账日不能早于发放日，请核对。"
            )
        left[source.reference or ""] -= cancellation.amount_fen
        if left[source.reference or ""] < 0:
            yield FieldError(f"/cancellations/{i}/amount", "EXCEEDS_DISBURSEMENT", "撤销金额超过该笔发放金额，请核对。")
