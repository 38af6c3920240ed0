"""The servers under the tests themselves: real ones, closed to strangers, with a database for each who asks."""

import asyncpg
import pytest

from onebox.bootstrap import ROLES, SCHEMAS


async def test_each_asker_gets_a_database_of_its_own(infrastructure):
    first, second = infrastructure.new_database(), infrastructure.new_database()
    owner = await asyncpg.connect(infrastructure.plain_url("targets_owner", first))
    await owner.execute("CREATE TABLE targets.only_here (id int PRIMARY KEY)")
    await owner.close()
    other = await asyncpg.connect(infrastructure.plain_url("targets_owner", second))
    assert await other.fetchval("SELECT to_regclass('targets.only_here')") is None
    await other.close()


async def test_a_wrong_password_is_refused(infrastructure):
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(infrastructure.postgres.url("targets_app", "wrong", "postgres"))


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_is_refused_in_the_schemas_of_other_services(infrastructure, role):
    database = infrastructure.new_database()
    connection = await asyncpg.connect(infrastructure.plain_url(role, database))
    own = role.partition("_")[0]
    for schema in (*SCHEMAS, "public"):
        allowed = await connection.fetchval("SELECT has_schema_privilege($1, 'USAGE')", schema)
        assert allowed == (schema == own)
    await connection.close()
