"""Reads the directory out of the database, and puts the clients file into it when the gateway starts."""

from collections.abc import Mapping

import structlog

from api_gateway.identity.directory import Picture, Reader
from api_gateway.identity.domain import Client, Role
from api_gateway.store import repository
from kit.audit.service import Statements, audit, note_head
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.statements import StatementPool

_FILE = Principal("clients-file", "SYSTEM", frozenset())
_log = structlog.get_logger("gateway")


class Registry(Reader):
    """Args:
    database: of the schema `gateway`.
    file: the clients of the clients file.
    """

    def __init__(self, database: StatementPool, roles: Mapping[str, Role], file: Mapping[str, Client]) -> None:
        self._database = database
        self._roles = roles
        self._file = file
        self._is_seeded = False

    async def version(self) -> int:
        async with self._database.transaction() as tx:
            return await repository.version(tx)

    async def picture(self) -> Picture:
        """See `Reader.picture`; the first reading of a process brings the clients file in."""
        if not self._is_seeded:
            async with self._database.transaction() as tx:
                await _follow_file(tx, self._file)
            self._is_seeded = True
        async with self._database.transaction(isolation="repeatable_read") as tx:
            return await repository.picture(tx, self._roles)

    async def note_trail(self) -> None:
        """See `Reader.note_trail`."""
        async with self._database.transaction() as tx:
            await note_head(tx)


async def _follow_file(tx: Statements, file: Mapping[str, Client]) -> None:
    """Clients of the file that no admin has touched are as the file has them; others are left alone."""
    following, hashes = await repository.files_clients(tx), await repository.first_keys(tx)
    known = await repository.client_ids(tx)
    new = [client for client_id, client in file.items() if client_id not in known]
    changed = [
        client
        for client_id, client in file.items()
        if client_id in following and _differs(client, following[client_id], hashes.get(client_id))
    ]
    gone = sorted(set(following) - set(file))
    if not (new or changed or gone):
        return
    await repository.begin_change(tx)  # two gateways that start together take turns
    known, at = await repository.client_ids(tx), now()
    for client in new:
        if client.id not in known:
            await repository.add_client(tx, _values(client), origin="FILE", by=_FILE.subject, at=at)
    for client in changed:
        await repository.change_client(tx, _values(client), origin="FILE", at=at)
    for client in (*new, *changed):
        if client.id in following or client.id not in known:
            await repository.put_key(tx, client.id, 1, client.secret_hashes[1], by=_FILE.subject, at=at)
    for client_id in gone:
        await repository.remove_client(tx, client_id)
    detail = {"new": sorted(c.id for c in new), "changed": sorted(c.id for c in changed), "removed": gone}
    await audit(tx, _FILE, "clients-file.load", "clients-file", detail)
    _log.info("registry.followed_file", new=len(new), changed=len(changed), removed=len(gone))


def _values(client: Client) -> dict[str, object]:
    return {
        "id": client.id,
        "name": client.name,
        "kind": client.kind,
        "scopes": sorted(client.scopes),
        "unit": client.unit,
        "bank": client.bank,
        "is_disabled": False,
    }


def _differs(client: Client, row: repository.Row, secret_hash: str | None) -> bool:
    kept = {name: row[name] for name in ("id", "name", "kind", "unit", "bank", "is_disabled")}
    return secret_hash != client.secret_hashes[1] or _values(client) != kept | {"scopes": sorted(row["scopes"])}
