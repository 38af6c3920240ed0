"""A client that sends bytes, not requests."""

import asyncio
from urllib.parse import urlsplit


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def exchange(url: str, request: bytes) -> bytes:
    """Sends the bytes and returns all that comes until the gateway closes the connection or has answered.

    An answer with a Content-Length ends there; its connection may stay open.
    """
    reader, writer = await connect(url)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), None)
        return head + (await reader.read() if length is None else await reader.readexactly(length))
    finally:
        writer.close()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])
