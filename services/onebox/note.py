"""What the platform remembers about a database in the database itself, as its comment: it goes where the data goes.

`field_keys` are digests of the field keys by which its persons can be found: with others everybody who comes would be
somebody new. `files` and `revisions` are those of the last preparation, see `prepared`.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from kit.crypto.keys import KeyRing

_READ = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
_STATEMENT = "SELECT format('COMMENT ON DATABASE %I IS %L', current_database(), $1::text)"


async def read(connection: asyncpg.Connection) -> dict[str, Any]:
    """The note; empty where there is none, or somebody else's comment."""
    try:
        note = json.loads(await connection.fetchval(_READ) or "{}")
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


async def write(connection: asyncpg.Connection, note: Mapping[str, Any]) -> None:
    """An administrator who may not write it does without."""
    with suppress(asyncpg.InsufficientPrivilegeError):
        await connection.execute(await connection.fetchval(_STATEMENT, json.dumps(note, sort_keys=True)))


def marks_of(keys: KeyRing) -> dict[str, str]:
    """By key id what tells one field key from another and gives nothing away: both halves are random."""
    return {
        key.key_id: hashlib.sha256(b"jiuye.mark\0" + key.cipher + key.lookup).hexdigest()[:16] for key in keys.all()
    }
