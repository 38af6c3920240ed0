"""The `Forwarder` of the gateway: HTTP/1.1 with keep-alive over pooled connections."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from api_gateway.forwarding.domain import returned
from api_gateway.forwarding.errors import ClientGoneError, RequestRefusedError, UpstreamLostError
from api_gateway.forwarding.forwarder import Answer, OutboundRequest, Patience
from api_gateway.forwarding.http_client.connection import Connection
from api_gateway.forwarding.http_client.pool import Pool
from api_gateway.settings import Address


class HttpForwarder:
    """Args:
    upstreams: addresses by name.
    connections: to each of them, at most.
    """

    def __init__(self, upstreams: Mapping[str, Address], connections: int) -> None:
        self._pools = {name: Pool(address, connections) for name, address in upstreams.items()}

    @asynccontextmanager
    async def exchange(self, upstream: str, request: OutboundRequest, patience: Patience) -> AsyncIterator[Answer]:
        """See `Forwarder.exchange`."""
        pool = self._pools[upstream]
        async with pool.place(patience.connect):
            exchange = await _begin(pool, request, patience)
            try:
                yield exchange
            finally:
                exchange.end()

    def connections(self, upstream: str) -> tuple[int, int]:
        """How many are in use, and how many idle."""
        pool = self._pools[upstream]
        return pool.in_use, pool.idle

    async def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


async def _begin(pool: Pool, request: OutboundRequest, patience: Patience) -> "_Exchange":
    """Sends the request on an idle connection or a new one.

    An idle connection may be closed by the service at the moment in which it is used. The request goes out a second
    time only if its repetition does no harm and not one byte of an answer has come.
    """
    idle = pool.take_idle()
    if idle is not None:
        exchange = _Exchange(pool, idle, request, patience)
        try:
            await exchange.start()
        except UpstreamLostError:
            is_stale = not idle.answer_began
            exchange.end()
            if not (is_stale and request.may_be_repeated):
                raise
        except BaseException:
            exchange.end()
            raise
        else:
            return exchange
    exchange = _Exchange(pool, await pool.connect(patience.connect), request, patience)
    try:
        await exchange.start()
    except BaseException:
        exchange.end()
        raise
    return exchange


class _Exchange:
    """One request and its answer on one connection."""

    def __init__(self, pool: Pool, connection: Connection, request: OutboundRequest, patience: Patience) -> None:
        self._pool = pool
        self._connection = connection
        self._request = request
        self._silence = patience.read
        self._sender: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Sends, and waits for the head of the answer; the body goes on being sent meanwhile."""
        self._connection.begin(self._request.method, _head(self._request, self._pool.address.authority))
        self._sender = asyncio.create_task(self._send())
        self._reply = await self._connection.head(self._silence)
        self.status = self._reply.status
        self.headers = returned(self.status, self._reply.headers)

    @property
    def ended(self) -> bool:
        return self._reply.complete and not self._reply.buffered

    async def read(self) -> bytes:
        return await self._connection.read(self._silence)

    def end(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
        self._pool.give_back(self._connection)

    async def _send(self) -> None:
        """Sends the body, then watches whether the client is still there."""
        try:
            if self._request.has_body:
                await self._send_body()
            self._connection.all_sent()
            await self._request.client.left()
        except Exception as error:  # noqa: BLE001  told to who waits for the answer
            self._connection.fail(error)
        else:
            self._connection.fail(ClientGoneError())

    async def _send_body(self) -> None:
        """Exactly as many bytes as the head has announced: one more would be the beginning of another request."""
        length = self._request.length
        sent = 0
        while part := await self._request.client.read():
            sent += len(part)
            if length is None:
                await self._connection.write(b"%x\r\n" % len(part), part, b"\r\n", silence=self._silence)
            elif sent <= length:
                await self._connection.write(part, silence=self._silence)
            else:
                raise RequestRefusedError
        if length is None:
            await self._connection.write(b"0\r\n\r\n", silence=self._silence)
        elif sent != length:
            raise RequestRefusedError


def _head(request: OutboundRequest, authority: str) -> bytes:
    """The request line and headers as bytes.

    Raises:
        ValueError: something in them would end a line early; uvicorn has refused such requests before.
    """
    lines = [
        b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.target),
        b"host: " + authority.encode("ascii"),
        *(b"%b: %b" % header for header in request.headers),
    ]
    if request.length is not None:
        lines.append(b"content-length: %d" % request.length)
    elif request.has_body:
        lines.append(b"transfer-encoding: chunked")
    head = b"\r\n".join([*lines, b"", b""])
    if (
        head.count(b"\n") != len(lines) + 1
        or head.count(b"\r") != len(lines) + 1
        or b"\0" in head
        or b" " in request.target
    ):
        raise ValueError("a header would break the request")
    return head
