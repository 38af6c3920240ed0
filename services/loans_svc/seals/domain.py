"""What a broken seal says: the first line that is not as it was written, and what happened to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

BLOCK_LINES = 1_000
MARK_BYTES = 8
NO_LINK = bytes(32)


class Fault(StrEnum):
    """CHANGED also stands for a line that changed places with another."""

    CHANGED = "CHANGED"
    MISSING = "MISSING"
    ADDED = "ADDED"
    NOT_SEALED = "NOT_SEALED"
    SEAL_CHANGED = "SEAL_CHANGED"
    CHAIN_BROKEN = "CHAIN_BROKEN"


FAULT_TEXTS: Mapping[Fault, str] = {
    Fault.CHANGED: "该行内容与计算时不符，或与另一行互换了位置",
    Fault.MISSING: "该行已不存在",
    Fault.ADDED: "该行不是计算时写入的",
    Fault.NOT_SEALED: "本批没有封印",
    Fault.SEAL_CHANGED: "封印本身被改动",
    Fault.CHAIN_BROKEN: "封印与前一批的封印不相连",
}


@dataclass(frozen=True, slots=True)
class Break:
    """The first place that does not hold; `number` is None where it is not a line."""

    batch_id: UUID
    fault: Fault
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """What was sealed of up to a thousand lines."""

    first: int
    last: int
    marks: bytes

    def find_break(self, batch_id: UUID, found: Sequence[tuple[int, bytes]]) -> Break | None:
        """The first line of the block that is gone or not as it was.

        Args:
            found: number and digest of the lines that are there now, by number.
        """
        there = dict(found)
        for number in range(self.first, self.last + 1):
            start = (number - self.first) * MARK_BYTES
            if number not in there:
                return Break(batch_id, Fault.MISSING, number)
            if there[number][:MARK_BYTES] != self.marks[start : start + MARK_BYTES]:
                return Break(batch_id, Fault.CHANGED, number)
        return None
