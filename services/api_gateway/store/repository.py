"""SQL of the schema `gateway`. Unqualified names: the role's search_path is its schema."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from api_gateway.identity.directory import Device, Picture
from api_gateway.identity.domain import Client, Role
from kit.audit.service import Statements

Row = Mapping[str, Any]

_CLIENT = "id, name, kind, scopes, unit, bank, origin, is_disabled, version, created_at, created_by, updated_at"
_DEVICE = (
    "id, name, place, unit, state, public_key, code_hash, code_expires_at, version, created_at, created_by,"
    " approved_by, updated_at"
)


async def version(tx: Statements) -> int:
    """Counted up with each change."""
    (row,) = await tx.run("SELECT version FROM registry WHERE id = 1")
    return int(row["version"])


async def begin_change(tx: Statements) -> None:
    """Counts the version up. Its row lock lets one change at a time happen, so that what was read stays true."""
    await tx.run("UPDATE registry SET version = version + 1 WHERE id = 1")


async def picture(tx: Statements, roles: Mapping[str, Role]) -> Picture:
    """Everybody; the transaction must see one moment. A scope that a kind holds no more is held by nobody of it."""
    hashes: dict[str, dict[int, str]] = {}
    public_keys: dict[str, set[str]] = {}
    for row in await tx.run("SELECT client_id, slot, secret_hash, public_key FROM client_key"):
        if row["public_key"] is not None:
            public_keys.setdefault(row["client_id"], set()).add(row["public_key"])
        else:
            hashes.setdefault(row["client_id"], {})[row["slot"]] = row["secret_hash"]
    clients = {
        row["id"]: Client(
            id=row["id"],
            name=row["name"],
            kind=row["kind"],
            scopes=frozenset(row["scopes"]) & roles[row["kind"]].scopes,
            secret_hashes=MappingProxyType(hashes.get(row["id"], {})),
            unit=row["unit"],
            bank=row["bank"],
            is_disabled=row["is_disabled"],
            public_keys=frozenset(public_keys.get(row["id"], ())),
        )
        for row in await tx.run(f"SELECT {_CLIENT} FROM client")  # noqa: S608  our own names
        if row["kind"] in roles
    }
    devices = {
        row["id"]: Device(row["id"], row["name"], row["place"], row["unit"], row["state"], row["public_key"])
        for row in await tx.run(f"SELECT {_DEVICE} FROM device")  # noqa: S608  our own names
    }
    until = {row["subject"]: row["revoked_until"] for row in await tx.run("SELECT * FROM subject_epoch")}
    tokens = await tx.run("SELECT token_id FROM revoked_token WHERE expires_at > now()")
    revoked = frozenset(str(row["token_id"]) for row in tokens)
    return Picture(await version(tx), clients, devices, until, revoked)


async def list_clients(tx: Statements, after: str, limit: int) -> Sequence[Row]:
    """By id."""
    sql = f"SELECT {_CLIENT} FROM client WHERE id > :after ORDER BY id LIMIT :limit"  # noqa: S608  our own names
    return await tx.run(sql, after=after, limit=limit)


async def find_client(tx: Statements, client_id: str) -> Row | None:
    rows = await tx.run(f"SELECT {_CLIENT} FROM client WHERE id = :id", id=client_id)  # noqa: S608  our own names
    return rows[0] if rows else None


async def keys_of(tx: Statements, client_ids: Sequence[str]) -> Mapping[str, list[Row]]:
    """Without the hashes of secrets: slot, public_key, created_at, created_by, by client."""
    found: dict[str, list[Row]] = {client_id: [] for client_id in client_ids}
    rows = await tx.run(
        "SELECT client_id, slot, public_key, created_at, created_by FROM client_key"
        " WHERE client_id = ANY(:ids) ORDER BY slot",
        ids=list(client_ids),
    )
    for row in rows:
        found[row["client_id"]].append(row)
    return found


async def add_client(tx: Statements, values: Row, *, origin: str, by: str, at: datetime) -> None:
    await tx.run(
        "INSERT INTO client (id, name, kind, scopes, unit, bank, origin, is_disabled, version, created_at, created_by,"
        " updated_at) VALUES (:id, :name, :kind, :scopes, :unit, :bank, :origin, false, 1, :at, :by, :at)",
        **_client(values),
        origin=origin,
        by=by,
        at=at,
    )


async def change_client(tx: Statements, values: Row, *, origin: str, at: datetime) -> None:
    """Everything but its id, and counts its version up."""
    await tx.run(
        "UPDATE client SET name = :name, kind = :kind, scopes = :scopes, unit = :unit, bank = :bank,"
        " is_disabled = :is_disabled, origin = :origin, version = version + 1, updated_at = :at WHERE id = :id",
        **_client(values),
        is_disabled=values["is_disabled"],
        origin=origin,
        at=at,
    )


def _client(values: Row) -> dict[str, Any]:
    return {name: values[name] for name in ("id", "name", "kind", "unit", "bank")} | {
        "scopes": sorted(values["scopes"])
    }


async def remove_client(tx: Statements, client_id: str) -> None:
    await tx.run("DELETE FROM client WHERE id = :id", id=client_id)


async def put_key(
    tx: Statements,
    client_id: str,
    slot: int,
    secret_hash: str | None,
    *,
    public_key: str | None = None,
    by: str,
    at: datetime,
) -> None:
    """One of both: the hash of a secret, or a public key."""
    await tx.run(
        "INSERT INTO client_key (client_id, slot, secret_hash, public_key, created_at, created_by)"
        " VALUES (:id, :slot, :secret_hash, :public_key, :at, :by) ON CONFLICT (client_id, slot) DO UPDATE"
        " SET secret_hash = :secret_hash, public_key = :public_key, created_at = :at, created_by = :by",
        id=client_id,
        slot=slot,
        secret_hash=secret_hash,
        public_key=public_key,
        by=by,
        at=at,
    )


async def remove_key(tx: Statements, client_id: str, slot: int) -> None:
    await tx.run("DELETE FROM client_key WHERE client_id = :id AND slot = :slot", id=client_id, slot=slot)


async def files_clients(tx: Statements) -> Mapping[str, Row]:
    """Those that still follow the clients file."""
    rows = await tx.run(f"SELECT {_CLIENT} FROM client WHERE origin = 'FILE'")  # noqa: S608  our own names
    return {row["id"]: row for row in rows}


async def first_keys(tx: Statements) -> Mapping[str, str | None]:
    """Hashes in slot 1 by client."""
    rows = await tx.run("SELECT client_id, secret_hash FROM client_key WHERE slot = 1")
    return {row["client_id"]: row["secret_hash"] for row in rows}


async def client_ids(tx: Statements) -> set[str]:
    return {row["id"] for row in await tx.run("SELECT id FROM client")}


async def revoke_subject(tx: Statements, subject: str, until: int, *, by: str, at: datetime) -> None:
    """A later second wins."""
    await tx.run(
        "INSERT INTO subject_epoch (subject, revoked_until, revoked_at, revoked_by) VALUES (:subject, :until, :at, :by)"
        " ON CONFLICT (subject) DO UPDATE SET revoked_until = greatest(subject_epoch.revoked_until, :until),"
        " revoked_at = :at, revoked_by = :by",
        subject=subject,
        until=until,
        by=by,
        at=at,
    )


async def revoke_token(tx: Statements, token_id: Any, expires_at: datetime, *, by: str, at: datetime) -> None:
    await tx.run("DELETE FROM revoked_token WHERE expires_at < now()")
    await tx.run(
        "INSERT INTO revoked_token (token_id, expires_at, revoked_at, revoked_by) VALUES (:id, :expires_at, :at, :by)"
        " ON CONFLICT (token_id) DO NOTHING",
        id=token_id,
        expires_at=expires_at,
        by=by,
        at=at,
    )


async def list_devices(tx: Statements, after: str, limit: int) -> Sequence[Row]:
    """By id."""
    sql = f"SELECT {_DEVICE} FROM device WHERE id > :after ORDER BY id LIMIT :limit"  # noqa: S608  our own names
    return await tx.run(sql, after=after, limit=limit)


async def find_device(tx: Statements, device_id: str) -> Row | None:
    rows = await tx.run(f"SELECT {_DEVICE} FROM device WHERE id = :id", id=device_id)  # noqa: S608  our own names
    return rows[0] if rows else None


async def find_device_by_code(tx: Statements, code_hash: bytes) -> Row | None:
    sql = f"SELECT {_DEVICE} FROM device WHERE code_hash = :code_hash FOR UPDATE"  # noqa: S608  our own names
    rows = await tx.run(sql, code_hash=code_hash)
    return rows[0] if rows else None


async def add_device(tx: Statements, values: Row, *, by: str, at: datetime) -> None:
    await tx.run(
        "INSERT INTO device (id, name, place, unit, state, code_hash, code_expires_at, version, created_at, created_by,"
        " updated_at) VALUES (:id, :name, :place, :unit, 'NEW', :code_hash, :code_expires_at, 1, :at, :by, :at)",
        **values,
        by=by,
        at=at,
    )


async def change_device(tx: Statements, row: Row, *, at: datetime, **changes: Any) -> None:
    """State, key, code and who registered or approved it; counts its version up."""
    names = ("state", "public_key", "code_hash", "code_expires_at", "created_by", "approved_by")
    await tx.run(
        "UPDATE device SET state = :state, public_key = :public_key, code_hash = :code_hash,"
        " code_expires_at = :code_expires_at, created_by = :created_by, approved_by = :approved_by,"
        " version = version + 1, updated_at = :at WHERE id = :id",
        **({name: row[name] for name in names} | changes),
        id=row["id"],
        at=at,
    )
