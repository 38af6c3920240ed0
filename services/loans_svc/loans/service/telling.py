"""What other services are to be told: rows of the outbox, in the transaction of what happened, with ids alone."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.jobs.queue import enqueue

TELL = "loans.tell_targets"
TAKE_BACK = "loans.take_back_targets"
_ATTEMPTS = 100  # of at most an hour each: four days


def tell_key(event_id: UUID) -> str:
    """One telling for each disbursement."""
    return f"{TELL}:{event_id}"


async def tell_disbursement(tx: AsyncSession, event_id: UUID) -> None:
    payload = {"event_id": str(event_id)}
    await enqueue(tx, TELL, payload, owner="system", dedupe_key=tell_key(event_id), max_attempts=_ATTEMPTS)


async def take_disbursement_back(tx: AsyncSession, event_id: UUID) -> None:
    payload = {"event_id": str(event_id)}
    key = f"{TAKE_BACK}:{event_id}"
    await enqueue(tx, TAKE_BACK, payload, owner="system", dedupe_key=key, max_attempts=_ATTEMPTS)
