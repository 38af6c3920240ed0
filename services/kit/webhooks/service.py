"""Registering, telling, replaying. What a service tells is written in the transaction of what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from kit.auth.principal import Principal
from kit.clock import now
from kit.crypto.fields import FieldCipher
from kit.errors import FieldError, NotFoundError, ValidationFailedError
from kit.http.etags import check_if_match
from kit.ids import new_id
from kit.jobs.queue import enqueue
from kit.webhooks import repository
from kit.webhooks.addresses import AddressRefusedError, Network, resolve
from kit.webhooks.domain import PING, ROTATION_HOURS, body_of, new_secret
from kit.webhooks.errors import EndpointDisabledError, TooManyEndpointsError

DELIVER = "kit.deliver_webhook"
REPLAY = "kit.replay_webhooks"
SECRET_COLUMN = "webhook_endpoint.secret"  # noqa: S105  the name of a place
_MOST_ENDPOINTS = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What an owner wants: told of these events at this address."""

    url: str
    events: Sequence[str]
    is_active: bool = True


async def announce(
    tx: AsyncSession,
    event: str,
    *data: Mapping[str, str],
    unit: str | None = None,
    bank: str | None = None,
    client: str | None = None,
) -> None:
    """Tells those who asked for it, once the caller's transaction commits, and nobody if it does not.

    Args:
        event: a type that the service declares.
        data: ids only; one for each time that it happened.
        unit, bank: the district and bank whose row it is.
        client: the subject of the client that began it.
    """
    endpoints = await repository.hearing(tx, event, unit=unit, bank=bank, client=client)
    if endpoints:
        for each in data:
            await _send(tx, event, each, endpoints)


async def _send(tx: AsyncSession, event: str, data: Mapping[str, str], endpoints: Sequence[UUID]) -> UUID:
    message = new_id()
    await repository.add_message(tx, message, event, body_of(event, now(), data))
    for endpoint in endpoints:
        delivery = new_id()
        await repository.add_delivery(tx, delivery, endpoint, message)
        await enqueue(tx, DELIVER, {"delivery": str(delivery), "attempts": 0}, owner="system")
    return message


async def register_endpoint(
    tx: AsyncSession,
    principal: Principal,
    wish: Wish,
    *,
    sees_all: bool,
    inside: Sequence[Network],
    cipher: FieldCipher,
) -> tuple[Row[Any], str]:
    """The endpoint and its secret, which is shown this once.

    Raises:
        ValidationFailedError: the address may not be called.
        TooManyEndpointsError: the client has five.
    """
    await _check_address(wish.url, inside)
    if await repository.count_endpoints(tx, principal.subject) >= _MOST_ENDPOINTS:
        raise TooManyEndpointsError
    id_, secret = new_id(), new_secret()
    await repository.add_endpoint(
        tx,
        {
            "id": id_,
            "owner": principal.subject,
            "sees_all": sees_all,
            "unit": principal.unit,
            "bank": principal.bank,
            "url": wish.url,
            "events": sorted(set(wish.events)),
            "secret": cipher.encrypt(secret, column=SECRET_COLUMN, row_id=id_),
        },
    )
    return await find_endpoint(tx, principal, id_), secret


async def find_endpoint(tx: AsyncSession, principal: Principal, id_: UUID) -> Row[Any]:
    """Raises NotFoundError, also for another client's."""
    row = await repository.find_endpoint(tx, id_, principal.subject)
    if row is None:
        raise NotFoundError
    return row


async def _locked(tx: AsyncSession, principal: Principal, id_: UUID, if_match: str | None) -> Row[Any]:
    row = await repository.find_endpoint(tx, id_, principal.subject, is_locked=True)
    if row is None:
        raise NotFoundError
    check_if_match(if_match, row.version, required=True)
    return row


async def change_endpoint(
    tx: AsyncSession, principal: Principal, id_: UUID, if_match: str | None, wish: Wish, inside: Sequence[Network]
) -> Row[Any]:
    """Another address, other events; switched off, or on again.

    Raises:
        NotFoundError, IfMatchRequiredError, VersionStaleError, ValidationFailedError.
    """
    await _locked(tx, principal, id_, if_match)
    await _check_address(wish.url, inside)
    await repository.change_endpoint(
        tx,
        id_,
        url=wish.url,
        events=sorted(set(wish.events)),
        state="ACTIVE" if wish.is_active else "DISABLED",
        reason=None if wish.is_active else "BY_OWNER",
    )
    return await find_endpoint(tx, principal, id_)


async def rotate_secret(
    tx: AsyncSession, principal: Principal, id_: UUID, if_match: str | None, cipher: FieldCipher
) -> tuple[Row[Any], str]:
    """A new secret; for a day messages are signed with both.

    Raises:
        NotFoundError, IfMatchRequiredError, VersionStaleError.
    """
    await _locked(tx, principal, id_, if_match)
    secret = new_secret()
    sealed = cipher.encrypt(secret, column=SECRET_COLUMN, row_id=id_)
    await repository.rotate_secret(tx, id_, sealed, now() + timedelta(hours=ROTATION_HOURS))
    return await find_endpoint(tx, principal, id_), secret


async def remove_endpoint(tx: AsyncSession, principal: Principal, id_: UUID) -> None:
    """Its log goes with it.

    Raises:
        NotFoundError.
    """
    await find_endpoint(tx, principal, id_)
    await repository.remove_endpoint(tx, id_)


async def ping_endpoint(tx: AsyncSession, principal: Principal, id_: UUID) -> UUID:
    """A message that says nothing, to try the address; returns its id.

    Raises:
        NotFoundError, EndpointDisabledError.
    """
    await _active(tx, principal, id_)
    return await _send(tx, PING, {"endpoint_id": str(id_)}, [id_])


async def replay_deliveries(
    tx: AsyncSession, principal: Principal, id_: UUID, since: datetime, *, again: bool
) -> tuple[UUID, int]:
    """What failed since then is sent again, oldest first, one after the other; returns the job and how many.

    Raises:
        NotFoundError, EndpointDisabledError.
    """
    await _active(tx, principal, id_)
    count = await repository.revive_deliveries(tx, id_, since, again=again)
    payload = {"endpoint": str(id_), "attempts": 0}
    return await enqueue(tx, REPLAY, payload, owner=principal.subject), count


async def _active(tx: AsyncSession, principal: Principal, id_: UUID) -> None:
    row = await find_endpoint(tx, principal, id_)
    if row.state != "ACTIVE":
        raise EndpointDisabledError


async def _check_address(url: str, inside: Sequence[Network]) -> None:
    try:
        await resolve(url, inside)
    except AddressRefusedError as refused:
        raise ValidationFailedError(errors=[FieldError("/url", refused.code, refused.message)]) from None
