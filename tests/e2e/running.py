"""A running platform and its clients, as the end-to-end tests use them."""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 180  # a start on a machine that has other work
READY = "就业服务平台已就绪"


@dataclass
class RunningPlatform:
    """A platform that was started by `python -m onebox`."""

    home: Path
    base_url: str
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"

    @classmethod
    def started(cls, home: Path, port: int, environment: dict[str, str]) -> "RunningPlatform":
        """Begins a first start; `await_start` returns when it is over."""
        (home.parent / "output.txt").touch()
        return cls(home, f"http://127.0.0.1:{port}", environment, _start(home, environment))

    def start_again(self) -> None:
        """After its end; returns when it says that it is ready."""
        times = self.said(READY)
        self.process = _start(self.home, self.environment)
        self.until(lambda: self.said(READY) > times)

    def said(self, words: str) -> int:
        """How often."""
        return self.output.read_text(encoding="utf-8").count(words)

    def until(self, condition: Callable[[], bool]) -> None:
        """Awaits what a platform that runs will bring about."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert self.process.poll() is None, f"it ended:\n{self.output.read_text(encoding='utf-8')}"
            assert time.monotonic() < end, self.output.read_text(encoding="utf-8")
            time.sleep(0.05)

    def stop(self) -> int:
        """In good order; the exit code."""
        self.process.terminate()
        return self.process.wait(60)

    @property
    def output(self) -> Path:
        """What it printed."""
        return self.home.parent / "output.txt"

    @property
    def clients(self) -> dict[str, dict[str, Any]]:
        known: dict[str, dict[str, Any]] = json.loads((self.home / "credentials.json").read_text())["clients"]
        return known

    def alive(self) -> list[int]:
        """Every process of this installation, the supervisor and what a supervisor left behind among them."""
        told = str(self.home).encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                is_ours = told in (process / "environ").read_bytes()
                is_inside = (process / "cwd").readlink().is_relative_to(self.home)
                if (is_ours or is_inside) and (process / "cmdline").read_bytes():
                    found.append(int(process.name))
        return found

    def pids(self) -> dict[str, int]:
        """The processes that the supervisor started by the name of their log, as the kernel knows them."""
        found: dict[int, tuple[str, int]] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                log = (entry / "fd" / "1").readlink()
                parent, _, session = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1:4]
            except (OSError, IndexError, ValueError):
                continue
            if log.parent == self.home / "logs" and session == entry.name:
                found[int(entry.name)] = (log.stem, int(parent))
        # Each process of PostgreSQL leads a session of its own; the first one is meant, whose end ends all of them.
        return {name: pid for pid, (name, parent) in found.items() if found.get(parent, ("", 0))[0] != name}


class Client:
    """Calls the platform as one of its credentials."""

    def __init__(self, http: httpx.AsyncClient, platform: RunningPlatform) -> None:
        self.http = http
        self._platform = platform
        self._tokens: dict[str, str] = {}

    async def token(self, name: str) -> str:
        if name not in self._tokens:
            known = self._platform.clients[name]
            form = {
                "grant_type": "client_credentials",
                "client_id": known["client_id"],
                "client_secret": known["client_secret"],
            }
            answer = await self.http.post("/oauth/token", data=form)
            assert answer.status_code == 200, answer.text
            self._tokens[name] = answer.json()["access_token"]
        return self._tokens[name]

    async def call(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self.token(name)}"} | options.pop("headers", {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", secrets.token_hex(16))
        return await self.http.request(method, path, headers=headers, **options)

    async def get(self, name: str, path: str) -> Any:
        answer = await self.call(name, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()


def _start(home: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-u", "-m", "onebox"]
    with (home.parent / "output.txt").open("ab") as sink:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT)


async def until_ready(platform: RunningPlatform, seconds: float = PATIENCE_SECONDS) -> None:
    """Awaits the gateway's word that every upstream is up."""
    async with httpx.AsyncClient(base_url=platform.base_url, trust_env=False, timeout=5) as http:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if (await http.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
