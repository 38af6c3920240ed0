"""A borrower's loans, and what was paid for them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.loans.models import LoanRow

_PAID = text(
    """
    SELECT l.loan_id, CAST(sum(l.amount_fen) AS bigint) AS fen
    FROM subsidy_line l JOIN subsidy_batch b ON b.id = l.batch_id AND b.state IN ('PAID', 'CLOSED')
    WHERE l.loan_id = ANY(:loans) GROUP BY l.loan_id
    """
)


async def list_loans_of(
    tx: AsyncSession, holders: Collection[UUID], unit: str | None, bank: str | None, limit: int
) -> Sequence[LoanRow]:
    """Loans of whoever has this document and this name, the latest first; None does not narrow."""
    query = select(LoanRow).where(LoanRow.holder_key.in_(holders))
    if unit is not None:
        query = query.where(LoanRow.unit == unit)
    if bank is not None:
        query = query.where(LoanRow.bank == bank)
    return (await tx.scalars(query.order_by(LoanRow.id.desc()).limit(limit))).all()


async def read_paid(tx: AsyncSession, loans: Sequence[UUID]) -> Mapping[UUID, int]:
    """By loan the fen of its lines in paid batches."""
    rows = await tx.execute(_PAID, {"loans": list(loans)})
    return {row.loan_id: row.fen for row in rows}
