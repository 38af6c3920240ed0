"""The embedded PostgreSQL after crashes, in foreign folders, and under another user."""

import asyncio
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from onebox import confinement, ports
from onebox.errors import OneboxError
from onebox.leftovers import processes_inside
from onebox.postgres import TEST, Postgres
from onebox.servers import running


@pytest.fixture
def server(stopped_server):
    return stopped_server


@contextmanager
def left_behind(server, log):
    """A server whose supervisor is gone without having stopped it."""
    server.prepare()
    with log.open("ab") as output:
        process = subprocess.Popen(server.command(), stdout=output, stderr=output)
    try:
        until = time.monotonic() + 15
        while not server.is_ready():
            assert time.monotonic() < until, log.read_text()
        yield process
    finally:
        process.kill()
        process.wait()


async def value(server, question):
    connection = await asyncpg.connect(server.admin_url(), timeout=5)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_listens_on_loopback_with_passwords_and_without_a_socket_file(server, tmp_path):
    with running(server, tmp_path / "log"):
        assert await value(server, "SHOW listen_addresses") == "127.0.0.1"
        assert await value(server, "SHOW unix_socket_directories") == ""
        assert await value(server, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
        assert (await value(server, "SELECT version()")).startswith("PostgreSQL 18")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(Postgres(server.folder, server.port, "wrong", TEST), "SELECT 1")


async def test_a_server_left_behind_is_stopped_before_the_next_start(server, tmp_path):
    with left_behind(server, tmp_path / "log") as leftover:
        following = Postgres(server.folder, *ports.free_ports(1), "secret", TEST)
        with running(following, tmp_path / "log"):
            assert await value(following, "SELECT 1") == 1
        assert leftover.wait(5) == 0


async def test_it_recovers_when_all_its_processes_were_killed(server, tmp_path):
    with left_behind(server, tmp_path / "log"):
        for pid in processes_inside(server.folder.resolve(), "postgres"):
            os.kill(pid, signal.SIGKILL)
        with running(server, tmp_path / "log"):
            assert await value(server, "SELECT 1") == 1


async def test_a_recorded_number_that_another_process_has_now_does_not_block_the_start(server, tmp_path):
    recorded = server.folder / "postmaster.pid"
    recorded.write_text(f"{os.getpid()}\n{server.folder}\n0\n1\n\n127.0.0.1\n0 0\nready\n")
    recorded.chmod(0o600)
    with running(server, tmp_path / "log"):
        assert await value(server, "SELECT 1") == 1


def test_a_folder_of_another_version_is_refused(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(OneboxError, match="属于 PostgreSQL 16"):
        Postgres(folder, 1, "secret").prepare()


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(OneboxError, match="不是 PostgreSQL 的数据目录"):
        Postgres(folder, 1, "secret").prepare()
    assert [entry.name for entry in tmp_path.rglob("*")] == ["postgres", "letter.txt"]


def test_an_initialisation_that_was_interrupted_is_begun_anew(tmp_path):
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    server = Postgres(tmp_path / "postgres", *ports.free_ports(1), "secret", TEST)
    with running(server, tmp_path / "log"):
        assert server.is_ready()
    assert not (tmp_path / "postgres.new").exists()


def test_it_ends_when_the_process_that_started_it_is_killed(server):
    server.prepare()
    command = [*server.command()]
    starter = f"import subprocess, time; subprocess.Popen({command!r}, stderr=subprocess.DEVNULL); time.sleep(60)"
    with subprocess.Popen(["python3", "-c", starter]) as parent:
        until = time.monotonic() + 15
        while not server.is_ready():
            assert time.monotonic() < until
        parent.kill()
    while processes_inside(server.folder.resolve(), "postgres"):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert not (server.folder / "postmaster.pid").exists(), "it went down in good order"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_without_user_namespaces_runs_it_as_nobody(tmp_path):
    with TemporaryDirectory() as made:  # the folders of pytest are closed to others
        home = Path(made)
        home.chmod(0o711)
        server = Postgres(home / "postgres", *ports.free_ports(1), "secret", TEST, confinement.as_nobody())
        with running(server, tmp_path / "log"):
            assert asyncio.run(value(server, "SELECT 1")) == 1
            (pid, *_) = processes_inside(server.folder.resolve(), "postgres")
            assert Path(f"/proc/{pid}").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_home_that_nobody_cannot_enter_is_told(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(OneboxError, match="nobody 用户进不了"):
        Postgres(closed / "postgres", 1, "secret", TEST, confinement.as_nobody()).prepare()
