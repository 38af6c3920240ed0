"""The schemas as migrations make them, and who may touch what."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onebox.binaries import postgres_folder

SCHEMAS = ("targets", "eligibility", "loans", "gateway")
# One table of each that its roles use.
TABLES = dict.fromkeys(SCHEMAS, "job") | {"gateway": "client"}
ROOT = Path(__file__).parents[3]


def migrate(infrastructure: Any, database: str, *arguments: str) -> str:
    owners = {f"JIUYE_{s.upper()}_OWNER_URL": infrastructure.url(f"{s}_owner", database) for s in SCHEMAS}
    done = subprocess.run(
        [sys.executable, "-m", "migrations", *arguments],
        cwd=ROOT,
        env=os.environ | owners | {"PYTHONPATH": "services"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def dump(infrastructure: Any, database: str) -> str:
    """All four schemas with what the migrations put into them: tables, indexes, constraints, policies, rights, rows."""
    command = [str(postgres_folder() / "pg_dump"), f"--dbname={infrastructure.admin_url(database)}"]
    command += [f"--schema={schema}" for schema in SCHEMAS]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


async def test_every_schema_goes_up_down_and_up_again(infrastructure: Any) -> None:
    """R19: down to nothing and up again, the dump is the same to the letter."""
    database = infrastructure.new_database()
    before = dump(infrastructure, database)
    migrate(infrastructure, database, "downgrade")
    tables = re.findall(r"^CREATE TABLE (\S+)", dump(infrastructure, database), re.MULTILINE)
    assert tables == [f"{schema}.alembic_version" for schema in sorted(SCHEMAS)]
    migrate(infrastructure, database, "upgrade")
    assert dump(infrastructure, database) == before
    # The models and the migrations tell the same story: alembic finds nothing to add.
    assert migrate(infrastructure, database, "check").count("No new upgrade operations detected") == len(SCHEMAS)


_FOREIGN = """
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY($2) AND n.nspname <> $1
        AND (has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
            OR has_table_privilege(c.oid, 'DELETE, TRUNCATE, TRIGGER'))
        AND c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT nspname FROM pg_namespace
    WHERE nspname = ANY($2) AND nspname <> $1 AND has_schema_privilege(oid, 'USAGE, CREATE')
"""


@pytest.mark.parametrize("duty", ["owner", "app", "worker"])
@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_role_is_refused_in_the_other_schemas(infrastructure: Any, schema: str, duty: str) -> None:
    """S8: by trying, and in the catalogue for each table of the others."""
    role = f"{schema}_{duty}"
    connection = await asyncpg.connect(infrastructure.plain_url(role, "jiuye_template"))
    try:
        assert await connection.fetchval(f"SELECT count(*) >= 0 FROM {schema}.{TABLES[schema]}")
        assert [row[0] for row in await connection.fetch(_FOREIGN, schema, list(SCHEMAS))] == []
        assert await connection.fetch(_FOREIGN, "", [schema]), "of its own it has rights"
        for other in set(SCHEMAS) - {schema}:
            for statement in (
                f"SELECT * FROM {other}.{TABLES[other]}",
                f"INSERT INTO {other}.{TABLES[other]} DEFAULT VALUES",
                f"CREATE TABLE {other}.mine (id int)",
                f"COPY {other}.{TABLES[other]} TO STDOUT",
                f"SET ROLE {other}_app",
                f"SET ROLE {other}_owner",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        for statement in (
            "SELECT pg_read_file('/etc/passwd')",
            "CREATE TABLE public.mine (id int)",
            "CREATE SCHEMA mine",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("duty", ["app", "worker"])
@pytest.mark.parametrize("schema", SCHEMAS)
async def test_who_serves_requests_cannot_change_tables(infrastructure: Any, schema: str, duty: str) -> None:
    connection = await asyncpg.connect(infrastructure.plain_url(f"{schema}_{duty}", "jiuye_template"))
    try:
        for statement in (
            f"CREATE TABLE {schema}.mine (id int)",
            f"DROP TABLE {schema}.{TABLES[schema]}",
            f"ALTER TABLE {schema}.{TABLES[schema]} ADD COLUMN x int",
            f"TRUNCATE {schema}.{TABLES[schema]}",
            f"UPDATE {schema}.alembic_version SET version_num = 'x'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_every_table_has_a_primary_key_and_none_has_a_trigger_or_identity(infrastructure: Any) -> None:
    connection = await asyncpg.connect(infrastructure.admin_url("jiuye_template"))
    try:
        found = await connection.fetch(
            """
            SELECT n.nspname, c.relname,
                EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_key,
                EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS has_trigger,
                EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> '') AS has_identity
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p')
            """,
            list(SCHEMAS),
        )
        assert len(found) >= 9
        for table in found:
            assert (table["has_key"], table["has_trigger"], table["has_identity"]) == (True, False, False), table
        crossing = await connection.fetchval(
            "SELECT count(*) FROM pg_constraint f JOIN pg_class a ON a.oid = f.conrelid"
            " JOIN pg_class b ON b.oid = f.confrelid WHERE f.contype = 'f' AND a.relnamespace <> b.relnamespace"
        )
        assert crossing == 0
    finally:
        await connection.close()
