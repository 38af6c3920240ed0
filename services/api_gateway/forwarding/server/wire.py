"""Answers as bytes (pure)."""

from http import HTTPStatus

from api_gateway.forwarding.domain import HeaderList

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus}


def head_bytes(status: int, fields: HeaderList, more: bytes) -> bytes:
    """Status line and headers.

    Args:
        more: further headers as bytes, each with its line end.
    """
    parts = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
    for name, value in fields:
        parts += (name, b": ", value, b"\r\n")
    parts += (more, b"\r\n")
    return b"".join(parts)


def has_body(method: str, status: int) -> bool:
    """Whether an answer has one (RFC 9112 §6.3)."""
    return method != "HEAD" and status not in (204, 304)


def chunk(part: bytes, *, ended: bool) -> bytes:
    """A part of a body of unknown length."""
    data = b"%x\r\n%b\r\n" % (len(part), part) if part else b""
    return data + b"0\r\n\r\n" if ended else data
