"""What `targets` is to be told of grants: rows of the outbox, in the transaction of what happened, with ids alone."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.jobs.queue import enqueue

TELL = "eligibility.tell_targets"
TAKE_BACK = "eligibility.take_back_targets"
# With delays that grow to an hour: more than a week.
_PATIENCE = 200


def tell_key(grant_id: UUID) -> str:
    """One telling for each grant."""
    return f"{TELL}:{grant_id}"


async def tell_grant(tx: AsyncSession, grant_id: UUID) -> None:
    payload = {"grant_id": str(grant_id)}
    await enqueue(tx, TELL, payload, owner="system", dedupe_key=tell_key(grant_id), max_attempts=_PATIENCE)


async def take_grant_back(tx: AsyncSession, grant_id: UUID) -> None:
    payload = {"grant_id": str(grant_id)}
    key = f"{TAKE_BACK}:{grant_id}"
    await enqueue(tx, TAKE_BACK, payload, owner="system", dedupe_key=key, max_attempts=_PATIENCE)
