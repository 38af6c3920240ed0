"""Services as the gateway sees them: one that records what it gets, one that answers byte by byte as a test says."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Seen:
    """A request as it reached the service."""

    method: str
    raw_path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""

    def header(self, name: str) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key == name.encode()]

    @property
    def names(self) -> set[str]:
        return {key.decode() for key, _ in self.headers}


@dataclass
class Recorder:
    """A service in raw ASGI: records each request and echoes its body; a test may set what else it answers."""

    name: str = "targets"
    seen: list[Seen] = field(default_factory=list)
    status: int = 200
    answer_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    ready: bool = True
    document: dict[str, Any] | None = None

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["path"] == "/readyz":
            await _say(send, 200 if self.ready else 503, b"{}")
            return
        if scope["path"] == "/openapi.json":
            document = self.document or small_document(self.name)
            await _say(send, 200, json.dumps(document).encode(), [(b"content-type", b"application/json")])
            return
        request = Seen(scope["method"], scope["raw_path"], scope["query_string"], scope["headers"])
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            request.body += message.get("body", b"")
            more = message.get("more_body", False)
        self.seen.append(request)
        await _say(send, self.status, request.body, self.answer_headers)


async def _live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _say(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers or []})
    await send({"type": "http.response.body", "body": body})


class ScriptedUpstream:
    """A TCP server whose every connection runs the script of the test."""

    def __init__(self) -> None:
        self.script: Script = _hang_up
        self.connections = 0
        self.url = ""
        self._open: set[asyncio.StreamWriter] = set()

    def hang_up(self) -> None:
        """Breaks every connection, whose scripts end with it, and those to come."""
        self.script = _hang_up
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.script(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator["ScriptedUpstream"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=1024)
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            server.close()


async def _hang_up(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    return


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """The head of one request."""
    return await reader.readuntil(b"\r\n\r\n")


def says(answer: bytes) -> Script:
    """Reads one head, answers these bytes, and closes."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(answer)
        await writer.drain()

    return script


@contextmanager
def dead_address() -> Iterator[str]:
    """An address that refuses connections, and that nobody else can take meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def small_document(service: str) -> dict[str, Any]:
    """The OpenAPI document of a service with one call."""
    return {
        "openapi": "3.1.0",
        "info": {"title": service, "version": "1.0.0"},
        "paths": {
            f"/api/v1/{service}/things": {
                "get": {
                    "operationId": f"list_{service}_things",
                    "summary": "列表",
                    "security": [{"OAuth2": [f"{service}.thing.read"]}],
                    "responses": {"200": {"description": "ok"}},
                }
            },
            "/internal/v1/events": {
                "post": {"operationId": f"take_{service}_events", "responses": {"200": {"description": "ok"}}}
            },
        },
        "components": {
            "securitySchemes": {
                "OAuth2": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {f"{service}.thing.read": "读"}}
                    },
                }
            }
        },
    }
