"""Ed25519 tokens: those the gateway gives to clients (`at+jwt`) and to services (`int+jwt`).

A service trusts an internal token with its own name as audience and nothing else (reliability design §3.2).
"""

import hashlib
import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from kit.auth.principal import Principal
from kit.http.errors import TokenExpiredError, TokenInvalidError
from kit.ids import new_id

ISSUER = "jiuye-gateway"
INTERNAL = "int+jwt"  # for one service, minted by the gateway
ACCESS = "at+jwt"  # for clients (RFC 9068)
ALGORITHM = "Ed25519"  # RFC 9864; never chosen by the token
LEEWAY_SECONDS = 5
_CACHE_SIZE = 10_000
_MAX_TOKEN = 4096


class TokenMinter:
    """Signs tokens of one type with one private key (a private OKP JWK)."""

    def __init__(self, private_jwk: dict[str, Any], *, token_type: str, lifetime_seconds: int) -> None:
        self._key = OKPKey.import_key(private_jwk)
        self._key.ensure_kid()
        self._type = token_type
        self.lifetime_seconds = lifetime_seconds

    def mint(
        self,
        principal: Principal,
        audience: str,
        *,
        now: float | None = None,
        lifetime_seconds: int | None = None,
        key_thumbprint: str | None = None,
    ) -> str:
        """A compact JWT for one audience.

        Args:
            lifetime_seconds: another one than that of the type.
            key_thumbprint: of the key that its bearer must prove (RFC 9449 §6.1, RFC 7638).
        """
        issued = int(time.time() if now is None else now)
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": audience,
            "sub": principal.subject,
            "kind": principal.kind,
            "scope": " ".join(sorted(principal.scopes)),
            "iat": issued,
            "exp": issued + (lifetime_seconds or self.lifetime_seconds),
            "jti": str(new_id()),
        }
        if principal.unit is not None:
            claims["unit"] = principal.unit
        if principal.bank is not None:
            claims["bank"] = principal.bank
        if principal.act is not None:
            claims["act"] = {"sub": principal.act}
        if key_thumbprint is not None:
            claims["cnf"] = {"jkt": key_thumbprint}
        header = {"alg": ALGORITHM, "typ": self._type, "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])

    def jwks(self) -> dict[str, Any]:
        """The public half, as published."""
        public = dict(self._key.as_dict(private=False)) | {"use": "sig", "alg": ALGORITHM, "kid": self._key.kid}
        return {"keys": [public]}


@dataclass(frozen=True, slots=True)
class Verified:
    """What a valid token says.

    Attributes:
        expires: seconds since 1970, with the leeway.
        issued: `iat`, whole seconds since 1970.
        token_id: `jti`.
        key_thumbprint: of the key that the bearer must prove, or None.
    """

    principal: Principal
    expires: float
    issued: int
    token_id: str
    key_thumbprint: str | None


class TokenVerifier:
    """Verifies tokens of one type for one audience; remembers verified ones until they expire.

    Args:
        jwks: public keys as a JWKS document; never fetched from an address that a token names.
    """

    def __init__(self, jwks: str | dict[str, Any], *, token_type: str, audience: str) -> None:
        self._keys = KeySet.import_key_set(json.loads(jwks) if isinstance(jwks, str) else jwks)  # type: ignore[arg-type]  # a parsed JWKS
        self._type = token_type
        self._audience = audience
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()

    def verify(self, token: str, *, now: float | None = None) -> Principal:
        """The principal that the token stands for.

        Raises:
            TokenExpiredError, TokenInvalidError: nothing about the token is told beyond that.
        """
        return self.open(token, now=now).principal

    def open(self, token: str, *, now: float | None = None) -> Verified:
        """All that the token says.

        Raises:
            TokenExpiredError, TokenInvalidError: nothing about the token is told beyond that.
        """
        moment = time.time() if now is None else now
        if len(token) > _MAX_TOKEN:
            raise TokenInvalidError
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None:
            if known.expires <= moment:
                del self._verified[digest]
                raise TokenExpiredError
            return known
        verified = self._decode(token, moment)
        self._verified[digest] = verified
        if len(self._verified) > _CACHE_SIZE:
            self._verified.popitem(last=False)
        return verified

    def _decode(self, token: str, moment: float) -> Verified:
        try:
            decoded = jwt.decode(token, self._keys, algorithms=[ALGORITHM])
        except (JoseError, ValueError, KeyError, TypeError, UnicodeError):
            raise TokenInvalidError from None
        claims = decoded.claims
        expires, issued = claims.get("exp"), claims.get("iat")
        begins = claims.get("nbf", issued)
        if (
            decoded.header.get("typ") != self._type
            or claims.get("iss") != ISSUER
            or claims.get("aud") != self._audience
            or not isinstance(expires, int)
            or not isinstance(issued, int)
            or not isinstance(begins, int)
            or max(issued, begins) > moment + LEEWAY_SECONDS
        ):
            raise TokenInvalidError
        if expires + LEEWAY_SECONDS <= moment:
            raise TokenExpiredError
        try:
            return Verified(
                principal=_principal(claims),
                expires=expires + LEEWAY_SECONDS,
                issued=issued,
                token_id=str(claims.get("jti", "")),
                key_thumbprint=claims["cnf"]["jkt"] if "cnf" in claims else None,
            )
        except (KeyError, AttributeError, TypeError):
            raise TokenInvalidError from None


def _principal(claims: dict[str, Any]) -> Principal:
    return Principal(
        subject=claims["sub"],
        kind=claims["kind"],
        scopes=frozenset(claims["scope"].split()),
        unit=claims.get("unit"),
        bank=claims.get("bank"),
        act=claims["act"]["sub"] if "act" in claims else None,
    )
