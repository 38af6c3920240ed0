"""Services that refuse, hang, break off or talk nonsense: the client always learns the truth (R14)."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from kit.testing import client
from onebox.ports import free_ports
from tests.api_gateway.conftest import Gateways, assert_problem, changed_table, connections, token_of
from tests.api_gateway.raw import connect
from tests.api_gateway.upstreams import Recorder, ScriptedUpstream, read_head, says

CHECKS = "/api/v1/eligibility/checks"
OK = b"HTTP/1.1 200 OK\r\n"
SLOW_MACHINE = 1.0  # seconds by which the test itself may come late
MORE_THAN_SOCKETS_HOLD = 30 * 1024 * 1024


async def test_a_dead_service_is_unavailable_and_the_others_are_not(
    gateway: httpx.AsyncClient, recorder: Recorder
) -> None:
    answer = await gateway.post("/api/v1/loans/subsidy-quotes", json={"a": 1})
    assert_problem(answer, 503, "UPSTREAM_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    assert (await gateway.get("/api/v1/targets/units")).status_code == 200
    assert len(recorder.seen) == 1


async def test_an_unknown_host_is_unavailable(gateways: Gateways) -> None:
    with gateways.running("http://no-such-host.invalid") as url:
        async with client(url, headers={"Authorization": f"Bearer {await token_of(url)}"}) as gateway:
            assert_problem(await gateway.get("/api/v1/targets/units"), 503, "UPSTREAM_UNAVAILABLE")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x00\x01\x02\x03",
        b"<html></html>\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"HTTP/1.1 999 No\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        OK + b"\r\nno end can be seen",
        OK + b"connection: close\r\n\r\nno end can be seen",
        OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\nab",
        OK + b"content-length: -1\r\n\r\n",
        OK + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"transfer-encoding: gzip\r\n\r\n",
        OK + b"x y: 1\r\ncontent-length: 0\r\n\r\n",
        OK + b"x: a\x00b\r\ncontent-length: 0\r\n\r\n",
        OK + b"x: 1\r\n folded\r\ncontent-length: 0\r\n\r\n",
        OK + b"x: 1\r\n" * 300 + b"content-length: 0\r\n\r\n",
        OK + b"x: " + b"1" * 100_000,
    ],
)
async def test_nonsense_is_told_as_nonsense(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream, answer: bytes
) -> None:
    scripted.script = says(answer)
    assert_problem(await gateway.get(CHECKS), 502, "UPSTREAM_INVALID")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-le"])
async def test_a_service_that_hangs_up_before_it_answers_is_lost(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream, answer: bytes
) -> None:
    scripted.script = says(answer)
    for method in ("GET", "POST"):
        scripted.connections = 0
        assert_problem(await gateway.request(method, CHECKS), 502, "UPSTREAM_LOST")
        assert scripted.connections == 1, "a request on a new connection is never repeated"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"content-length: 100\r\n\r\nhalf",
        OK + b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        OK + b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
        OK + b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense",
        OK + b"content-length: 100\r\n\r\n",
    ],
)
async def test_half_an_answer_is_never_made_a_whole_one(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream, answer: bytes
) -> None:
    scripted.script = says(answer)
    try:
        told = await gateway.get(CHECKS)
    except httpx.RemoteProtocolError:
        return
    assert_problem(told, 502, "UPSTREAM_INVALID")  # seen before a byte of it had gone out


async def test_an_interim_answer_is_not_the_answer(gateway: httpx.AsyncClient, scripted: ScriptedUpstream) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    scripted.script = says(interim + interim + OK + b"content-length: 2\r\n\r\nok")
    answer = await gateway.get(CHECKS)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "link" not in answer.headers


@pytest.fixture
async def impatient(
    gateways: Gateways, scripted: ScriptedUpstream, recorder_url: tuple[Recorder, str]
) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that waits 0.4 s for a sign of life of a service, and 1 s in all."""
    table = changed_table(
        connect_seconds=5, read_seconds=0.4, total_seconds=1.0, body_limit_bytes=2 * MORE_THAN_SOCKETS_HOLD
    )
    with gateways.running(recorder_url[1], scripted.url, table=table) as url:
        async with client(url, headers={"Authorization": f"Bearer {await token_of(url)}"}) as made:
            yield made


async def until_closed(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


async def test_a_service_that_says_nothing_is_timed_out_and_let_go(
    impatient: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    """R14: it hangs, and the answer comes when 0.4 s are over."""
    let_go = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        try:
            await until_closed(reader)
        finally:
            let_go.set()

    scripted.script = silent
    for method in ("GET", "POST"):
        let_go.clear()
        begun = time.monotonic()
        assert_problem(await impatient.request(method, CHECKS, content=b"{}"), 504, "UPSTREAM_TIMEOUT")
        assert 0.4 <= time.monotonic() - begun < 0.4 + 0.2 + SLOW_MACHINE
        assert scripted.connections == 1, "what may have been done is not tried again"
        async with asyncio.timeout(30):
            await let_go.wait()
        scripted.connections = 0


async def test_a_service_that_drips_is_timed_out_in_all(
    impatient: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        for byte in OK + b"x: " + b"1" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.1)

    scripted.script = drip
    assert_problem(await impatient.get(CHECKS), 504, "UPSTREAM_TIMEOUT")


async def test_a_body_that_stops_coming_breaks_the_connection(
    impatient: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK + b"content-length: 100\r\n\r\nhalf")
        await until_closed(reader)

    scripted.script = stall
    with pytest.raises(httpx.RemoteProtocolError):
        await impatient.get(CHECKS)


async def test_a_service_that_takes_no_body_is_timed_out(
    impatient: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    done = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await done.wait()

    scripted.script = deaf
    try:
        answer = await impatient.post(CHECKS, content=b"x" * MORE_THAN_SOCKETS_HOLD)
        assert_problem(answer, 504, "UPSTREAM_TIMEOUT")
    finally:
        done.set()


async def test_a_client_that_stops_sending_is_told_so(gateways: Gateways, scripted: ScriptedUpstream) -> None:
    async def takes_all(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await until_closed(reader)

    scripted.script = takes_all
    with gateways.running(scripted.url, table=changed_table(client_silence_seconds=0.2)) as url:
        token = await token_of(url)
        reader, writer = await connect(url)
        head = f"POST {CHECKS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
        writer.write(f"{head}Content-Length: 10\r\n\r\nhalf".encode())
        answer = await reader.read()
        writer.close()
    assert b" 408 " in answer.splitlines()[0]
    assert b'"REQUEST_TIMEOUT"' in answer


async def test_too_many_at_once_wait_and_then_are_told(gateways: Gateways, scripted: ScriptedUpstream) -> None:
    waiting = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        waiting.set()
        await go_on.wait()
        writer.write(OK + b"content-length: 2\r\n\r\nok")

    scripted.script = slow
    table = changed_table(connections_per_upstream=1, connect_seconds=0.4)
    with gateways.running(scripted.url, table=table) as url:
        async with client(url, headers={"Authorization": f"Bearer {await token_of(url)}"}) as gateway:
            first = asyncio.create_task(gateway.get(CHECKS))
            await waiting.wait()
            assert_problem(await gateway.get(CHECKS), 503, "POOL_EXHAUSTED")
            go_on.set()
            assert (await first).status_code == 200
            assert (await gateway.get(CHECKS)).status_code == 200, "the place is free again"


class Keeper:
    """Answers the first request of a connection, and takes the second one without answering."""

    def __init__(self, *, second: bytes = b"") -> None:
        self.second = second
        self.heads: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (OK + b"content-length: 2\r\n\r\nok", self.second):
            head = await read_head(reader)
            self.heads.append(head.split(b" ", 1)[0])
            if b"content-length: 2" in head.lower():
                await reader.readexactly(2)
            writer.write(answer)
            await writer.drain()


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("HEAD", None), ("DELETE", None), ("PUT", None), ("OPTIONS", None)]
)
async def test_an_idempotent_request_on_a_stale_connection_is_sent_once_more(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream, method: str, body: bytes | None
) -> None:
    keeper = Keeper()
    scripted.script = keeper
    await settled(gateway)
    answer = await gateway.request(method, CHECKS, content=body)
    assert answer.status_code == 200
    assert keeper.heads == [b"GET", method.encode(), method.encode()]
    assert scripted.connections == 2


@pytest.mark.parametrize(("method", "body"), [("POST", None), ("POST", b"{}"), ("PATCH", b"{}"), ("PUT", b"{}")])
async def test_a_request_that_may_have_had_its_effect_is_not_sent_again(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream, method: str, body: bytes | None
) -> None:
    keeper = Keeper()
    scripted.script = keeper
    await settled(gateway)
    answer = await gateway.request(method, CHECKS, content=body)
    assert_problem(answer, 502, "UPSTREAM_LOST")
    assert keeper.heads == [b"GET", method.encode()]
    assert scripted.connections == 1


async def test_a_request_whose_answer_began_is_not_sent_again(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    keeper = Keeper(second=b"HTTP/1.1 200")
    scripted.script = keeper
    await settled(gateway)
    assert_problem(await gateway.get(CHECKS), 502, "UPSTREAM_LOST")
    assert keeper.heads == [b"GET", b"GET"]


async def settled(gateway: httpx.AsyncClient) -> None:
    """Leaves one idle connection to the scripted service, whose first request is answered."""
    assert (await gateway.get(CHECKS)).text == "ok"


async def test_a_connection_closed_while_idle_is_not_used(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK + b"content-length: 2\r\n\r\nok")
        await writer.drain()

    scripted.script = once
    for count in range(1, 6):
        assert (await gateway.post(CHECKS)).status_code == 200
        async with asyncio.timeout(30):
            while await connections(gateway, "eligibility"):
                await asyncio.sleep(0.01)
        assert scripted.connections == count


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        OK + b"content-length: 2\r\n\r\nok and more",
        OK + b"content-length: 2\r\nconnection: close\r\n\r\nok and more",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ],
)
async def test_what_comes_after_an_answer_is_nobodys_answer(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream, answer: bytes
) -> None:
    async def keeps_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(answer)
        await until_closed(reader)

    scripted.script = keeps_open
    for count in range(1, 4):
        reply = await gateway.get(CHECKS)
        assert reply.text == "ok"
        assert scripted.connections == count


async def test_a_body_after_head_poisons_nothing(gateway: httpx.AsyncClient, scripted: ScriptedUpstream) -> None:
    async def keeps_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK + b"content-length: 4\r\n\r\nevil")
        await until_closed(reader)

    scripted.script = keeps_open
    for count in (1, 2):
        answer = await gateway.head(CHECKS)
        assert (answer.status_code, answer.headers["content-length"]) == (200, "4")
        assert scripted.connections == count


async def test_an_early_refusal_reaches_the_client_and_the_upload_ends(
    gateway: httpx.AsyncClient, scripted: ScriptedUpstream
) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 422 No\r\ncontent-length: 2\r\n\r\nno")
        await until_closed(reader)

    scripted.script = refuses
    answer = await gateway.post(CHECKS, content=b"x" * 2_000_000)
    assert (answer.status_code, answer.text) == (422, "no")
    assert scripted.connections == 1


async def test_a_service_that_comes_back_is_used_at_once(gateways: Gateways) -> None:
    port = free_ports(1)[0]
    with gateways.running(f"http://127.0.0.1:{port}") as url:
        async with client(url, headers={"Authorization": f"Bearer {await token_of(url)}"}) as gateway:
            assert_problem(await gateway.get(CHECKS), 503, "UPSTREAM_UNAVAILABLE")
            upstream = ScriptedUpstream()
            upstream.script = says(OK + b"content-length: 2\r\n\r\nok")
            async with upstream.listening(port):
                assert (await gateway.get(CHECKS)).text == "ok"
