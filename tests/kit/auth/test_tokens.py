"""Tokens: what is accepted, and the corpus of what is not (reliability design S5)."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from kit.auth.principal import Principal
from kit.auth.tokens import TokenMinter, TokenVerifier
from kit.http.errors import TokenExpiredError, TokenInvalidError

KEY: dict[str, Any] = dict(OKPKey.generate_key("Ed25519").as_dict(private=True))
OTHER: dict[str, Any] = dict(OKPKey.generate_key("Ed25519").as_dict(private=True))
PRINCIPAL = Principal("staff-ZZ01", "STAFF", frozenset({"a.b.read", "a.b.write"}), unit="ZZ01")
MINTER = TokenMinter(KEY, token_type="int+jwt", lifetime_seconds=60)


def verifier() -> TokenVerifier:
    return TokenVerifier(MINTER.jwks(), token_type="int+jwt", audience="targets")


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None, key: dict[str, Any] = KEY) -> str:
    now = int(time.time())
    base = {
        "iss": "jiuye-gateway",
        "aud": "targets",
        "sub": "s",
        "kind": "STAFF",
        "scope": "",
        "iat": now,
        "exp": now + 36000,
    }
    body = {k: v for k, v in (base | claims).items() if v is not None}
    kid = MINTER.jwks()["keys"][0]["kid"]
    return jwt.encode(
        {"alg": "Ed25519", "typ": "int+jwt", "kid": kid} | (header or {}), body, OKPKey.import_key(key), ["Ed25519"]
    )


def b64(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged(header: bytes | dict[str, Any], signature: bytes = b"") -> str:
    body = signed({}).split(".")[1]
    return f"{b64(header)}.{body}.{b64(signature)}"


def test_the_principal_comes_back_whole() -> None:
    assert verifier().verify(MINTER.mint(PRINCIPAL, "targets")) == PRINCIPAL


def test_a_remembered_token_expires_all_the_same() -> None:
    checked = verifier()
    now = time.time()
    token = MINTER.mint(PRINCIPAL, "targets", now=now)
    assert checked.verify(token, now=now) == PRINCIPAL
    assert checked.verify(token, now=now + 30) == PRINCIPAL
    with pytest.raises(TokenExpiredError):
        checked.verify(token, now=now + 66)
    with pytest.raises(TokenExpiredError):
        verifier().verify(token, now=now + 66)


def _confused() -> str:
    """HS256 keyed with the public key, which everybody knows."""
    header, body = b64({"alg": "HS256", "typ": "int+jwt"}), signed({}).split(".")[1]
    public = base64.urlsafe_b64decode(MINTER.jwks()["keys"][0]["x"] + "==")
    return f"{header}.{body}.{b64(hmac.digest(public, f'{header}.{body}'.encode(), hashlib.sha256))}"


REFUSED = {
    "empty": "",
    "a word": "x",
    "three words": "a.b.c",
    "dots": "." * 5,
    "not ascii": "é.é.é",
    "alg none": forged({"alg": "none", "typ": "int+jwt"}),
    "alg None": forged({"alg": "None", "typ": "int+jwt"}),
    "alg nOnE": forged({"alg": "nOnE", "typ": "int+jwt"}),
    "alg twice": forged(b'{"alg": "none", "alg": "Ed25519", "typ": "int+jwt"}'),
    "alg twice, the other way": forged(b'{"alg": "Ed25519", "alg": "none", "typ": "int+jwt"}'),
    "HS256 with the public key": _confused(),
    "another key": signed({}, key=OTHER),
    "kid is a path": signed({}, {"kid": "../../etc/passwd"}, OTHER),
    "kid is SQL": signed({}, {"kid": "' OR 1=1"}, OTHER),
    "jku": signed({}, {"jku": "http://127.0.0.1:9/keys"}, OTHER),
    "x5u": signed({}, {"x5u": "http://127.0.0.1:9/chain"}, OTHER),
    "jwk": signed({}, {"jwk": {k: v for k, v in OTHER.items() if k != "d"}}, OTHER),
    "a client's token": signed({}, {"typ": "at+jwt"}),
    "typ JWT": signed({}, {"typ": "JWT"}),
    "another audience": signed({"aud": "loans"}),
    "a list of audiences": signed({"aud": ["targets"]}),
    "no audience": signed({"aud": None}),
    "another issuer": signed({"iss": "somebody"}),
    "no end": signed({"exp": None}),
    "end as text": signed({"exp": "9999999999"}),
    "end beyond numbers": signed({"exp": 1e300}),
    "no beginning": signed({"iat": None}),
    "begins later": signed({"iat": int(time.time()) + 36000}),
    "not before later": signed({"nbf": int(time.time()) + 36000}),
    "not before as text": signed({"nbf": "0"}),
    "nobody": signed({"sub": None}),
    "no scope": signed({"scope": None}),
    "scope as a list": signed({"scope": ["a"]}),
    "longer signature": signed({}) + "A",
    "another signature": signed({})[:-4] + "AAAA",
    "3 MB": "A" * 3_000_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_else_is_a_token(name: str) -> None:
    """S5, where tokens are read; `tests/api_gateway/identity/test_access_tokens.py` sends them to the door."""
    with pytest.raises(TokenInvalidError):
        verifier().verify(REFUSED[name])


def test_an_expired_token_is_told_apart() -> None:
    with pytest.raises(TokenExpiredError):
        verifier().verify(signed({"exp": int(time.time()) - 60}))
