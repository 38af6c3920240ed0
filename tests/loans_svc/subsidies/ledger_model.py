"""The model that the statements of batches are judged by: a posted line is never changed; a late event reverses it and
posts the new value in the open period (S20, S22)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kit.dates import Quarter
from loans_svc.rules.domain import Tranche


class EntryKind(StrEnum):
    CLAIM = "CLAIM"
    REVERSAL = "REVERSAL"
    REPOST = "REPOST"


@dataclass(frozen=True, slots=True)
class Entry:
    """One signed line of the ledger of a loan.

    Attributes:
        relates_to: the period that it is about.
        booked_in: the open period that it was posted in.
        reverses: the id of the line that a REVERSAL takes back.
    """

    id: str
    kind: EntryKind
    tranche: Tranche
    relates_to: Quarter
    booked_in: Quarter
    amount_fen: int
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """Lines to post: a REVERSAL names the line it takes back."""

    kind: EntryKind
    tranche: Tranche
    relates_to: Quarter
    booked_in: Quarter
    amount_fen: int
    reverses: str | None


class ReversalRefusedError(ValueError):
    """A reversal can't be reversed, nor a line twice."""


def live_entries(ledger: Sequence[Entry]) -> dict[tuple[Quarter, Tranche], Entry]:
    """For each period and tranche the one line that stands.

    Raises:
        ReversalRefusedError: the ledger is broken: a reversal of a reversal, of nothing, or twice; two lines stand.
    """
    standing = {entry.id: entry for entry in ledger if entry.kind is not EntryKind.REVERSAL}
    for entry in ledger:
        if entry.kind is EntryKind.REVERSAL and standing.pop(entry.reverses or "", None) is None:
            raise ReversalRefusedError("a reversal takes back a line that stands, once")
    live: dict[tuple[Quarter, Tranche], Entry] = {}
    for entry in standing.values():
        if live.setdefault((entry.relates_to, entry.tranche), entry) is not entry:
            raise ReversalRefusedError("two lines stand for one period and tranche")
    return live


def reverse(entry: Entry, booked_in: Quarter) -> Correction:
    """Takes a line back in the open period.

    Raises:
        ReversalRefusedError: the line is itself a reversal.
    """
    if entry.kind is EntryKind.REVERSAL:
        raise ReversalRefusedError("a reversal is not reversed")
    return Correction(EntryKind.REVERSAL, entry.tranche, entry.relates_to, booked_in, -entry.amount_fen, entry.id)


def correct(
    ledger: Sequence[Entry], amounts: Mapping[tuple[Quarter, Tranche], int], booked_in: Quarter
) -> list[Correction]:
    """The lines that make a ledger say what the closed periods are now known to be worth.

    Args:
        amounts: fen for each closed period and tranche as computed now; what is missing is worth nothing, so that a
            cancelled loan (no amounts) has all its lines reversed and none posted.

    Returns:
        By period and tranche a reversal, then a new line; nothing where the amount has not changed. Zero lines are
        not posted (S12).
    """
    live = live_entries(ledger)
    corrections = []
    for key in sorted({*live, *amounts}):
        posted, now = live.get(key), amounts.get(key, 0)
        if posted is not None and posted.amount_fen == now:
            continue
        if posted is not None:
            corrections.append(reverse(posted, booked_in))
        if now != 0:
            quarter, tranche = key
            corrections.append(Correction(EntryKind.REPOST, tranche, quarter, booked_in, now, None))
    return corrections
