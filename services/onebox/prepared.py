"""Whether a database already has the structure and the first data that the files here would give it.

Migrating and loading again changes nothing then, but costs seconds at every start.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from onebox import note
from onebox.bootstrap import DATABASE, SCHEMAS, SERVICES

REPOSITORY = Path(__file__).parents[2]


async def is_prepared(admin_url: str, repository: Path = REPOSITORY) -> bool:
    """Whether the note is that of these files, and nobody has migrated by hand since."""
    connection = await asyncpg.connect(admin_url, database=DATABASE, timeout=10)
    try:
        return (await _state(connection, repository)).items() <= (await note.read(connection)).items()
    finally:
        await connection.close()


async def note_prepared(admin_url: str, repository: Path = REPOSITORY) -> None:
    """To be called when both steps have succeeded."""
    connection = await asyncpg.connect(admin_url, database=DATABASE, timeout=10)
    try:
        await note.write(connection, await note.read(connection) | await _state(connection, repository))
    finally:
        await connection.close()


async def _state(connection: asyncpg.Connection, repository: Path) -> dict[str, Any]:
    revisions = {}
    for schema in SCHEMAS:
        if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.alembic_version") is not None:
            rows = await connection.fetch(f"SELECT version_num FROM {schema}.alembic_version ORDER BY 1")  # noqa: S608 - our names
            revisions[schema] = [row["version_num"] for row in rows]
    return {"files": _fingerprint(repository), "revisions": revisions}


def _fingerprint(repository: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(repository)):
        digest.update(str(path.relative_to(repository)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(repository: Path) -> Iterator[Path]:
    for folder in (repository / "migrations", *(repository / "services" / f"{name}_svc" for name in SERVICES)):
        yield from (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
