"""What a migration says to who runs it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
async def owner(infrastructure: Any) -> Any:
    """A connection of targets_owner to a database of its own, and how to migrate that one."""
    database = infrastructure.new_database()
    connection = await asyncpg.connect(infrastructure.plain_url("targets_owner", database))

    def migrate(action: str) -> "subprocess.CompletedProcess[str]":
        url = infrastructure.plain_url("targets_owner", database).replace("postgresql:", "postgresql+asyncpg:")
        return subprocess.run(
            [sys.executable, "-m", "migrations", action, "targets"],
            cwd=REPOSITORY,
            env={"PYTHONPATH": "services", "JIUYE_TARGETS_OWNER_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )

    yield connection, migrate
    await connection.close()


async def test_a_database_that_is_newer_than_the_program_is_told(owner: Any) -> None:
    connection, migrate = owner
    await connection.execute("UPDATE targets.alembic_version SET version_num = 'targets_9999'")
    done = migrate("upgrade")
    assert done.returncode == 1
    assert "比本程序新" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_lock_that_is_not_had_in_time_is_told(owner: Any) -> None:
    connection, migrate = owner
    async with connection.transaction():
        await connection.execute("LOCK TABLE targets.alembic_version")
        refused = migrate("downgrade")
    assert refused.returncode == 1
    assert "请再运行一次" in refused.stderr
    assert "Traceback" not in refused.stderr
