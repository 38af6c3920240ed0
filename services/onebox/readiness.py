"""How one sees from outside that a process can be used."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from onebox.servers import Server

_BITE = 64 * 1024

# Asked again and again with the log of the process and the length that it had before the start.
Readiness = Callable[[Path, int], Awaitable[bool]]


def server_answers(server: Server) -> Readiness:
    """The server's own question."""

    async def ask(_: Path, __: int) -> bool:
        return await asyncio.to_thread(server.is_ready)

    return ask


def http_ok(port: int, path: str = "/readyz") -> Readiness:
    """`GET` on 127.0.0.1 answers 200 within two seconds."""

    async def ask(_: Path, __: int) -> bool:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                return await _status(port, path) == b"200"
        return False

    return ask


def event_logged(event: str) -> Readiness:
    """A JSON line with this event stands in the log since the start."""
    wanted = (f'"event": "{event}"'.encode(), f'"event":"{event}"'.encode())

    async def ask(log: Path, start: int) -> bool:
        with log.open("rb") as file:
            file.seek(start)
            text = file.read(_BITE)
        return any(form in text for form in wanted)

    return ask


async def _status(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        line = await reader.readline()
        return line.split(b" ")[1] if line.startswith(b"HTTP/") and b" " in line else b""
    finally:
        writer.close()
