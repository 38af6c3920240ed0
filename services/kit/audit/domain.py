"""The chain (pure): each entry's hash covers the entry and the hash before it.

A row that is changed, removed, put in or moved breaks the chain at the first place that it touches; rows cut off at the
end do not reach the head any more (reliability design S7, T14). No key is needed to verify; whoever could rewrite the
whole chain is caught by a head that was noted elsewhere, which is what the log line `audit.head` is for.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

START = bytes(32)


@dataclass(frozen=True, slots=True)
class Entry:
    """Attributes:
    seq: 1, 2, 3, … without gaps.
    actor: the subject who did it.
    action: `client.create` and the like.
    object: what it was done to, `client:platform`; an id, never personal data.
    detail: JSON text, exactly as it was hashed.
    """

    seq: int
    at: datetime
    actor: str
    actor_kind: str
    action: str
    object: str
    detail: str
    request_id: str

    def hash(self, before: bytes) -> bytes:
        """SHA-256 over the hash before it and every field."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        fields = [self.seq, at, self.actor, self.actor_kind, self.action, self.object, self.detail, self.request_id]
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(before + text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place where the chain does not hold.

    Attributes:
        reason: MISSING (no row of this number), ALTERED (the row is not what was sealed) or BEYOND_END (a row, or a
            sealed hash, that the head does not know).
    """

    seq: int
    reason: str


class Verifier:
    """Takes entries in order and remembers the first fault."""

    def __init__(self) -> None:
        self._last = Head(0, START)
        self.fault: Fault | None = None

    @property
    def verified(self) -> int:
        """So many entries hold."""
        return self._last.seq

    def take(self, entry: Entry, sealed: bytes) -> bool:
        """Whether the chain holds up to here."""
        expected = self._last.seq + 1
        if entry.seq != expected:
            self.fault = Fault(expected, "MISSING")
        elif entry.hash(self._last.hash) != sealed:
            self.fault = Fault(expected, "ALTERED")
        else:
            self._last = Head(expected, sealed)
        return self.fault is None

    def end(self, head: Head) -> Fault | None:
        """The verdict when there are no more entries."""
        if self.fault is None and self._last.seq < head.seq:
            self.fault = Fault(self._last.seq + 1, "MISSING")
        if self.fault is None and self._last != head:
            self.fault = Fault(self._last.seq, "BEYOND_END" if self._last.seq > head.seq else "ALTERED")
        return self.fault


def first_fault(entries: Iterable[tuple[Entry, bytes]], head: Head) -> Fault | None:
    """The first fault of a chain that lies in memory; None when it holds from its beginning to its head."""
    verifier = Verifier()
    for entry, sealed in entries:
        if not verifier.take(entry, sealed):
            return verifier.fault
    return verifier.end(head)


def sealed(entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Entries with the hashes that they get."""
    before = START
    for entry in entries:
        before = entry.hash(before)
        yield entry, before
