"""The whole platform as a person starts it: ready, healed, stopped, started again."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from onebox import ports, processes
from onebox.credentials import clients
from onebox.leftovers import processes_inside

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 60


class Platform:
    """One installation in a temporary home, started as `make run` starts it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = ports.free_ports(processes.PORT_COUNT)[0]
        self.output = home.with_suffix(".out")
        self.output.touch()
        self._mark = f"mark-{uuid.uuid4().hex}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}"

    def settings(self):
        return os.environ | {
            "PYTHONPATH": "services",
            "PORT": str(self.port),
            "JIUYE_HOME": str(self.home),
            "TEST_MARK": self._mark,
        }

    def start(self):
        """Returns when it says that it is ready."""
        times = self.said("就业服务平台已就绪")
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "onebox"], cwd=REPOSITORY, env=self.settings(), stdout=output, stderr=output
            )
        self.until(lambda: self.said("就业服务平台已就绪") > times)

    def signal(self, number):
        """Sends it to the supervisor alone; the exit code."""
        self._process.send_signal(number)
        return self._process.wait(PATIENCE)

    def end(self):
        """Whatever happened before."""
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGTERM)

    def said(self, words):
        return self.output.read_text().count(words)

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert self._process.poll() is None, f"it ended:\n{self.output.read_text()}"
            assert time.monotonic() < end, self.output.read_text()
            time.sleep(0.02)

    def pids(self, *words):
        """The live processes of this installation; with words, those whose command line holds them all."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                is_ours = self._mark.encode() in (process / "environ").read_bytes()
                is_inside = (process / "cwd").readlink().is_relative_to(self.home)
                command = (process / "cmdline").read_bytes().decode()
                if (is_ours or is_inside) and command and all(word in command for word in words):
                    found.append(int(process.name))
        return found

    async def sql(self, question):
        keys = json.loads((self.home / "secrets.json").read_text())
        port = self.port + processes.POSTGRES_OFFSET
        url = f"postgresql://postgres:{keys['postgres_password']}@127.0.0.1:{port}/jiuye"
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    folder = tmp_path_factory.mktemp("platform")
    platform = Platform(folder / "home")
    try:
        platform.start()
        yield platform
    finally:
        platform.end()
        shutil.rmtree(folder)


def test_every_process_is_ready(platform):
    with httpx.Client(trust_env=False) as client:
        for application in (processes.GATEWAY, *processes.SERVICES):
            answer = client.get(f"http://127.0.0.1:{platform.port + application.port_offset}/readyz")
            assert answer.status_code == 200, application.name
    for worker in processes.WORKERS:
        assert len(platform.pids(worker.module)) == 1


def test_the_calls_that_it_prints_work_when_they_are_pasted(platform):
    printed = platform.output.read_text()
    calls = re.search(r"^# 1 .*?(?=^完整演示)", printed, re.MULTILINE | re.DOTALL)[0]
    environment = os.environ | {"no_proxy": "127.0.0.1"}
    pasted = subprocess.run(["bash", "-e"], input=calls, env=environment, capture_output=True, text=True, check=True)
    plan, check = re.fullmatch(r"(\{.*\})\s*(\{.*\})\s*", pasted.stdout, re.DOTALL).groups()
    assert json.loads(plan)["year"] == 2017
    assert json.loads(check)["results"]


def test_only_its_owner_can_read_what_it_keeps(platform):
    assert platform.home.stat().st_mode & 0o777 == 0o700
    for name in ("credentials.json", "clients.json", "secrets.json", "valkey/valkey.conf", "logs/gateway.log"):
        assert (platform.home / name).stat().st_mode & 0o777 == 0o600, name


def test_the_credentials_are_those_of_the_contract(platform):
    content = json.loads((platform.home / "credentials.json").read_text())
    units = [f"ZZ{number:02d}" for number in range(1, 16)]
    named = {"platform", "kiosk", "city", "city-reviewer", "admin", "bank-a", "bank-b", "loan-officer", "loan-reviewer"}
    named |= {f"{duty}-{unit}" for duty in ("staff", "reviewer") for unit in units}
    assert content["base_url"] == platform.base_url
    assert named <= set(content["clients"]) == {client.id for client in clients()}
    assert content["clients"]["staff-ZZ07"]["unit"] == "ZZ07"
    assert content["clients"]["bank-a"]["bank"]
    secrets = [entry["client_secret"] for entry in content["clients"].values()]
    assert len(set(secrets)) == len(secrets)
    assert not any(secret in (platform.home / "clients.json").read_text() for secret in secrets)


def test_a_second_start_beside_it_is_refused(platform):
    command = [sys.executable, "-m", "onebox"]
    same = subprocess.run(command, cwd=REPOSITORY, env=platform.settings(), capture_output=True, text=True, check=False)
    assert same.returncode == 1
    assert platform.base_url in same.stderr

    elsewhere = platform.settings() | {"JIUYE_HOME": str(platform.home.with_name("other"))}
    other = subprocess.run(command, cwd=REPOSITORY, env=elsewhere, capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert f"端口 {platform.port} 已被" in other.stderr
    assert platform.pids("api_gateway") != []


@pytest.mark.parametrize("name", ["targets", "loans-worker", "gateway", "postgres", "valkey"])
def test_a_process_that_is_killed_comes_back(platform, name):
    words = {"gateway": "api_gateway", "targets": "targets_svc.main", "loans-worker": "loans_svc.worker"}
    if name in words:
        (pid,) = platform.pids(words[name])
    else:
        program = {"postgres": "postgres", "valkey": "valkey-server"}[name]
        pid = processes_inside(platform.home / name, program)[0]
    times = platform.said(f"{name} 已恢复")
    os.kill(pid, signal.SIGKILL)
    platform.until(lambda: platform.said(f"{name} 已恢复") > times)
    with httpx.Client(trust_env=False) as client:
        platform.until(lambda: client.get(f"{platform.base_url}/readyz").status_code == 200)


def test_nothing_survives_a_killed_supervisor_and_the_next_start_finds_everything(platform):
    before = (platform.home / "credentials.json").read_text()
    asyncio.run(platform.sql("CREATE TABLE targets.kept AS SELECT 42 AS answer"))
    platform.signal(signal.SIGKILL)
    end = time.monotonic() + 15
    while platform.pids():
        assert time.monotonic() < end, platform.pids()
        time.sleep(0.05)

    platform.start()

    assert asyncio.run(platform.sql("SELECT answer FROM targets.kept")) == 42
    assert (platform.home / "credentials.json").read_text() == before


def test_it_stops_in_good_order_and_leaves_nothing(platform):
    began = time.monotonic()
    assert platform.signal(signal.SIGTERM) == 0
    assert time.monotonic() - began < 15
    assert platform.pids() == []
    assert "强制结束" not in platform.output.read_text()
    assert "database system is shut down" in (platform.home / "logs" / "postgres.log").read_text()[-200:]
    assert not (platform.home / "postgres" / "postmaster.pid").exists()
