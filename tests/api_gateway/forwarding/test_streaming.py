"""Streaming both ways, proven by the order of events: nothing waits in the gateway for the rest to come."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from kit.testing import client
from tests.api_gateway.conftest import Gateways, changed_table, token_of
from tests.api_gateway.raw import connect
from tests.api_gateway.upstreams import ScriptedUpstream, read_head

CHECKS = "/api/v1/eligibility/checks"
OK = b"HTTP/1.1 200 OK\r\n"
MIB = 1024 * 1024
BIG = 40 * MIB
# What the kernel's buffers of four sockets on the loopback may hold, and the gateway's own 2 × 64 KiB.
ON_THE_WAY = 20 * MIB


@pytest.fixture
async def gateway_for_big(gateways: Gateways, scripted: ScriptedUpstream) -> AsyncIterator[httpx.AsyncClient]:
    with gateways.running(scripted.url, table=changed_table(body_limit_bytes=2 * BIG)) as url:
        async with client(url, headers={"Authorization": f"Bearer {await token_of(url)}"}) as made:
            yield made


async def test_the_first_part_of_an_answer_arrives_before_the_last_is_sent(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    arrived = asyncio.Event()

    async def two_parts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK + b"transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await arrived.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")
        await writer.drain()

    scripted.script = two_parts
    received = []
    async with asyncio.timeout(10), gateway.stream("GET", CHECKS) as answer:
        async for part in answer.aiter_raw():
            received.append(part)
            arrived.set()
    assert received == [b"first", b"last"]


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_the_first_part_of_a_body_arrives_before_the_last_is_sent(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream, is_chunked: bool
) -> None:
    arrived = asyncio.Event()
    bodies = []

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        assert (b"transfer-encoding: chunked" in head) == is_chunked
        first = b"5\r\nfirst\r\n" if is_chunked else b"first"
        bodies.append(await reader.readexactly(len(first)))
        arrived.set()
        last = b"4\r\nlast\r\n0\r\n\r\n" if is_chunked else b"last"
        bodies.append(await reader.readexactly(len(last)))
        writer.write(OK + b"content-length: 2\r\n\r\nok")
        await writer.drain()

    async def sends() -> AsyncIterator[bytes]:
        yield b"first"
        await arrived.wait()
        yield b"last"

    scripted.script = takes
    headers = {} if is_chunked else {"Content-Length": "9"}
    async with asyncio.timeout(10):
        answer = await gateway.post(CHECKS, content=sends(), headers=headers)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert bodies[0].endswith(b"first\r\n" if is_chunked else b"first")


async def test_an_answer_may_begin_before_the_body_has_ended(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    """Both directions at once: each next part is sent only after the echo of the one before."""

    async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK + b"content-length: 50\r\n\r\n")
        for _ in range(10):
            writer.write(await reader.readexactly(5))
            await writer.drain()

    scripted.script = echoes
    reader, writer = await connect(str(gateway.base_url))
    head = f"POST {CHECKS} HTTP/1.1\r\nHost: a\r\nAuthorization: {gateway.headers['authorization']}\r\n"
    writer.write(f"{head}Content-Length: 50\r\n\r\n".encode())
    async with asyncio.timeout(10):
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        for number in range(10):
            writer.write(b"%05d" % number)
            assert await reader.readexactly(5) == b"%05d" % number
    writer.close()


async def push(sock: socket.socket, length: int, progress: list[int]) -> None:
    """Pushes bytes into a socket as fast as it takes them; `progress[0]` is how many it has taken."""
    loop = asyncio.get_running_loop()
    block = memoryview(bytes(256 * 1024))
    while progress[0] < length:
        try:
            progress[0] += sock.send(block[: length - progress[0]])
        except BlockingIOError:
            writable = loop.create_future()
            loop.add_writer(sock, lambda f=writable: f.done() or f.set_result(None))
            await writable
            loop.remove_writer(sock)


async def standstill(progress: list[int]) -> int:
    """Waits until nothing more is taken. Too short a wait could only miss a fault, never report one."""
    quiet = 0
    last = -1
    while quiet < 10:
        await asyncio.sleep(0.03)
        quiet = quiet + 1 if progress[0] == last else 0
        last = progress[0]
    return last


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[socket.socket]:
    parts = urlsplit(url)
    with socket.socket() as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (parts.hostname, parts.port))
        yield sock


async def test_a_large_body_waits_for_the_service_outside_the_gateway(
    gateway_for_big: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    may_read = asyncio.Event()

    async def reads_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await may_read.wait()
        left = BIG
        while left:
            left -= len(await reader.read(256 * 1024))
        writer.write(OK + b"content-length: 2\r\n\r\nok")
        await writer.drain()

    scripted.script = reads_late
    loop = asyncio.get_running_loop()
    async with connected(str(gateway_for_big.base_url)) as sock, asyncio.timeout(60):
        head = f"POST {CHECKS} HTTP/1.1\r\nHost: a\r\nAuthorization: {gateway_for_big.headers['authorization']}\r\n"
        await loop.sock_sendall(sock, f"{head}Content-Length: {BIG}\r\n\r\n".encode())
        progress = [0]
        pushing = asyncio.create_task(push(sock, BIG, progress))
        assert await standstill(progress) < ON_THE_WAY
        may_read.set()
        await pushing
        assert b" 200 " in await loop.sock_recv(sock, 4096)


async def test_a_large_answer_waits_for_the_client_outside_the_gateway(gateways: Gateways) -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with gateways.running(f"http://127.0.0.1:{listener.getsockname()[1]}") as url:
            token = await token_of(url)
            async with connected(url) as sock, asyncio.timeout(60):
                request = f"GET {CHECKS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
                await loop.sock_sendall(sock, request.encode())
                service, _ = await loop.sock_accept(listener)
                with service:
                    assert (await loop.sock_recv(service, 65536)).endswith(b"\r\n\r\n")
                    await loop.sock_sendall(service, OK + b"content-length: %d\r\n\r\n" % BIG)
                    progress = [0]
                    pushing = asyncio.create_task(push(service, BIG, progress))
                    assert await standstill(progress) < ON_THE_WAY
                    head, _, rest = (await loop.sock_recv(sock, 65536)).partition(b"\r\n\r\n")
                    assert b" 200 " in head
                    taken = len(rest)
                    while taken < BIG:
                        taken += len(await loop.sock_recv(sock, 256 * 1024))
                    await pushing
    assert taken == BIG


@pytest.mark.parametrize("begun", [False, True])
async def test_a_client_that_leaves_takes_its_request_with_it(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream, begun: bool
) -> None:
    waiting = asyncio.Event()
    aborted = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        if begun:
            writer.write(OK + b"content-length: 100\r\n\r\nhalf")
        waiting.set()
        try:
            await reader.read()
        finally:
            aborted.set()

    scripted.script = waits
    reader, writer = await connect(str(gateway.base_url))
    head = f"GET {CHECKS} HTTP/1.1\r\nHost: a\r\nAuthorization: {gateway.headers['authorization']}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(30):
        await waiting.wait()
        if begun:
            await reader.readuntil(b"half")
        writer.close()
        await aborted.wait()
    assert scripted.connections == 1


async def test_a_client_that_leaves_during_its_upload_leaves_no_whole_request(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    got_some = asyncio.Event()
    ended = asyncio.Event()
    received = b""

    async def takes(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal received
        try:
            await read_head(reader)
            received += await reader.readexactly(9)
            got_some.set()
            received += await reader.read()
        finally:
            ended.set()

    scripted.script = takes
    _, writer = await connect(str(gateway.base_url))
    head = f"POST {CHECKS} HTTP/1.1\r\nHost: a\r\nAuthorization: {gateway.headers['authorization']}\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n".encode())
    async with asyncio.timeout(30):
        await got_some.wait()
        writer.transport.abort()
        await ended.wait()
    assert b"0\r\n\r\n" not in received
