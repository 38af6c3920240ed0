"""Batches in the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Quarter
from kit.ids import new_id
from loans_svc.batches.domain import ClaimLine, Posted, Share, State
from loans_svc.batches.models import BatchRow, BatchShareRow, ClaimLineRow
from loans_svc.loans.models import LoanRow
from loans_svc.rules.domain import Tranche
from loans_svc.subsidies.domain.corrections import Entry, EntryKind

_NO_SCHEME = ""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))")


async def lock_books(tx: AsyncSession, bank: str, unit: str) -> None:
    """One at a time for a bank and district, until the transaction ends."""
    await tx.execute(_LOCK, {"lock": f"subsidy\x1f{bank}\x1f{unit}"})


async def list_batches(tx: AsyncSession, bank: str, unit: str) -> Sequence[BatchRow]:
    """All of a bank and district, rejected ones included."""
    found = await tx.scalars(select(BatchRow).where(BatchRow.bank == bank, BatchRow.unit == unit))
    return found.all()


async def add_batch(tx: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when the period has a live batch already."""
    added = await tx.scalar(upsert(BatchRow).values(**values).on_conflict_do_nothing().returning(BatchRow.id))
    return added is not None


async def find_batch(tx: AsyncSession, batch_id: UUID, *, lock: bool = False) -> BatchRow | None:
    """One batch; locked, its next step waits for this one."""
    query = select(BatchRow).where(BatchRow.id == batch_id)
    return await tx.scalar(query.with_for_update() if lock else query, execution_options={"populate_existing": True})


async def list_loans(tx: AsyncSession, bank: str, unit: str, before: Quarter) -> Sequence[LoanRow]:
    """Loans of a bank and district that were disbursed before the end of a quarter, cancelled ones included."""
    found = await tx.scalars(
        select(LoanRow)
        .where(LoanRow.bank == bank, LoanRow.unit == unit, LoanRow.disbursed_on < before.after)
        .order_by(LoanRow.id)
    )
    return found.all()


async def list_posted(tx: AsyncSession, bank: str, unit: str) -> Mapping[UUID, list[Posted]]:
    """By loan the lines of all batches that were not rejected."""
    rows = await tx.execute(
        select(ClaimLineRow, BatchRow.period)
        .join(BatchRow, BatchRow.id == ClaimLineRow.batch_id)
        .where(BatchRow.bank == bank, BatchRow.unit == unit, BatchRow.state != State.REJECTED.value)
        .order_by(ClaimLineRow.id)
    )
    posted: defaultdict[UUID, list[Posted]] = defaultdict(list)
    for line, booked_in in rows:
        entry = Entry(
            id=str(line.id),
            kind=EntryKind(line.kind),
            tranche=Tranche(line.tranche),
            relates_to=Quarter.parse(line.relates_to),
            booked_in=Quarter.parse(booked_in),
            amount_fen=line.amount_fen,
            reverses=str(line.reverses) if line.reverses else None,
        )
        posted[line.loan_id].append(Posted(entry, line.payer_scheme))
    return posted


async def read_carried(tx: AsyncSession, batch_id: UUID) -> dict[str | None, int]:
    """By payer scheme what a batch left owing."""
    rows = await tx.execute(
        select(BatchShareRow.payer_scheme, BatchShareRow.carried_out_fen).where(
            BatchShareRow.batch_id == batch_id, BatchShareRow.carried_out_fen < 0
        )
    )
    return {scheme or None: owing for scheme, owing in rows}


async def add_lines(tx: AsyncSession, batch_id: UUID, lines: Sequence[ClaimLine]) -> None:
    """Stores the lines of a batch."""
    if lines:
        await tx.execute(insert(ClaimLineRow), [_row(batch_id, line) for line in lines])


def _row(batch_id: UUID, claim: ClaimLine) -> dict[str, Any]:
    line = claim.line
    row: dict[str, Any] = {
        "id": new_id(),
        "batch_id": batch_id,
        "loan_id": claim.loan_id,
        "kind": claim.kind.value,
        "tranche": claim.tranche.value,
        "relates_to": str(claim.relates_to),
        "amount_fen": claim.amount_fen,
        "reverses": UUID(claim.reverses) if claim.reverses else None,
        "payer_scheme": claim.payer_scheme,
        "days": None,
        "rate_ppm": None,
        "share6": None,
        "numerator": None,
        "denominator": None,
        "segments": None,
    }
    if line is None:
        return row
    rates, shares = {one.rate_ppm for one in line.segments}, {one.share6 for one in line.segments}
    return row | {
        "days": line.days,
        "rate_ppm": min(rates) if len(rates) == 1 else None,
        "share6": min(shares) if len(shares) == 1 else None,
        "numerator": line.numerator,
        "denominator": line.denominator,
        "segments": [
            {
                "from": one.start.isoformat(),
                "to": one.end.isoformat(),
                "days": one.days,
                "balance_fen": one.balance_fen,
                "rate_ppm": one.rate_ppm,
                "share6": one.share6,
            }
            for one in line.segments
        ],
    }


async def add_shares(tx: AsyncSession, batch_id: UUID, shares: Sequence[Share]) -> None:
    """Stores what each payer bears."""
    if shares:
        await tx.execute(
            insert(BatchShareRow),
            [
                {
                    "batch_id": batch_id,
                    "payer_scheme": share.payer_scheme or _NO_SCHEME,
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
    found = await tx.scalars(
        select(BatchShareRow).where(BatchShareRow.batch_id == batch_id).order_by(BatchShareRow.payer_scheme)
    )
    return found.all()


async def read_unallocated(tx: AsyncSession, batch_id: UUID) -> int:
    """Fen that nobody pays, because no payers were named."""
    found = await tx.scalar(
        select(func.sum(BatchShareRow.payable_fen)).where(
            BatchShareRow.batch_id == batch_id, BatchShareRow.payer_scheme == _NO_SCHEME
        )
    )
    return int(found or 0)


async def list_lines(
    tx: AsyncSession, batch_id: UUID, after: Sequence[str] | None, limit: int
) -> Sequence[ClaimLineRow]:
    """By loan and line."""
    query = select(ClaimLineRow).where(ClaimLineRow.batch_id == batch_id)
    if after is not None:
        query = query.where(tuple_(ClaimLineRow.loan_id, ClaimLineRow.id) > (UUID(after[0]), UUID(after[1])))
    found = await tx.scalars(query.order_by(ClaimLineRow.loan_id, ClaimLineRow.id).limit(limit))
    return found.all()
