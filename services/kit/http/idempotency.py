"""`Idempotency-Key`: the answer is stored in the transaction of its effect, and given again on a repeat.

Scope of a key: principal, method and route, key. A twin that is still running is told so (an advisory lock that
ends with the transaction); the primary key is what makes two effects impossible. Errors are not stored: they
had no effect, and a repeat meets the same rules again.
"""

import hmac
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from kit.crypto.fields import FieldCipher
from kit.db.engine import Tx
from kit.http.body import PARSED
from kit.http.context import route_template
from kit.http.errors import IdempotencyInProgressError, IdempotencyKeyMissingError, IdempotencyKeyReusedError

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BODY = "idempotency_key.body"  # an answer may say why somebody was refused: it is sealed like other personal data
_KEPT_HEADERS = ("content-type", "location", "etag")

# Unqualified on purpose: the role's search_path is its service's schema.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:lock, 0))")
_FIND = text(
    "SELECT fingerprint, status, headers, body FROM idempotency_key"
    " WHERE principal = :principal AND route = :route AND key = :key"
)
_STORE = text(
    "INSERT INTO idempotency_key (principal, route, key, fingerprint, status, headers, body)"
    " VALUES (:principal, :route, :key, :fingerprint, :status, CAST(:headers AS jsonb), :body)"
)
_PURGE = text("DELETE FROM idempotency_key WHERE created_at < now() - make_interval(days => :days)").bindparams(
    bindparam("days", value=7)
)


class IdempotentReplay(Exception):  # noqa: N818  the control flow of a repeat, not an error
    """Carries the stored answer to the handler that sends it."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__("replay")
        self.status, self.headers, self.body = status, headers, body


@dataclass(frozen=True, slots=True)
class Pending:
    """A key that was claimed by this request; `kit.http.routing` records the answer."""

    session: AsyncSession
    principal: str
    route: str
    key: str
    fingerprint: bytes
    cipher: FieldCipher

    async def record(self, response: Response) -> None:
        headers = {k: v for k, v in response.headers.items() if k.lower() in _KEPT_HEADERS}
        await self.session.execute(
            _STORE,
            {
                "principal": self.principal,
                "route": self.route,
                "key": self.key,
                "fingerprint": self.fingerprint,
                "status": response.status_code,
                "headers": json.dumps(headers),
                "body": self.cipher.encrypt(
                    bytes(response.body).decode(), column=_BODY, row_id=_row_id(self.fingerprint)
                ),
            },
        )


async def _claim(request: Request, session: AsyncSession, key: str) -> None:
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMissingError("Idempotency-Key应为1至255个可见ASCII字符。")
    principal: str = request.state.principal.subject
    route = f"{request.method} {route_template(request.scope)}"
    fingerprint = _fingerprint(request)
    cipher = FieldCipher(request.app.state.settings.key_ring)
    where: dict[str, Any] = {"principal": principal, "route": route, "key": key}
    locked = await session.scalar(_LOCK, {"lock": f"{principal}\x1f{route}\x1f{key}"})
    if not locked:
        raise IdempotencyInProgressError
    row = (await session.execute(_FIND, where)).one_or_none()
    if row is not None:
        if row.fingerprint != fingerprint:
            raise IdempotencyKeyReusedError
        body = cipher.decrypt(row.body, column=_BODY, row_id=_row_id(fingerprint))
        raise IdempotentReplay(row.status, row.headers, body.encode())
    request.state.idempotency = Pending(session, principal, route, key, fingerprint, cipher)


def _row_id(fingerprint: bytes) -> UUID:
    """Binds the sealed answer to what was asked."""
    return UUID(bytes=fingerprint[:16])


def _fingerprint(request: Request) -> bytes:
    """What is asked: path, query and the canonical body. Keyed, because a bare hash of an ID number is the number."""
    asked = json.dumps([request.url.path, request.url.query, request.scope.get(PARSED)], sort_keys=True)
    return hmac.digest(request.app.state.settings.cursor_key_bytes, b"idempotency\0" + asked.encode(), "sha256")


_DESCRIPTION = "每次操作一个唯一值；重试时使用同一个，不会重复办理。"
_KeyHeader = Annotated[str | None, Header(alias="Idempotency-Key", description=_DESCRIPTION, max_length=255)]
# Absent, it is our problem to tell (400), not the validator's; the document says what is true.
_RequiredKeyHeader = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description=_DESCRIPTION, max_length=255, json_schema_extra={"x-required": True}),
]


async def _required(request: Request, session: Tx, idempotency_key: _RequiredKeyHeader = None) -> None:
    if not idempotency_key:
        raise IdempotencyKeyMissingError
    await _claim(request, session, idempotency_key)


async def _honoured(request: Request, session: Tx, idempotency_key: _KeyHeader = None) -> None:
    if idempotency_key:
        await _claim(request, session, idempotency_key)


# Both come after the principal in a signature: a key belongs to a caller.
IdempotencyRequired = Annotated[None, Depends(_required)]
IdempotencyHonoured = Annotated[None, Depends(_honoured)]


async def replay(_: Request, exc: Exception) -> Response:
    """Exception handler: the first answer again."""
    assert isinstance(exc, IdempotentReplay)
    return Response(exc.body, exc.status, {**exc.headers, "Idempotency-Replayed": "true", "Cache-Control": "no-store"})


async def purge_idempotency_keys(session: AsyncSession) -> int:
    """Deletes answers older than 7 days; returns how many."""
    result = await session.execute(_PURGE)
    return int(getattr(result, "rowcount", 0))
