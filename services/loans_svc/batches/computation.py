"""Computing is one transaction of a job: a batch is computed, or as if it had not begun."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Quarter
from kit.db.engine import Database
from loans_svc.batches import repository
from loans_svc.batches.domain import State, quarters_between, share_out
from loans_svc.batches.errors import BatchNotFoundError
from loans_svc.batches.models import BatchRow
from loans_svc.batches.repository import Totals
from loans_svc.rules.repository import catalogue
from loans_svc.seals.service import seal_lines
from loans_svc.stories.repository import lock_stories, read_last_serial
from loans_svc.stories.service import refresh_stories


async def compute_batch(tx: AsyncSession, database: Database, batch_id: UUID, today: date) -> dict[str, Any]:
    """Computes all loans of a batch and stores lines, seal and shares; a computed batch stays as it is.

    Loans are told again by the engine where something happened, in a transaction of their own: a telling holds whether
    or not there is a batch. What is recorded after it is a change that the next batch corrects. The lines are two
    statements, whatever their number: what no batch has claimed, and what was claimed otherwise before.

    Args:
        database: for the connections that tell and read what the lines are made of.

    Raises:
        BatchNotFoundError.
    """
    await _tell(database, batch_id, today)
    batch = await repository.find_batch(tx, batch_id, lock=True)
    if batch is None:
        raise BatchNotFoundError
    if batch.state != State.PENDING:
        return {"batch": str(batch_id), "lines": batch.lines}
    bank, unit, period = batch.bank, batch.unit, Quarter.parse(batch.period)
    await lock_stories(tx, bank, unit)
    standing = await _standing(tx, batch)
    claimed, unclaimed = await _quarters(tx, batch, standing)
    async with database.transaction() as reader:
        written = await repository.add_claims(reader, tx, batch, unclaimed)
    seen = max((one.changes_until for one in standing), default=0)
    await repository.add_corrections(tx, batch, claimed, seen, written)
    async with asyncio.TaskGroup() as group:
        zeros = group.create_task(_count_zeros(database, batch))
        await share_batch(tx, batch, await seal_lines(tx, bank, unit, batch.id, 1))
    batch.state, batch.row_version = State.COMPUTED.value, batch.row_version + 1
    batch.changes_until = await read_last_serial(tx, bank, unit)
    batch.zero_reasons = zeros.result()
    batch.loans, batch.zero_lines = (
        await repository.count_loans(tx, bank, unit, period),
        sum(batch.zero_reasons.values()),
    )
    await tx.flush()
    return {"batch": str(batch_id), "lines": batch.lines}


async def _tell(database: Database, batch_id: UUID, today: date) -> None:
    async with database.transaction() as tx:
        batch = await repository.find_batch(tx, batch_id)
        if batch is not None and batch.state == State.PENDING:
            await refresh_stories(tx, batch.bank, batch.unit, today)


async def _count_zeros(database: Database, batch: BatchRow) -> dict[str, int]:
    async with database.transaction() as tx:
        return await repository.count_zeros(tx, batch)


async def share_batch(tx: AsyncSession, batch: BatchRow, totals: Totals) -> None:
    """Shares the sums of all lines of a batch out, once more when lines came to it."""
    sums = {scheme: fen for scheme, (_, fen) in totals.items()}
    carried = await _carried(tx, await _standing(tx, batch))
    await repository.add_shares(tx, batch.id, share_out(sums, carried, catalogue().payer_schemes))
    batch.lines, batch.total_fen = sum(count for count, _ in totals.values()), sum(sums.values())


async def _standing(tx: AsyncSession, batch: BatchRow) -> list[BatchRow]:
    """The batches before this one whose lines count, in order."""
    known = await repository.list_batches(tx, batch.bank, batch.unit)
    before = [one for one in known if one.period < batch.period and State(one.state) is not State.REJECTED]
    return sorted(before, key=lambda one: one.period)


async def _quarters(
    tx: AsyncSession, batch: BatchRow, standing: Sequence[BatchRow]
) -> tuple[list[Quarter], list[Quarter]]:
    """Those that were claimed before, and those that are claimed now."""
    period = Quarter.parse(batch.period)
    first_day = await repository.find_first_day(tx, batch.bank, batch.unit)
    last = Quarter.parse(standing[-1].period) if standing else None
    if last is None:
        return [], quarters_between(Quarter.of(first_day), period) if first_day else []
    # A loan that was taken back has no segments, but lines: its quarters reach back as far as batches' do.
    first = min(Quarter.of(first_day) if first_day else last, last)
    return quarters_between(first, last), quarters_between(last.next(), period)


async def _carried(tx: AsyncSession, standing: Sequence[BatchRow]) -> dict[str | None, int]:
    """What the bank's last batch left owing (S21)."""
    return await repository.read_carried(tx, standing[-1].id) if standing else {}
