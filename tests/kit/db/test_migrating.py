"""What a migration says to who runs it."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command

from migrations.__main__ import config

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


def test_counts_keep_their_months_on_the_way_up_and_down(infrastructure: Any) -> None:
    database = infrastructure.new_database()
    made = config(
        "targets",
        infrastructure.plain_url("targets_owner", database).replace("postgresql:", "postgresql+asyncpg:"),
    )

    async def asked(statement: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(infrastructure.plain_url("targets_owner", database))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    by_month = "SELECT unit, month, n FROM targets.rollup WHERE n > 0 ORDER BY 1, 2"
    command.downgrade(made, "targets_0026")
    asyncio.run(
        asked(
            "INSERT INTO targets.rollup (unit, year, indicator, month, n)"
            " VALUES ('ZZ01', 2017, 'I01', 5, 7), ('ZZ01', 2017, 'I01', 12, 9), ('ZZ02', 2017, 'I01', 1, 3)"
        )
    )
    command.upgrade(made, "head")
    assert asyncio.run(asked("SELECT unit, counts FROM targets.rollup ORDER BY 1")) == [
        ("ZZ01", [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 9]),
        ("ZZ02", [3, *[0] * 11]),
    ]
    command.downgrade(made, "targets_0026")
    assert asyncio.run(asked(by_month)) == [("ZZ01", 5, 7), ("ZZ01", 12, 9), ("ZZ02", 1, 3)]
    command.upgrade(made, "head")
