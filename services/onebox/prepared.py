"""Whether a database already has the structure and the first data that the files here would give it.

Migrating and loading again changes nothing then, but costs seconds at every start. The note stands in the database
itself, as its comment, so that it goes where the data goes.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from onebox.bootstrap import DATABASE, SCHEMAS, SERVICES

REPOSITORY = Path(__file__).parents[2]
_COMMENT = """
SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()
"""


async def is_prepared(admin_url: str, repository: Path = REPOSITORY) -> bool:
    """Whether the note is that of these files, and nobody has migrated by hand since."""
    connection = await asyncpg.connect(admin_url, database=DATABASE, timeout=10)
    try:
        comment = await connection.fetchval(_COMMENT)
        return comment is not None and comment == await _note(connection, repository)
    finally:
        await connection.close()


async def note_prepared(admin_url: str, repository: Path = REPOSITORY) -> None:
    """To be called when both steps have succeeded. An administrator who may not write the note does without."""
    connection = await asyncpg.connect(admin_url, database=DATABASE, timeout=10)
    try:
        statement = "SELECT format('COMMENT ON DATABASE %I IS %L', current_database(), $1::text)"
        await connection.execute(await connection.fetchval(statement, await _note(connection, repository)))
    except asyncpg.InsufficientPrivilegeError:
        pass
    finally:
        await connection.close()


async def _note(connection: asyncpg.Connection, repository: Path) -> str:
    revisions = {}
    for schema in SCHEMAS:
        if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.alembic_version") is not None:
            rows = await connection.fetch(f"SELECT version_num FROM {schema}.alembic_version ORDER BY 1")  # noqa: S608 - our names
            revisions[schema] = [row["version_num"] for row in rows]
    return json.dumps({"files": _fingerprint(repository), "revisions": revisions}, sort_keys=True)


def _fingerprint(repository: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(repository)):
        digest.update(str(path.relative_to(repository)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(repository: Path) -> Iterator[Path]:
    for folder in (repository / "migrations", *(repository / "services" / f"{name}_svc" for name in SERVICES)):
        yield from (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
