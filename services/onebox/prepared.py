"""Whether a database already has the structure and the first data that the files here would give it.

Migrating and loading again changes nothing then, but costs seconds at every start. The note stands in the database
itself, as its comment, so that it goes where the data goes. It also says by which field keys the data can be read:
with others nobody would be found again, and everybody who comes would be somebody new.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from onebox.bootstrap import DATABASE, SCHEMAS, SERVICES, refusals_told
from onebox.errors import OneboxError

REPOSITORY = Path(__file__).parents[2]
_COMMENT = """
SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()
"""


async def check_keys(admin_url: str, marks: Mapping[str, str]) -> None:
    """To be called before anything is changed in a database that is there already.

    Args:
        admin_url: see `bootstrap`.
        marks: of the field keys of this installation, by key id.

    Raises:
        OneboxError: its data need a key that this installation does not have.
    """
    with refusals_told(DATABASE):
        try:
            connection = await asyncpg.connect(admin_url, database=DATABASE, timeout=10)
        except asyncpg.InvalidCatalogNameError:
            return
        try:
            known = _keys_of(await connection.fetchval(_COMMENT))
        finally:
            await connection.close()
    if not known.items() <= marks.items():
        raise OneboxError(
            f"数据库 {DATABASE} 属于另一套安装：其中的身份信息是用别的密钥加密的。请把 JIUYE_HOME 设为原来的目录"
            "（或恢复其中的 secrets.json），或换一台数据库服务器。",
            f"The database {DATABASE} belongs to another installation: its identity numbers were encrypted with other "
            "keys. Set JIUYE_HOME to the folder of that one (or restore its secrets.json), or use another server.",
        )


async def is_prepared(admin_url: str, marks: Mapping[str, str], repository: Path = REPOSITORY) -> bool:
    """Whether the note is that of these files and keys, and nobody has migrated by hand since."""
    connection = await asyncpg.connect(admin_url, database=DATABASE, timeout=10)
    try:
        comment = await connection.fetchval(_COMMENT)
        return comment is not None and comment == await _note(connection, marks, repository)
    finally:
        await connection.close()


async def note_prepared(admin_url: str, marks: Mapping[str, str], repository: Path = REPOSITORY) -> None:
    """To be called when both steps have succeeded. An administrator who may not write the note does without."""
    connection = await asyncpg.connect(admin_url, database=DATABASE, timeout=10)
    try:
        statement = "SELECT format('COMMENT ON DATABASE %I IS %L', current_database(), $1::text)"
        note = await _note(connection, marks, repository)
        await connection.execute(await connection.fetchval(statement, note))
    except asyncpg.InsufficientPrivilegeError:
        pass
    finally:
        await connection.close()


def _keys_of(comment: str | None) -> dict[str, str]:
    """Of a note; none where there is no note, or somebody else's."""
    try:
        return dict(json.loads(comment or "{}").get("keys", {}))
    except (ValueError, TypeError, AttributeError):
        return {}


async def _note(connection: asyncpg.Connection, marks: Mapping[str, str], repository: Path) -> str:
    revisions = {}
    for schema in SCHEMAS:
        if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.alembic_version") is not None:
            rows = await connection.fetch(f"SELECT version_num FROM {schema}.alembic_version ORDER BY 1")  # noqa: S608 - our names
            revisions[schema] = [row["version_num"] for row in rows]
    note = {"files": _fingerprint(repository), "keys": dict(marks), "revisions": revisions}
    return json.dumps(note, sort_keys=True)


def _fingerprint(repository: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_files(repository)):
        digest.update(str(path.relative_to(repository)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(repository: Path) -> Iterator[Path]:
    for folder in (repository / "migrations", *(repository / "services" / f"{name}_svc" for name in SERVICES)):
        yield from (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
