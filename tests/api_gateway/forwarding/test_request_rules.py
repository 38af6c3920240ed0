"""Which requests are let in at all, and which headers travel on."""

import pytest

from api_gateway.forwarding.domain import HeaderList, check_path, check_target, passed_on, read_headers, returned
from api_gateway.forwarding.errors import (
    HeadersTooLargeError,
    MethodRefusedError,
    RequestRefusedError,
    TargetInvalidError,
    TargetTooLongError,
)
from api_gateway.forwarding.route_table import load_route_table
from tests.api_gateway.conftest import UPSTREAMS


def check_request(method: str, path: bytes, query: bytes, headers: HeaderList, version: str) -> None:
    check_target(method, path, query)
    read_headers(headers, version)


HOST = [(b"host", b"jiuye.example:18000")]
ALLOWED = load_route_table(UPSTREAMS).request_headers


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"/api/v1/targets/plans/2017",
        b"/a/%E5%8C%BA",
        b"/a/b;c=1",
        b"/a/...",
        b"/a/.b",
        b"/a//b",
        b"/a/%20b",
        b"/~a",
    ],
)
def test_a_plain_path_is_let_in(path: bytes) -> None:
    check_path(path)


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"*",
        b"http://a/",
        b"/a/../b",
        b"/a/..",
        b"/a/./b",
        b"/a/%2e%2e/b",
        b"/a/%2E./b",
        b"/a/.%2e/b",
        b"/a/..;/b",
        b"/a/..%2fb",
        b"/a/..%2Fb",
        b"/a/%2f",
        b"/a/%5c..%5c",
        b"/a\\b",
        b"/a/%252e%252e/b",
        b"/a/%252f",
        b"/a/%25252f",
        b"/a/%00",
        b"/a/%0d%0ab",
        b"/a/%7f",
        b"/a/%",
        b"/a/%zz",
        b"/a/%u002f",
        b"/a/%ff",
        b"/a/%c0%af",
        b"/a/%c0%ae%c0%ae/",
    ],
)
def test_a_path_with_two_readings_is_refused(path: bytes) -> None:
    with pytest.raises(TargetInvalidError):
        check_path(path)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "PURGE"])
def test_other_methods_are_refused(method: str) -> None:
    with pytest.raises(MethodRefusedError) as refused:
        check_request(method, b"/a", b"", HOST, "1.1")
    assert "GET" in refused.value.headers["Allow"]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [*HOST, *HOST],
        [(b"host", b"")],
        [(b"host", b"a b")],
        [(b"host", b"a,b")],
        [(b"host", b"user@a")],
        [(b"host", b"a/b")],
        [(b"host", b"a:b")],
        [*HOST, (b"authorization", b"a"), (b"authorization", b"b")],
        [*HOST, (b"content-type", b"a"), (b"content-type", b"b")],
        [*HOST, (b"idempotency-key", b"a"), (b"idempotency-key", b"a")],
        [*HOST, (b"content-length", b"1"), (b"content-length", b"1")],
        [*HOST, (b"transfer-encoding", b"gzip, chunked")],
        [*HOST, (b"transfer-encoding", b"chunked"), (b"content-length", b"5")],
        [*HOST, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
    ],
)
def test_headers_with_two_readings_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(RequestRefusedError):
        check_request("GET", b"/a", b"", headers, "1.1")


def test_the_old_protocol_may_come_without_host_and_never_chunked() -> None:
    check_request("GET", b"/a", b"", [], "1.0")
    with pytest.raises(RequestRefusedError):
        check_request("POST", b"/a", b"", [(b"transfer-encoding", b"chunked")], "1.0")


def test_the_limits_are_exact() -> None:
    check_request("GET", b"/a", b"", [*HOST, *[(b"x", b"1")] * 99], "1.1")
    with pytest.raises(HeadersTooLargeError):
        check_request("GET", b"/a", b"", [*HOST, *[(b"x", b"1")] * 100], "1.1")
    room = 16 * 1024 - len(b"hosta") - 4 - len(b"x") - 4
    check_request("GET", b"/a", b"", [(b"host", b"a"), (b"x", b"y" * room)], "1.1")
    with pytest.raises(HeadersTooLargeError):
        check_request("GET", b"/a", b"", [(b"host", b"a"), (b"x", b"y" * (room + 1))], "1.1")
    check_request("GET", b"/" + b"a" * 4000, b"b" * (8192 - 4002), HOST, "1.1")
    with pytest.raises(TargetTooLongError):
        check_request("GET", b"/" + b"a" * 4000, b"b" * (8192 - 4001), HOST, "1.1")


def test_only_listed_headers_reach_a_service() -> None:
    given = [
        (b"accept", b"application/json"),
        (b"idempotency-key", b"k"),
        (b"x-user", b"city"),
        (b"x_forwarded_for", b"1.2.3.4"),
        (b"cookie", b"a=b"),
    ]
    assert passed_on(given, ALLOWED) == given[:2]


def test_a_header_that_connection_names_stays_here() -> None:
    given = [(b"connection", b"close, If-Match"), (b"if-match", b'"1"'), (b"accept", b"*/*"), (b"keep-alive", b"5")]
    assert passed_on(given, ALLOWED, b"close, If-Match") == [(b"accept", b"*/*")]
    answered = [(b"connection", b"X-Secret"), (b"x-secret", b"1"), (b"etag", b'"1"')]
    assert returned(200, answered) == [(b"etag", b'"1"')]


def test_an_answer_keeps_what_is_meant_for_the_client() -> None:
    answered = [
        (b"content-type", b"application/json"),
        (b"content-length", b"2"),
        (b"location", b"/api/v1/x"),
        (b"retry-after", b"1"),
        (b"date", b"now"),
        (b"server", b"uvicorn"),
        (b"transfer-encoding", b"chunked"),
        (b"x-request-id", b"theirs"),
        (b"proxy-authenticate", b"Basic"),
    ]
    assert returned(200, answered) == answered[:4]
    assert (b"content-length", b"2") not in returned(304, answered)
