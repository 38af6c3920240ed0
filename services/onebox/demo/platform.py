"""A careful client: one token for each name, and the same key again whenever an answer was lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from onebox.errors import OneboxError

_AGAIN = {429, 502, 503, 504}
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


class PlatformError(Exception):
    """An answer that is neither a result nor worth another try."""

    def __init__(self, answer: httpx.Response) -> None:
        problem = answer.json() if "problem" in answer.headers.get("content-type", "") else {}
        lines = [f"  {e['pointer']} {e['message']}" for e in problem.get("errors", [])]
        told = " ".join((problem.get("title", f"HTTP {answer.status_code}"), problem.get("detail", "")))
        super().__init__("\n".join([f"{answer.request.method} {answer.request.url.path}：{told}", *lines]))
        self.status = answer.status_code
        self.code = problem.get("code")


class Platform:
    """The running platform, as the clients of its credentials file see it."""

    def __init__(self, http: httpx.AsyncClient, clients: dict[str, dict[str, Any]]) -> None:
        self._http = http
        self._clients = clients
        self._tokens: dict[str, str] = {}

    @classmethod
    @asynccontextmanager
    async def of(cls, home: Path) -> AsyncIterator["Platform"]:
        """The platform of a home folder.

        Raises:
            OneboxError: no credentials there, or nothing answers.
        """
        credentials = home / "credentials.json"
        try:
            known = json.loads(credentials.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise OneboxError(
                f"读不到 {credentials}。请先在另一个终端运行 make run，就绪后再试。",
                f"No credentials at {credentials}: start the platform with make run first.",
            ) from None
        async with httpx.AsyncClient(base_url=known["base_url"], trust_env=False, timeout=30) as http:
            try:
                await http.get("/healthz")
            except httpx.TransportError:
                raise OneboxError(
                    f"{known['base_url']} 没有应答。请先在另一个终端运行 make run，就绪后再试。",
                    f"Nothing answers at {known['base_url']}: start the platform with make run first.",
                ) from None
            yield cls(http, known["clients"])

    async def call(
        self,
        client: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        key: str | None = None,
        etag: str | None = None,
    ) -> httpx.Response:
        """One call, repeated with the same key while the platform heals.

        Raises:
            PlatformError: an error answer; OneboxError: no answer for a minute.
        """
        headers = {}
        if key:
            headers["Idempotency-Key"] = key
        if etag:
            headers["If-Match"] = etag
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_SECONDS
        while True:
            answer = await self._once(client, method, path, json, headers)
            if answer is not None and answer.status_code < 400:
                return answer
            if answer is not None and not _worth_another_try(answer):
                raise PlatformError(answer)
            if loop.time() > until:
                raise OneboxError(f"{path} 一分钟没有应答。", f"No answer from {path} for a minute.")
            await asyncio.sleep(_pause(answer))

    async def get(self, client: str, path: str) -> Any:
        return (await self.call(client, "GET", path)).json()

    async def post(self, client: str, path: str, body: Any, *, key: str | None = None) -> Any:
        return (await self.call(client, "POST", path, json=body, key=key)).json()

    async def _once(
        self, client: str, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> httpx.Response | None:
        try:
            token = self._tokens.get(client) or await self._token(client)
            return await self._http.request(
                method, path, json=body, headers=headers | {"Authorization": f"Bearer {token}"}
            )
        except httpx.TransportError:
            return None

    async def _token(self, client: str) -> str:
        secret = self._clients[client]
        form = {
            "grant_type": "client_credentials",
            "client_id": secret["client_id"],
            "client_secret": secret["client_secret"],
        }
        answer = await self._http.post("/oauth/token", data=form)
        if answer.status_code in _AGAIN:
            raise httpx.ConnectError("not yet")
        if answer.status_code != 200:
            raise PlatformError(answer)
        self._tokens[client] = answer.json()["access_token"]
        return self._tokens[client]


def _pause(answer: httpx.Response | None) -> float:
    """Whoever asked too often, and repeated calls count, waits as long as he is told."""
    told = answer.headers.get("retry-after", "") if answer is not None and answer.status_code == 429 else ""
    return float(told) if told.isdecimal() else _PAUSE_SECONDS


def _worth_another_try(answer: httpx.Response) -> bool:
    if answer.status_code in _AGAIN:
        return True
    return answer.status_code == 409 and answer.json().get("code") == "IDEMPOTENCY_IN_PROGRESS"
