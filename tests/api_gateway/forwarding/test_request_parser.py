"""What is let in as a request is one request to everybody: h11 as the oracle, and any way of cutting the bytes."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api_gateway.forwarding.domain import HeaderList, check_target, read_headers
from api_gateway.forwarding.errors import HeadersTooLargeError, RequestRefusedError, TargetTooLongError
from api_gateway.forwarding.request import ClientRequest
from api_gateway.forwarding.server.parser import RequestParser

Read = tuple[str, bytes, HeaderList, bytes, bool]  # method, target, headers, body, whether it came whole


class Collector:
    """Implements `Sink`; keeps what the gate would let in."""

    def __init__(self) -> None:
        self.requests: list[ClientRequest] = []
        self.bodies: list[bytes] = []

    def head_came(self, request: ClientRequest) -> None:
        self.requests.append(request)
        self.bodies.append(b"")

    def body_came(self, request: ClientRequest, part: bytes) -> None:
        assert request is self.requests[-1]
        self.bodies[-1] += part

    def request_came(self, request: ClientRequest) -> None:
        request.is_whole = True


def read(pieces: Sequence[bytes]) -> tuple[list[Read], bool]:
    """The requests that were let in, and whether all of the bytes were."""
    sink = Collector()
    parser = RequestParser(sink)
    accepted = True
    try:
        for piece in pieces:
            parser.feed(piece)
    except RequestRefusedError:
        accepted = False
    found = []
    for request, body in zip(sink.requests, sink.bodies, strict=True):
        path, _, query = request.target.partition(b"?")
        try:
            check_target(request.method, path, query)
            read_headers(request.headers, request.version)
        except RequestRefusedError:
            return found, False
        found.append((request.method, request.target, request.headers, body, request.is_whole))
    return found, accepted


BLANKS = re.compile(rb"^([A-Z]+) +([^ \r\n]+) +HTTP")


def oracle(data: bytes) -> Iterator[Read]:
    """The same by h11, as far as it goes; it alone minds empty lines before a request and blanks in its line."""
    while data := BLANKS.sub(rb"\1 \2 HTTP", data.lstrip(b"\r\n")):
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=10**6)
        connection.receive_data(data)
        body = b""
        head: h11.Request | None = None
        while True:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError:
                return
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                yield head.method.decode(), head.target, list(head.headers), body, True
                data = connection.trailing_data[0]
                break
            else:
                if head is not None:
                    yield head.method.decode(), head.target, list(head.headers), body, False
                return


HEADS = [
    b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a?b=c HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX: 1\r\nX: 2\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nyou\r\n0\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n",
    b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
    b"GET /a HTTP/1.0\r\n\r\n",
]
TOKENS = [
    *(bytes([byte]) for byte in b"\r\n \t\0:;,0+-\x7f\xff\x0b#"),
    b"\r\n",
    b"%2f",
    b"Content-Length: 5\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: x\r\n",
    b"Host: b\r\n",
    b" folded\r\n",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"Connection: close\r\n",
    b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """One or two good requests, with bytes inserted, removed and exchanged here and there."""
    data = b"".join(draw(st.lists(st.sampled_from(HEADS), min_size=1, max_size=2)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from([b"", *TOKENS])) + data[at + draw(st.integers(0, 2)) :]
    return data


def alike(ours: Read, theirs: Read) -> bool:
    """h11 takes the blanks around a value off, and knows no difference between absent and empty."""
    method, target, headers, body, whole = ours
    stripped = [(name, value.strip(b" \t")) for name, value in headers]
    return (method, target, stripped, body, whole) == theirs


@given(damaged())
@example(b"".join(HEADS))
def test_what_is_let_in_is_what_h11_reads(data: bytes) -> None:
    found, _ = read([data])
    theirs = list(oracle(data))
    for number, ours in enumerate(found):
        if ours[4]:
            assert number < len(theirs), (data, ours)
            assert alike(ours, theirs[number]), (data, ours, theirs[number])


@given(damaged(), st.lists(st.integers(0, 300), max_size=8))
def test_how_the_bytes_are_cut_changes_nothing(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in pairwise(places)]
    assert read(pieces) == read([data])


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\n", TargetTooLongError),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 102, HeadersTooLargeError),
        (b"GET / HTTP/1.1\r\nX: " + b"1" * 17_000 + b"\r\nY: ", HeadersTooLargeError),
    ],
)
def test_limits_hold_before_the_head_is_whole(line: bytes, error: type[RequestRefusedError]) -> None:
    parser = RequestParser(Collector())
    with pytest.raises(error):
        parser.feed(line)


@pytest.mark.parametrize("endless", [b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n", b"GET /"])
def test_a_head_without_an_end_is_refused_before_it_fills_memory(endless: bytes) -> None:
    parser = RequestParser(Collector())
    parser.feed(endless)
    for _ in range(40):
        with suppress(HeadersTooLargeError, TargetTooLongError):
            parser.feed(b"a" * 1000)
            continue
        return
    raise AssertionError("40 kB without an end were taken")


@pytest.mark.parametrize("piece", [1000, 40_000])
def test_extensions_and_trailers_of_chunks_are_limited(piece: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for hidden in (b"5;" + b"x" * 40_000, b"5\r\nhello\r\n0\r\nX: " + b"x" * 40_000):
        data = head + hidden + b"\r\nhello\r\n0\r\n\r\n"
        _, accepted = read([data[start : start + piece] for start in range(0, len(data), piece)])
        assert not accepted


def test_many_small_chunks_are_a_body_like_any_other() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    found, accepted = read([head + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"])
    assert accepted
    assert found[0][3] == b"x" * 50_000
