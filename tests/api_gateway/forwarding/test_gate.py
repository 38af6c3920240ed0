"""What passes the gate, what it looks like behind it, and what is turned away."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest

from api_gateway.forwarding.route_table import load_route_table
from kit.auth.tokens import TokenVerifier
from kit.testing import captured_log
from tests.api_gateway.conftest import UPSTREAMS, Gateways, assert_problem, changed_table, connections, token_of
from tests.api_gateway.raw import connect, exchange, status_of
from tests.api_gateway.upstreams import Recorder

UNITS = "/api/v1/targets/units"
CHECKS = "/api/v1/eligibility/checks"

SPOOFED = {
    "Forwarded": "for=1.2.3.4;host=evil",
    "X-Forwarded-For": "1.2.3.4",
    "X-Forwarded-Host": "evil",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/internal",
    "X-Forwarded-User": "city",
    "X-Real-IP": "1.2.3.4",
    "X-Original-URL": "/internal/v1/events",
    "X-Rewrite-URL": "/internal/v1/events",
    "X-HTTP-Method-Override": "DELETE",
    "X-Method-Override": "DELETE",
    "X-Request-Id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "X-Correlation-Id": "1",
    "X-Jiuye-Unit": "ZZ",
    "X-Jiuye-Principal": "city",
    "X-User": "city",
    "X-User-Id": "city",
    "X-Principal": "city",
    "X-Scopes": "targets.report.approve",
    "X-Roles": "CITY",
    "X-Auth-Request-User": "city",
    "X-Remote-User": "city",
    "X-Client-Id": "city",
    "X-Tenant": "ZZ",
    "X_Forwarded_For": "1.2.3.4",
    "X_User": "city",
    "Remote-User": "city",
    "Remote_User": "city",
    "True-Client-IP": "1.2.3.4",
    "Proxy-Authorization": "Basic Y2l0eTp4",
    "Proxy-Connection": "keep-alive",
    "Cookie": "session=city",
    "Via": "1.1 evil",
    "Tracestate": "a=b",
    "Baggage": "user=city",
    "Max-Forwards": "0",
    "Content-Location": "/internal",
    "Origin": "http://evil",
    "Referer": "http://evil",
    "TE": "trailers",
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAMAAABkAAQAAP__",
    "Trailer": "X-User",
    "Keep-Alive": "timeout=1000",
}


@pytest.mark.parametrize("name", SPOOFED)
async def test_a_header_that_speaks_for_somebody_stays_outside(
    gateway: httpx.AsyncClient, recorder: Recorder, name: str
) -> None:
    answer = await gateway.get(UNITS, headers={name: SPOOFED[name]})
    assert answer.status_code == 200
    values = [value for _, value in recorder.last.headers]
    assert SPOOFED[name].encode() not in values
    assert recorder.last.names <= {
        "accept",
        "accept-encoding",
        "authorization",
        "host",
        "traceparent",
        "user-agent",
        "x-request-id",
    }


async def test_a_service_learns_who_asks_from_a_token_of_its_own(
    gateways: Gateways, gateway_url: str, recorder: Recorder
) -> None:
    token = await token_of(gateway_url, "staff-ZZ01", scope="targets.report.write targets.unit.read")
    async with httpx.AsyncClient(base_url=gateway_url, trust_env=False) as staff:
        first = await staff.get(UNITS, headers={"Authorization": f"Bearer {token}"})
        await staff.get(UNITS, headers={"Authorization": f"Bearer {token}"})
    assert first.status_code == 200
    tokens = [seen.header("authorization") for seen in recorder.seen]
    assert tokens[0] == tokens[1], "minted once for many requests"
    assert len(tokens[0]) == 1
    assert token not in tokens[0][0]
    internal = tokens[0][0].removeprefix("Bearer ")
    verifier = TokenVerifier(gateways.keys.internal_keys, token_type="int+jwt", audience="targets")
    principal = verifier.verify(internal)
    assert (principal.subject, principal.kind, principal.unit) == ("staff-ZZ01", "STAFF", "ZZ01")
    assert principal.scopes == {"targets.report.write", "targets.unit.read"}


async def test_path_query_method_and_body_arrive_unchanged(gateway: httpx.AsyncClient, recorder: Recorder) -> None:
    path = "/api/v1/targets/reports/ZZ01/2017-04;v=1/%E5%8C%BA%20x"
    query = "b=2&a=1&a=%2F..%2f&empty=&c=%E4%B8%AD+x"
    body = bytes(range(256)) * 10
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        headers = {
            "Content-Type": "application/octet-stream",
            "Idempotency-Key": "k-1",
            "If-Match": '"3"',
            "Accept-Language": "zh-CN",
        }
        answer = await gateway.request(method, f"{path}?{query}", content=body, headers=headers)
        assert answer.content == body
        seen = recorder.last
        assert (seen.method, seen.raw_path.decode(), seen.query.decode()) == (method, path, query)
        assert seen.body == body
        for name, value in headers.items():
            assert seen.header(name.lower()) == [value]
        assert seen.header("content-length") == [str(len(body))]


async def test_host_is_the_service_and_the_request_id_is_ours(
    gateway: httpx.AsyncClient, recorder: Recorder, recorder_url: tuple[Recorder, str]
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    given = {"X-Request-Id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    recorder.answer_headers = [(b"x-request-id", b"theirs"), (b"server", b"them"), (b"x-powered-by", b"them")]
    answer = await gateway.get(UNITS, headers=given)
    (rid,) = recorder.last.header("x-request-id")
    assert rid != given["X-Request-Id"]
    assert answer.headers.get_list("x-request-id") == [rid]
    (traceparent,) = recorder.last.header("traceparent")
    assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-01", traceparent)
    assert "00f067aa0ba902b7" not in traceparent
    assert recorder.last.header("host") == [recorder_url[1].removeprefix("http://")]
    assert "them" not in answer.headers.values()
    assert len(answer.headers.get_list("date")) == 1


async def test_an_answer_comes_back_with_its_status_and_headers(gateway: httpx.AsyncClient, recorder: Recorder) -> None:
    recorder.status = 409
    recorder.answer_headers = [
        (b"content-type", b"application/problem+json"),
        (b"etag", b'"7"'),
        (b"location", b"/api/v1/targets/jobs/1"),
        (b"idempotency-replayed", b"true"),
        (b"connection", b"x-hop"),
        (b"x-hop", b"1"),
    ]
    answer = await gateway.post(UNITS, content=b"{}")
    assert answer.status_code == 409
    assert answer.content == b"{}"
    assert answer.headers["etag"] == '"7"'
    assert answer.headers["location"] == "/api/v1/targets/jobs/1"
    assert answer.headers["idempotency-replayed"] == "true"
    assert "x-hop" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_stays_without(
    gateway: httpx.AsyncClient, recorder: Recorder, status: int
) -> None:
    recorder.status = status
    for _ in range(3):
        answer = await gateway.get(UNITS)
        assert (answer.status_code, answer.content) == (status, b"")


async def test_head_and_options_are_forwarded_as_such(gateway: httpx.AsyncClient, recorder: Recorder) -> None:
    recorder.answer_headers = [(b"content-length", b"0"), (b"allow", b"GET")]
    assert (await gateway.head(UNITS)).headers["content-length"] == "0"
    assert recorder.last.method == "HEAD"
    options = await gateway.options(UNITS, headers={"Origin": "http://a", "Access-Control-Request-Method": "PUT"})
    assert recorder.last.method == "OPTIONS"
    assert options.headers["allow"] == "GET"
    assert "access-control-allow-origin" not in options.headers


async def test_connections_to_a_service_are_kept_and_reused(gateway: httpx.AsyncClient, recorder: Recorder) -> None:
    await asyncio.gather(*(gateway.post(UNITS, content=str(n)) for n in range(50)))
    assert sorted(int(seen.body) for seen in recorder.seen) == list(range(50))
    before = await connections(gateway, "targets")
    for _ in range(20):
        await gateway.get(UNITS)
    assert await connections(gateway, "targets") <= before


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v1/targetsx",
        "/api/v2/targets/units",
        "/api/v1/%74argets/units",
        "/internal",
        "/internal/v1/events",
        "//internal/v1/events",
        "/targets/internal/v1/events",
        "/healthz/",
        "/docs/assets/secret",
        "/",
    ],
)
async def test_any_other_path_is_not_found(gateway: httpx.AsyncClient, recorder: Recorder, path: str) -> None:
    assert_problem(await gateway.get(httpx.URL(str(gateway.base_url), raw_path=path.encode())), 404, "NOT_FOUND")
    assert not recorder.seen


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/targets/../../../internal/v1/events",
        "/api/v1/targets/..%2f..%2finternal",
        "/api/v1/targets/%2e%2e/internal",
        "/api/v1/targets/..;/internal",
        "/api/v1/targets\\..\\internal",
        "/api/v1/targets/%252e%252e/internal",
        "/api/v1/targets/%00",
        "/api/v1/targets/units?name=a%00b",
        "/api/v1/targets/%0d%0aX-User:city",
        "/api/v1/targets/%zz",
        "/docs/assets/..%2f..%2fmain.py",
    ],
)
async def test_tricks_with_the_path_are_refused(gateway_url: str, token: str, recorder: Recorder, target: str) -> None:
    request = f"GET {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    answer = await exchange(gateway_url, request.encode())
    assert status_of(answer) == 400
    assert b"application/problem+json" in answer
    assert b'"TARGET_INVALID"' in answer
    assert not recorder.seen


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("TRACE {path} HTTP/1.1\r\nHost: a\r\n", 405),
        ("PROPFIND {path} HTTP/1.1\r\nHost: a\r\n", 405),
        ("GET {path} HTTP/1.1\r\n", 400),
        ("GET {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400),
        ("GET {path} HTTP/1.1\r\nHost: a b\r\n", 400),
        ("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n", 400),
        ("GET {path}?" + "a" * 9000 + " HTTP/1.1\r\nHost: a\r\n", 414),
        ("GET {path} HTTP/1.1\r\nHost: a\r\n" + "X-A: 1\r\n" * 100, 431),
        ("GET {path} HTTP/1.1\r\nHost: a\r\nX-A: " + "a" * 17_000 + "\r\n", 431),
        ("POST {path} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n", 400),
        ("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n", 400),
    ],
)
async def test_a_request_of_wrong_shape_is_a_problem(
    gateway_url: str, token: str, recorder: Recorder, head: str, status: int
) -> None:
    request = head.format(path=UNITS) + f"Authorization: Bearer {token}\r\n\r\n"
    answer = await exchange(gateway_url, request.encode())
    assert status_of(answer) == status
    assert b"application/problem+json" in answer
    assert not recorder.seen


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n{auth}\r\n0\r\n\r\n",
        b"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n{auth}\r\nhello",
        b"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n{auth}\r\nhello",
        b"POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n{auth}\r\n0\r\n\r\n",
        b"POST {path} HTTP/1.1\r\nHost: a\r\nX : 1\r\n{auth}\r\n",
        b"POST {path} HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n{auth}\r\n",
        b"POST {path} HTTP/1.1\r\nHost: a\r\nX: 1\x00\r\n{auth}\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n{auth}\r\n",
        b"GET http://evil/internal HTTP/9.9\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    ],
)
async def test_broken_framing_never_reaches_a_service(
    gateway_url: str, token: str, recorder: Recorder, request_bytes: bytes
) -> None:
    auth = b"Authorization: Bearer " + token.encode() + b"\r\n"
    request = request_bytes.replace(b"{path}", UNITS.encode()).replace(b"{auth}", auth)
    assert status_of(await exchange(gateway_url, request)) in (400, 405)
    assert not recorder.seen


async def test_a_bad_chunk_size_breaks_the_request_behind_the_gate_too(
    gateway_url: str, token: str, recorder: Recorder
) -> None:
    head = f"POST {UNITS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await exchange(gateway_url, head.encode() + b"5\r\nhello\r\nzz\r\n")
    assert status_of(answer) == 400
    assert not recorder.seen, "a request that broke off is never seen whole"


@pytest.mark.parametrize(
    "trailer",
    ["Content-Length: 3", "Authorization: Bearer x", "Transfer-Encoding: chunked", "Host: b", "Idempotency-Key: b"],
)
async def test_a_trailer_changes_nothing_of_the_request_before_it(
    gateway_url: str, token: str, recorder: Recorder, trailer: str
) -> None:
    """uvicorn adds trailers to the headers of a request that comes in one packet."""
    head = f"POST {UNITS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: a\r\n"
    body = f"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n{trailer}\r\n\r\n"
    answer = await exchange(gateway_url, (head + body).encode())
    if recorder.seen:
        assert recorder.last.body == b"hello"
        assert recorder.last.header("idempotency-key") == ["a"]
    else:
        assert status_of(answer) == 400


async def test_another_protocol_is_not_spoken(gateway_url: str, token: str, recorder: Recorder) -> None:
    """The request is answered in HTTP/1.1 and its connection ends; with a body it is refused."""
    head = f"Host: a\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    answer = await exchange(gateway_url, f"GET {UNITS} HTTP/1.1\r\n{head}\r\nGET /x HTTP/1.1\r\n\r\n".encode())
    assert status_of(answer) == 200
    assert b"connection: close" in answer
    assert len(recorder.seen) == 1
    assert not {"upgrade", "connection"} & recorder.last.names
    answer = await exchange(gateway_url, f"POST {UNITS} HTTP/1.1\r\n{head}Content-Length: 5\r\n\r\nhello".encode())
    assert status_of(answer) == 400
    assert len(recorder.seen) == 1


async def test_an_absolute_address_is_read_as_its_path(gateway_url: str, token: str, recorder: Recorder) -> None:
    head = f"GET http://evil{UNITS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    request = f"{head}Authorization: Bearer {token}\r\n\r\n"
    assert status_of(await exchange(gateway_url, request.encode())) == 200
    assert recorder.last.raw_path.decode() == UNITS


async def test_two_requests_in_one_packet_get_two_answers(gateway_url: str, token: str, recorder: Recorder) -> None:
    request = f"GET {UNITS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
    reader, writer = await connect(gateway_url)
    writer.write(f"{request}\r\n{request}Connection: close\r\n\r\n".encode())
    answers = await reader.read()
    writer.close()
    assert answers.count(b"HTTP/1.1 200") == 2
    assert len(recorder.seen) == 2


async def test_a_declared_body_over_the_limit_is_refused_before_it_is_sent(
    gateway_url: str, token: str, recorder: Recorder
) -> None:
    route = load_route_table(UPSTREAMS).route_of(b"/api/v1/eligibility/checks")
    assert route is not None
    limit = route.body_limit_bytes
    for length in (limit + 1, 10**18):
        for expect in ("", "Expect: 100-continue\r\n"):
            head = f"POST /api/v1/eligibility/checks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n{expect}"
            answer = await exchange(gateway_url, f"{head}Content-Length: {length}\r\n\r\n".encode())
            assert status_of(answer) == 413
            assert b'"BODY_TOO_LARGE"' in answer
            assert "16 MiB" in answer.decode()
    assert not recorder.seen


async def test_a_streamed_body_is_counted(gateways: Gateways, recorder_url: Any, recorder: Recorder) -> None:
    table = changed_table(body_limit_bytes=100_000)
    with gateways.running(recorder_url[1], table=table) as url:
        token = await token_of(url)
        async with httpx.AsyncClient(base_url=url, trust_env=False, headers={"Authorization": f"Bearer {token}"}) as c:
            exact = await c.post(UNITS, content=parts(b"x" * 10_000, 10))
            assert (exact.status_code, len(exact.content)) == (200, 100_000)
            for count in (11, 1000):
                over = await c.post(UNITS, content=parts(b"x" * 10_000, count))
                assert_problem(over, 413, "BODY_TOO_LARGE")
            assert (await c.get(UNITS)).status_code == 200
    assert [len(seen.body) for seen in recorder.seen] == [100_000, 0]


async def parts(part: bytes, count: int) -> Any:
    for _ in range(count):
        yield part


async def test_a_client_that_expects_to_be_told_is_told_to_go_on(
    gateway_url: str, token: str, recorder: Recorder
) -> None:
    reader, writer = await connect(gateway_url)
    head = f"POST {UNITS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\n"
    writer.write(f"{head}Content-Length: 5\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hello")
    assert b" 200 " in await reader.readline()
    writer.close()
    assert recorder.last.body == b"hello"
    assert "expect" not in recorder.last.names


async def test_the_log_has_the_route_and_the_client_and_nothing_of_the_path(
    gateway: httpx.AsyncClient, recorder: Recorder
) -> None:
    with captured_log() as log:
        answer = await gateway.get("/api/v1/targets/events/secret-id?name=secret-name")
        async with asyncio.timeout(30):
            while answer.headers["x-request-id"] not in log.getvalue():
                await asyncio.sleep(0.01)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    line = next(entry for entry in lines if entry.get("request_id") == answer.headers["x-request-id"])
    assert line["route"] == "/api/v1/targets/*"
    assert line["client"] == "platform"
    assert "secret" not in log.getvalue()
    assert len(recorder.seen) == 1


async def test_metrics_count_by_route_and_by_service(gateway: httpx.AsyncClient, recorder: Recorder) -> None:
    await gateway.get(UNITS)
    await gateway.get("/api/v1/loans/rules")
    text = (await gateway.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="/api/v1/targets/*",service="gateway",status="200"}' in text
    assert 'gateway_upstream_requests_total{outcome="2xx",upstream="targets"}' in text
    assert 'gateway_upstream_requests_total{outcome="UPSTREAM_UNAVAILABLE",upstream="loans"}' in text
    assert 'gateway_upstream_head_seconds_count{upstream="targets"}' in text
