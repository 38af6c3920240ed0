"""Arrivals in the database."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.arrivals.models import ArrivalRow


async def list_rows(tx: AsyncSession, batch_id: UUID) -> Sequence[ArrivalRow]:
    """All of a batch, as they were recorded, those that were taken back included."""
    return (await tx.scalars(select(ArrivalRow).where(ArrivalRow.batch_id == batch_id).order_by(ArrivalRow.id))).all()


async def add(tx: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when the bank's reference is there already, or the row was taken back before."""
    added = await tx.scalar(upsert(ArrivalRow).values(**values).on_conflict_do_nothing().returning(ArrivalRow.id))
    return added is not None
