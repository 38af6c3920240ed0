"""Sealing lines where they are written, and finding the first that is not as it was."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.seals import repository
from loans_svc.seals.domain import NO_LINK, Break, Comparison, Fault, Sealing, sums_before
from loans_svc.seals.models import SealRow


async def seal_lines(
    tx: AsyncSession, bank: str, unit: str, batch_id: UUID, first: int
) -> dict[str | None, tuple[int, int]]:
    """Seals the lines of a batch from one on, which were just written; by payer scheme how many and their fen.

    The database hands the lines over while this process makes the digests.
    """
    sums, sealing = await repository.sum_blocks(tx, batch_id, first), Sealing(first)
    await repository.stream_texts(tx, batch_id, first, sealing.take)
    blocks = sealing.end()
    await repository.add_blocks(tx, batch_id, blocks, sums_before(sums, len(blocks)))
    await repository.add_link(tx, bank, unit, batch_id, first, blocks[-1].last if blocks else first - 1)
    totals: dict[str | None, tuple[int, int]] = {}
    for one in sums:
        if one.block >= 0:
            lines, fen = totals.get(one.scheme or None, (0, 0))
            totals[one.scheme or None] = (lines + one.lines, fen + one.fen)
    return totals


async def find_break(tx: AsyncSession, batch_id: UUID) -> Break | None:
    """The first line of a batch that is not as it was written; None when all is as it was."""
    seals = await repository.list_batch_seals(tx, batch_id)
    if not seals:
        return Break(batch_id, Fault.NOT_SEALED)
    comparison = Comparison(batch_id, await repository.list_blocks(tx, batch_id))
    await repository.stream_texts(tx, batch_id, 1, comparison.take)
    return comparison.end() or await _find_wrong_seal(tx, seals)


async def find_chain_break(tx: AsyncSession, bank: str, unit: str) -> Break | None:
    """The first link of a bank and district that does not follow from the one before; lines are not looked at."""
    previous = NO_LINK
    for serial, seal in enumerate(await repository.list_seals(tx, bank, unit), 1):
        if seal.serial != serial or seal.previous != previous:
            return Break(seal.batch_id, Fault.CHAIN_BROKEN)
        previous = seal.digest
    return None


async def _find_wrong_seal(tx: AsyncSession, seals: Sequence[SealRow]) -> Break | None:
    expected = 1
    for seal in seals:
        digest = await repository.link_of(tx, seal.batch_id, seal.first_number, seal.last_number, seal.previous)
        if seal.first_number != expected or digest != seal.digest:
            return Break(seal.batch_id, Fault.SEAL_CHANGED)
        expected = seal.last_number + 1
    return None
