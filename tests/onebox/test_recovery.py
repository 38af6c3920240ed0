"""Back to a moment before a mistake, as docs/operations.md says: base backup, archived log, a time."""

import asyncio
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import asyncpg

from onebox.binaries import postgres_folder
from onebox.postgres import TEST
from onebox.servers import running

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def said(name: str) -> str:
    """A setting as the page writes it, for folders of the image."""
    return re.search(rf"^.*\b{name} (?:= |TO )?'(.*)'", PAGE, re.MULTILINE)[1]


def ask(server, *questions):
    return asyncio.run(_ask(server, *questions))


async def _ask(server, *questions):
    connection = await asyncpg.connect(server.admin_url(), timeout=10)
    try:
        return [await connection.fetchval(question) for question in questions][-1]
    finally:
        await connection.close()


def test_a_mistake_is_undone_by_going_back_to_the_moment_before_it(stopped_server, tmp_path):
    archive, base = tmp_path / "archive", tmp_path / "base"
    archive.mkdir()
    archiving = {"archive_mode": "on", "archive_command": said("archive_command").replace("/archive", str(archive))}
    server = replace(stopped_server, settings=dict(TEST) | archiving | {"wal_level": "replica", "max_wal_senders": "2"})
    with running(server, tmp_path / "log"):
        ask(server, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id")
        # `-X none`, as the page has it: what is needed of the log comes from the archive.
        backup = [postgres_folder() / "pg_basebackup", "-c", "fast", "-X", "none", "-D", base, "-d", server.admin_url()]
        subprocess.run(backup, check=True, capture_output=True)
        ask(server, "INSERT INTO kept VALUES (1001)")
        moment = ask(server, "SELECT clock_timestamp()::text")
        ask(server, "DROP TABLE kept", "SELECT pg_switch_wal()::text")
    shutil.rmtree(server.folder)

    base.rename(server.folder)
    (server.folder / "recovery.signal").touch()
    wanted = {
        "restore_command": said("restore_command").replace("/archive", str(archive)),
        "recovery_target_time": moment,
        "recovery_target_action": "promote",
    }
    with (server.folder / "postgresql.auto.conf").open("a") as configuration:
        configuration.writelines(f"{name} = '{value}'\n" for name, value in wanted.items())
    with running(server, tmp_path / "log"):
        assert ask(server, "SELECT count(*) FROM kept") == 1001
