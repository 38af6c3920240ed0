"""The gate, in pure ASGI: what is let in, who asks, where it goes.

It stands in front of the gateway's own calls; those of the services never reach FastAPI.
"""

import asyncio
import time

import structlog
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_gateway.forwarding.client_stream import AsgiClientStream, body_too_large
from api_gateway.forwarding.domain import check_request, declared_length, has_body, passed_on
from api_gateway.forwarding.errors import ClientGoneError, RequestRefusedError, UpstreamTimeoutError
from api_gateway.forwarding.forwarder import Forwarder, OutboundRequest, Patience
from api_gateway.forwarding.metrics import UpstreamMetrics
from api_gateway.forwarding.route_table import Route, RouteTable
from api_gateway.identity.service import Identity
from kit.auth.principal import Principal
from kit.errors import DomainError
from kit.http.problems import problem_response
from kit.telemetry.trace import current_request_id, current_trace

_CLIENT_GONE = 499  # for log and metrics alone: nobody is there to see it
# So much of a refused body is read and thrown away, so that the client sees the refusal instead of a reset.
_DRAINED = 8 * 1024 * 1024
_log = structlog.get_logger("gateway")


class Gate:
    """Args:
    app: the gateway's own calls.
    table: what is forwarded where.
    """

    def __init__(
        self, app: ASGIApp, *, table: RouteTable, forwarder: Forwarder, identity: Identity, metrics: UpstreamMetrics
    ) -> None:
        self.app = app
        self._table = table
        self._forwarder = forwarder
        self._identity = identity
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            path = scope["raw_path"]
            check_request(scope["method"], path, scope["query_string"], scope["headers"], scope["http_version"])
            route = self._table.route_of(path)
            if route is not None:
                scope["jiuye.route"] = route.label
                principal = self._identity.principal(_authorization(scope))
                structlog.contextvars.bind_contextvars(client=principal.subject)
                if (declared_length(scope["headers"]) or 0) > route.body_limit_bytes:
                    raise body_too_large(route.body_limit_bytes)
        except DomainError as error:
            await _refuse(error, scope, receive, send)
            return
        if route is None:
            await self._own(scope, receive, send)
        else:
            await self._forward(route, principal, scope, receive, send)

    async def _own(self, scope: Scope, receive: Receive, send: Send) -> None:
        """HEAD is answered as GET would be; the server leaves the body out."""
        if scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET"}
        await self.app(as_get, receive, send)
        scope["route"] = as_get.get("route")

    async def _forward(self, route: Route, principal: Principal, scope: Scope, receive: Receive, send: Send) -> None:
        answering = _Answering(send)
        try:
            async with asyncio.timeout(route.total_seconds):
                await self._exchange(route, self._outbound(route, principal, scope, receive), answering)
        except ClientGoneError:
            self._metrics.failed(route.upstream, "CLIENT_GONE")
            await answering.nobody()
        except (DomainError, TimeoutError) as failure:
            error = failure if isinstance(failure, DomainError) else UpstreamTimeoutError()
            self._metrics.failed(route.upstream, error.code)
            _log.warning("forwarding.failed", upstream=route.upstream, code=error.code, began=answering.began)
            if answering.began:
                raise error from None  # only a broken connection tells that the answer is not whole
            await _refuse(error, scope, receive, send, drained=max(route.body_limit_bytes, _DRAINED))

    async def _exchange(self, route: Route, request: OutboundRequest, answering: "_Answering") -> None:
        started = time.perf_counter()
        patience = Patience(route.connect_seconds, route.read_seconds)
        async with self._forwarder.exchange(route.upstream, request, patience) as answer:
            self._metrics.answered(route.upstream, answer.status, time.perf_counter() - started)
            await answering.head(answer.status, answer.headers)
            while not answer.ended:
                part = await answer.read()
                await answering.body(part, more=not answer.ended)
            await answering.end()

    def _outbound(self, route: Route, principal: Principal, scope: Scope, receive: Receive) -> OutboundRequest:
        headers = scope["headers"]
        passed = passed_on(headers, self._table.request_headers)
        token = self._identity.internal_token(principal, route.upstream)
        passed.append((b"authorization", b"Bearer " + token.encode("ascii")))
        passed.append((b"x-request-id", current_request_id.get().encode("ascii")))
        trace = current_trace.get()
        if trace is not None:
            passed.append((b"traceparent", trace.traceparent.encode("ascii")))
        query = scope["query_string"]
        return OutboundRequest(
            method=scope["method"],
            target=scope["raw_path"] + b"?" + query if query else scope["raw_path"],
            headers=passed,
            client=AsgiClientStream(receive, limit=route.body_limit_bytes, silence=self._table.client_silence_seconds),
            has_body=has_body(headers),
            length=declared_length(headers),
        )


class _Answering:
    """Sends an answer to the client, and knows how far it has come."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.began = False
        self._ended = False

    async def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.began = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(self, part: bytes, *, more: bool) -> None:
        self._ended = not more
        message: Message = {"type": "http.response.body", "body": part, "more_body": more}
        await self._send(message)

    async def end(self) -> None:
        if not self._ended:
            await self.body(b"", more=False)

    async def nobody(self) -> None:
        """The client has gone; the server drops what is sent now, log and metrics see the status."""
        if not self.began:
            await self.head(_CLIENT_GONE, [])
            await self.end()


def _authorization(scope: Scope) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), None)


async def _refuse(error: DomainError, scope: Scope, receive: Receive, send: Send, *, drained: int = _DRAINED) -> None:
    """Answers with a problem; the connection ends where the rest of the body is too much to read, or may never come."""
    status = error.status if isinstance(error, RequestRefusedError) else None
    waits = any(name == b"expect" for name, _ in scope["headers"])
    endless = (declared_length(scope["headers"]) or 0) > drained
    close = {"Connection": "close"} if waits or endless or status == 408 else None
    await problem_response(error, status=status, headers=close)(scope, receive, send)


def install_refusals(app: FastAPI) -> None:
    """The gateway's own calls refuse the shape of a request as the gate does."""
    app.add_exception_handler(RequestRefusedError, _refused)


async def _refused(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestRefusedError)
    return problem_response(exc, status=exc.status, headers={"Connection": "close"})
