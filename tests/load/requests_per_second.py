"""As many requests as a server answers: some connections, each sending the next request when it has its answer."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator

import httptools


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], until: float, done: "asyncio.Future[int]") -> None:
        self.requests = requests
        self.until = until
        self.done = done
        self.answered = 0
        self.parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self.parser.get_status_code()
        if status != 200:
            self._end(AssertionError(f"answered {status}"))
            return
        self.answered += 1
        self.parser = httptools.HttpResponseParser(self)
        if time.perf_counter() < self.until:
            self.transport.write(next(self.requests))
        else:
            self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionResetError())

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(self.answered)
            else:
                self.done.set_exception(error)
        self.transport.close()


async def rate(port: int, requests: Iterable[bytes], *, connections: int, seconds: float) -> float:
    """Requests a second that 127.0.0.1:port answers with 200.

    Raises:
        AssertionError, OSError: an answer was not 200, or a connection broke.
    """
    loop = asyncio.get_running_loop()
    endless = itertools.cycle(requests)
    begun = time.perf_counter()
    results = [loop.create_future() for _ in range(connections)]
    for done in results:
        await loop.create_connection(lambda done=done: _Connection(endless, begun + seconds, done), "127.0.0.1", port)
    answered = sum(await asyncio.gather(*results))
    return answered / (time.perf_counter() - begun)


async def answer_of(port: int, request: bytes) -> bytes:
    """The body of one answer that has a Content-Length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
    writer.close()
    return body
