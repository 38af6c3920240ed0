"""What seals lines, and what a broken seal says: the first line that is not as it was written, and what happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
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
    """What was sealed of up to a thousand lines.

    Attributes:
        digest: SHA-256 over the digests of the lines.
        marks: the first bytes of each digest.
    """

    first: int
    last: int
    digest: bytes
    marks: bytes

    @classmethod
    def of(cls, first: int, digests: Sequence[bytes]) -> "Block":
        marks = b"".join(digest[:MARK_BYTES] for digest in digests)
        return cls(first, first + len(digests) - 1, sha256(b"".join(digests)).digest(), marks)

    def find_break(self, batch_id: UUID, found: Sequence[tuple[int, bytes]]) -> Break | None:
        """The first line of the block that is gone or not as it was.

        Args:
            found: number and digest of the lines that are there now, by number.
        """
        if self.digest == sha256(b"".join(digest for _, digest in found)).digest():
            return None
        there = dict(found)
        for number in range(self.first, self.last + 1):
            start = (number - self.first) * MARK_BYTES
            if number not in there:
                return Break(batch_id, Fault.MISSING, number)
            if there[number][:MARK_BYTES] != self.marks[start : start + MARK_BYTES]:
                return Break(batch_id, Fault.CHANGED, number)
        return Break(batch_id, Fault.SEAL_CHANGED)


class Sealing:
    """Seals the lines of a batch as they come, in their order.

    Args:
        first: number of the first line.
    """

    def __init__(self, first: int) -> None:
        self._blocks: list[Block] = []
        self._first = first
        self._digests: list[bytes] = []

    def take(self, lines: Iterable[bytes]) -> None:
        """Lines as they are stored."""
        for line in lines:
            self._digests.append(sha256(line).digest())
            if len(self._digests) == BLOCK_LINES:
                self._close()

    def end(self) -> Sequence[Block]:
        """All blocks, the last one with what is left."""
        if self._digests:
            self._close()
        return self._blocks

    def _close(self) -> None:
        self._blocks.append(Block.of(self._first, self._digests))
        self._first, self._digests = self._blocks[-1].last + 1, []


@dataclass(frozen=True, slots=True)
class BlockSum:
    """Lines and fen of a payers' scheme in a block; `block` counts from 0, -1 is all that came before."""

    block: int
    scheme: str
    lines: int
    fen: int


def sums_before(sums: Iterable[BlockSum], blocks: int) -> list[Mapping[str, int]]:
    """For each block by payer scheme the fen of all lines before it, of schemes that had any."""
    running: dict[str, int] = {}
    found: list[Mapping[str, int]] = []
    for one in sorted(sums, key=lambda one: one.block):
        while len(found) <= one.block:
            found.append(dict(running))
        running[one.scheme] = running.get(one.scheme, 0) + one.fen
    return found[:blocks]


class Comparison:
    """Compares the lines of a batch, as they come in their order, with the blocks that were sealed.

    Attributes:
        broken: the first place that does not hold.
    """

    def __init__(self, batch_id: UUID, blocks: Iterable[Block]) -> None:
        self.broken: Break | None = None
        self._batch_id = batch_id
        self._blocks = iter(blocks)
        self._block = next(self._blocks, None)
        self._found: list[tuple[int, bytes]] = []

    def take(self, lines: Iterable[bytes]) -> None:
        """Lines as they are stored; the second field is the number."""
        for line in lines:
            number = int(line.split(b"|", 2)[1])
            while self._block is not None and number > self._block.last:
                self._close(self._block)
            if self._block is None or number < self._block.first:
                self.broken = self.broken or Break(self._batch_id, Fault.ADDED, number)
            else:
                self._found.append((number, sha256(line).digest()))

    def end(self) -> Break | None:
        """The first place that does not hold, once all lines were taken."""
        while self._block is not None:
            self._close(self._block)
        return self.broken

    def _close(self, block: Block) -> None:
        self.broken = self.broken or block.find_break(self._batch_id, self._found)
        self._block, self._found = next(self._blocks, None), []
