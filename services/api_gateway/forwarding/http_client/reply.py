"""Reads one HTTP/1.1 answer from the bytes of a connection. Pure: bytes in, facts out.

httptools (llhttp, strict) parses; what it leaves open is decided here: an answer must show where it ends, so that
one that breaks off is never taken for a whole one.
"""

import re

import httptools

from api_gateway.forwarding.errors import UpstreamInvalidError

MAX_HEAD_BYTES = 64 * 1024
MAX_FIELDS = 200
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_WITHOUT_BODY = (204, 304)
_FRAMING = (b"content-length", b"transfer-encoding")
# Names that were found to be names, in lower case: services say the same few in every answer.
_NAMES: dict[bytes, bytes] = {}
_MOST_NAMES = 1000


def _lower_name(name: bytes) -> bytes:
    """Raises:
    UpstreamInvalidError: it is no name of a header.
    """
    if not _NAME.fullmatch(name):
        raise UpstreamInvalidError
    lower = name.lower()
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[name] = lower
    return lower


class Reply:
    """One answer, as far as it has come; then, with `expect`, the next one on the same connection.

    Args:
        method: of the request; an answer to HEAD has no body whatever it says.

    Attributes:
        began: whether any byte of it has come.
        has_head: whether status and headers are known.
        complete: whether it has come whole.
        surplus: whether more came than the answer; the connection is not to be used again.
        keep_alive: whether the service keeps the connection open after it.
    """

    __slots__ = (
        "_bodiless",
        "_head_bytes",
        "_interim",
        "_parser",
        "_parts",
        "began",
        "buffered",
        "complete",
        "has_head",
        "headers",
        "keep_alive",
        "status",
        "surplus",
    )

    def __init__(self, method: str) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.expect(method)

    def expect(self, method: str) -> None:
        """What is fed from now on answers another request; only after a whole answer, on a connection that is kept."""
        self.began = self.has_head = self.complete = self.surplus = self.keep_alive = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.buffered = 0
        self._parts: list[bytes] = []
        self._bodiless = method == "HEAD"
        self._interim = False
        self._head_bytes = 0

    def feed(self, data: bytes) -> None:
        """Takes what the connection has brought.

        Raises:
            UpstreamInvalidError: it is no answer to the request.
        """
        if not self.began and not data.startswith(b"H"):  # llhttp reads over empty lines
            raise UpstreamInvalidError
        self.began = True
        self.surplus = self.complete
        if not self.has_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self.complete:
                raise UpstreamInvalidError from None
            self.surplus = True
        if not self.has_head and self._head_bytes > MAX_HEAD_BYTES:
            raise UpstreamInvalidError

    def take(self) -> bytes:
        """The part of the body that has come since the last call; may be empty."""
        taken = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self.buffered = 0
        return taken

    def close(self) -> None:
        """Nothing more is fed. Reply and parser know each other: let go, both end at once, not at a collection."""
        del self._parser

    # Called by the parser; what they raise ends in `feed`.

    def on_message_begin(self) -> None:
        if self.complete:
            self.surplus = True

    def on_status(self, reason: bytes) -> None:
        if reason != b"OK" and _UNPRINTABLE.search(reason):
            raise UpstreamInvalidError

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.has_head:
            return  # a trailer
        if len(self.headers) >= MAX_FIELDS:
            raise UpstreamInvalidError
        self.headers.append((_NAMES.get(name) or _lower_name(name), value))

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._interim = True
            self.headers.clear()
            return
        if not 200 <= status < 600 or not self._parser.get_http_version().startswith("1."):
            raise UpstreamInvalidError
        self.status = status
        # What a service sends after the head by mistake could not be told from its next answer.
        self.keep_alive = self._parser.should_keep_alive() and not self._bodiless
        if not self._bodiless and status not in _WITHOUT_BODY:
            self._check_framing()
        self.has_head = True
        self.complete = self._bodiless

    def on_body(self, body: bytes) -> None:
        if self.complete:
            self.surplus = True
            return
        self._parts.append(body)
        self.buffered += len(body)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        else:
            self.complete = True

    def _check_framing(self) -> None:
        framing = [header for header in self.headers if header[0] in _FRAMING]
        if len(framing) != 1:
            raise UpstreamInvalidError
        name, value = framing[0]
        if not (value.isdigit() if name == b"content-length" else value.strip().lower() == b"chunked"):
            raise UpstreamInvalidError
