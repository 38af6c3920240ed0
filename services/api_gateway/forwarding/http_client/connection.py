"""One connection to a service: one exchange at a time, back-pressure in both directions."""

import asyncio
from collections.abc import Callable
from typing import cast

from api_gateway.forwarding.errors import UpstreamInvalidError, UpstreamLostError, UpstreamTimeoutError
from api_gateway.forwarding.http_client.reply import Reply

# As much of an answer waits in memory, besides what the sockets hold.
_HIGH_WATER = 64 * 1024


class Connection(asyncio.Protocol):
    """Made by `loop.create_connection`.

    Args:
        on_lost: told once, when the connection has ended.
    """

    def __init__(self, on_lost: Callable[["Connection"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._transport: asyncio.Transport
        self._reply: Reply | None = None
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._is_sending = False
        self._write_paused = False
        self._read_paused = False
        self.idle_since = 0.0

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has all of it, and is no subclass

    def data_received(self, data: bytes) -> None:
        reply = self._reply
        if reply is None:  # nobody has asked
            self._transport.abort()
            return
        try:
            reply.feed(data)
        except UpstreamInvalidError as error:
            self.fail(error)
            return
        if reply.buffered > _HIGH_WATER and not self._read_paused and not self._transport.is_closing():
            self._read_paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        return False  # the transport closes itself

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        _wake(self._writer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_error(UpstreamLostError())
        self._on_lost(self)

    # What an exchange calls.

    @property
    def is_open(self) -> bool:
        return self._error is None and not self._transport.is_closing()

    def begin(self, method: str, head: bytes) -> None:
        """Sends the head of a request."""
        self._reply = Reply(method)
        self._is_sending = True
        self._transport.write(head)

    async def write(self, *data: bytes, silence: float) -> None:
        """Sends some of the body, at the pace at which the service takes it.

        Args:
            silence: seconds that the service may take nothing.

        Raises:
            UpstreamLostError, UpstreamTimeoutError: and whatever `fail` was told.
        """
        if self._error is not None:
            raise self._error
        self._transport.writelines(data)
        while self._write_paused and self._error is None:
            self._writer = self._loop.create_future()
            await self._wait(self._writer, silence)
        if self._error is not None:
            raise self._error

    def all_sent(self) -> None:
        """The request is out; from now on the service has to say something."""
        self._is_sending = False
        _wake(self._reader)

    async def head(self, silence: float) -> Reply:
        """The answer, as soon as its status and headers are known.

        Raises:
            UpstreamLostError, UpstreamInvalidError, UpstreamTimeoutError: and whatever `fail` was told.
        """
        assert self._reply is not None
        while not self._reply.has_head:
            await self._more(silence)
        return self._reply

    async def read(self, silence: float) -> bytes:
        """What has come of the body; empty only at its end. Raises as `head` does."""
        reply = self._reply
        assert reply is not None
        while not reply.buffered and not reply.complete:
            await self._more(silence)
        part = reply.take()
        if self._read_paused and not self._transport.is_closing():
            self._read_paused = False
            self._transport.resume_reading()
        return part

    @property
    def answer_began(self) -> bool:
        """Whether the service has said anything in this exchange."""
        return self._reply is not None and self._reply.began

    def fail(self, error: Exception) -> None:
        """Ends the exchange: whoever waits gets this error, the service sees the connection broken."""
        self._set_error(error)
        self._transport.abort()

    def end(self) -> bool:
        """Ends the exchange; the answer tells whether the connection can be used again. Otherwise it is closed."""
        reply, self._reply = self._reply, None
        clean = reply is not None and reply.complete and reply.keep_alive and not reply.surplus
        if clean and not self._is_sending and not self._read_paused and self.is_open:
            self.idle_since = self._loop.time()
            return True
        self._set_error(UpstreamLostError())
        self._transport.abort()
        return False

    def close(self) -> None:
        self._transport.close()

    async def _more(self, silence: float) -> None:
        """Waits for a change; while the request is still being sent, it is the client who sets the pace."""
        if self._error is not None:
            raise self._error
        self._reader = self._loop.create_future()
        await self._wait(self._reader, None if self._is_sending else silence)

    async def _wait(self, waiter: "asyncio.Future[None]", silence: float | None) -> None:
        if silence is None:
            await waiter
            return
        timer = self._loop.call_later(silence, self.fail, UpstreamTimeoutError())
        try:
            await waiter
        finally:
            timer.cancel()

    def _set_error(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        _wake(self._reader)
        _wake(self._writer)


def _wake(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
