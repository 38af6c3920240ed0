"""Booking what a batch's approval and payment move."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.ids import new_id
from loans_svc.subsidy_journal import repository
from loans_svc.subsidy_journal.domain import Transfer


async def book(tx: AsyncSession, batch_id: UUID, transfers: Iterable[Transfer], subject: str, now: datetime) -> None:
    """Appends transfers; the table refuses the same one twice for a batch."""
    await repository.add_transfers(
        tx,
        [
            {
                "id": new_id(),
                "batch_id": batch_id,
                "payer_scheme": one.payer_scheme,
                "payer": one.payer,
                "debit": one.debit.value,
                "credit": one.credit.value,
                "amount_fen": one.amount_fen,
                "booked_on": legal_day(now),
                "recorded_at": now,
                "recorded_by": subject,
            }
            for one in transfers
        ],
    )
