"""Bytes that other servers read in two ways, or read without end, sent to the running gateway."""

import asyncio
import json
import re

import pytest

from api_gateway.forwarding.server import connection
from tests.api_gateway.conftest import Gateways, token_of
from tests.api_gateway.raw import connect, exchange, status_of
from tests.api_gateway.upstreams import Recorder

PATH = "/api/v1/targets/units"
GET = f"GET {PATH} HTTP/1.1\r\n"
POST = f"POST {PATH} HTTP/1.1\r\nHost: a\r\n"


CHUNKED = POST + "{auth}Transfer-Encoding: chunked\r\n\r\n"
REFUSED = {
    "CL and TE": (POST + "{auth}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "TE and CL": (POST + "{auth}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "same CL twice": (POST + "{auth}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    "two CL": (POST + "{auth}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    "CL list": (POST + "{auth}Content-Length: 5, 5\r\n\r\nhello", 400),
    "signed CL": (POST + "{auth}Content-Length: +5\r\n\r\nhello", 400),
    "hex CL": (POST + "{auth}Content-Length: 0x5\r\n\r\nhello", 400),
    "huge CL": (POST + "{auth}Content-Length: 99999999999999999999999\r\n\r\nhello", 400),
    "unknown TE": (POST + "{auth}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "TE doubled": (POST + "{auth}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "two TE": (POST + "{auth}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", 400),
    "blank before colon": (POST + "{auth}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "VT before chunked": (POST + "{auth}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "TE in 1.0": (f"POST {PATH} HTTP/1.0\r\n{{auth}}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "bare LF after size": (CHUNKED + "5\nhello\r\n0\r\n\r\n", 400),
    "0x size": (CHUNKED + "0x5\r\nhello\r\n0\r\n\r\n", 400),
    "negative size": (CHUNKED + "-1\r\nhello\r\n0\r\n\r\n", 400),
    "no CRLF after chunk": (CHUNKED + "5\r\nhelloX0\r\n\r\n", 400),
    "huge chunk size": (CHUNKED + "fffffffffffffffff\r\n", 400),
    "extension": (CHUNKED + "5;" + "x" * 40_000 + "\r\nhello\r\n", 400),
    "no Host": (GET + "{auth}\r\n", 400),
    "Host twice": (GET + "Host: a\r\nHost: a\r\n{auth}\r\n", 400),
    "folded": (GET + "Host: a\r\n b\r\n{auth}\r\n", 400),
    "bare LF": (GET + "Host: a\n{auth}\r\n", 400),
    "bare CR": (GET + "Host: a\r\n{auth}X: a\rb\r\n\r\n", 400),
    "NUL": (GET + "Host: a\r\n{auth}X: a\x00b\r\n\r\n", 400),
    "empty name": (GET + "Host: a\r\n{auth}: x\r\n\r\n", 400),
    "blank in target": ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "raw UTF-8 in target": ("GET /区 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "fragment": ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "version 2.0": ("GET /a HTTP/2.0\r\nHost: a\r\n\r\n", 400),
    "version 0.9": ("GET /a\r\n\r\n", 400),
    "HTTP/2 preface": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "long target": ("GET " + "/" * 9000 + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "3000 headers": (GET + "Host: a\r\n" + "X: 1\r\n" * 3000 + "\r\n", 431),
    "100 kB of headers": (GET + "Host: a\r\nX: " + "x" * 100_000 + "\r\n\r\n", 431),
    "asterisk": ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "user in target": ("GET http://user@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_it_is_refused_with_a_problem_and_the_connection_ends(
    gateway_url: str, token: str, recorder: Recorder, case: str
) -> None:
    """What hides behind the refused request is never read as another one."""
    request_text, status = REFUSED[case]
    request = request_text.replace("{auth}", f"Authorization: Bearer {token}\r\n")
    hidden = f"GET {PATH}/hidden HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    reader, writer = await connect(gateway_url)
    writer.write((request + hidden).encode())
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert status_of(answer) == status
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    problem = json.loads(body)
    assert problem["status"] == status
    assert any("\u4e00" <= letter <= "\u9fff" for letter in problem["detail"])
    assert not recorder.seen


@pytest.mark.parametrize("begun", [b"", b"GET /api/v1/targets/units HTTP/1.1\r\nHost: a\r\nX: "])
async def test_a_head_that_does_not_come_is_not_waited_for(
    gateway_url: str, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    reader, writer = await connect(gateway_url)
    writer.write(begun)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer == b"" if not begun else status_of(answer) == 408


async def test_a_slow_head_cannot_begin_its_time_anew(gateway_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.5)
    reader, writer = await connect(gateway_url)

    async def drip() -> None:
        writer.write(b"GET / HTTP/1.1\r\n")
        while True:
            writer.write(b"X: 1\r\n")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(10):
        assert status_of(await reader.read()) == 408
    dripping.cancel()
    writer.close()


async def test_many_requests_in_one_packet_are_answered_in_turn(
    gateway_url: str, token: str, recorder: Recorder
) -> None:
    def one(number: int) -> bytes:
        head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Length: 5\r\n\r\n"
        return f"{head}{number:05d}".encode()

    reader, writer = await connect(gateway_url)
    writer.write(b"".join(map(one, range(100))) + b"nonsense\r\n\r\n")
    async with asyncio.timeout(20):
        answers = await reader.read()
    writer.close()
    assert [seen.body for seen in recorder.seen] == [b"%05d" % number for number in range(100)]
    assert answers.count(b"HTTP/1.1 200") == 100
    assert list(map(int, re.findall(rb"\r\n(\d{5})\r\n", answers))) == list(range(100))
    assert answers.count(b"HTTP/1.1 400") == 1, "what is no request is refused in its turn"


async def test_thousands_of_refusals_in_one_packet_are_no_recursion(gateway_url: str) -> None:
    reader, writer = await connect(gateway_url)
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 3000)
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(20):
        answers = await reader.read()
    writer.close()
    assert answers.count(b"HTTP/1.1 401") == 3001


async def test_a_host_that_is_not_ours_is_misdirected(gateways: Gateways, recorder_url: tuple[Recorder, str]) -> None:
    with gateways.running(recorder_url[1], settings={"hosts": "jiuye.example, 127.0.0.2"}) as url:
        token = await token_of(url)
        auth = f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        for host, status in (
            ("jiuye.example", 200),
            ("JIUYE.example:443", 200),
            ("evil.example", 421),
            ("localhost", 421),
        ):
            answer = await exchange(url, f"{GET}Host: {host}\r\n{auth}".encode())
            assert status_of(answer) == status, host
        absolute = f"GET http://evil.example{PATH} HTTP/1.1\r\nHost: jiuye.example\r\n{auth}"
        assert status_of(await exchange(url, absolute.encode())) == 421
        assert status_of(await exchange(url, b"GET /healthz HTTP/1.1\r\nHost: 10.0.0.7:18000\r\n\r\n")) == 200
