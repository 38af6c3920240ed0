"""What a request must look like to be let in, and which headers travel on (pure).

uvicorn refuses broken framing (Content-Length with Transfer-Encoding, bad chunks, folded headers); what it lets
through is refused here.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote_to_bytes

from api_gateway.forwarding.errors import (
    HeadersTooLargeError,
    MethodRefusedError,
    RequestRefusedError,
    TargetInvalidError,
    TargetTooLongError,
)

Headers = Sequence[tuple[bytes, bytes]]

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT"})  # RFC 9110 §9.2.2
MAX_FIELDS = 100
MAX_HEADER_BYTES = 16 * 1024
MAX_TARGET_BYTES = 8 * 1024

# More than one of these has no meaning, or two readings.
_ONCE = frozenset({b"authorization", b"content-length", b"content-type", b"idempotency-key", b"transfer-encoding"})
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
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


def check_request(method: str, raw_path: bytes, query: bytes, headers: Headers, http_version: str) -> None:
    """Refuses what is let in nowhere, the gateway's own calls included.

    Raises:
        MethodRefusedError, TargetTooLongError, TargetInvalidError, HeadersTooLargeError, RequestRefusedError.
    """
    if method not in METHODS:
        raise MethodRefusedError(headers={"Allow": ", ".join(METHODS)})
    if len(raw_path) + len(query) + 1 > MAX_TARGET_BYTES:
        raise TargetTooLongError
    check_path(raw_path)
    if len(headers) > MAX_FIELDS or sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEADER_BYTES:
        raise HeadersTooLargeError
    names = [name for name, _ in headers]
    if any(names.count(name) > 1 for name in _ONCE):
        raise RequestRefusedError
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1 and not (http_version == "1.0" and not hosts):
        raise RequestRefusedError
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise RequestRefusedError
    coding = [value for name, value in headers if name == b"transfer-encoding"]
    if coding and (coding[0].strip().lower() != b"chunked" or http_version == "1.0"):
        raise RequestRefusedError("请求体只支持Content-Length或chunked传输，请去掉其他传输编码。")
    if coding and any(name == b"content-length" for name, _ in headers):  # uvicorn adds trailers to the headers
        raise RequestRefusedError


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


def has_body(headers: Headers) -> bool:
    """Whether the framing announces one."""
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)


def declared_length(headers: Headers) -> int | None:
    """The Content-Length, if there is one."""
    return next((int(value) for name, value in headers if name == b"content-length" and value.isdigit()), None)


def passed_on(headers: Headers, allowed: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    """Those of a client's headers that reach a service.

    Args:
        allowed: names, lower case; a header that Connection names is dropped all the same (RFC 9110 §7.6.1).
    """
    named = _named_by_connection(headers)
    return [(name, value) for name, value in headers if name in allowed and name not in named]


def returned(status: int, headers: Headers) -> list[tuple[bytes, bytes]]:
    """Those of a service's headers that reach the client. Names come in lower case."""
    dropped = _HOP_BY_HOP | _OURS_IN_ANSWERS | _named_by_connection(headers)
    if status in (204, 304):
        dropped |= {b"content-length"}  # there is no body, and the server would wait for one
    return [(name, value) for name, value in headers if name not in dropped]


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    return frozenset(
        token.strip().lower()
        for name, value in headers
        if name == b"connection"
        for token in value.split(b",")
        if token.strip().lower() not in (b"content-length", b"content-type")  # framing and meaning stay
    )
