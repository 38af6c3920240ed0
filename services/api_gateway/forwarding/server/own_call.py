"""The gateway's own calls: one request to the ASGI app, its body already here."""

import asyncio
from typing import Any, Protocol
from urllib.parse import unquote

import structlog
from starlette.types import ASGIApp, Message, Scope

from api_gateway.forwarding.domain import HeaderList
from api_gateway.forwarding.request import ClientRequest
from kit.errors import DomainError


class Answering(Protocol):
    """The connection that the answer goes to."""

    def own_answered(self, status: int, headers: HeaderList) -> None:
        """The head."""

    async def own_continued(self, body: bytes, *, ended: bool) -> None:
        """Some of the body; waits while the client takes no more."""

    def own_failed(self, error: DomainError) -> None:
        """There is no answer, or no whole one."""


class OwnCall:
    """Implements what an app expects of a server: `receive` and `send`.

    Args:
        client, server: host and port of both ends.
    """

    def __init__(
        self,
        app: ASGIApp,
        request: ClientRequest,
        answering: Answering,
        state: dict[str, Any],
        client: tuple[str, int] | None,
        server: tuple[str, int] | None,
    ) -> None:
        self._app = app
        self._answering = answering
        self._body: bytes | None = b"".join(request.parts or ())
        self._left = asyncio.Event()
        self._has_ended = False
        self._scope = _scope(request, state, client, server)
        self._task = asyncio.create_task(self._run())

    def left(self) -> None:
        """The client has gone."""
        self._left.set()

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        except Exception as error:  # noqa: BLE001  whatever an app raises; it has logged it
            structlog.get_logger("gateway").error("own_call.failed", exc_info=error)
        if not self._has_ended and not self._left.is_set():
            self._answering.own_failed(DomainError())

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._left.is_set():
            return
        if message["type"] == "http.response.start":
            self._answering.own_answered(
                message["status"], [(bytes(name).lower(), bytes(value)) for name, value in message["headers"]]
            )
        elif message["type"] == "http.response.body":
            self._has_ended = not message.get("more_body", False)
            await self._answering.own_continued(message.get("body", b""), ended=self._has_ended)


def _scope(
    request: ClientRequest, state: dict[str, Any], client: tuple[str, int] | None, server: tuple[str, int] | None
) -> Scope:
    path, _, query = request.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": request.version,
        # HEAD is answered as GET would be; the connection leaves the body out.
        "method": "GET" if request.method == "HEAD" else request.method,
        "scheme": "http",
        "path": unquote(path.decode("ascii", "replace")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": request.headers,
        "client": client,
        "server": server,
        "state": state.copy(),
    }
