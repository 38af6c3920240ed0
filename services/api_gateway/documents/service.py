"""Fetches the services' documents when somebody asks, and keeps them for a moment."""

import asyncio
import json
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import structlog
import yaml

from api_gateway.documents.domain import Document, merge
from api_gateway.documents.own_document import SHARED_RESPONSES
from api_gateway.documents.sharing import (
    Meanings,
    explain_values,
    share_problems,
    show_examples,
    tell_limits,
    tell_scopes,
    title_schemas,
)
from api_gateway.forwarding.errors import UpstreamUnavailableError
from api_gateway.forwarding.route_table import RouteTable
from api_gateway.settings import Address

INTRODUCTION = Path(__file__).parent / "introduction.md"  # what an integrator reads first
_PATIENCE_SECONDS = 20.0  # a service writes its document when it is first asked
_log = structlog.get_logger("gateway")


def whole(own: Document, services: Mapping[str, Document], table: RouteTable) -> Document:
    """The document of everything that can be called through the gateway.

    Args:
        own: the gateway's.
        services: theirs, by name.
        table: decides which of their paths can be called.

    Raises:
        DocumentConflictError: two services use one name for two things.
    """
    merged = merge(own, services, lambda path: table.route_of(path.encode()) is not None, SHARED_RESPONSES)
    explained = explain_values(title_schemas(merged), _meanings())
    return share_problems(tell_limits(tell_scopes(show_examples(explained))))


@cache
def _meanings() -> Meanings:
    found: Meanings = yaml.safe_load((Path(__file__).parent / "meanings.yaml").read_text(encoding="utf-8"))
    return found


class Documents:
    """Args:
    client: for calls to the services.
    upstreams: addresses by name.
    table: decides which paths can be called through the gateway.
    servers: entries of the `servers` member of every document.
    kept_seconds: how old a service's document may be.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        upstreams: Mapping[str, Address],
        table: RouteTable,
        servers: list[dict[str, str]],
        kept_seconds: float = 30.0,
    ) -> None:
        self._client = client
        self._upstreams = upstreams
        self._table = table
        self._servers = servers
        self._kept_seconds = kept_seconds
        self._fetched: dict[str, tuple[float, bytes]] = {}  # as text: parsed they take ten times the room
        self._turns = {name: asyncio.Lock() for name in upstreams}
        self._merged: tuple[list[Any], bytes] = ([], b"")

    @property
    def services(self) -> list[str]:
        return list(self._upstreams)

    async def of_service(self, name: str) -> Document:
        """A service's own document, with the gateway's address in it.

        Raises:
            UpstreamUnavailableError: it does not answer; an older document is not passed off as today's.
        """
        return _parsed(await self._text_of(name)) | {"servers": self._servers}

    async def _text_of(self, name: str) -> bytes:
        """The same object as before when nothing has changed."""
        async with self._turns[name]:
            fetched_at, text = self._fetched.get(name, (0.0, b""))
            if not text or time.monotonic() - fetched_at > self._kept_seconds:
                fetched = await self._fetch(name)
                text = text if text == fetched else fetched
                self._fetched[name] = (time.monotonic(), text)
            return text

    async def merged(self, own: Document) -> bytes:
        """One document of everything that can be called here, as JSON; made anew when a part of it has changed.

        Args:
            own: the gateway's.

        Raises:
            UpstreamUnavailableError: a service does not answer; a document with a part missing is none.
            DocumentConflictError: two services use one name for two things.
        """
        parts = [own, *await asyncio.gather(*(self._text_of(name) for name in self._upstreams))]
        known, text = self._merged
        if len(known) != len(parts) or any(one is not other for one, other in zip(known, parts, strict=True)):
            # A tenth of a second of work, and anybody may ask: not in the loop that forwards, and not each time.
            text = await asyncio.to_thread(self._merge, parts)
            self._merged = (parts, text)
        return text

    def _merge(self, parts: list[Any]) -> bytes:
        own, *texts = parts
        merged = whole(own, dict(zip(self._upstreams, map(_parsed, texts), strict=True)), self._table)
        return json.dumps(merged, ensure_ascii=False, separators=(",", ":")).encode()

    async def _fetch(self, name: str) -> bytes:
        try:
            answer = await self._client.get(f"{self._upstreams[name].url}/openapi.json", timeout=_PATIENCE_SECONDS)
            answer.raise_for_status()
            document: Any = answer.json()
        except (httpx.HTTPError, ValueError) as exc:
            _log.warning("document.unavailable", upstream=name, exc_info=exc)
            raise UpstreamUnavailableError(f"服务 {name} 暂时取不到接口文档，请稍后重试。") from None
        if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3.1"):
            _log.error("document.not_openapi", upstream=name)
            raise UpstreamUnavailableError(f"服务 {name} 的接口文档不是OpenAPI 3.1，请联系开发单位。")
        return answer.content


def _parsed(text: bytes) -> Document:
    document: Document = json.loads(text)
    return {"components": {}, "paths": {}} | document
