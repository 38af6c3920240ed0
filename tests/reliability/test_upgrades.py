"""The schema goes first, while the release before it answers 200 mixed requests a second (R18).

The release before is the source tree just before the newest migration, so git and its history are needed. Takes a
minute for each migration, so `make test-long` runs it.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from onebox.bootstrap import SCHEMAS
from tests.e2e.running import ROOT, RunningPlatform
from tests.reliability.platforms import admin_url, owner_urls, started
from tests.reliability.traffic import send

UPGRADES = int(os.environ.get("JIUYE_TEST_UPGRADES", "0"))
RATE = int(os.environ.get("JIUYE_TEST_RATE", "200"))
BEFORE, AFTER = 5.0, 5.0
NEWEST = "/api/v1/eligibility/applications?limit=1"
LONGEST_LOCK = """
    SELECT coalesce(extract(epoch FROM max(clock_timestamp() - query_start)), 0)::float8
    FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name NOT LIKE '%-migrations'
"""
pytestmark = pytest.mark.skipif(UPGRADES == 0, reason="make test-long")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def migrating() -> list[str]:
    """The commits that brought the newest migrations, the newest first."""
    return git("log", f"-{UPGRADES}", "--format=%h", "--diff-filter=A", "--", "migrations/versions").split()


def tree(commit: str, folder: Path) -> Path:
    """The files of a commit."""
    folder.mkdir()
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=packed, check=True)
    return folder


async def watch_locks(platform: RunningPlatform) -> list[float]:
    """How long somebody waits for a lock, asked again and again until the task is cancelled."""
    connection, waits = await asyncpg.connect(admin_url(platform)), [0.0]
    try:
        while True:
            waits.append(await connection.fetchval(LONGEST_LOCK))
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return waits
    finally:
        await connection.close()


async def revisions(platform: RunningPlatform) -> set[str]:
    connection = await asyncpg.connect(admin_url(platform))
    found = {await connection.fetchval(f"SELECT version_num FROM {schema}.alembic_version") for schema in SCHEMAS}
    await connection.close()
    return found


@pytest.mark.parametrize("commit", migrating() if UPGRADES else [])
async def test_the_release_before_goes_on_while_the_schema_changes(commit: str, tmp_path: Path) -> None:
    new, old = tree(commit, tmp_path / "new"), tree(f"{commit}~1", tmp_path / "old")
    async with started(tmp_path, root=old) as (platform, api):
        goes_on, before = True, await revisions(platform)
        watching = asyncio.create_task(watch_locks(platform))
        sending = asyncio.create_task(send(api, RATE, lambda: goes_on))
        await asyncio.sleep(BEFORE)
        upgrade = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "migrations", "upgrade"),
            cwd=new,
            env=platform.environment | owner_urls(platform) | {"PYTHONPATH": str(new / "services")},
        )
        assert await upgrade.wait() == 0
        await asyncio.sleep(AFTER)
        goes_on = False
        seen = await sending
        watching.cancel()
        waits, after = await watching, await revisions(platform)
        sys.stdout.write(
            f"\n{commit}: {', '.join(sorted(after - before))} under {seen.per_second:.0f} requests/s,"
            f" p99 {seen.percentile(0.99) * 1000:.0f} ms, longest wait for a lock {max(waits) * 1000:.0f} ms\n"
        )
        assert after != before
        assert not seen.wrong
        assert max(waits) <= 1
        stored = (await api.get("city", NEWEST))["items"]
    async with started(tmp_path, root=new) as (_, api):
        assert (await api.get("city", NEWEST))["items"] == stored
