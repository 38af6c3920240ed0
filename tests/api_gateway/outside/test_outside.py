"""Who signs in elsewhere comes in as whom the claim map says; a forged, stale or misdirected token stays out (S5)."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
import yaml
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse

from api_gateway.forwarding.server.connection import ClientConnection
from api_gateway.identity.repository import load_roles
from api_gateway.main import create_app
from api_gateway.outside.domain import ProvidersFileError, read_providers
from api_gateway.outside.keys import REFETCH_SECONDS, ProviderKeys
from kit.auth.principal import Principal
from kit.auth.tokens import INTERNAL, TokenMinter, TokenVerifier
from kit.http.errors import TokenInvalidError
from kit.testing import client, serving
from tests.api_gateway.conftest import Gateways, assert_problem
from tests.api_gateway.upstreams import Recorder

ISSUER, GRANT = "https://sso.example/realms/city", "urn:ietf:params:oauth:grant-type:jwt-bearer"
PATH = "/api/v1/targets/units"


@dataclass
class Issuer:
    """An outside provider with a key set on a real socket; it counts who asks for what."""

    keys: list[Any] = field(default_factory=lambda: [ECKey.generate_key("P-256", {"kid": "one"})])
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.asked.append(Request(scope).url.path)
            await JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})(scope, receive, send)

    def token(self, **changes: Any) -> str:
        key = changes.pop("key", self.keys[0])
        now = int(time.time())
        header = {"alg": "ES256", "typ": "JWT", "kid": key.kid} | changes.pop("header", {})
        header = {name: value for name, value in header.items() if value is not None}
        claims = {
            "iss": ISSUER,
            "aud": "jiuye",
            "sub": "zhang.san",
            "roles": ["visitor", "report-writer"],
            "org": "410105",
            "iat": now,
            "exp": now + 600,
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def entry(url: str) -> dict[str, Any]:
    return {
        "issuer": ISSUER,
        "audience": "jiuye",
        "jwks_url": f"{url}/keys",
        "algorithms": ["ES256"],
        "subject_claim": "sub",
        "kind": {"claim": "roles", "values": {"report-writer": "STAFF", "auditor": "AUDITOR"}},
        "unit": {"claim": "org", "values": {"410105": "ZZ03"}},
    }


@pytest.fixture(scope="module")
def issuer_url() -> Iterator[tuple[Issuer, str]]:
    made = Issuer()
    with serving(made) as url:
        yield made, url


@pytest.fixture(scope="module")
def issuer(issuer_url: tuple[Issuer, str]) -> Issuer:
    return issuer_url[0]


@pytest.fixture(scope="module")
async def door(
    gateways: Gateways, issuer_url: tuple[Issuer, str], recorder_url: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    file = tmp_path_factory.mktemp("providers") / "providers.yaml"
    file.write_text(yaml.safe_dump({"providers": {"city-sso": entry(issuer_url[1])}}))
    app = create_app(gateways.settings(*[recorder_url[1]] * 3, providers_file=file))
    with serving(app, http=partial(ClientConnection, app.state.gate)) as url:
        async with client(url) as anonymous:
            yield anonymous


async def exchange(door: httpx.AsyncClient, token: str, **more: str) -> httpx.Response:
    return await door.post("/oauth/token", data={"grant_type": GRANT, "assertion": token} | more)


async def test_somebody_comes_in_as_the_claims_say(door: httpx.AsyncClient, issuer: Issuer, recorder: Recorder) -> None:
    answer = await exchange(door, issuer.token(), scope="targets.unit.read targets.report.write")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["scope"] == "targets.report.write targets.unit.read"
    assert 590 <= body["expires_in"] <= 600, "never longer than the issuer vouched for"
    token = body["access_token"]
    claims = json.loads(_raw(token.split(".")[1]))
    assert (claims["sub"], claims["kind"], claims["unit"]) == ("city-sso:zhang.san", "STAFF", "ZZ03")
    passed = await door.get(PATH, headers={"Authorization": f"Bearer {token}"})
    assert passed.status_code == 200
    assert len(recorder.seen) == 1
    assert_problem(await exchange(door, issuer.token(), scope="loans.fund.write"), 400, "SCOPE_NOT_GRANTED")


async def test_an_outside_token_itself_opens_nothing(door: httpx.AsyncClient, issuer: Issuer) -> None:
    refused = await door.get(PATH, headers={"Authorization": f"Bearer {issuer.token()}"})
    assert_problem(refused, 401, "TOKEN_INVALID")


def _raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unsigned(issuer: Issuer, algorithm: str) -> str:
    _, body, _ = issuer.token().split(".")
    return f"{_encoded({'alg': algorithm, 'typ': 'JWT', 'kid': 'one'})}.{body}."


def _signed_with_the_public_key(issuer: Issuer) -> str:
    _, body, _ = issuer.token().split(".")
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'one'})}.{body}"
    mac = hmac.digest(issuer.keys[0].as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{_encoded(mac)}"


def _twice(issuer: Issuer) -> str:
    head, body, signature = issuer.token().split(".")
    doubled = _raw(head)[:-1] + b', "alg": "none"}'
    return f"{_encoded(doubled)}.{body}.{signature}"


NOW = int(time.time())
FORGED = {
    "none": lambda i, _: _unsigned(i, "none"),
    "None": lambda i, _: _unsigned(i, "None"),
    "nOnE": lambda i, _: _unsigned(i, "nOnE"),
    "HS with the public key": lambda i, _: _signed_with_the_public_key(i),
    "another key": lambda i, _: i.token(key=ECKey.generate_key("P-256", {"kid": "one"})),
    "another algorithm": lambda i, _: i.token(key=RSAKey.generate_key(2048, {"kid": "one"}), header={"alg": "RS256"}),
    "alg twice": lambda i, _: _twice(i),
    "kid as a path": lambda i, _: i.token(header={"kid": "../../../../dev/null"}),
    "kid as SQL": lambda i, _: i.token(header={"kid": "one' UNION SELECT 'x"}),
    "no kid": lambda i, _: i.token(header={"kid": None}),
    "jku": lambda i, trap: i.token(header={"jku": f"{trap}/evil"}),
    "x5u": lambda i, trap: i.token(header={"x5u": f"{trap}/evil"}),
    "jwk": lambda i, _: i.token(header={"jwk": i.keys[0].as_dict(private=False)}),
    "crit": lambda i, _: i.token(header={"crit": ["b64"], "b64": True}),
    "wrong typ": lambda i, _: i.token(header={"typ": "int+jwt"}),
    "no exp": lambda i, _: i.token(exp=None),
    "exp past": lambda i, _: i.token(exp=NOW - 3600),
    "exp as text": lambda i, _: i.token(exp=str(NOW + 600)),
    "nbf future": lambda i, _: i.token(nbf=NOW + 3600),
    "iat future": lambda i, _: i.token(iat=NOW + 3600),
    "wrong aud": lambda i, _: i.token(aud="somebody"),
    "no aud": lambda i, _: i.token(aud=None),
    "wrong iss": lambda i, _: i.token(iss="https://sso.example/realms/other"),
    "iss as a list": lambda i, _: i.token(iss=[ISSUER]),
    "no role of ours": lambda i, _: i.token(roles=["visitor"]),
    "a role by our own name": lambda i, _: i.token(roles=["ADMIN"]),
    "no unit of ours": lambda i, _: i.token(org="999999"),
    "an identity number as its name": lambda i, _: i.token(sub="41019919900101001X"),
    "a colon in its name": lambda i, _: i.token(sub="a:b"),
    "too long": lambda i, _: i.token(more="x" * 7000),
    "no token at all": lambda _, __: "a.b.c",
    "deep": lambda _, __: f"{_encoded(b'[' * 3000)}.e30.x",
}


@pytest.mark.parametrize("how", FORGED)
async def test_what_is_forged_stale_or_meant_for_others_is_refused_and_nothing_is_fetched(
    door: httpx.AsyncClient, issuer: Issuer, issuer_url: tuple[Issuer, str], how: str
) -> None:
    token = FORGED[how](issuer, issuer_url[1])  # type: ignore[no-untyped-call]
    answer = await exchange(door, token)
    body = assert_problem(answer, 401, "ASSERTION_INVALID") if answer.status_code != 413 else {}
    assert body.get("error", "invalid_grant") == "invalid_grant"
    assert set(issuer.asked) <= {"/keys"}


async def test_the_form_of_the_grant_is_checked(door: httpx.AsyncClient, issuer: Issuer) -> None:
    for form in ({}, {"assertion": issuer.token(), "client_id": "platform"}):
        answer = await door.post("/oauth/token", data={"grant_type": GRANT} | form)
        assert_problem(answer, 400, "TOKEN_REQUEST_INVALID")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_new_key_is_found_and_an_unknown_one_is_asked_for_once_a_minute() -> None:
    issuer, clock = Issuer(), Clock()
    with serving(issuer) as url:
        providers = read_providers({"providers": {"sso": entry(url)}}, load_roles())
        async with httpx.AsyncClient(trust_env=False) as outgoing:
            keys = ProviderKeys(providers[ISSUER], outgoing, clock)
            assert await keys.holding("one") is not None
            issuer.keys.append(OKPKey.generate_key("Ed25519", {"kid": "two"}))
            for _ in range(5):
                assert await keys.holding("two") is None
            assert len(issuer.asked) == 1
            clock.now += REFETCH_SECONDS
            assert await keys.holding("two") is not None
            del issuer.keys[0]
            clock.now += REFETCH_SECONDS
            assert await keys.holding("three") is None
            assert await keys.holding("one") is None, "a key that was withdrawn counts no more"
            assert len(issuer.asked) == 3
    clock.now += REFETCH_SECONDS
    assert await keys.holding("two") is not None, "an issuer that is away changes nothing"


async def test_keys_may_come_from_a_file(tmp_path: Any) -> None:
    issuer = Issuer()
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [issuer.keys[0].as_dict(private=False)]}))
    changed = {name: value for name, value in entry("https://x").items() if name != "jwks_url"}
    changed["jwks_file"] = str(tmp_path / "keys.json")
    providers = read_providers({"providers": {"sso": changed}}, load_roles())
    async with httpx.AsyncClient(trust_env=False) as outgoing:
        assert await ProviderKeys(providers[ISSUER], outgoing).holding("one") is not None


@pytest.mark.parametrize(
    "change",
    [
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"jwks_url": "http://sso.example/keys"},
        {"jwks_file": "/also"},
        {"kind": {"claim": "roles"}},
        {"kind": {"claim": "roles", "values": {"x": "KING"}}},
        {"more": 1},
        {"issuer": None, "audience": None},
    ],
)
def test_a_provider_that_would_open_the_door_too_far_is_refused(change: dict[str, Any]) -> None:
    changed = entry("https://sso.example") | change
    if change == {"issuer": None, "audience": None}:
        del changed["issuer"]
    with pytest.raises(ProvidersFileError):
        read_providers({"providers": {"sso": changed}}, load_roles())


@pytest.mark.parametrize("name", ["device", "session", "Sso", "a:b"])
def test_a_provider_may_not_speak_for_kiosks(name: str) -> None:
    with pytest.raises(ProvidersFileError):
        read_providers({"providers": {name: entry("https://sso.example")}}, load_roles())


def test_a_token_for_one_service_is_nothing_to_another_and_three_megabytes_are_no_token(gateways: Gateways) -> None:
    minter = TokenMinter(gateways.keys.internal_signing_key, token_type=INTERNAL, lifetime_seconds=60)
    loans = TokenVerifier(minter.jwks(), token_type=INTERNAL, audience="loans")
    for token in (minter.mint(Principal("a", "CITY", frozenset()), "targets"), "a" * 3_000_000):
        with pytest.raises(TokenInvalidError):
            loans.verify(token)
