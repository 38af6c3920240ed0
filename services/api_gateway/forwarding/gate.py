"""The gate: what is let in, who asks, where it goes, and what is remembered of it.

It decides about small records and touches no socket; the server calls it for every request.
"""

import os
import time
from collections.abc import Iterator
from typing import Protocol

import structlog

from api_gateway.forwarding.access_log import AccessLog
from api_gateway.forwarding.domain import METHODS, HeaderReader, check_host, check_target
from api_gateway.forwarding.errors import DrainingError
from api_gateway.forwarding.forwarder import Carriage, Forwarder, OutboundRequest, Receiver
from api_gateway.forwarding.limiter import Limiter
from api_gateway.forwarding.maintenance import MaintenanceFile
from api_gateway.forwarding.metrics import UpstreamMetrics
from api_gateway.forwarding.request import ClientRequest
from api_gateway.forwarding.route_table import RouteTable
from api_gateway.identity.proof import Proof
from api_gateway.identity.service import Identity
from kit.http.errors import BodyTooLargeError
from kit.ids import new_id_text
from kit.telemetry.metrics import HttpMetrics
from kit.telemetry.spans import Spans
from kit.telemetry.trace import Trace, continue_trace, current_request_id

# Whatever happens to the rest, an operator's tools can ask.
_OPERATIONS = frozenset({b"/healthz", b"/readyz", b"/metrics"})
_log = structlog.get_logger("gateway")


class ClientSide(Protocol):
    """A client's connection."""

    def sweep(self, now: float) -> None:
        """Ends what has waited too long."""

    def abort(self) -> None:
        """Breaks it off."""


class Gate:
    """Attributes:
    is_draining: whether the process is about to end: what is in flight ends well, nothing new begins.
    in_flight: requests that are being answered.
    connections: of clients; they add and remove themselves.

    Args:
        hosts: names by which the gateway may be called, lower case; empty: any.
        spans: where each forwarded request becomes a span; None: tracing is off.
    """

    def __init__(
        self,
        *,
        table: RouteTable,
        forwarder: Forwarder,
        identity: Identity,
        limiter: Limiter,
        maintenance: MaintenanceFile,
        hosts: frozenset[bytes],
        http_metrics: HttpMetrics,
        upstream_metrics: UpstreamMetrics,
        access_log: AccessLog,
        spans: Spans | None = None,
    ) -> None:
        self.table = table
        self.forwarder = forwarder
        self.access_log = access_log
        self.is_draining = False
        self.in_flight = 0
        self.connections: set[ClientSide] = set()
        self._identity = identity
        self._limiter = limiter
        self._maintenance = maintenance
        self._hosts = hosts
        self._http_metrics = http_metrics
        self._upstream_metrics = upstream_metrics
        self._spans = spans
        self._date_fields: list[tuple[bytes, bytes]] = []
        self._date_line = b""
        self._new_traces = _new_traces()

    def admit(self, request: ClientRequest, reader: HeaderReader, receiver: Receiver) -> Carriage | None:
        """The exchange with the service, not yet started; None: it is one of the gateway's own calls.

        Args:
            reader: of the connection.

        Raises:
            DomainError: the request is refused.
        """
        request.began_at = now = time.monotonic()
        request.request_id = new_id_text()
        path, _, query = request.target.partition(b"?")
        route = self.table.plain_route_of(path)
        check_target(request.method, path, query, is_plain=route is not None)
        request.shape = shape = reader.read(request.headers, request.version)
        if path in _OPERATIONS:
            return None
        check_host(shape.host, self._hosts)
        if self.is_draining:
            raise DrainingError
        request.route = route = route or self.table.route_of(path)
        if route is None:
            return None
        request.trace = trace = self._trace(shape.traceparent)
        maintenance = self._maintenance.of(route.upstream)
        if maintenance is not None:
            raise maintenance.refusal(time.time())
        proof = None
        if shape.proof is not None:
            proof = Proof(shape.proof, request.method, path.decode("latin-1"))
        standing = self._identity.standing(shape.authorization, proof)
        request.client = standing.principal.subject
        request.limit_fields = self._limiter.take(standing.principal, now)
        if (shape.length or 0) > route.body_limit_bytes:
            raise body_too_large(route.body_limit_bytes)
        known = f"x-request-id: {request.request_id}\r\ntraceparent: {trace.traceparent}\r\n"
        fields = reader.passed_on() + self._identity.introduction(standing, route, now) + known.encode("ascii")
        outbound = OutboundRequest(request.method, request.target, fields, shape.has_body, shape.length)
        return self.forwarder.exchange(route.upstream, outbound, route.patience, receiver)

    def sweep(self, now: float) -> None:
        """Ends what has waited too long on either side; called a few times a second with the loop's time."""
        self.forwarder.sweep(now)
        for connection in tuple(self.connections):
            connection.sweep(now)

    def date_line(self, fields: list[tuple[bytes, bytes]]) -> bytes:
        """What stands in every answer, as bytes; uvicorn makes a new list each second."""
        if fields is not self._date_fields:
            self._date_fields = fields
            self._date_line = b"".join([b"%b: %b\r\n" % field for field in fields])
        return self._date_line

    def answered(self, request: ClientRequest, status: int) -> None:
        """The head of a service's answer has come."""
        assert request.route is not None
        self._upstream_metrics.answered(request.route.upstream, status, time.monotonic() - request.began_at)

    def failed(self, request: ClientRequest, code: str) -> None:
        """An exchange had no answer, or a broken one."""
        assert request.route is not None
        self._upstream_metrics.failed(request.route.upstream, code)
        _log.warning(
            "forwarding.failed",
            upstream=request.route.upstream,
            code=code,
            began=request.status != 0,
            request_id=request.request_id,
        )

    def ended(self, request: ClientRequest, status: int) -> None:
        """The request is over: log, metrics, span. The gateway's own calls do this for themselves."""
        seconds = time.monotonic() - request.began_at
        route = request.route.label if request.route is not None else "unmatched"
        method = request.method if request.method in METHODS else "OTHER"
        trace = request.trace
        self._http_metrics.observe(method, route, status, seconds)
        trace_id = "" if trace is None else trace.trace_id
        self.access_log.add((time.time(), method, route, status, seconds, request.request_id, trace_id, request.client))
        if self._spans is not None and trace is not None:
            said: dict[str, str | int] = {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "jiuye.request_id": request.request_id,
            }
            self._spans.record(trace, f"{method} {route}", "SERVER", seconds, said, failed=status >= 500)

    def refused(self, request: ClientRequest) -> None:
        """A problem is about to be written: it names the request."""
        request.request_id = request.request_id or new_id_text()
        request.began_at = request.began_at or time.monotonic()
        current_request_id.set(request.request_id)

    def _trace(self, given: str | None) -> Trace:
        if given is not None or self._spans is not None:
            return continue_trace(given, self._spans.share if self._spans is not None else 0)
        return next(self._new_traces)


def _new_traces() -> Iterator[Trace]:
    """Made many at a time: to ask for randomness costs more than to take it."""
    while True:
        digits = os.urandom(24 * 256).hex()
        starts = range(0, len(digits), 48)
        yield from [Trace(digits[start : start + 32], digits[start + 32 : start + 48], "00") for start in starts]


def body_too_large(limit: int) -> BodyTooLargeError:
    """The refusal, with the limit of the route in it."""
    return BodyTooLargeError(f"请求体不能超过{limit / 1024 / 1024:g} MiB，请拆分后提交。")
