"""Connections to one service: reused while they live, never more than a fixed number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api_gateway.forwarding.errors import UpstreamUnavailableError
from api_gateway.forwarding.http_client.connection import Connection
from api_gateway.settings import Address

# uvicorn closes idle connections after 5 s: one that is younger than this is hardly ever closed under us.
_IDLE_SECONDS = 3.0


class Pool:
    """Args:
    address: of the service.
    size: connections at most; who comes later waits for a place.
    """

    def __init__(self, address: Address, size: int) -> None:
        self.address = address
        self._places = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()

    @property
    def in_use(self) -> int:
        return len(self._all) - len(self._idle)

    @property
    def idle(self) -> int:
        return len(self._idle)

    @asynccontextmanager
    async def place(self, patience: float) -> AsyncIterator[None]:
        """One of the places; waits for it at most `patience` seconds.

        Raises:
            UpstreamUnavailableError: all were taken for so long.
        """
        try:
            async with asyncio.timeout(patience if self._places.locked() else None):
                await self._places.acquire()
        except TimeoutError:
            raise UpstreamUnavailableError from None
        try:
            yield
        finally:
            self._places.release()

    def take_idle(self) -> Connection | None:
        """The connection that was used last, if one is open and young enough."""
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since >= oldest:
                return connection
            connection.close()
        return None

    async def connect(self, patience: float) -> Connection:
        """A new connection.

        Raises:
            UpstreamUnavailableError: refused, unreachable, unknown name, or not within `patience` seconds.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience):
                _, connection = await loop.create_connection(
                    lambda: Connection(self._forget), self.address.host, self.address.port
                )
        except OSError:  # TimeoutError is one
            raise UpstreamUnavailableError from None
        self._all.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """After an exchange: keeps the connection if it can be used again."""
        if connection.end():
            self._idle.append(connection)
        else:
            self._all.discard(connection)

    def close(self) -> None:
        """Closes the idle ones; those in use belong to their exchanges."""
        while self._idle:
            self._idle.pop().close()

    def _forget(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
