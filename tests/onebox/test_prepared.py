"""Migrating and loading are left out only where they would change nothing."""

import asyncpg

from onebox import prepared
from onebox.bootstrap import DATABASE, ROLES, bootstrap


async def execute(server, statement):
    connection = await asyncpg.connect(server.admin_url(DATABASE))
    await connection.execute(statement)
    await connection.close()


async def test_a_database_is_prepared_until_files_or_revisions_change(running_server, tmp_path):
    admin_url = running_server.admin_url()
    (tmp_path / "migrations").mkdir()
    await bootstrap(admin_url, dict.fromkeys(ROLES, "x"))
    await execute(running_server, "CREATE TABLE targets.alembic_version AS SELECT 'targets_0001' AS version_num")
    assert not await prepared.is_prepared(admin_url, tmp_path)

    await prepared.note_prepared(admin_url, tmp_path)
    assert await prepared.is_prepared(admin_url, tmp_path)

    await execute(running_server, "UPDATE targets.alembic_version SET version_num = 'targets_0002'")
    assert not await prepared.is_prepared(admin_url, tmp_path), "somebody migrated by hand"

    await prepared.note_prepared(admin_url, tmp_path)
    (tmp_path / "migrations" / "0003_more.py").write_text("revision = 'targets_0003'")
    assert not await prepared.is_prepared(admin_url, tmp_path), "there is a new file"
