"""`private_key_jwt`: a client proves itself with a key that never leaves it (RFC 7523 §2.2), here Ed25519.

An assertion names this address, lasts five minutes at most and is good once, over all gateway processes.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from api_gateway.identity.domain import Client
from api_gateway.identity.errors import ClientUnknownError
from api_gateway.identity.jws import ALGORITHMS, Statement, Used

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_SECONDS = 300
_LEEWAY_SECONDS = 30
_KEPT_SECONDS = LONGEST_SECONDS + 2 * _LEEWAY_SECONDS
_HEADER = {"alg", "kid", "typ"}
_TYPES = (None, "JWT", "client-authentication+jwt")
_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")

IsFirst = Callable[[str, int], Awaitable[bool]]


class ClientAssertions:
    """Args:
    base_url: the public address; an assertion is meant for it, or for the token endpoint below it.
    is_first: whether no other process has seen this name within so many seconds; None: there is no other.
    clock: seconds since 1970.
    """

    def __init__(self, base_url: str, is_first: IsFirst | None, clock: Callable[[], float] = time.time) -> None:
        self._audiences = {base_url, f"{base_url}/oauth/token"}
        self._is_first = is_first
        self._clock = clock
        self._used = Used(_KEPT_SECONDS)

    async def client(self, assertion: str, clients: Mapping[str, Client]) -> Client:
        """Who made it.

        Raises:
            ClientUnknownError: nobody, or it does not hold; nothing more is told. It is not counted as a wrong secret:
                a signature cannot be guessed, and whoever sends nonsense must not shut a client out.
        """
        try:
            said = Statement.read(assertion)
        except ValueError:
            raise ClientUnknownError from None
        subject, once = said.claims.get("sub"), said.claims.get("jti")
        client = clients.get(subject) if isinstance(subject, str) else None
        if (
            client is None
            or client.is_disabled
            or not set(said.header) <= _HEADER
            or said.header.get("alg") not in ALGORITHMS
            or said.header.get("typ") not in _TYPES
            or said.claims.get("iss") != subject
            or not self._is_meant_for_us(said.claims.get("aud"))
            or not self._is_now(said.claims)
            or not isinstance(once, str)
            or not _ID.fullmatch(once)
            or not any(said.is_signed_by(key) for key in client.public_keys)
        ):
            raise ClientUnknownError
        name = f"{client.id}.{once}"
        if not self._used.is_first(name, self._clock()):
            raise ClientUnknownError
        if self._is_first is not None and not await self._is_first(name, _KEPT_SECONDS):
            raise ClientUnknownError
        return client

    def _is_meant_for_us(self, audience: Any) -> bool:
        named = audience if isinstance(audience, list) else [audience]
        return len(named) == 1 and isinstance(named[0], str) and named[0] in self._audiences

    def _is_now(self, claims: Mapping[str, Any]) -> bool:
        now, ends = self._clock(), claims.get("exp")
        begins = [claims[name] for name in ("iat", "nbf") if name in claims]
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in (ends, *begins)):
            return False
        assert isinstance(ends, int)
        is_open = now - _LEEWAY_SECONDS < ends <= now + LONGEST_SECONDS + _LEEWAY_SECONDS
        return is_open and all(begin <= now + _LEEWAY_SECONDS for begin in begins)
