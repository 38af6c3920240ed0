"""SQL of webhooks. Unqualified on purpose: the role's search_path is its service's schema."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_ENDPOINT = (
    "id, owner, url, events, secret, previous_secret, previous_until, state, disabled_reason, version, created_at"
)
_ADD = text(
    "INSERT INTO webhook_endpoint (id, owner, sees_all, unit, bank, url, events, secret, state, version)"
    " VALUES (:id, :owner, :sees_all, :unit, :bank, :url, :events, :secret, 'ACTIVE', 1)"
)
_FIND = f"SELECT {_ENDPOINT} FROM webhook_endpoint WHERE id = :id AND owner = :owner"  # noqa: S608  our own names
_LIST = f"SELECT {_ENDPOINT} FROM webhook_endpoint WHERE owner = :owner ORDER BY id"  # noqa: S608
_COUNT = text("SELECT count(*) FROM webhook_endpoint WHERE owner = :owner")
_CHANGE = text(
    "UPDATE webhook_endpoint SET url = :url, events = :events, state = :state, disabled_reason = :reason,"
    " version = version + 1 WHERE id = :id"
)
_ROTATE = text(
    "UPDATE webhook_endpoint SET previous_secret = secret, previous_until = :until, secret = :secret,"
    " version = version + 1 WHERE id = :id"
)
_REMOVE = text("DELETE FROM webhook_endpoint WHERE id = :id")
# Who hears of it: everybody's overseer, the district or bank that it belongs to, and the client that began it.
_HEARING = text(
    "SELECT id FROM webhook_endpoint WHERE state = 'ACTIVE' AND :event = ANY (events) AND (sees_all"
    " OR unit = CAST(:unit AS text) OR bank = CAST(:bank AS text) OR owner = CAST(:client AS text)) ORDER BY id"
)
_SAY = text("INSERT INTO webhook_message (id, event, body) VALUES (:id, :event, :body)")
_DELIVERY = text(
    "INSERT INTO webhook_delivery (id, endpoint_id, message_id, state, attempts, next_at)"
    " VALUES (:id, :endpoint, :message, 'PENDING', 0, clock_timestamp())"
)
_TO_SEND = text(
    "SELECT d.id, d.attempts, d.message_id, m.body, m.event, e.id AS endpoint_id, e.url, e.state AS endpoint_state,"
    " e.secret, e.previous_secret, e.previous_until"
    " FROM webhook_delivery d JOIN webhook_message m ON m.id = d.message_id"
    " JOIN webhook_endpoint e ON e.id = d.endpoint_id"
    " WHERE d.id = :id AND d.state = 'PENDING'"
)
_SETTLE = text(
    "UPDATE webhook_delivery SET state = CAST(:state AS text), attempts = :attempts,"
    " next_at = clock_timestamp() + make_interval(secs => CAST(:delay AS integer)),"
    " delivered_at = CASE WHEN CAST(:state AS text) = 'DELIVERED' THEN clock_timestamp() END WHERE id = :id"
)
_TRIED = text(
    "INSERT INTO webhook_attempt (id, delivery_id, status, error_code, milliseconds)"
    " VALUES (:id, :delivery, :status, :error_code, :milliseconds)"
)
_DISABLE = text(
    "UPDATE webhook_endpoint SET state = 'DISABLED', disabled_reason = :reason, version = version + 1"
    " WHERE id = :id AND state = 'ACTIVE' RETURNING id"
)
_REVIVE = text(
    "UPDATE webhook_delivery d SET state = 'PENDING', attempts = 0, next_at = clock_timestamp()"
    " FROM webhook_message m WHERE m.id = d.message_id AND d.endpoint_id = :endpoint AND m.created_at >= :since"
    " AND (d.state = 'FAILED' OR (d.state = 'DELIVERED' AND CAST(:again AS boolean))) RETURNING d.id"
)
_WAITING = text(
    "SELECT id FROM webhook_delivery WHERE endpoint_id = :endpoint AND state = 'PENDING' AND message_id > :after"
    " ORDER BY message_id LIMIT 1"
)
_LOG = text(
    "SELECT d.id, m.event, d.message_id, d.state, d.attempts, d.next_at, d.delivered_at, m.created_at,"
    " coalesce((SELECT jsonb_agg(jsonb_build_object('at', a.at, 'status', a.status, 'error_code', a.error_code,"
    " 'milliseconds', a.milliseconds) ORDER BY a.at) FROM webhook_attempt a WHERE a.delivery_id = d.id), '[]') AS tried"
    " FROM webhook_delivery d JOIN webhook_message m ON m.id = d.message_id"
    " WHERE d.endpoint_id = :endpoint AND (CAST(:state AS text) IS NULL OR d.state = CAST(:state AS text))"
    " AND (CAST(:after AS uuid) IS NULL OR d.message_id < :after) ORDER BY d.message_id DESC LIMIT :limit"
)
_PURGE = text("DELETE FROM webhook_message WHERE created_at < now() - make_interval(days => :days)")


async def add_endpoint(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(_ADD, values)


async def find_endpoint(session: AsyncSession, id_: UUID, owner: str, *, is_locked: bool = False) -> Row[Any] | None:
    statement = text(_FIND + (" FOR UPDATE" if is_locked else ""))
    return (await session.execute(statement, {"id": id_, "owner": owner})).one_or_none()


async def list_endpoints(session: AsyncSession, owner: str) -> Sequence[Row[Any]]:
    return (await session.execute(text(_LIST), {"owner": owner})).all()


async def count_endpoints(session: AsyncSession, owner: str) -> int:
    return int(await session.scalar(_COUNT, {"owner": owner}) or 0)


async def change_endpoint(
    session: AsyncSession, id_: UUID, *, url: str, events: Sequence[str], state: str, reason: str | None
) -> None:
    await session.execute(_CHANGE, {"id": id_, "url": url, "events": list(events), "state": state, "reason": reason})


async def rotate_secret(session: AsyncSession, id_: UUID, secret: bytes, until: datetime) -> None:
    await session.execute(_ROTATE, {"id": id_, "secret": secret, "until": until})


async def remove_endpoint(session: AsyncSession, id_: UUID) -> None:
    await session.execute(_REMOVE, {"id": id_})


async def hearing(
    session: AsyncSession, event: str, *, unit: str | None, bank: str | None, client: str | None
) -> list[UUID]:
    """The endpoints that are told of an event that belongs to this district, bank and client."""
    values = {"event": event, "unit": unit, "bank": bank, "client": client}
    return list((await session.scalars(_HEARING, values)).all())


async def add_message(session: AsyncSession, id_: UUID, event: str, body: str) -> None:
    await session.execute(_SAY, {"id": id_, "event": event, "body": body})


async def add_delivery(session: AsyncSession, id_: UUID, endpoint: UUID, message: UUID) -> None:
    await session.execute(_DELIVERY, {"id": id_, "endpoint": endpoint, "message": message})


async def find_to_send(session: AsyncSession, id_: UUID) -> Row[Any] | None:
    """A delivery that is still to be made, with its message and endpoint."""
    return (await session.execute(_TO_SEND, {"id": id_})).one_or_none()


async def settle(session: AsyncSession, id_: UUID, state: str, attempts: int, delay: int | None) -> None:
    await session.execute(_SETTLE, {"id": id_, "state": state, "attempts": attempts, "delay": delay})


async def add_attempt(
    session: AsyncSession, id_: UUID, delivery: UUID, status: int | None, error_code: str | None, milliseconds: int
) -> None:
    values = {"id": id_, "delivery": delivery, "status": status, "error_code": error_code, "milliseconds": milliseconds}
    await session.execute(_TRIED, values)


async def disable_endpoint(session: AsyncSession, id_: UUID, reason: str) -> bool:
    """False: it was disabled already."""
    return (await session.execute(_DISABLE, {"id": id_, "reason": reason})).one_or_none() is not None


async def revive_deliveries(session: AsyncSession, endpoint: UUID, since: datetime, *, again: bool) -> int:
    """Deliveries that had failed wait again; with `again` those that arrived, too. Returns how many."""
    return len((await session.execute(_REVIVE, {"endpoint": endpoint, "since": since, "again": again})).all())


async def next_waiting(session: AsyncSession, endpoint: UUID, after: UUID) -> UUID | None:
    """The oldest waiting delivery whose message is younger than `after`."""
    found: UUID | None = await session.scalar(_WAITING, {"endpoint": endpoint, "after": after})
    return found


async def list_deliveries(
    session: AsyncSession, endpoint: UUID, state: str | None, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first."""
    values = {"endpoint": endpoint, "state": state, "after": after, "limit": limit}
    return (await session.execute(_LOG, values)).all()


async def purge_messages(session: AsyncSession, days: int) -> int:
    return int(getattr(await session.execute(_PURGE, {"days": days}), "rowcount", 0))
