"""Sealing lines where they are written, and finding the first that is not as it was."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.seals import repository
from loans_svc.seals.domain import NO_LINK, Block, Break, Fault
from loans_svc.seals.models import SealRow


async def seal_lines(tx: AsyncSession, bank: str, unit: str, batch_id: UUID, first: int, last: int) -> bytes:
    """Seals the lines [first, last] just written; none when last < first. The digest of the new link."""
    return await repository.add_seal(tx, bank, unit, batch_id, first, last)


async def find_break(tx: AsyncSession, batch_id: UUID) -> Break | None:
    """The first line of a batch that is not as it was written; None when all is as it was."""
    seals = await repository.list_batch_seals(tx, batch_id)
    if not seals:
        return Break(batch_id, Fault.NOT_SEALED)
    breaks = [await _find_wrong_line(tx, batch_id)]
    added = await repository.find_added(tx, batch_id)
    breaks.append(Break(batch_id, Fault.ADDED, added) if added is not None else None)
    found = sorted((one for one in breaks if one is not None), key=lambda one: one.number or 0)
    return found[0] if found else await _find_wrong_seal(tx, seals)


async def find_chain_break(tx: AsyncSession, bank: str, unit: str) -> Break | None:
    """The first link of a bank and district that does not follow from the one before; lines are not looked at."""
    previous = NO_LINK
    for serial, seal in enumerate(await repository.list_seals(tx, bank, unit), 1):
        if seal.serial != serial or seal.previous != previous:
            return Break(seal.batch_id, Fault.CHAIN_BROKEN)
        previous = seal.digest
    return None


async def _find_wrong_line(tx: AsyncSession, batch_id: UUID) -> Break | None:
    row = await repository.find_wrong_block(tx, batch_id)
    if row is None:
        return None
    found = await repository.list_digests(tx, batch_id, row.first_number, row.last_number)
    block = Block(row.first_number, row.last_number, row.marks)
    return block.find_break(batch_id, found) or Break(batch_id, Fault.SEAL_CHANGED)


async def _find_wrong_seal(tx: AsyncSession, seals: Sequence[SealRow]) -> Break | None:
    expected = 1
    for seal in seals:
        digest = await repository.link_of(tx, seal.batch_id, seal.first_number, seal.last_number, seal.previous)
        if seal.first_number != expected or digest != seal.digest:
            return Break(seal.batch_id, Fault.SEAL_CHANGED)
        expected = seal.last_number + 1
    return None
