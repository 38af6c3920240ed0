"""Batches in the database."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Quarter
from loans_svc.batches import statements
from loans_svc.batches.domain import Share, period_rows
from loans_svc.batches.models import BatchRow, BatchShareRow, LineRow
from loans_svc.loans.models import LoanRow

Totals = dict[str | None, tuple[int, int]]
"""By payer scheme how many lines, and their sum in fen."""
_NO_SCHEME = ""
_PARTS_AHEAD = 8
_CLAIM = statements.CLAIM.compile(dialect=asyncpg.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))")


async def lock_books(tx: AsyncSession, bank: str, unit: str) -> None:
    """One at a time for a bank and district, until the transaction ends."""
    await tx.execute(_LOCK, {"lock": f"subsidy\x1f{bank}\x1f{unit}"})


async def list_batches(tx: AsyncSession, bank: str, unit: str) -> Sequence[BatchRow]:
    """All of a bank and district, rejected ones included."""
    found = await tx.scalars(select(BatchRow).where(BatchRow.bank == bank, BatchRow.unit == unit))
    return found.all()


# What the claim form asks for besides the subsidy itself, as it is known when the form is made.
_LENDING = text(
    """
    SELECT coalesce(sum(e.amount_fen) FILTER (WHERE e.kind = 'DISBURSEMENT' AND e.effective_on >= :first), 0) AS lent,
           coalesce(sum(m.fen) FILTER (WHERE e.effective_on < :first), 0) AS opening, coalesce(sum(m.fen), 0) AS closing
    FROM loan l JOIN loan_event e ON e.loan_id = l.id
    CROSS JOIN LATERAL (SELECT CASE e.kind WHEN 'DISBURSEMENT' THEN e.amount_fen ELSE -e.amount_fen END AS fen) m
    WHERE l.bank = :bank AND l.unit = :unit AND l.disbursed_on < :after AND l.state <> 'CANCELLED'
      AND e.kind IN ('DISBURSEMENT', 'REPAYMENT', 'COMPENSATION') AND e.effective_on < :after
      AND NOT EXISTS (SELECT FROM loan_event r WHERE r.retracts = e.id)
    """
)


@dataclass(frozen=True, slots=True)
class Lending:
    """A quarter's lending of a bank in a district: newly lent, and what was owed before and after it; fen."""

    lent_fen: int
    opening_fen: int
    closing_fen: int


async def read_lending(tx: AsyncSession, bank: str, unit: str, quarter: Quarter) -> Lending:
    """By the calendar's quarter, whatever the settlement days of single loans."""
    given = {"bank": bank, "unit": unit, "first": quarter.first, "after": quarter.after}
    row = (await tx.execute(_LENDING, given)).one()
    return Lending(int(row.lent), int(row.opening), int(row.closing))


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches are asked for; None does not narrow."""

    bank: str | None = None
    unit: str | None = None
    period: str | None = None
    state: str | None = None


async def page_batches(tx: AsyncSession, asked: BatchFilter, before: UUID | None, limit: int) -> Sequence[BatchRow]:
    """The newest first.

    Args:
        before: the last one of the page before.
    """
    columns = {
        BatchRow.bank: asked.bank,
        BatchRow.unit: asked.unit,
        BatchRow.period: asked.period,
        BatchRow.state: asked.state,
    }
    query = select(BatchRow).where(*(column == value for column, value in columns.items() if value is not None))
    if before is not None:
        query = query.where(BatchRow.id < before)
    return (await tx.scalars(query.order_by(BatchRow.id.desc()).limit(limit))).all()


async def add_batch(tx: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when the period has a live batch already."""
    added = await tx.scalar(upsert(BatchRow).values(**values).on_conflict_do_nothing().returning(BatchRow.id))
    return added is not None


async def find_batch(tx: AsyncSession, batch_id: UUID, *, lock: bool = False) -> BatchRow | None:
    """One batch; locked, its next step waits for this one."""
    query = select(BatchRow).where(BatchRow.id == batch_id)
    return await tx.scalar(query.with_for_update() if lock else query, execution_options={"populate_existing": True})


async def count_loans(tx: AsyncSession, bank: str, unit: str, before: Quarter) -> int:
    """Loans of a bank and district that were disbursed before the end of a quarter, cancelled ones included."""
    found = await tx.scalar(
        select(func.count()).where(LoanRow.bank == bank, LoanRow.unit == unit, LoanRow.disbursed_on < before.after)
    )
    return int(found or 0)


async def find_first_day(tx: AsyncSession, bank: str, unit: str) -> date | None:
    """A day before which none of the loans claims anything."""
    return await tx.scalar(select(func.min(LoanRow.disbursed_on)).where(LoanRow.bank == bank, LoanRow.unit == unit))


async def add_claims(reader: AsyncSession, tx: AsyncSession, batch: BatchRow, quarters: Sequence[Quarter]) -> int:
    """The lines of quarters that no batch has claimed; how many.

    The reader computes them while the other transaction writes those before, so that each has a processor. What the
    reader is to see must have been committed.
    """
    if not quarters:
        return 0
    given = _calendar(quarters) | _order(batch) | {"period": batch.period}
    names = _CLAIM.positiontup or []
    source, target = await _raw(reader), await _raw(tx)
    parts: asyncio.Queue[bytes] = asyncio.Queue(_PARTS_AHEAD)

    async def read() -> None:
        await source.copy_from_query(str(_CLAIM), *(given[name] for name in names), output=parts.put, format="binary")
        await parts.put(b"")

    async def written() -> AsyncIterator[bytes]:
        while part := await parts.get():
            yield part

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        told: str = await target.copy_to_table(
            "subsidy_line", columns=statements.COLUMNS, source=written(), format="binary"
        )
    return int(told.removeprefix("COPY "))


async def count_zeros(tx: AsyncSession, batch: BatchRow) -> dict[str, int]:
    """Tranches that are worth nothing in the batch's own quarter, by reason."""
    given = _calendar([Quarter.parse(batch.period)]) | {"bank": batch.bank, "unit": batch.unit}
    return {row.reason: row.lines for row in await tx.execute(statements.ZEROS, given)}


async def add_corrections(
    tx: AsyncSession, batch: BatchRow, quarters: Sequence[Quarter], seen: int, written: int
) -> None:
    """Reversals and new lines of quarters claimed before, for loans that are told otherwise since.

    Args:
        seen: the last change that a standing batch has considered.
        written: lines of the batch so far.
    """
    if quarters:
        given = {"seen": seen, "written": written, "claimed_until": quarters[-1].after}
        await tx.execute(statements.CORRECT, _calendar(quarters) | _order(batch) | given)


async def _raw(tx: AsyncSession) -> Any:
    return (await (await tx.connection()).get_raw_connection()).driver_connection


def _order(batch: BatchRow) -> dict[str, Any]:
    return {
        "batch": batch.id,
        "bank": batch.bank,
        "unit": batch.unit,
        "state_scheme": batch.state_scheme,
        "local_scheme": batch.local_scheme,
    }


def _calendar(quarters: Sequence[Quarter]) -> dict[str, Any]:
    rows = period_rows(quarters)
    return {
        "quarters": [str(row.quarter) for row in rows],
        "schemes": [row.scheme.value for row in rows],
        "thirties": [row.is_thirty for row in rows],
        "firsts": [row.first for row in rows],
        "afters": [row.after for row in rows],
        "first_nos": [row.first_no for row in rows],
        "after_nos": [row.after_no for row in rows],
        "first_day": min(row.first for row in rows),
        "last_after": max(row.after for row in rows),
    }


async def read_totals(tx: AsyncSession, batch_id: UUID) -> Totals:
    """Of all lines of a batch."""
    rows = await tx.execute(statements.TOTALS, {"batch": batch_id})
    return {scheme: (lines, fen) for scheme, lines, fen in rows}


def _newest(batch_id: UUID) -> Select[BatchShareRow]:
    revision = select(func.max(BatchShareRow.revision)).where(BatchShareRow.batch_id == batch_id).scalar_subquery()
    return select(BatchShareRow).where(BatchShareRow.batch_id == batch_id, BatchShareRow.revision == revision)


async def read_carried(tx: AsyncSession, batch_id: UUID) -> dict[str | None, int]:
    """By payer scheme what a batch left owing."""
    shares = await list_shares(tx, batch_id)
    return {share.payer_scheme or None: share.carried_out_fen for share in shares if share.carried_out_fen < 0}


async def add_shares(tx: AsyncSession, batch_id: UUID, shares: Sequence[Share]) -> None:
    """Stores what each payer bears, in place of what was stored before."""
    earlier = await tx.scalar(select(func.max(BatchShareRow.revision)).where(BatchShareRow.batch_id == batch_id))
    if shares:
        await tx.execute(
            insert(BatchShareRow),
            [
                {
                    "batch_id": batch_id,
                    "payer_scheme": share.payer_scheme or _NO_SCHEME,
                    "revision": (earlier or 0) + 1,
                    "total_fen": share.total_fen,
                    "carried_in_fen": share.carried_in_fen,
                    "payable_fen": share.payable_fen,
                    "carried_out_fen": share.carried_out_fen,
                    "payers": {payer.value: amount for payer, amount in share.payers.items()},
                }
                for share in shares
            ],
        )


async def list_shares(tx: AsyncSession, batch_id: UUID) -> Sequence[BatchShareRow]:
    """By payer scheme."""
    found = await tx.scalars(_newest(batch_id).order_by(BatchShareRow.payer_scheme))
    return found.all()


async def read_unallocated(tx: AsyncSession, batch_id: UUID) -> int:
    """Fen that nobody pays, because no payers were named."""
    return sum(share.payable_fen for share in await list_shares(tx, batch_id) if share.payer_scheme == _NO_SCHEME)


async def list_lines(tx: AsyncSession, batch_id: UUID, after: int, limit: int) -> Sequence[LineRow]:
    """By number."""
    found = await tx.scalars(
        select(LineRow)
        .where(LineRow.batch_id == batch_id, LineRow.number > after)
        .order_by(LineRow.number)
        .limit(limit)
    )
    return found.all()


async def find_line(tx: AsyncSession, batch_id: UUID, number: int) -> LineRow | None:
    """One line."""
    return await tx.get(LineRow, (batch_id, number))


async def count_unseen(tx: AsyncSession, bank: str, unit: str, quarters: Sequence[Quarter], seen: int) -> int:
    """Places posted otherwise than the segments say, of loans whose changes all were seen; 0 in sound books."""
    given = {"batch": None, "bank": bank, "unit": unit, "seen": seen}
    return int(await tx.scalar(statements.UNSEEN, _calendar(quarters) | given) or 0)


async def list_uneven(tx: AsyncSession, bank: str, unit: str) -> list[UUID]:
    """Batches whose lines, shares, payers and journal do not sum to one another."""
    return list(await tx.scalars(statements.UNEVEN, {"bank": bank, "unit": unit}))


async def list_places(tx: AsyncSession) -> Sequence[tuple[str, str]]:
    """Bank and district of all batches."""
    rows = await tx.execute(select(BatchRow.bank, BatchRow.unit).distinct().order_by(BatchRow.bank, BatchRow.unit))
    return [(bank, unit) for bank, unit in rows]
