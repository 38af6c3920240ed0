"""Arrivals in the database."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.arrivals.models import ArrivalRow


async def list_rows(tx: AsyncSession, batch_id: UUID) -> Sequence[ArrivalRow]:
    """All of a batch, as they were recorded, those that were taken back included."""
    return (await tx.scalars(select(ArrivalRow).where(ArrivalRow.batch_id == batch_id).order_by(ArrivalRow.id))).all()


_USES = text(
    """
    SELECT count(*) FROM payer_arrival a WHERE a.bank = :bank AND a.bank_ref = :bank_ref
      AND EXISTS (SELECT FROM payer_arrival r WHERE r.retracts = a.id)
    """
)


async def add(tx: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when the bank's reference stands already, or the row was taken back before."""
    given = dict(values)
    if given.get("bank_ref") is not None:
        given["bank_ref_use"] = await tx.scalar(_USES, {name: given[name] for name in ("bank", "bank_ref")})
    added = await tx.scalar(upsert(ArrivalRow).values(**given).on_conflict_do_nothing().returning(ArrivalRow.id))
    return added is not None
