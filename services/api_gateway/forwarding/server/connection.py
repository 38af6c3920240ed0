"""One connection of a client: its requests one after the other, back-pressure in both directions."""

import asyncio
import math
from collections import deque
from typing import Any, cast

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from api_gateway.forwarding.domain import HeaderList, HeaderReader
from api_gateway.forwarding.errors import RequestRefusedError, RequestSlowError
from api_gateway.forwarding.forwarder import Carriage
from api_gateway.forwarding.gate import Gate, body_too_large
from api_gateway.forwarding.request import ClientRequest
from api_gateway.forwarding.server.own_call import OwnCall
from api_gateway.forwarding.server.parser import RequestParser
from api_gateway.forwarding.server.wire import chunk, has_body, head_bytes
from kit.errors import DomainError
from kit.http.problems import problem_response

HEAD_SECONDS = 10.0  # from the first byte of a request to the end of its head
IDLE_SECONDS = 65.0  # between requests; longer than the proxies in front of us keep theirs
_LINGER_SECONDS = 5.0  # a refusal is seen only if what the client still sends is read
_DISCARDED = 8 * 1024 * 1024  # so much of a refused body is read, and the connection goes on
_OWN_BODY_LIMIT = 1024 * 1024
_CLIENT_GONE = 499  # for log and metrics alone: nobody is there to see it
_log = structlog.get_logger("gateway")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientConnection(asyncio.Protocol):
    """What uvicorn makes for each connection (its option `http`). Implements `Receiver`, `Sink` and `Answering`."""

    __slots__ = (
        "_app",
        "_app_state",
        "_carriage",
        "_current",
        "_deadline",
        "_discarded",
        "_gate",
        "_has_begun",
        "_is_chunked",
        "_is_closing",
        "_is_discarding",
        "_is_over",
        "_is_pumping",
        "_is_reading",
        "_is_write_paused",
        "_length",
        "_loop",
        "_own",
        "_parser",
        "_queue",
        "_reader",
        "_server",
        "_transport",
        "_writable",
    )

    def __init__(
        self,
        gate: Gate,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._gate = gate
        self._app: ASGIApp = cast(ASGIApp, config.loaded_app)
        self._server = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._parser = RequestParser(self)
        self._reader = HeaderReader(gate.table.request_headers)
        self._transport: asyncio.Transport
        self._current: ClientRequest | None = None  # being answered
        self._queue: deque[ClientRequest | DomainError] = deque()  # came before their turn
        self._carriage: Carriage | None = None
        self._own: OwnCall | None = None
        self._writable: asyncio.Future[None] | None = None
        self._deadline = math.inf
        self._length = self._discarded = 0
        self._is_reading = True
        self._has_begun = self._is_chunked = self._is_write_paused = False
        self._is_closing = self._is_discarding = self._is_over = self._is_pumping = False

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has all of it, and is no subclass
        self._server.connections.add(cast(Any, self))
        self._gate.connections.add(self)
        self._deadline = self._loop.time() + HEAD_SECONDS

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        parser = self._parser
        was_in_head = parser.is_in_head
        try:
            parser.feed(data)
        except RequestRefusedError as error:
            self._broken(error)
        else:
            if parser.is_in_head and not was_in_head and self._current is None:
                self._deadline = self._loop.time() + HEAD_SECONDS

    def eof_received(self) -> bool:
        return False  # the transport closes itself

    def pause_writing(self) -> None:
        self._is_write_paused = True
        if self._carriage is not None:
            self._carriage.pause_answer()

    def resume_writing(self) -> None:
        self._is_write_paused = False
        if self._carriage is not None:
            self._carriage.resume_answer()
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        if self._current is None and self._queue:
            self._pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(cast(Any, self))
        self._gate.connections.discard(self)
        self._deadline = math.inf
        self._is_over = True
        self._queue.clear()
        request = self._current
        if request is None:
            return
        if self._carriage is not None:
            self._carriage.cancel()
            self._carriage = None
            self._gate.failed(request, "CLIENT_GONE")
        if self._own is not None:
            self._own.left()
            self._own = None
        elif not self._is_discarding:
            self._gate.ended(request, request.status or _CLIENT_GONE)
        self._forget()
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    # What the server and the sweep call.

    def shutdown(self) -> None:
        """Called by uvicorn when it ends."""
        if self._current is None:
            self._transport.close()
        else:
            self._is_closing = True

    def abort(self) -> None:
        """Breaks it off."""
        self._transport.abort()

    def sweep(self, now: float) -> None:
        """Ends what has waited too long for its client."""
        if now < self._deadline:
            return
        self._deadline = math.inf
        if self._is_over or self._is_discarding or (self._current is None and not self._parser.is_in_head):
            self._transport.close()
        elif self._current is None:
            self._broken(RequestSlowError())
        elif not self._current.is_whole:
            self._fail(RequestSlowError())

    # What the parser tells (`Sink`).

    def head_came(self, request: ClientRequest) -> None:
        """See `Sink.head_came`."""
        if self._is_over:
            return
        if self._current is None and not self._queue and not self._is_write_paused:
            self._begin(request)
        else:
            request.parts = []
            self._queue.append(request)
            self._hold()

    def body_came(self, request: ClientRequest, part: bytes) -> None:
        """See `Sink.body_came`."""
        if request is self._current:
            self._take(request, part)
        elif request.parts is not None:
            request.parts.append(part)

    def request_came(self, request: ClientRequest) -> None:
        """See `Sink.request_came`."""
        request.is_whole = True
        if request is self._current:
            self._take_end(request)

    def _broken(self, error: DomainError) -> None:
        """What comes is no request, so nothing after it can be one."""
        if self._is_over:
            return
        current = self._current
        if current is None and not self._queue:
            self._current = request = ClientRequest("", b"", [], "1.1")
            self._gate.in_flight += 1
            self._has_begun = False
            self._refuse(request, error)
        elif current is not None and not current.is_whole and not self._queue:
            current.keep_alive = False
            if self._is_discarding:
                self._transport.close()
            else:
                self._fail(error)
        else:
            self._queue.append(error)
            self._hold()

    # A request.

    def _begin(self, request: ClientRequest) -> None:
        self._current = request
        self._gate.in_flight += 1
        self._has_begun = self._is_discarding = False
        self._length = self._discarded = 0
        self._deadline = math.inf
        try:
            self._carriage = self._gate.admit(request, self._reader, self)
            self._proceed(request)
        except DomainError as error:
            self._refuse(request, error)
        except Exception as error:  # noqa: BLE001  a fault of ours is told to the client, and costs no other request
            _log.error("request.failed", exc_info=error, request_id=request.request_id)
            self._fail(DomainError())

    def _proceed(self, request: ClientRequest) -> None:
        shape = request.shape
        assert shape is not None
        if self._carriage is None:
            if (shape.length or 0) > _OWN_BODY_LIMIT:
                raise body_too_large(_OWN_BODY_LIMIT)
            request.parts = request.parts or []
        if shape.has_body:
            if not request.is_whole:
                self._deadline = self._loop.time() + self._gate.table.client_silence_seconds
            if shape.is_expecting and request.version == "1.1":
                self._transport.write(_CONTINUE)
        if self._carriage is not None:
            self._carriage.start()

    def _take(self, request: ClientRequest, part: bytes) -> None:
        if self._is_discarding:
            self._discarded += len(part)
            if self._discarded > _DISCARDED:
                self._linger()
            return
        self._length += len(part)
        self._deadline = self._loop.time() + self._gate.table.client_silence_seconds
        limit = _OWN_BODY_LIMIT if request.route is None else request.route.body_limit_bytes
        if self._length > limit:
            self._fail(body_too_large(limit))
        elif self._carriage is not None:
            self._carriage.body(part)
        elif request.parts is not None and self._own is None:
            request.parts.append(part)

    def _take_end(self, request: ClientRequest) -> None:
        self._deadline = math.inf
        if self._is_discarding:
            self._next()
        elif self._carriage is not None:
            if request.shape is not None and request.shape.has_body:
                self._carriage.body_ended()
        elif self._own is None:
            info = self._transport.get_extra_info
            self._own = OwnCall(
                self._app, request, self, self._app_state, _end(info("peername")), _end(info("sockname"))
            )

    # The answer of a service (`Receiver`).

    def answered(self, status: int, headers: HeaderList, body: bytes, *, ended: bool) -> None:
        """See `Receiver.answered`."""
        request = self._current
        assert request is not None
        self._gate.answered(request, status)
        head = self._head(request, status, headers)
        if ended:
            self._carriage = None
        self._transport.write(head + self._framed(body, ended=ended) if body or ended else head)
        if ended:
            self._gate.ended(request, status)
            self._answer_ended(request)

    def continued(self, body: bytes, *, ended: bool) -> None:
        """See `Receiver.continued`."""
        request = self._current
        assert request is not None
        if ended:
            self._carriage = None
        self._transport.write(self._framed(body, ended=ended))
        if ended:
            self._gate.ended(request, request.status)
            self._answer_ended(request)

    def failed(self, error: DomainError) -> None:
        """See `Receiver.failed`."""
        self._carriage = None
        self._fail(error)

    def pause_body(self) -> None:
        """See `Receiver.pause_body`."""
        self._deadline = math.inf
        self._hold()

    def resume_body(self) -> None:
        """See `Receiver.resume_body`."""
        request = self._current
        if request is not None and not request.is_whole:
            self._deadline = self._loop.time() + self._gate.table.client_silence_seconds
        if not self._queue:
            self._go_on()

    # The answer of the gateway's own app (`Answering`).

    def own_answered(self, status: int, headers: HeaderList) -> None:
        """See `Answering.own_answered`."""
        request = self._current
        assert request is not None
        kept = [field for field in headers if field[0] not in (b"date", b"server", b"connection")]
        self._transport.write(self._head(request, status, kept))

    async def own_continued(self, body: bytes, *, ended: bool) -> None:
        """See `Answering.own_continued`."""
        request = self._current
        assert request is not None
        self._transport.write(self._framed(body, ended=ended) if has_body(request.method, request.status) else b"")
        if ended:
            self._own = None
            self._answer_ended(request)
        elif self._is_write_paused:
            self._writable = self._loop.create_future()
            await self._writable

    def own_failed(self, error: DomainError) -> None:
        """See `Answering.own_failed`."""
        self._own = None
        self._fail(error)

    # Writing.

    def _head(self, request: ClientRequest, status: int, headers: HeaderList) -> bytes:
        request.status = status
        self._has_begun = True
        more = self._gate.date_line(self._server.default_headers)
        if self._own is None:  # the app has named its own
            more = b"%bx-request-id: %b\r\n%b" % (more, request.request_id.encode("ascii"), request.limit_fields)
        self._is_chunked = False
        if not _has_length(headers) and has_body(request.method, status):
            if request.version == "1.1":
                self._is_chunked = True
                more += b"transfer-encoding: chunked\r\n"
            else:
                request.keep_alive = False  # the end of the connection is the end of the body
        if self._is_closing or self._gate.is_draining or not request.keep_alive:
            request.keep_alive = False
            more += b"connection: close\r\n"
        return head_bytes(status, headers, more)

    def _framed(self, body: bytes, *, ended: bool) -> bytes:
        return chunk(body, ended=ended) if self._is_chunked else body

    def _fail(self, error: DomainError) -> None:
        """An answer that has begun cannot be taken back: only a broken connection tells that it is not whole."""
        request = self._current
        assert request is not None
        carriage, self._carriage = self._carriage, None
        if carriage is not None:
            carriage.cancel()
        if request.route is not None:
            self._gate.failed(request, error.code)
        if self._has_begun:
            self._gate.ended(request, request.status)
            self._is_discarding = True
            self._transport.abort()
        else:
            self._refuse(request, error)

    def _refuse(self, request: ClientRequest, error: DomainError) -> None:
        """Answers with a problem; the connection ends where the rest of the body is too much, or may never come."""
        self._gate.refused(request)
        status = error.status if isinstance(error, RequestRefusedError) else None
        shape = request.shape
        endless = shape is None or shape.is_expecting or (shape.length or 0) > _DISCARDED
        problem = problem_response(error, status=status)
        if isinstance(error, RequestRefusedError) or (endless and not request.is_whole):
            request.keep_alive = False
        if self._own is not None:
            self._own.left()
            self._own = None
        head = self._head(request, problem.status_code, problem.raw_headers)
        self._transport.write(head + bytes(problem.body) if request.method != "HEAD" else head)
        self._gate.ended(request, request.status)
        self._answer_ended(request)

    def _answer_ended(self, request: ClientRequest) -> None:
        if not request.keep_alive or self._is_closing:
            if request.is_whole:
                self._forget()
                self._is_over = True
                self._transport.close()
            else:
                self._linger()
        elif request.is_whole:
            self._next()
        else:
            self._is_discarding = True
            self._deadline = self._loop.time() + self._gate.table.client_silence_seconds
            self._go_on()

    def _linger(self) -> None:
        """Reads on and throws away, so that what was answered arrives before the connection ends."""
        self._forget()
        self._is_over = True
        self._deadline = self._loop.time() + _LINGER_SECONDS
        self._go_on()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    # Taking turns.

    def _forget(self) -> None:
        if self._current is not None:
            self._current = None
            self._gate.in_flight -= 1

    def _next(self) -> None:
        """The answer and its request are over."""
        self._forget()
        self._is_discarding = False
        if not self._queue:
            self._deadline = self._loop.time() + (HEAD_SECONDS if self._parser.is_in_head else IDLE_SECONDS)
            self._go_on()
        elif not self._is_pumping:
            self._pump()

    def _pump(self) -> None:
        """Begins the next request that waits; more than one when they are answered at once."""
        self._is_pumping = True  # a queue of refusals must not become a stack
        while self._queue and self._current is None and not self._is_over and not self._is_write_paused:
            item = self._queue.popleft()
            if isinstance(item, DomainError):
                self._broken(item)
            else:
                self._catch_up(item)
        self._is_pumping = False
        if not self._queue:
            self._go_on()

    def _catch_up(self, request: ClientRequest) -> None:
        parts, request.parts = request.parts, None
        self._begin(request)
        for part in parts or ():
            if self._current is request:
                self._take(request, part)
        if request.is_whole and self._current is request:
            self._take_end(request)

    def _hold(self) -> None:
        if self._is_reading and not self._transport.is_closing():
            self._is_reading = False
            self._transport.pause_reading()

    def _go_on(self) -> None:
        if not self._is_reading and not self._transport.is_closing():
            self._is_reading = True
            self._transport.resume_reading()


def _has_length(headers: HeaderList) -> bool:
    for name, _ in headers:  # noqa: SIM110  a generator costs more than all else here
        if name == b"content-length":
            return True
    return False


def _end(address: Any) -> tuple[str, int] | None:
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None
