"""Use cases of the administration. Each change is one transaction with its entry in the audit trail."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher

from api_gateway.administration import errors
from api_gateway.administration.domain import client_faults, free_slot
from api_gateway.administration.schemas import ClientChange, ClientCreate, DeviceCreate, RevocationCreate
from api_gateway.identity.domain import Role, secret_for
from api_gateway.identity.proof import thumbprint
from api_gateway.store import repository
from api_gateway.store.repository import Row
from kit.audit.service import Statements, audit
from kit.auth.principal import Principal
from kit.clock import now
from kit.errors import FieldError, ValidationFailedError
from kit.http.etags import check_if_match

CODE_LIFETIME = timedelta(minutes=15)
# Access tokens live half an hour; what is revoked is remembered a little longer.
_LONGEST_TOKEN = timedelta(hours=1)
# OWASP's smallest parameters for argon2id: the secrets are random, not chosen by people.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def new_secret(slot: int) -> str:
    """192 bits of randomness."""
    return secret_for(slot, secrets.token_urlsafe(24))


async def client_with_keys(tx: Statements, client_id: str) -> dict[str, Any]:
    """Raises:
    ClientNotFoundError.
    """
    row = await repository.find_client(tx, client_id)
    if row is None:
        raise errors.ClientNotFoundError
    keys = (await repository.keys_of(tx, [client_id]))[client_id]
    return dict(row) | {"keys": [with_fingerprint(key) for key in keys]}


async def create_client(
    tx: Statements, principal: Principal, asked: ClientCreate, secret_hash: str, roles: Mapping[str, Role]
) -> dict[str, Any]:
    """Args:
        secret_hash: of the secret that its answer shows.

    Raises:
        ClientInvalidError, ClientExistsError.
    """
    _check_client(asked.kind, asked.scopes or (), asked.unit, asked.bank, roles)
    await repository.begin_change(tx)
    if await repository.find_client(tx, asked.id) is not None:
        raise errors.ClientExistsError
    values = asked.model_dump() | {"scopes": asked.scopes or sorted(roles[asked.kind].scopes)}
    await repository.add_client(tx, values, origin="ADMIN", by=principal.subject, at=now())
    await repository.put_key(tx, asked.id, 1, secret_hash, by=principal.subject, at=now())
    detail = {name: values[name] for name in ("kind", "scopes", "unit", "bank")}
    await audit(tx, principal, "client.create", f"client:{asked.id}", detail)
    return await client_with_keys(tx, asked.id)


async def change_client(
    tx: Statements,
    principal: Principal,
    client_id: str,
    asked: ClientChange,
    if_match: str | None,
    roles: Mapping[str, Role],
) -> dict[str, Any]:
    """Raises:
    ClientNotFoundError, OwnAccountError, ClientInvalidError, IfMatchRequiredError, VersionStaleError.
    """
    row = await _locked_client(tx, principal, client_id)
    check_if_match(if_match, row["version"], required=True)
    changes = asked.model_dump(exclude_unset=True, exclude_none=False)
    changes = {name: value for name, value in changes.items() if value is not None or name in ("unit", "bank")}
    values = dict(row) | changes
    _check_client(row["kind"], values["scopes"], values["unit"], values["bank"], roles)
    await repository.change_client(tx, values, origin="ADMIN", at=now())
    before = {name: row[name] for name in changes}
    await audit(tx, principal, "client.change", f"client:{client_id}", {"before": before, "after": changes})
    return await client_with_keys(tx, client_id)


async def switch_client(
    tx: Statements, principal: Principal, client_id: str, *, is_disabled: bool, reason: str
) -> dict[str, Any]:
    """Off: no token is given or accepted any more. On again: with new tokens.

    Raises:
        ClientNotFoundError, OwnAccountError.
    """
    row = await _locked_client(tx, principal, client_id)
    if row["is_disabled"] != is_disabled:
        await repository.change_client(tx, dict(row) | {"is_disabled": is_disabled}, origin="ADMIN", at=now())
        await _revoke_all(tx, principal, client_id)
        action = "client.disable" if is_disabled else "client.enable"
        await audit(tx, principal, action, f"client:{client_id}", {"reason": reason})
    return await client_with_keys(tx, client_id)


async def add_key(
    tx: Statements, principal: Principal, client_id: str, if_match: str | None
) -> tuple[str, int, dict[str, Any]]:
    """Makes a second key; both count until one is removed.

    Returns:
        The secret, its slot, and the client as it now stands.

    Raises:
        ClientNotFoundError, KeyLimitError, IfMatchRequiredError, VersionStaleError.
    """
    client, slot = await _client_with_room(tx, client_id, if_match)
    secret = new_secret(slot)
    secret_hash = await asyncio.to_thread(HASHER.hash, secret)
    await repository.put_key(tx, client_id, slot, secret_hash, by=principal.subject, at=now())
    await repository.change_client(tx, client, origin="ADMIN", at=now())
    await audit(tx, principal, "client-key.create", f"client:{client_id}", {"slot": slot})
    return secret, slot, await client_with_keys(tx, client_id)


async def add_public_key(
    tx: Statements, principal: Principal, client_id: str, public_key: str, if_match: str | None
) -> tuple[int, dict[str, Any]]:
    """Notes a key with which the client signs from now on; its own half never comes here.

    Args:
        public_key: `x` of the Ed25519 JWK.

    Returns:
        Its slot, and the client as it now stands.

    Raises:
        ClientNotFoundError, KeyLimitError, IfMatchRequiredError, VersionStaleError.
    """
    client, slot = await _client_with_room(tx, client_id, if_match)
    await repository.put_key(tx, client_id, slot, None, public_key=public_key, by=principal.subject, at=now())
    await repository.change_client(tx, client, origin="ADMIN", at=now())
    detail = {"slot": slot, "fingerprint": thumbprint(public_key)}
    await audit(tx, principal, "client-key.create", f"client:{client_id}", detail)
    return slot, await client_with_keys(tx, client_id)


async def _client_with_room(tx: Statements, client_id: str, if_match: str | None) -> tuple[dict[str, Any], int]:
    await repository.begin_change(tx)
    client = await client_with_keys(tx, client_id)
    check_if_match(if_match, client["version"], required=True)
    slot = free_slot([key["slot"] for key in client["keys"]])
    if slot is None:
        raise errors.KeyLimitError
    return client, slot


async def remove_key(tx: Statements, principal: Principal, client_id: str, slot: int, if_match: str | None) -> None:
    """The old key counts no more; tokens that it fetched live on, at most half an hour, unless they are revoked.

    Raises:
        ClientNotFoundError, KeyNotFoundError, LastKeyError, IfMatchRequiredError, VersionStaleError.
    """
    await repository.begin_change(tx)
    client = await client_with_keys(tx, client_id)
    check_if_match(if_match, client["version"], required=True)
    slots = {key["slot"] for key in client["keys"]}
    if slot not in slots:
        raise errors.KeyNotFoundError
    if slots == {slot}:
        raise errors.LastKeyError
    await repository.remove_key(tx, client_id, slot)
    await repository.change_client(tx, client, origin="ADMIN", at=now())
    await audit(tx, principal, "client-key.remove", f"client:{client_id}", {"slot": slot})


async def revoke(tx: Statements, principal: Principal, asked: RevocationCreate) -> dict[str, Any]:
    """Raises:
    ValidationFailedError: neither a subject nor a token, or both.
    """
    if (asked.subject is None) == (asked.token_id is None):
        raise ValidationFailedError(errors=[FieldError("/subject", "ONE_OF", "请填写subject或token_id其中一项")])
    await repository.begin_change(tx)
    at = now()
    if asked.subject is not None:
        await _revoke_all(tx, principal, asked.subject)
        await audit(tx, principal, "token.revoke", f"subject:{asked.subject}", {"reason": asked.reason})
    else:
        expires = at + _LONGEST_TOKEN
        await repository.revoke_token(tx, asked.token_uuid, expires, by=principal.subject, at=at)
        await audit(tx, principal, "token.revoke", f"token:{asked.token_id}", {"reason": asked.reason})
    return {"subject": asked.subject, "token_id": asked.token_uuid, "revoked_at": at}


async def find_device(tx: Statements, device_id: str) -> dict[str, Any]:
    """Raises:
    DeviceNotFoundError.
    """
    row = await repository.find_device(tx, device_id)
    if row is None:
        raise errors.DeviceNotFoundError
    return with_fingerprint(row)


async def create_device(tx: Statements, principal: Principal, asked: DeviceCreate) -> tuple[str, dict[str, Any]]:
    """Returns:
        The code that enrols it, and the device.

    Raises:
        DeviceExistsError.
    """
    await repository.begin_change(tx)
    if await repository.find_device(tx, asked.id) is not None:
        raise errors.DeviceExistsError
    code, at = new_code(), now()
    values = asked.model_dump() | {"code_hash": code_hash(code), "code_expires_at": at + CODE_LIFETIME}
    await repository.add_device(tx, values, by=principal.subject, at=at)
    await audit(tx, principal, "device.create", f"device:{asked.id}", {"place": asked.place, "unit": asked.unit})
    return code, await find_device(tx, asked.id)


async def renew_code(tx: Statements, principal: Principal, device_id: str) -> tuple[str, dict[str, Any]]:
    """A new code: for one that expired, or for a kiosk that gets a new key. Until it is approved again it is closed.

    Raises:
        DeviceNotFoundError.
    """
    await repository.begin_change(tx)
    row = await find_device(tx, device_id)
    code, at = new_code(), now()
    await repository.change_device(
        tx,
        row,
        at=at,
        state="NEW",
        public_key=None,
        approved_by=None,
        created_by=principal.subject,
        code_hash=code_hash(code),
        code_expires_at=at + CODE_LIFETIME,
    )
    await audit(tx, principal, "device.renew-code", f"device:{device_id}")
    return code, await find_device(tx, device_id)


async def approve_device(tx: Statements, principal: Principal, device_id: str, fingerprint: str) -> dict[str, Any]:
    """Raises:
    DeviceNotFoundError, DeviceStateError, DeviceFourEyesError, FingerprintDiffersError.
    """
    await repository.begin_change(tx)
    row = await find_device(tx, device_id)
    if row["state"] != "ENROLLED":
        raise errors.DeviceStateError
    if row["created_by"] == principal.subject:
        raise errors.DeviceFourEyesError
    if row["fingerprint"] != fingerprint:
        raise errors.FingerprintDiffersError
    await repository.change_device(tx, row, at=now(), state="ACTIVE", approved_by=principal.subject)
    await audit(tx, principal, "device.approve", f"device:{device_id}", {"fingerprint": fingerprint})
    return await find_device(tx, device_id)


async def disable_device(tx: Statements, principal: Principal, device_id: str, reason: str) -> dict[str, Any]:
    """Its tokens, and the sessions of people at it, end at once. It comes back by enrolling again.

    Raises:
        DeviceNotFoundError.
    """
    await repository.begin_change(tx)
    row = await find_device(tx, device_id)
    if row["state"] != "DISABLED":
        await repository.change_device(tx, row, at=now(), state="DISABLED", code_hash=None, code_expires_at=None)
        await audit(tx, principal, "device.disable", f"device:{device_id}", {"reason": reason})
    return await find_device(tx, device_id)


def with_fingerprint(row: Row) -> dict[str, Any]:
    """A device's or key's row as it is shown."""
    return dict(row) | {"fingerprint": thumbprint(row["public_key"]) if row["public_key"] else None}


def new_code() -> str:
    """60 bits in letters and digits that cannot be mistaken for each other, in three groups."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()[:12].replace("O", "8").replace("I", "9")
    return "-".join((text[:4], text[4:8], text[8:]))


def code_hash(code: str) -> bytes:
    """What is kept of a code; what somebody typed is read generously."""
    plain = code.upper().replace("-", "").replace(" ", "").replace("O", "8").replace("I", "9")
    return hashlib.sha256(plain.encode()).digest()


def _check_client(kind: str, scopes: Any, unit: str | None, bank: str | None, roles: Mapping[str, Role]) -> None:
    if found := list(client_faults(kind, scopes, unit, bank, roles)):
        raise errors.ClientInvalidError(errors=found)


async def _locked_client(tx: Statements, principal: Principal, client_id: str) -> Row:
    await repository.begin_change(tx)
    row = await repository.find_client(tx, client_id)
    if row is None:
        raise errors.ClientNotFoundError
    if client_id == principal.subject:
        raise errors.OwnAccountError
    return row


async def _revoke_all(tx: Statements, principal: Principal, subject: str) -> None:
    at = now()
    await repository.revoke_subject(tx, subject, int(at.timestamp()), by=principal.subject, at=at)
