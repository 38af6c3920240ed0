"""One connection to an instance of a service: one exchange at a time."""

import asyncio
from typing import Protocol, cast

from api_gateway.forwarding.http_client.reply import Reply


class User(Protocol):
    """The exchange that uses a connection."""

    def received(self, data: bytes) -> None:
        """Bytes of the answer."""

    def writable(self) -> None:
        """The service takes more."""

    def lost(self) -> None:
        """The connection has ended."""


class Owner(Protocol):
    """The pool that a connection belongs to."""

    def forget(self, connection: "Connection") -> None:
        """The connection has ended."""


class Connection(asyncio.Protocol):
    """Made by `loop.create_connection`.

    Attributes:
        user: None while it is idle.
        is_paused: whether the service takes no more for now.
        idle_since: loop time.
    """

    __slots__ = ("_is_read_paused", "_owner", "_reply", "_transport", "idle_since", "is_open", "is_paused", "user")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._transport: asyncio.Transport
        self._is_read_paused = False
        self._reply: Reply | None = None
        self.user: User | None = None
        self.is_paused = False
        self.is_open = False
        self.idle_since = 0.0

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has all of it, and is no subclass
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        if self.user is None:  # nobody has asked
            self.abort()
        else:
            self.user.received(data)

    def eof_received(self) -> bool:
        self.is_open = False
        return False  # the transport closes itself

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False
        if self.user is not None:
            self.user.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._owner.forget(self)
        if self.user is not None:
            self.user.lost()
        if self._reply is not None:
            self._reply.close()

    # What an exchange calls.

    def reply_to(self, method: str) -> Reply:
        """What will read the answer to a request that is about to be written; one for all requests of a connection."""
        if self._reply is None:
            self._reply = Reply(method)
        else:
            self._reply.expect(method)
        return self._reply

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def pause_reading(self) -> None:
        if self.is_open and not self._is_read_paused:
            self._is_read_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._is_read_paused:
            self._is_read_paused = False
            if self.is_open:
                self._transport.resume_reading()

    def abort(self) -> None:
        """Breaks it off: the service sees that nobody listens any more."""
        self.is_open = False
        self.user = None
        self._transport.abort()

    def close(self) -> None:
        self.is_open = False
        self._transport.close()
