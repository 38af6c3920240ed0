"""Which access tokens open the door, and that nothing is forwarded for the others (S5)."""

import json
import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey

from kit.auth.principal import Principal
from kit.auth.tokens import TokenMinter
from tests.api_gateway.conftest import Gateways, assert_problem, token_of
from tests.api_gateway.raw import exchange, status_of
from tests.api_gateway.upstreams import Recorder, ScriptedUpstream
from tests.kit.auth.test_tokens import OTHER, REFUSED, signed

PATH = "/api/v1/targets/units"


def minted(gateways: Gateways, **changes: Any) -> str:
    """A token of `platform`, signed with the gateway's own key, with something changed."""
    key = OKPKey.import_key(dict(gateways.keys.access_signing_key))
    key.ensure_kid()
    now = int(time.time())
    claims = {
        "iss": "jiuye-gateway",
        "aud": "jiuye",
        "sub": "platform",
        "kind": "INTEGRATOR",
        "scope": "targets.unit.read",
        "iat": now,
        "exp": now + 60,
    }
    claims = {k: v for k, v in (claims | changes.pop("claims", {})).items() if v is not None}
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid} | changes.pop("header", {})
    assert not changes
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])


async def test_the_published_key_verifies_a_token_from_scratch(gateway_url: str, anonymous: httpx.AsyncClient) -> None:
    token = await token_of(gateway_url, "staff-ZZ01", scope="targets.report.write")
    published = (await anonymous.get("/.well-known/jwks.json")).json()
    assert all("d" not in key for key in published["keys"])
    decoded = jwt.decode(token, KeySet.import_key_set(published), algorithms=["Ed25519"])
    assert decoded.header["typ"] == "at+jwt"
    assert decoded.claims["aud"] == "jiuye"
    assert decoded.claims["sub"] == "staff-ZZ01"
    assert decoded.claims["scope"] == "targets.report.write"
    assert decoded.claims["unit"] == "ZZ01"
    assert decoded.claims["exp"] - decoded.claims["iat"] == 1800


async def test_a_token_made_like_ours_is_accepted(
    gateways: Gateways, anonymous: httpx.AsyncClient, recorder: Recorder
) -> None:
    answer = await anonymous.get(PATH, headers={"Authorization": f"bearer {minted(gateways)}"})
    assert answer.status_code == 200
    assert len(recorder.seen) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"claims": {"exp": int(time.time()) - 60}}, "TOKEN_EXPIRED"),
        ({"claims": {"exp": None}}, "TOKEN_INVALID"),
        ({"claims": {"aud": "targets"}}, "TOKEN_INVALID"),
        ({"claims": {"aud": None}}, "TOKEN_INVALID"),
        ({"claims": {"iss": "somebody"}}, "TOKEN_INVALID"),
        ({"claims": {"iat": int(time.time()) + 3600}}, "TOKEN_INVALID"),
        ({"claims": {"nbf": int(time.time()) + 3600}}, "TOKEN_INVALID"),
        ({"claims": {"sub": "gone"}}, "TOKEN_INVALID"),
        ({"claims": {"scope": "targets.report.approve"}}, "TOKEN_INVALID"),
        ({"header": {"typ": "int+jwt"}}, "TOKEN_INVALID"),
        ({"header": {"typ": "JWT"}}, "TOKEN_INVALID"),
        ({"header": {"kid": "another"}}, "TOKEN_INVALID"),
    ],
)
async def test_a_token_that_is_not_ours_for_this_door_is_refused(
    gateways: Gateways, anonymous: httpx.AsyncClient, recorder: Recorder, changes: dict[str, Any], code: str
) -> None:
    answer = await anonymous.get(PATH, headers={"Authorization": f"Bearer {minted(gateways, **changes)}"})
    assert_problem(answer, 401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert not recorder.seen


async def test_a_tampered_or_foreign_signature_is_refused(
    gateways: Gateways, anonymous: httpx.AsyncClient, recorder: Recorder
) -> None:
    good = minted(gateways)
    header, payload, signature = good.split(".")
    swapped = ("A" if payload[10] != "A" else "B").join([payload[:10], payload[11:]])
    internal = TokenMinter(gateways.keys.internal_signing_key, token_type="at+jwt", lifetime_seconds=60)
    symmetric = jwt.encode(
        {"alg": "HS256", "typ": "at+jwt"}, {"aud": "jiuye"}, OctKey.import_key("x" * 32), algorithms=["HS256"]
    )
    for bad in (
        f"{header}.{swapped}.{signature}",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        internal.mint(Principal("platform", "INTEGRATOR", frozenset()), "jiuye"),
        symmetric,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGF0Zm9ybSJ9.",
        "x",
        "x" * 5000,
    ):
        assert_problem(await anonymous.get(PATH, headers={"Authorization": f"Bearer {bad}"}), 401, "TOKEN_INVALID")
    assert not recorder.seen


async def test_an_internal_token_does_not_open_the_door(
    gateways: Gateways, gateway: httpx.AsyncClient, anonymous: httpx.AsyncClient, recorder: Recorder
) -> None:
    """S5: a service's token, replayed."""
    await gateway.get(PATH)
    (internal,) = recorder.last.header("authorization")
    recorder.seen.clear()
    assert_problem(await anonymous.get(PATH, headers={"Authorization": internal}), 401, "TOKEN_INVALID")
    assert not recorder.seen


@pytest.mark.parametrize("name", [*REFUSED, "jku of a listener", "x5u of a listener"])
async def test_the_corpus_opens_nothing_and_nothing_is_fetched(
    gateway_url: str, scripted: ScriptedUpstream, recorder: Recorder, name: str
) -> None:
    """S5: every entry, at the door."""
    listener = {f"{where} of a listener": {where: f"{scripted.url}/keys"} for where in ("jku", "x5u")}
    token = signed({}, listener[name], OTHER) if name in listener else REFUSED[name]
    head = f"GET {PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
    answer = await exchange(gateway_url, head.encode())
    assert status_of(answer) == (431 if name == "3 MB" else 401)
    assert scripted.connections == 0
    assert not recorder.seen


@pytest.mark.parametrize("authorization", [None, "", "Basic cGxhdGZvcm06eA==", "Bearer"])
async def test_without_a_token_nothing_is_forwarded(
    anonymous: httpx.AsyncClient, recorder: Recorder, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await anonymous.post(PATH, headers=headers, json={"a": 1})
    assert_problem(answer, 401, "TOKEN_INVALID" if authorization else "TOKEN_MISSING")
    assert not recorder.seen


async def test_a_token_ends_with_its_client(
    gateways: Gateways, recorder_url: Any, secret_hash: str, tmp_path: Any
) -> None:
    with gateways.running(recorder_url[1]) as url:
        token = await token_of(url, "bank-a")
    content = json.loads(gateways.clients_file.read_text(encoding="utf-8"))
    del content["clients"]["bank-a"]
    fewer = tmp_path / "clients.json"
    fewer.write_text(json.dumps(content), encoding="utf-8")
    with Gateways(gateways.keys, fewer).running(recorder_url[1]) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as anonymous:
            answer = await anonymous.get(PATH, headers={"Authorization": f"Bearer {token}"})
    assert_problem(answer, 401, "TOKEN_INVALID")
