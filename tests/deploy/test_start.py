"""The compose file's processes, started in its order from the files of the image alone, on real servers.

No container engine is needed: each process gets the command, the variables and nothing else, and sees the packages of
the image's lock file. Addresses and folders that exist only inside of containers are replaced by those of this machine.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from onebox import ports
from onebox.bootstrap import DATABASE
from onebox.processes import GATEWAY, SERVICES, WORKERS, Application
from onebox.settings import DEFAULT_PORT
from tests.deploy.deployed import REPOSITORY, Deployed, compose_processes
from tests.deploy.dockerfile import final_environment, write_tree
from tests.deploy.locked_only import hide_in
from tests.deploy.monitoring import assert_given

PROGRAMS = Path(sys.executable).parent
PATIENCE_SECONDS = 180


@dataclass
class Installation:
    """Running processes.

    Attributes:
        replaced: text of the compose file → text of this machine.
        folder: `app` is the image's tree; logs and the like stand beside it.
    """

    folder: Path
    deployed: Mapping[str, Deployed]
    replaced: Mapping[str, str]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.replaced[str(DEFAULT_PORT)]}"

    def address_of(self, process: Application) -> str:
        return f"http://127.0.0.1:{self.replaced[str(DEFAULT_PORT + process.port_offset)]}"

    def step(self, name: str) -> str:
        """Runs it to its end; its output."""
        done = subprocess.run(**self._arguments(name), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        output = str(done.stdout.decode())
        assert done.returncode == 0, output
        return output

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(**self._arguments(name), stdout=log, stderr=log)

    def await_healthy(self, name: str) -> None:
        """Asks as the container's healthcheck does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        kind, *command = self.deployed[name].container["healthcheck"]["test"]
        assert kind == "CMD"
        while subprocess.run(**self._arguments(name, command), capture_output=True, check=False).returncode != 0:
            log = (self.folder / f"{name}.log").read_text(encoding="utf-8")
            assert self.running[name].poll() is None, log
            assert time.monotonic() < deadline, log

    def stop(self) -> dict[str, int]:
        """SIGTERM to all; exit codes by name."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        try:
            return {name: process.wait(20) for name, process in self.running.items()}
        finally:
            for process in self.running.values():
                process.kill()
                process.wait()

    def _arguments(self, name: str, command: list[str] | None = None) -> dict[str, Any]:
        deployed = self.deployed[name]
        program, *arguments = [self._here(text, name) for text in command or deployed.command]
        image = {key: value.replace("/app", str(self.folder / "app")) for key, value in final_environment().items()}
        image["PATH"] = f"{PROGRAMS}:{os.defpath}"
        if command is None:
            image["PYTHONPATH"] += f":{self.folder / 'only'}"
        given = {key: self._here(value, name) for key, value in deployed.environment.items()}
        return {
            "args": [PROGRAMS / program, *arguments],
            "cwd": self.folder / "app",
            "env": image | given,
        }

    def _here(self, text: str, name: str) -> str:
        for there, here in self.replaced.items():
            text = text.replace(there, here)
        return text.replace("/tmp/heartbeat", str(self.folder / f"{name}.heartbeat"))


@pytest.fixture(scope="module")
def installation(infrastructure: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("image")
    write_tree(folder / "app")
    (folder / "only").mkdir()
    hide_in(folder / "only", REPOSITORY / "deploy" / "requirements.lock")
    applications = (GATEWAY, *SERVICES)
    free = dict(zip(applications, ports.free_ports(len(applications)), strict=True))
    replaced = {
        "postgres:5432": f"127.0.0.1:{infrastructure.postgres.port}",
        "valkey:6379": f"127.0.0.1:{infrastructure.valkey.port}",
        **{f"http://{process.name}:": "http://127.0.0.1:" for process in SERVICES},
        **{str(DEFAULT_PORT + process.port_offset): str(port) for process, port in free.items()},
        "0.0.0.0": "127.0.0.1",
        "https://jiuye.example": "http://127.0.0.1",  # by any other name it is not the gateway that was meant
        "/run/secrets/clients": str(folder / "clients.json"),
        "/tmp/maintenance.json": str(folder / "maintenance.json"),
    }
    made = Installation(folder, compose_processes(infrastructure.keys), replaced)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(lambda: asyncio.run(_drop_database(infrastructure.admin_url())))
        stack.callback(made.stop)
        yield made


async def _drop_database(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    await connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="module")
def secret(installation: Installation) -> str:
    """Of the client `platform`."""
    script = REPOSITORY / "deploy" / "new_client.py"
    arguments = [installation.folder / "clients.json", "platform", "--name", "互联网+平台", "--kind", "INTEGRATOR"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "services")}
    output = subprocess.run([sys.executable, script, *arguments], env=environment, capture_output=True, check=True)
    return output.stdout.decode().split("client_secret: ")[1].splitlines()[0]


def test_it_starts_answers_and_stops(installation: Installation, secret: str) -> None:
    files = _files(installation)
    for step in ("bootstrap", "migrate", "seed"):
        installation.step(step)
    for process in (*SERVICES, *WORKERS, GATEWAY):
        installation.start(process.name)
    for process in (*SERVICES, *WORKERS, GATEWAY):
        installation.await_healthy(process.name)

    with httpx.Client(base_url=installation.address, trust_env=False) as client:
        form = {"grant_type": "client_credentials", "client_id": "platform", "client_secret": secret}
        token = client.post("/oauth/token", data=form).raise_for_status().json()["access_token"]
        plan = client.get("/api/v1/targets/plans/2017", headers={"Authorization": f"Bearer {token}"})
        assert plan.raise_for_status().json()["year"] == 2017
        assert client.get("/readyz").status_code == 200
        addresses = [installation.address, *(installation.address_of(process) for process in SERVICES)]
        assert_given([client.get(f"{address}/metrics").raise_for_status().text for address in addresses])

    codes = installation.stop()
    assert set(codes.values()) <= {0, -signal.SIGTERM}, codes
    assert _files(installation) == files, "the root file system of the container is read-only"


def _files(installation: Installation) -> set[Path]:
    return set((installation.folder / "app").rglob("*"))
