"""One request and its answer on one connection, or two when the first may be repeated."""

import asyncio
import math

from api_gateway.forwarding.domain import returned
from api_gateway.forwarding.errors import (
    BreakerOpenError,
    PoolExhaustedError,
    RequestRefusedError,
    UpstreamInvalidError,
    UpstreamLostError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from api_gateway.forwarding.forwarder import OutboundRequest, Patience, Receiver
from api_gateway.forwarding.http_client.connection import Connection
from api_gateway.forwarding.http_client.upstream import Instance, Upstream
from kit.errors import DomainError

_HIGH_WATER = 64 * 1024  # of a body that waits for its connection


class Exchange:
    """Implements `Carriage`.

    Args:
        active: the exchanges to be swept; it adds and removes itself.
    """

    __slots__ = (
        "_active",
        "_body",
        "_body_ended",
        "_connecting",
        "_connection",
        "_has_ended",
        "_has_place",
        "_instance",
        "_is_repeated",
        "_is_reused",
        "_is_sent",
        "_is_told",
        "_loop",
        "_patience",
        "_permit",
        "_quiet_at",
        "_receiver",
        "_reply",
        "_request",
        "_sent",
        "_total_at",
        "_upstream",
    )

    def __init__(
        self,
        upstream: Upstream,
        request: OutboundRequest,
        patience: Patience,
        receiver: Receiver,
        active: "set[Exchange]",
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._upstream = upstream
        self._request = request
        self._patience = patience
        self._receiver = receiver
        self._active = active
        self._body: list[bytes] | None = None  # what came before there was a connection
        self._connecting: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._instance: Instance | None = None
        self._permit = 0
        self._sent = 0
        self._body_ended = not request.has_body
        self._has_place = self._has_ended = self._is_repeated = self._is_reused = self._is_sent = self._is_told = False

    def start(self) -> None:
        """See `Carriage.start`."""
        now = self._loop.time()
        self._total_at = now + self._patience.total
        self._quiet_at = now + self._patience.connect
        self._active.add(self)
        self._upstream.budget.earn()
        if self._upstream.enter(self):
            self.placed()

    def placed(self) -> None:
        """See `Waiter.placed`."""
        self._has_place = True
        found = self._upstream.choose()
        if found is None:
            self._end(BreakerOpenError(headers={"Retry-After": str(self._upstream.opens_in)}))
        else:
            self._dispatch(*found)

    def _dispatch(self, instance: Instance, permit: int) -> None:
        self._permit = permit
        self._instance = instance
        instance.in_use += 1
        connection = instance.take_idle(self._loop.time())
        self._is_reused = connection is not None
        if connection is not None:
            self._send(instance, connection)
        else:
            self._quiet_at = self._loop.time() + self._patience.connect
            self._connecting = self._loop.create_task(self._connect(instance))

    async def _connect(self, instance: Instance) -> None:
        try:
            connection = await instance.connect()
        except OSError:
            self._connecting = None
            self._failed_unsent()
        else:
            self._connecting = None
            self._send(instance, connection)

    def _send(self, instance: Instance, connection: Connection) -> None:
        request = self._request
        self._connection = connection
        self._reply = connection.reply_to(request.method)
        connection.user = self
        connection.write(_head(request, instance.authority))
        if self._body_ended and not request.has_body:
            self._is_sent = True
            self._quiet_at = self._loop.time() + self._patience.read
            return
        self._quiet_at = math.inf  # the client sets the pace
        waiting, self._body = self._body, None
        for part in waiting or ():
            self._write(part)
        if self._body_ended:
            self._end_body()
        elif waiting and not connection.is_paused:
            self._receiver.resume_body()

    # The client's side.

    def body(self, part: bytes) -> None:
        """See `Carriage.body`."""
        if self._connection is not None:
            self._write(part)
            return
        if self._body is None:
            self._body = []
        self._body.append(part)
        if sum(map(len, self._body)) > _HIGH_WATER:
            self._receiver.pause_body()

    def body_ended(self) -> None:
        """See `Carriage.body_ended`."""
        self._body_ended = True
        if self._connection is not None:
            self._end_body()

    def _write(self, part: bytes) -> None:
        """Exactly as many bytes as the head has announced: one more would be the beginning of another request."""
        connection = self._connection
        assert connection is not None
        self._sent += len(part)
        length = self._request.length
        if length is None:
            connection.write(b"%x\r\n%b\r\n" % (len(part), part))
        elif self._sent <= length:
            connection.write(part)
        else:
            self._end(RequestRefusedError())
            return
        if connection.is_paused:
            self._quiet_at = self._loop.time() + self._patience.read
            self._receiver.pause_body()

    def _end_body(self) -> None:
        if self._has_ended:
            return
        assert self._connection is not None
        if self._request.length is None:
            self._connection.write(b"0\r\n\r\n")
        elif self._sent != self._request.length:
            self._end(RequestRefusedError())
            return
        self._is_sent = True
        self._quiet_at = self._loop.time() + self._patience.read

    def pause_answer(self) -> None:
        """See `Carriage.pause_answer`."""
        if self._connection is not None:
            self._connection.pause_reading()
            self._quiet_at = math.inf

    def resume_answer(self) -> None:
        """See `Carriage.resume_answer`."""
        if self._connection is not None:
            self._connection.resume_reading()
            self._quiet_at = self._loop.time() + self._patience.read

    def cancel(self) -> None:
        """See `Carriage.cancel`."""
        self._let_go(succeeded=None)

    # The service's side.

    def received(self, data: bytes) -> None:
        """See `User.received`."""
        reply = self._reply
        try:
            reply.feed(data)
        except UpstreamInvalidError as error:
            self._end(error)
            return
        if self._is_sent:
            self._quiet_at = self._loop.time() + self._patience.read
        if not reply.has_head:
            return
        body = reply.take() if reply.buffered else b""
        ended = reply.complete
        is_first, self._is_told = not self._is_told, True
        status, headers = reply.status, reply.headers  # once let go, its connection may serve the next request
        if ended:
            self._let_go(succeeded=True)
        elif is_first:
            self._report(succeeded=True)
        if is_first:
            self._receiver.answered(status, returned(status, headers), body, ended=ended)
        elif body or ended:
            self._receiver.continued(body, ended=ended)

    def writable(self) -> None:
        """See `User.writable`."""
        self._quiet_at = self._loop.time() + self._patience.read if self._is_sent else math.inf
        if not self._body_ended:
            self._receiver.resume_body()

    def lost(self) -> None:
        """See `User.lost`."""
        self._connection = None
        repeatable = self._request.may_be_repeated and not self._reply.began
        if not (repeatable and self._is_reused and self._repeated(None, succeeded=None)) and not (
            repeatable and self._repeated(self._instance, succeeded=False)
        ):
            self._end(UpstreamLostError())

    def _failed_unsent(self) -> None:
        """The service has seen nothing: another instance may take any request."""
        if not self._repeated(self._instance, succeeded=False):
            self._end(UpstreamUnavailableError())

    def _repeated(self, avoided: Instance | None, *, succeeded: bool | None) -> bool:
        """Sends the request once more, if it was not repeated before, the budget allows it and an instance is there.

        Args:
            succeeded: what its breaker is told about the instance that failed.
        """
        if self._is_repeated or (avoided is not None and len(self._upstream.instances) == 1):
            return False
        found = self._upstream.choose(avoided)
        if found is None:
            return False
        if not self._upstream.budget.spend():
            found[0].breaker.leave(found[1], None)
            return False
        assert self._instance is not None
        self._report(succeeded=succeeded)
        self._instance.in_use -= 1
        self._is_repeated = True
        self._is_sent = False
        self._upstream.repeated += 1
        self._dispatch(*found)
        return True

    def sweep(self, now: float) -> None:
        """Ends the exchange when it has taken, or nothing has come of it, for too long."""
        if now < self._quiet_at and now < self._total_at:
            return
        if not self._has_place:
            self._end(PoolExhaustedError())
        elif self._connection is not None:
            self._end(UpstreamTimeoutError())
        else:
            self._stop_connecting()
            self._failed_unsent()

    def _stop_connecting(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None

    # Both ends.

    def _end(self, error: DomainError) -> None:
        """No whole answer will come."""
        if self._has_ended:
            return
        blamed = isinstance(error, UpstreamUnavailableError | UpstreamLostError | UpstreamInvalidError)
        # A time-out is the service's only if it took nothing, or had the whole request and has said nothing.
        waited_for = self._is_sent or (self._connection is not None and self._connection.is_paused)
        silent = isinstance(error, UpstreamTimeoutError) and waited_for and not self._is_told
        self._let_go(succeeded=False if blamed or silent else None)
        self._receiver.failed(error)

    def _report(self, *, succeeded: bool | None) -> None:
        if self._permit and self._instance is not None:
            self._instance.breaker.leave(self._permit, succeeded)
            self._permit = 0

    def _let_go(self, *, succeeded: bool | None) -> None:
        """Gives back what it holds."""
        if self._has_ended:
            return
        self._has_ended = True
        self._active.discard(self)
        self._report(succeeded=succeeded)
        self._stop_connecting()
        connection, self._connection = self._connection, None
        instance = self._instance
        if instance is not None:
            instance.in_use -= 1
            if connection is not None:
                self._keep_or_break(instance, connection)
        if self._has_place:
            self._upstream.leave()
        else:
            self._upstream.give_up(self)

    def _keep_or_break(self, instance: Instance, connection: Connection) -> None:
        reply = self._reply
        clean = reply.complete and reply.keep_alive and not reply.surplus
        if clean and self._is_sent and connection.is_open and not connection.is_paused:
            connection.resume_reading()
            instance.keep(connection, self._loop.time())
        else:
            connection.abort()


def _head(request: OutboundRequest, authority: bytes) -> bytes:
    """The request line and headers as bytes.

    Raises:
        ValueError: the target would end the line early; the server has refused such requests before.
    """
    target = request.target
    if b" " in target or b"\n" in target or b"\r" in target:
        raise ValueError("the target would break the request")
    if not request.has_body and request.length is None:
        framing = b""
    elif request.length is None:
        framing = b"transfer-encoding: chunked\r\n"
    else:
        framing = b"content-length: %d\r\n" % request.length
    return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b\r\n" % (
        request.method.encode("ascii"), target, authority, request.fields, framing
    )  # fmt: skip
