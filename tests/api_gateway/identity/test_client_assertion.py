"""A client that signs instead of sending a secret: `private_key_jwt`, RFC 7523 §2.2."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api_gateway.main import create_app
from kit.testing import client, serving
from tests.api_gateway.administration.conftest import (  # noqa: F401  fixtures
    kept,
    kept_url,
    security,
    signed_in,
    tokens,
)
from tests.api_gateway.conftest import assert_problem
from tests.api_gateway.kiosks.conftest import BASE, encoded

CLIENTS = "/api/v1/admin/clients"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Signer:
    """A client with a key of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.secret = ""
        self._key = Ed25519PrivateKey.generate()
        self.jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(self._key.public_key().public_bytes_raw())}

    def assertion(self, *, header: dict[str, Any] | None = None, sign: Any = None, **changes: Any) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.name,
            "sub": self.name,
            "aud": f"{BASE}/oauth/token",
            "exp": now + 60,
            "iat": now,
            "jti": secrets.token_urlsafe(16),
        }
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        signed = f"{encoded({'alg': 'EdDSA', 'typ': 'JWT'} | (header or {}))}.{encoded(claims)}"
        return f"{signed}.{encoded((sign or self._key.sign)(signed.encode()))}"


async def ask(caller: httpx.AsyncClient, assertion: str, **more: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion} | more
    return await caller.post("/oauth/token", data=form)


@pytest.fixture(scope="module")
async def signer(kept_url: str, tokens: dict[str, str]) -> Signer:  # noqa: F811  fixtures
    made = Signer("signs")
    async with client(kept_url, headers={"Authorization": f"Bearer {tokens['security-admin']}"}) as admin:
        created = await admin.post(CLIENTS, json={"id": made.name, "name": "签名", "kind": "AUDITOR"})
        made.secret = created.json()["client_secret"]
        path = f"{CLIENTS}/{made.name}/public-keys"
        added = await admin.post(path, json={"public_key": made.jwk}, headers={"If-Match": created.headers["etag"]})
        assert added.status_code == 201, added.text
        assert (added.json()["slot"], len(added.json()["fingerprint"])) == (2, 43)
    return made


@pytest.fixture
async def stranger(kept_url: str) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811  a fixture
    async with client(kept_url) as made:
        yield made


async def test_a_signature_is_as_good_as_a_secret(signer: Signer, stranger: httpx.AsyncClient) -> None:
    for aud in (BASE, f"{BASE}/oauth/token", [BASE]):
        assert (await ask(stranger, signer.assertion(aud=aud))).status_code == 200
    given = await ask(stranger, signer.assertion(), client_id=signer.name, scope="audit.read")
    assert given.json()["scope"] == "audit.read"
    headers = {"Authorization": f"Bearer {given.json()['access_token']}"}
    entries = await stranger.get("/api/v1/admin/audit-entries?object=client:signs", headers=headers)
    assert entries.json()["items"][0]["action"] == "client-key.create"
    assert entries.json()["items"][0]["detail"]["slot"] == 2
    assert signer.jwk["x"] not in entries.text


async def test_an_assertion_is_good_once_at_all_gateways(
    signer: Signer,
    stranger: httpx.AsyncClient,
    kept: Callable[..., Any],  # noqa: F811  a fixture
) -> None:
    """S5: replayed."""
    first, second = signer.assertion(), signer.assertion()
    assert (await ask(stranger, first)).status_code == 200
    assert_problem(await ask(stranger, first), 401, "CLIENT_INVALID")
    with serving(create_app(kept())) as url:
        async with client(url) as elsewhere:
            assert_problem(await ask(elsewhere, first), 401, "CLIENT_INVALID")
            assert (await ask(elsewhere, second)).status_code == 200
    assert_problem(await ask(stranger, second), 401, "CLIENT_INVALID")


def hs256(signer: Signer) -> dict[str, Any]:
    public = signer.jwk["x"].encode()
    return {"header": {"alg": "HS256"}, "sign": lambda data: hmac.digest(public, data, hashlib.sha256)}


@pytest.mark.parametrize(
    "changes",
    [
        {"header": {"alg": "none"}},
        {"header": {"alg": "nOnE"}, "sign": lambda _: b""},
        hs256,
        {"header": {"typ": "at+jwt"}},
        {"header": {"jwk": {"kty": "OKP"}}},
        {"header": {"jku": "http://127.0.0.1:9"}},
        {"sign": Ed25519PrivateKey.generate().sign},
        {"sign": lambda _: b""},
        {"iss": "platform"},
        {"sub": "platform", "iss": "platform"},
        {"sub": "nobody", "iss": "nobody"},
        {"sub": None},
        {"sub": ["signs"]},
        {"aud": "http://elsewhere/oauth/token"},
        {"aud": [f"{BASE}/oauth/token", "http://elsewhere"]},
        {"aud": None},
        {"exp": None},
        {"exp": 0},
        {"exp": True},
        {"exp": 1e300},
        {"exp": int(time.time()) + 86_400},
        {"nbf": int(time.time()) + 3_600},
        {"iat": int(time.time()) + 3_600},
        {"jti": None},
        {"jti": "short"},
        {"jti": ["a" * 20]},
    ],
)
async def test_what_is_not_signed_for_us_now_proves_nobody(
    signer: Signer, stranger: httpx.AsyncClient, changes: Any
) -> None:
    """S5."""
    forged = signer.assertion(**(changes(signer) if callable(changes) else changes))
    refused = assert_problem(await ask(stranger, forged), 401, "CLIENT_INVALID")
    assert refused["error"] == "invalid_client"


@pytest.mark.parametrize("text", ["x", "a.b.c", "....", "e30.e30.", "W10.e30.", "é", "[" * 1000])
async def test_what_is_no_statement_proves_nobody(stranger: httpx.AsyncClient, text: str) -> None:
    assert_problem(await ask(stranger, text), 401, "CLIENT_INVALID")


async def test_a_name_that_stands_twice_has_two_readings(signer: Signer, stranger: httpx.AsyncClient) -> None:
    twice = json.dumps({"a": 1}).replace("{", '{"alg": "none", ')
    head, _, rest = signer.assertion().partition(".")
    double = encoded(twice.replace('"a": 1', '"alg": "EdDSA"').encode())
    assert head != double
    assert_problem(await ask(stranger, f"{double}.{rest}"), 401, "CLIENT_INVALID")


async def test_a_client_proves_itself_in_one_way(signer: Signer, stranger: httpx.AsyncClient) -> None:
    for more in ({"client_secret": signer.secret}, {"client_assertion_type": "other"}, {"client_assertion": ""}):
        assert_problem(await ask(stranger, signer.assertion(), **more), 400, "TOKEN_REQUEST_INVALID")
    basic = await stranger.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": signer.assertion(),
        },
        auth=(signer.name, signer.secret),
    )
    assert_problem(basic, 400, "TOKEN_REQUEST_INVALID")
    assert_problem(await ask(stranger, signer.assertion(), client_id="platform"), 401, "CLIENT_INVALID")


async def test_its_secret_can_go_and_bad_signatures_lock_nobody_out(
    signer: Signer,
    stranger: httpx.AsyncClient,
    security: httpx.AsyncClient,  # noqa: F811  a fixture
) -> None:
    for _ in range(6):
        assert (await ask(stranger, signer.assertion(aud="x"))).status_code == 401
    form = {"grant_type": "client_credentials", "client_id": signer.name, "client_secret": signer.secret}
    assert (await stranger.post("/oauth/token", data=form)).status_code == 200
    version = (await security.get(f"{CLIENTS}/{signer.name}")).headers["etag"]
    gone = await security.delete(f"{CLIENTS}/{signer.name}/keys/1", headers={"If-Match": version})
    assert gone.status_code == 204
    assert_problem(await stranger.post("/oauth/token", data=form), 401, "CLIENT_INVALID")
    assert (await ask(stranger, signer.assertion())).status_code == 200
    shown = (await security.get(f"{CLIENTS}/{signer.name}")).json()
    assert [key["slot"] for key in shown["keys"]] == [2]
    off = await security.post(f"{CLIENTS}/{signer.name}/disabling", json={"reason": "合作结束"})
    assert off.status_code == 200
    assert_problem(await ask(stranger, signer.assertion()), 401, "CLIENT_INVALID")
