"""Keyset paging with an opaque signed cursor (reliability design §1.1)."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from kit.http.errors import CursorInvalidError

LIFETIME_SECONDS = 24 * 3600
_MAC = 16


class CursorCodec:
    """Cursors signed with HMAC-SHA256, bound to their filter, valid one day."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, position: Sequence[Any], filters: Mapping[str, Any], *, now: float | None = None) -> str:
        """position: the sort key of the last row given out, JSON values."""
        expires = int((time.time() if now is None else now) + LIFETIME_SECONDS)
        payload = json.dumps([1, list(position), _digest(filters), expires], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(payload) + payload).decode().rstrip("=")

    def decode(self, cursor: str, filters: Mapping[str, Any], *, now: float | None = None) -> list[Any]:
        """The position again.

        Raises:
            CursorInvalidError: forged, expired, or made for other filters.
        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise CursorInvalidError from None
        mac, payload = raw[:_MAC], raw[_MAC:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise CursorInvalidError
        _, position, digest, expires = json.loads(payload)
        if digest != _digest(filters) or expires <= (time.time() if now is None else now):
            raise CursorInvalidError
        return list(position)

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")[:_MAC]


def _digest(filters: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(filters), sort_keys=True, default=str).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Page:
    """What the client asks for: at most `limit` rows after `cursor`."""

    limit: int
    cursor: str | None
    codec: CursorCodec

    def after(self, filters: Mapping[str, Any]) -> list[Any] | None:
        """The position to continue from, or None for the first page."""
        return self.codec.decode(self.cursor, filters) if self.cursor else None

    def next(self, position: Sequence[Any], filters: Mapping[str, Any]) -> str:
        return self.codec.encode(position, filters)


async def _page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1_000_000, description="每页条数，最多100。")] = 20,
    cursor: Annotated[str | None, Query(max_length=1000, description="上一页返回的next。")] = None,
) -> Page:
    return Page(min(limit, 100), cursor, request.app.state.cursors)


PageQuery = Annotated[Page, Depends(_page)]
