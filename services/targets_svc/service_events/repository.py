"""Other services' events in the database."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.service_events.domain import EventState
from targets_svc.service_events.models import OutcomeRow, ServiceEventRow

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('targets.service_event' || :source || :event_id, 0))")


async def lock_event(tx: AsyncSession, source: str, event_id: UUID) -> ServiceEventRow | None:
    """The event, if it is known; whoever comes with the same one meanwhile waits, known or not."""
    await tx.execute(_LOCK, {"source": source, "event_id": str(event_id)})
    return await tx.get(ServiceEventRow, (source, event_id), with_for_update=True)


async def lock_waiting(tx: AsyncSession, after: UUID | None, limit: int) -> Sequence[ServiceEventRow]:
    """Events that wait for a plan, in the order of their ids, locked."""
    query = select(ServiceEventRow).where(ServiceEventRow.state == EventState.WAITING.value)
    if after is not None:
        query = query.where(ServiceEventRow.event_id > after)
    query = query.order_by(ServiceEventRow.event_id).limit(limit).with_for_update()
    return (await tx.scalars(query)).all()


async def find_outcomes(tx: AsyncSession, rows: Sequence[ServiceEventRow]) -> dict[tuple[str, UUID], list[OutcomeRow]]:
    """The outcomes of events, by source and id."""
    keys = [(row.source, row.event_id) for row in rows]
    query = select(OutcomeRow).where(tuple_(OutcomeRow.source, OutcomeRow.event_id).in_(keys))
    found: dict[tuple[str, UUID], list[OutcomeRow]] = {key: [] for key in keys}
    for outcome in await tx.scalars(query.order_by(OutcomeRow.indicator)):
        found[outcome.source, outcome.event_id].append(outcome)
    return found


async def list_events(
    tx: AsyncSession, *, unit: str | None, state: EventState | None, after: Sequence[Any] | None, limit: int
) -> Sequence[ServiceEventRow]:
    """Events, the latest ids first, beginning after a position."""
    key = (ServiceEventRow.event_id, ServiceEventRow.source)
    query = select(ServiceEventRow).order_by(*(column.desc() for column in key)).limit(limit)
    if unit is not None:
        query = query.where(ServiceEventRow.unit == unit)
    if state is not None:
        query = query.where(ServiceEventRow.state == state.value)
    if after is not None:
        query = query.where(tuple_(*key) < tuple_(UUID(after[0]), after[1]))
    return (await tx.scalars(query)).all()
