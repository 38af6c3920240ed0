"""A running platform and its clients, as the end-to-end tests use them."""

import asyncio
import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class RunningPlatform:
    """A platform that was started by `python -m onebox`."""

    home: Path
    base_url: str
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"

    @property
    def clients(self) -> dict[str, dict[str, Any]]:
        known: dict[str, dict[str, Any]] = json.loads((self.home / "credentials.json").read_text())["clients"]
        return known

    def pids(self) -> dict[str, int]:
        """The processes of the platform by the name of their log, as the kernel knows them."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                log = (entry / "fd" / "1").readlink()
                leader = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[3]) == int(entry.name)
            except (OSError, IndexError, ValueError):
                continue
            if log.parent == self.home / "logs" and leader:
                found[log.stem] = int(entry.name)
        return found


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


async def until_ready(platform: RunningPlatform, seconds: float = 30) -> None:
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
