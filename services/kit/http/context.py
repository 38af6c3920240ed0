"""Request id, trace, access log and metrics: the outermost layer of every app, in pure ASGI."""

import re
import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.errors import DomainError
from kit.http.problems import problem_response
from kit.ids import new_id
from kit.telemetry.logging import log_request
from kit.telemetry.metrics import HttpMetrics
from kit.telemetry.spans import Spans
from kit.telemetry.trace import Trace, continue_trace, current_client, current_request_id, current_trace

_REQUEST_ID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_QUIET = {"/healthz", "/readyz", "/metrics"}


class RequestContext:
    """Gives each request an id and a trace, and one log line and one observation at its end.

    Args:
        trust_request_id: take `X-Request-Id` from the caller. Services do, the gateway is their only caller; the
            gateway does not.
        spans: where each request becomes a span; None: tracing is off.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: HttpMetrics, trust_request_id: bool, spans: Spans | None = None
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.spans = spans
        self.trust_request_id = trust_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        trusted = self.trust_request_id and _REQUEST_ID.fullmatch(given)
        rid = given.decode("ascii") if trusted else str(new_id())
        trace = continue_trace(
            headers.get(b"traceparent", b"").decode("latin-1"), self.spans.share if self.spans else 0
        )
        current_request_id.set(rid)
        current_trace.set(trace)
        structlog.contextvars.clear_contextvars()
        current_client.set("")
        started = time.perf_counter()
        status = 500
        began = False

        async def send_with_id(message: Message) -> None:
            nonlocal status, began
            if message["type"] == "http.response.start":
                began = True
                status = message["status"]
                sent = [h for h in message["headers"] if h[0].lower() != b"x-request-id"]
                message["headers"] = [*sent, (b"x-request-id", rid.encode())]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as exc:
            structlog.get_logger("kit.http").error("request.failed", exc_info=exc)
            if began:
                raise  # the answer is half sent: only closing the connection tells the truth
            await problem_response(DomainError())(scope, receive, send_with_id)
        finally:
            self._observe(scope, trace, rid, status, time.perf_counter() - started)

    def _observe(self, scope: Scope, trace: Trace, rid: str, status: int, seconds: float) -> None:
        route = route_template(scope)
        self.metrics.observe(scope["method"], route, status, seconds)
        if route in _QUIET:
            return
        if self.spans:
            method = scope["method"]
            said = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            self.spans.record(
                trace, f"{method} {route}", "SERVER", seconds, said | {"jiuye.request_id": rid}, failed=status >= 500
            )
        log_request(scope["method"], route, status, seconds)


def route_template(scope: Scope) -> str:
    """The route as the table has it, never the path: a path could hold anything."""
    known: Any = scope.get("jiuye.route") or getattr(scope.get("route"), "path", None)
    return known if isinstance(known, str) else "unmatched"
