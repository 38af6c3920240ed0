"""The subsidy's journal in the database: appended, never changed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.subsidy_journal.models import SubsidyTransferRow


async def add_transfers(tx: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Appends."""
    if rows:
        await tx.execute(insert(SubsidyTransferRow), [dict(row) for row in rows])


async def list_transfers(tx: AsyncSession, batch_id: UUID) -> Sequence[SubsidyTransferRow]:
    """Of a batch, as they were booked."""
    found = await tx.scalars(
        select(SubsidyTransferRow).where(SubsidyTransferRow.batch_id == batch_id).order_by(SubsidyTransferRow.id)
    )
    return found.all()
