"""Reads a client's requests from the bytes of its connection, within limits. Pure: bytes in, requests out.

httptools (llhttp, strict) parses; what it would read without end is bounded here while it comes.
"""

from typing import Protocol

import httptools

from api_gateway.forwarding.domain import MAX_FIELDS, MAX_HEADER_BYTES, MAX_TARGET_BYTES, HeaderList
from api_gateway.forwarding.errors import (
    HeadersTooLargeError,
    RequestRefusedError,
    TargetInvalidError,
    TargetTooLongError,
)
from api_gateway.forwarding.request import ClientRequest

_SLICE = 16 * 1024  # what has no callback is looked at after so many bytes
_MAX_RAW_HEAD = MAX_HEADER_BYTES + MAX_TARGET_BYTES
_CHUNK_OVERHEAD = 16  # a size, two line ends and a short extension

# Names in lower case: clients say the same few in every request.
_NAMES: dict[bytes, bytes] = {}
_MOST_NAMES, _LONGEST_NAME = 1000, 40


class Sink(Protocol):
    """Who is told. It raises nothing."""

    def head_came(self, request: ClientRequest) -> None:
        """A request has come up to its body."""

    def body_came(self, request: ClientRequest, part: bytes) -> None:
        """Some of its body."""

    def request_came(self, request: ClientRequest) -> None:
        """All of it."""


class RequestParser:
    """Attributes:
    is_in_head: whether a request has begun, and its head has not come whole.
    """

    __slots__ = (
        "_body_bytes",
        "_chunks",
        "_field_bytes",
        "_fields",
        "_has_stopped",
        "_headers",
        "_overhead",
        "_parser",
        "_raw_head",
        "_request",
        "_sink",
        "_url",
        "is_in_head",
    )

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._parser = httptools.HttpRequestParser(self)
        self._request: ClientRequest | None = None  # whose body is coming
        self._has_stopped = self.is_in_head = False
        self._raw_head = self._body_bytes = 0

    def feed(self, data: bytes) -> None:
        """Takes what the connection has brought.

        Raises:
            RequestRefusedError: it is no request; nothing more may be fed.
        """
        if len(data) <= _SLICE:
            self._feed(data)
        else:
            for start in range(0, len(data), _SLICE):
                self._feed(data[start : start + _SLICE])

    def _feed(self, data: bytes) -> None:
        if self._has_stopped:
            return
        was_in_head, request, body_bytes = self.is_in_head, self._request, self._body_bytes
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._has_stopped = True  # what follows is in a language that nobody here speaks
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, RequestRefusedError):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError:
            raise RequestRefusedError from None
        if was_in_head and self.is_in_head:
            self._raw_head += len(data)
            if self._raw_head > _MAX_RAW_HEAD:
                raise HeadersTooLargeError
        if request is not None and request is self._request:
            self._overhead += len(data) - (self._body_bytes - body_bytes)
            if self._overhead > _SLICE + _CHUNK_OVERHEAD * self._chunks:
                raise RequestRefusedError("分块传输的附加内容过长，请去掉后重试。")

    # Called by the parser; what they raise ends in `_feed`.

    def on_message_begin(self) -> None:
        self.is_in_head = True
        self._url = b""
        self._headers: HeaderList = []
        self._fields = self._field_bytes = self._raw_head = self._overhead = self._chunks = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > MAX_TARGET_BYTES:
            raise TargetTooLongError

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        self._field_bytes += len(name) + len(value) + 4
        if self._fields > MAX_FIELDS or self._field_bytes > MAX_HEADER_BYTES:
            raise HeadersTooLargeError
        if self.is_in_head:  # otherwise it is a trailer, which changes nothing of the request before it
            self._headers.append((_NAMES.get(name) or _lower(name), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise RequestRefusedError
        request = ClientRequest(parser.get_method().decode("ascii"), self._url, self._headers, version)
        request.keep_alive = parser.should_keep_alive() and version == "1.1"
        if not self._url.startswith(b"/"):
            _read_absolute(request)
        elif b"#" in self._url:
            raise TargetInvalidError
        if parser.should_upgrade():
            request.keep_alive = False
            if any(name in (b"content-length", b"transfer-encoding") for name, _ in self._headers):
                raise RequestRefusedError("不支持切换协议，请去掉Upgrade请求头。")
        self.is_in_head = False
        self._request = request
        self._sink.head_came(request)

    def on_chunk_header(self) -> None:
        self._chunks += 1

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        assert self._request is not None
        self._sink.body_came(self._request, body)

    def on_message_complete(self) -> None:
        request, self._request = self._request, None
        assert request is not None
        self._sink.request_came(request)


def _lower(name: bytes) -> bytes:
    lower = name.lower()
    if len(_NAMES) < _MOST_NAMES and len(name) <= _LONGEST_NAME:
        _NAMES[name] = lower
    return lower


def _read_absolute(request: ClientRequest) -> None:
    """`GET http://host/path`: the host of the target counts, not that of the header (RFC 9112 §3.2.2)."""
    if request.method in ("CONNECT", "OPTIONS") and b"://" not in request.target:
        return  # refused later, for the method or the path
    try:
        parsed = httptools.parse_url(request.target)
    except httptools.HttpParserInvalidURLError:
        raise TargetInvalidError from None
    if parsed.schema not in (b"http", b"https") or not parsed.host or parsed.userinfo or parsed.fragment:
        raise TargetInvalidError
    path = parsed.path or b"/"
    request.target = path + b"?" + parsed.query if parsed.query is not None else path
    host = parsed.host if parsed.port is None else b"%b:%d" % (parsed.host, parsed.port)
    request.headers = [(name, host if name == b"host" else value) for name, value in request.headers]
