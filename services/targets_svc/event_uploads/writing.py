"""Several batches on their way into the register at once, as if they were written one after the other."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.event_uploads import ledger, recording, repository
from targets_svc.event_uploads.domain import RowStatus
from targets_svc.event_uploads.recording import Claimed, Known, Made, Resolved
from targets_svc.event_uploads.results import Outcome
from targets_svc.event_uploads.run import BLOCK, Checked, Run, told_of
from targets_svc.event_uploads.threads import aside

READ_AT_ONCE, _WRITTEN_AT_ONCE = 2, 3
_TRANSACTIONS = 2
"""A job may hold two connections for long (`JobWorker`); the batch that is put together needs none."""


class Ready(NamedTuple):
    """A batch before it is resolved.

    Attributes:
        rows: those to be recorded, with their pseudonyms; None when there are none.
        known: what the ledger said of them.
        since: how many batches were committed when it was asked.
    """

    checked: Checked
    same: pl.Series
    rows: pl.DataFrame | None
    known: Known | None
    since: int


@dataclass(slots=True, eq=False)
class _Writing:
    """A batch that is being written; `has_entered`: its persons and events are in, or it has failed."""

    number: int
    previous: "_Writing | None"
    has_entered: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None

    async def ended(self) -> None:
        if self.task is not None:
            await asyncio.shield(self.task)


@dataclass(slots=True)
class Writer:
    """Writes batches in their order: while one claims its slots, persons and events of the next one go in, and the one
    after that is put together.

    Nobody waits in a circle: persons and events are written in the order of the batches, and so are slots and counts,
    and who holds a slot asks for no person (`ledger`). What a row is told does not depend on chance: slots are claimed
    when all batches before are committed.

    Attributes:
        done: rows of committed batches.
        begun, committed: how many batches.
        made: the new persons of each of the last batches, as far back as one may have been looked up before.
        places: for open transactions, taken in the order of the batches.
    """

    run: Run
    done: int
    begun: int = 0
    committed: int = 0
    made: dict[int, Made] = field(default_factory=dict)
    under_way: deque[_Writing] = field(default_factory=deque)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_TRANSACTIONS))

    async def write(self, ready: Ready) -> None:
        """Begins to write a batch, as soon as no more than two are under way."""
        number, resolved = self.begun, None
        if ready.rows is not None and ready.known is not None:
            before = tuple(self.made[one] for one in range(ready.since, number))
            resolved = await aside(recording.resolve, ready.rows, ready.known, self.run.vault, before)
        while len(self.under_way) >= _WRITTEN_AT_ONCE:
            await self.under_way[0].ended()
            self.under_way.popleft()
        writing = _Writing(number, self.under_way[-1] if self.under_way else None)
        self.begun += 1
        self.made[number] = Made() if resolved is None else resolved.made
        self.made.pop(number - READ_AT_ONCE - _WRITTEN_AT_ONCE - 1, None)
        writing.task = asyncio.create_task(self._write(writing, ready, resolved))
        self.under_way.append(writing)

    async def ended(self) -> None:
        while self.under_way:
            await self.under_way[0].ended()
            self.under_way.popleft()

    async def close(self) -> None:
        """Nothing goes on when this has returned; what is not committed is undone."""
        tasks = [writing.task for writing in self.under_way if writing.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, writing: _Writing, ready: Ready, resolved: Resolved | None) -> None:
        run, previous = self.run, writing.previous
        settled = previous.ended if previous is not None else _at_once
        try:
            if resolved is not None:
                await aside(recording.compose, resolved, run.vault, run.upload.owner)
            if previous is not None:
                await previous.has_entered.wait()
            async with self.places, run.database.transaction() as tx:
                await ledger.begin(tx)
                if ready.rows is not None and resolved is not None:
                    resolved = await recording.enter(tx, resolved, ready.rows, run.vault, run.upload.owner, settled)
                    self.made[writing.number] = resolved.made
                    ready = ready._replace(rows=None, known=None)  # not kept longer than they are needed
                writing.has_entered.set()
                await settled()
                writing.previous = None
                await self._finish(tx, ready, resolved)
            self.committed += 1
        finally:
            writing.has_entered.set()

    async def _finish(self, tx: AsyncSession, ready: Ready, resolved: Resolved | None) -> None:
        """All that follows from the slots. Those of new persons, which nobody waits for, are copied while the result is
        made; the counts, which everybody waits for, come last.
        """
        run, checked = self.run, ready.checked
        claimed = await recording.claim(tx, resolved, run.attrition) if resolved is not None else None
        slots = resolved.slots if resolved is not None else b""
        copying = ledger.copy(tx, "slot", ledger.CLAIM_COLUMNS, slots) if slots else _at_once()
        (outcome, told), _ = await asyncio.gather(aside(_conclude, run, ready, resolved, claimed), copying)
        await repository.add_batch(tx, told)
        if not told["faulty"] + told["valid"]:  # all of its rows are in the ledger
            (digest, *_) = run.vault.hash.lookups(BLOCK, checked.sha256)
            block = digest._asdict() | {"upload_id": run.upload.upload_id, "batch_no": checked.batch_no}
            await repository.add_block(tx, block)
        self.done += checked.rows.height
        await run.advance(tx, self.done, run.upload.rows)
        await ledger.move_counts(tx, outcome.deltas)


def _conclude(
    run: Run, ready: Ready, resolved: Resolved | None, claimed: Claimed | None
) -> tuple[Outcome, dict[str, Any]]:
    outcome = Outcome()
    if resolved is not None and claimed is not None:
        outcome = recording.conclude(resolved, claimed, run.vault, run.attrition)
    if len(ready.same):
        outcome.became(ready.same.to_frame("row_no"), RowStatus.SKIPPED)
    return outcome, told_of(run, ready.checked, outcome)


async def _at_once() -> None:
    """There is nothing to wait for."""
