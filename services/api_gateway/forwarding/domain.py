"""What a request must look like to be let in, and which headers travel on (pure).

llhttp refuses broken framing (Content-Length with Transfer-Encoding, bad chunks, folded headers); what it lets
through is refused here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from api_gateway.forwarding.errors import (
    HeadersTooLargeError,
    HostUnknownError,
    MethodRefusedError,
    RequestRefusedError,
    TargetInvalidError,
    TargetTooLongError,
)

HeaderList = list[tuple[bytes, bytes]]

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT"})  # RFC 9110 §9.2.2
MAX_FIELDS = 100
MAX_HEADER_BYTES = 16 * 1024
MAX_TARGET_BYTES = 8 * 1024

# More than one of these has no meaning, or two readings.
_ONCE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"dpop",
        b"expect",
        b"host",
        b"idempotency-key",
        b"traceparent",
        b"transfer-encoding",
    }
)
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
PLAIN_SEGMENTS = rb"(?:/[A-Za-z0-9_~:@,-]+)*"  # of a path: nothing in them has two readings
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_HIDDEN = re.compile(rb"[\x00-\x1f\x7f\\]|%(?:00|2e|2f|5c|25)", re.IGNORECASE)
_ENCODED_SLASH = re.compile(rb"%2f|%5c", re.IGNORECASE)

# RFC 9110 §7.6.1, and what old proxies add.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_OURS_IN_ANSWERS = frozenset({b"date", b"server", b"via", b"x-powered-by", b"x-request-id", b"traceparent"})
_DROPPED_OF_ANSWERS = _HOP_BY_HOP | _OURS_IN_ANSWERS
_DROPPED_OF_EMPTY_ANSWERS = _DROPPED_OF_ANSWERS | {b"content-length"}  # the client would wait for a body


@dataclass(slots=True)
class Shape:
    """What the gateway itself reads of a request's headers.

    Attributes:
        host: without the port, lower case; None in HTTP/1.0.
        proof: the header DPoP (RFC 9449), of clients whose token is bound to a key.
        length: the declared length of the body.
        is_chunked: whether a body of unknown length follows.
        is_expecting: whether the client waits to be told to go on (100-continue).
        hops: the value of Connection, which names headers that stay here.
    """

    host: bytes | None = None
    authorization: str | None = None
    proof: str | None = None
    traceparent: str | None = None
    length: int | None = None
    is_chunked: bool = False
    is_expecting: bool = False
    hops: bytes = b""

    @property
    def has_body(self) -> bool:
        return self.is_chunked or bool(self.length)


def check_target(method: str, raw_path: bytes, query: bytes, *, is_plain: bool = False) -> None:
    """Refuses request lines that are let in nowhere, the gateway's own calls included.

    Args:
        is_plain: whether the path is known to be of `PLAIN_SEGMENTS`.

    Raises:
        MethodRefusedError, TargetTooLongError, TargetInvalidError.
    """
    if method not in METHODS:
        raise MethodRefusedError(headers={"Allow": ", ".join(METHODS)})
    if len(raw_path) + len(query) + 1 > MAX_TARGET_BYTES:
        raise TargetTooLongError
    if b"%00" in query:  # no text that is stored has one
        raise TargetInvalidError
    if not is_plain:
        check_path(raw_path)


def read_headers(headers: HeaderList, http_version: str) -> Shape:
    """Refuses headers that are let in nowhere, the gateway's own calls included.

    Args:
        headers: names in lower case.

    Raises:
        HeadersTooLargeError, RequestRefusedError.
    """
    if len(headers) > MAX_FIELDS or sum([len(name) + len(value) + 4 for name, value in headers]) > MAX_HEADER_BYTES:
        raise HeadersTooLargeError
    shape = _shape(headers)
    if shape.host is None and http_version != "1.0":
        raise RequestRefusedError
    if shape.is_chunked and (shape.length is not None or http_version == "1.0"):
        raise RequestRefusedError
    return shape


def _shape(headers: HeaderList) -> Shape:
    once: dict[bytes, bytes] = {}
    hops = b""
    for name, value in headers:
        if name in _ONCE:
            if name in once:
                raise RequestRefusedError
            once[name] = value
        elif name == b"connection":
            hops = hops + b"," + value if hops else value
    found = once.get
    return Shape(
        host=_host(found(b"host")),
        authorization=_text(found(b"authorization")),
        proof=_text(found(b"dpop")),
        traceparent=_text(found(b"traceparent")),
        length=_length(found(b"content-length")),
        is_chunked=_is_chunked(found(b"transfer-encoding")),
        is_expecting=found(b"expect", b"").lower() == b"100-continue",
        hops=hops,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _host(value: bytes | None) -> bytes | None:
    if value is None:
        return None
    match = _HOST.fullmatch(value)
    if not match:
        raise RequestRefusedError
    return match[1].lower()


def _length(value: bytes | None) -> int | None:
    if value is None:
        return None
    if not value.isdigit():
        raise RequestRefusedError
    return int(value)


def _is_chunked(value: bytes | None) -> bool:
    if value is None:
        return False
    if value.strip().lower() != b"chunked":
        raise RequestRefusedError("请求体只支持Content-Length或chunked传输，请去掉其他传输编码。")
    return True


def check_path(raw_path: bytes) -> None:
    """Refuses paths that two readers could resolve differently.

    Raises:
        TargetInvalidError: dot segments, encoded slashes, backslashes, control characters, double encoding,
            broken escapes, or escapes that are not UTF-8.
    """
    if not raw_path.startswith(b"/") or _BAD_ESCAPE.search(raw_path) or _ENCODED_SLASH.search(raw_path):
        raise TargetInvalidError
    decoded = unquote_to_bytes(raw_path)
    if _HIDDEN.search(decoded):
        raise TargetInvalidError
    if any(segment.partition(b";")[0] in (b".", b"..") for segment in decoded.split(b"/")):
        raise TargetInvalidError
    try:
        decoded.decode("utf-8")
    except UnicodeDecodeError:
        raise TargetInvalidError from None


def check_host(host: bytes | None, known: frozenset[bytes]) -> None:
    """Refuses a host that is none of ours.

    Args:
        known: without ports, lower case; empty lets any name in.

    Raises:
        HostUnknownError.
    """
    if known and host is not None and host not in known:
        raise HostUnknownError


def passed_on(headers: HeaderList, allowed: frozenset[bytes], hops: bytes = b"") -> HeaderList:
    """Those of a client's headers that reach a service.

    Args:
        allowed: names, lower case.
        hops: the value of Connection; a header that it names is dropped all the same (RFC 9110 §7.6.1).
    """
    passed = [header for header in headers if header[0] in allowed]
    named = _named(hops) if hops else ()
    return [header for header in passed if header[0] not in named] if named else passed


def field_lines(headers: HeaderList) -> bytes:
    """Headers as they go over the wire, each with its line end.

    Raises:
        ValueError: something in them would end a line early; the server has refused such requests before.
    """
    lines = b"".join([b"%b: %b\r\n" % header for header in headers])
    if lines.count(b"\n") != len(headers) or lines.count(b"\r") != len(headers) or b"\0" in lines:
        raise ValueError("a header would break the request")
    return lines


class HeaderReader:
    """Reads the headers of the requests of one connection; the last ones are remembered, for most are alike.

    Args:
        allowed: names of the headers that reach a service, lower case.
    """

    __slots__ = ("_allowed", "_fields", "_headers", "_shape", "_version")

    def __init__(self, allowed: frozenset[bytes]) -> None:
        self._allowed = allowed
        self._headers: HeaderList | None = None
        self._version = ""
        self._shape = Shape()
        self._fields: bytes | None = None

    def read(self, headers: HeaderList, http_version: str) -> Shape:
        """See `read_headers`. What it returns is shared: nobody changes it."""
        if headers != self._headers or http_version != self._version:
            self._headers = None
            self._shape = read_headers(headers, http_version)
            self._fields = None
            self._headers, self._version = headers, http_version
        return self._shape

    def passed_on(self) -> bytes:
        """Those of the headers read last that reach a service, as they go over the wire."""
        if self._fields is None:
            assert self._headers is not None
            self._fields = field_lines(passed_on(self._headers, self._allowed, self._shape.hops))
        return self._fields


def returned(status: int, headers: HeaderList) -> HeaderList:
    """Those of a service's headers that reach the client. Names come in lower case."""
    dropped = _DROPPED_OF_EMPTY_ANSWERS if status in (204, 304) else _DROPPED_OF_ANSWERS
    for name, value in headers:
        if name == b"connection":
            dropped |= _named(value)
    return [header for header in headers if header[0] not in dropped]


def _named(connection: bytes) -> frozenset[bytes]:
    """The headers that a value of Connection names; framing and meaning stay all the same."""
    names: Iterable[bytes] = (token.strip().lower() for token in connection.split(b","))
    return frozenset(names) - {b"content-length", b"content-type", b"close", b"keep-alive"}
