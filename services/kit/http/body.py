"""Size, media type and strictness of request bodies, before anything looks at them (pure ASGI)."""

from email.message import Message as Header
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit.errors import DomainError
from kit.http.errors import BodyTooLargeError, MalformedJsonError, MediaTypeError
from kit.http.problems import problem_response
from kit.http.strict_json import parse_json

MAX_JSON_BODY = 1024 * 1024
# A refusal sent while the client is still writing is lost in a connection reset: so much is read and thrown away.
_DRAINED = 8 * 1024 * 1024
PARSED = "jiuye.json"
RAW = "jiuye.body"
# What nearly every request says; anything else is read with care.
_PLAIN = b"application/json"


class _Disconnected(Exception):  # noqa: N818  not an error: the client left
    pass


class StrictBodies:
    """Reads JSON bodies up to 1 MiB, parses them strictly once, and refuses other media types.

    The parsed value waits in the scope for `kit.http.routing`; multipart uploads pass through unread, their
    routes bound them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            if not _has_body(headers):
                await self.app(scope, receive, send)
                return
            if _media_type(headers) == "multipart/form-data":
                await self.app(scope, receive, send)
                return
            _require_json(headers)
            body = await _read(receive, headers)
            if body:
                scope[PARSED] = parse_json(body)
            scope[RAW] = body
        except _Disconnected:
            return
        except DomainError as error:
            await problem_response(error, headers={"Connection": "close"})(scope, receive, send)
            return
        await self.app(scope, _replay(body, receive), send)


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _content_type(headers: dict[bytes, bytes]) -> Header:
    header = Header()
    header["content-type"] = headers.get(b"content-type", b"").decode("latin-1")
    return header


def _media_type(headers: dict[bytes, bytes]) -> str:
    if headers.get(b"content-type") == _PLAIN:
        return "application/json"
    return _content_type(headers).get_content_type()


def _require_json(headers: dict[bytes, bytes]) -> None:
    plain = headers.get(b"content-type") == _PLAIN
    charset: Any = "utf-8" if plain else _content_type(headers).get_param("charset") or "utf-8"
    is_json = _media_type(headers) == "application/json" and str(charset).lower() in ("utf-8", "utf8")
    if not is_json or headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise MediaTypeError


async def _read(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit():
        raise MalformedJsonError("Content-Length请求头无效。")
    if int(declared) > _DRAINED:
        raise BodyTooLargeError
    body = bytearray()
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        part = message.get("body", b"")
        length += len(part)
        if length <= MAX_JSON_BODY:
            body += part
        if length > _DRAINED or (length > MAX_JSON_BODY and not message.get("more_body", False)):
            raise BodyTooLargeError
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
