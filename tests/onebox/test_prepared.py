"""Migrating and loading are left out only where they would change nothing."""

import asyncpg
import pytest

from onebox import prepared
from onebox.bootstrap import DATABASE, ROLES, bootstrap
from onebox.errors import OneboxError
from onebox.keys import Keys

KEYS = Keys.generate().field_key_marks


async def execute(server, statement):
    connection = await asyncpg.connect(server.admin_url(DATABASE))
    await connection.execute(statement)
    await connection.close()


async def test_a_database_is_prepared_until_files_or_revisions_change(running_server, tmp_path):
    admin_url = running_server.admin_url()
    (tmp_path / "migrations").mkdir()
    await bootstrap(admin_url, dict.fromkeys(ROLES, "x"))
    await execute(running_server, "CREATE TABLE targets.alembic_version AS SELECT 'targets_0001' AS version_num")
    assert not await prepared.is_prepared(admin_url, KEYS, tmp_path)

    await prepared.note_prepared(admin_url, KEYS, tmp_path)
    assert await prepared.is_prepared(admin_url, KEYS, tmp_path)

    await execute(running_server, "UPDATE targets.alembic_version SET version_num = 'targets_0002'")
    assert not await prepared.is_prepared(admin_url, KEYS, tmp_path), "somebody migrated by hand"

    await prepared.note_prepared(admin_url, KEYS, tmp_path)
    (tmp_path / "migrations" / "0003_more.py").write_text("revision = 'targets_0003'")
    assert not await prepared.is_prepared(admin_url, KEYS, tmp_path), "there is a new file"


async def test_a_database_is_refused_by_an_installation_that_could_not_read_it(running_server, tmp_path):
    admin_url = running_server.admin_url()
    (tmp_path / "migrations").mkdir()
    await prepared.check_keys(admin_url, KEYS)  # there is none yet
    await bootstrap(admin_url, dict.fromkeys(ROLES, "x"))
    await prepared.check_keys(admin_url, KEYS)
    await prepared.note_prepared(admin_url, KEYS, tmp_path)

    other = Keys.generate().field_key_marks
    assert KEYS.keys() == other.keys(), "alike in name alone"
    with pytest.raises(OneboxError, match="另一套安装"):
        await prepared.check_keys(admin_url, other)
    await prepared.check_keys(admin_url, KEYS | {"k2": "new"})
    assert not await prepared.is_prepared(admin_url, KEYS | {"k2": "new"}, tmp_path), "the new key is noted, too"

    await execute(running_server, f"COMMENT ON DATABASE {DATABASE} IS 'ours since 2024'")
    await prepared.check_keys(admin_url, other)
