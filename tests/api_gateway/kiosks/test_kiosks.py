"""A kiosk gets in with two admins' consent and its key, a person at it for five minutes; both are out at once."""

import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from api_gateway.identity.proof import Proof, ProofInvalidError, Proofs
from api_gateway.kiosks.configuration import kiosk_configuration
from api_gateway.kiosks.sessions import KioskSessions
from kit.testing import client
from tests.api_gateway.administration.conftest import Signed
from tests.api_gateway.conftest import assert_problem
from tests.api_gateway.kiosks.conftest import BASE, Kiosk, encoded
from tests.conftest import REPOSITORY

CONFIG, SESSIONS, ENROLMENTS = "/api/v1/kiosk/config", "/api/v1/kiosk/sessions", "/api/v1/kiosk/enrolments"
TOKENS, CURRENT, DEVICES = "/api/v1/kiosk/tokens", "/api/v1/kiosk/sessions/current", "/api/v1/admin/devices"


@pytest.fixture
async def caller(kept_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client(kept_url) as made:
        yield made


@pytest.fixture
async def admin(signed_in: Signed) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in("admin") as made:
        yield made


@pytest.fixture
async def kiosk(
    caller: httpx.AsyncClient, admin: httpx.AsyncClient, security: httpx.AsyncClient, request: Any
) -> Kiosk:
    name = f"hall-{abs(hash(request.node.name)) % 10**10}"
    made = await Kiosk(caller).enrolled(admin, security, name)
    made.name = name  # type: ignore[attr-defined]
    return made


async def test_from_a_code_to_a_screen(kiosk: Kiosk, auditor: httpx.AsyncClient) -> None:
    answer = await kiosk.call("GET", CONFIG, token=kiosk.token)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["seconds"] == {"session": 300, "idle": 60, "warning": 45}
    assert shown["version"] == kiosk_configuration().version
    again = await kiosk.call("GET", CONFIG, token=kiosk.token, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    name = kiosk.name  # type: ignore[attr-defined]
    entries = (await auditor.get("/api/v1/admin/audit-entries", params={"object": f"device:{name}"})).json()["items"]
    assert [(entry["action"], entry["actor"]) for entry in reversed(entries)] == [
        ("device.create", "admin"),
        ("device.enrol", f"device:{name}"),
        ("device.approve", "security-admin"),
    ]


async def test_every_measure_on_the_screens_is_one_of_the_catalogue() -> None:
    folder = REPOSITORY / "services" / "eligibility_svc" / "measures" / "data" / "editions"
    known = {path.stem.partition("@")[0] for path in folder.glob("*.yaml")}
    assert set(kiosk_configuration().content["measures"]) <= known


async def test_a_code_is_good_once_and_for_fifteen_minutes(
    caller: httpx.AsyncClient, admin: httpx.AsyncClient, infrastructure: Any, kept: Any
) -> None:
    kiosk = Kiosk(caller)
    made = (await admin.post(DEVICES, json={"id": "coded", "name": "甲", "place": "一楼"})).json()
    code = made["enrolment_code"]
    assert (await kiosk.call("POST", ENROLMENTS, json={"code": f" {code.lower()} "})).status_code == 200
    again = await Kiosk(caller).call("POST", ENROLMENTS, json={"code": code})
    assert_problem(again, 404, "ENROLMENT_CODE_INVALID")
    fresh = (await admin.post(f"{DEVICES}/coded/enrolment-codes")).json()
    assert (fresh["state"], fresh["fingerprint"]) == ("NEW", None)
    connection = await asyncpg.connect(infrastructure.admin_url(kept.database))
    await connection.execute(
        "UPDATE gateway.device SET code_expires_at = code_expires_at - interval '15 minutes' WHERE id = 'coded'"
    )
    await connection.close()
    late = await kiosk.call("POST", ENROLMENTS, json={"code": fresh["enrolment_code"]})
    assert_problem(late, 404, "ENROLMENT_CODE_INVALID")


async def test_a_kiosk_waits_for_another_admin_who_has_compared_the_fingerprint(
    caller: httpx.AsyncClient, admin: httpx.AsyncClient, security: httpx.AsyncClient
) -> None:
    kiosk = Kiosk(caller)
    assert_problem(await kiosk.call("POST", TOKENS), 401, "PROOF_INVALID")
    made = (await admin.post(DEVICES, json={"id": "waiting", "name": "甲", "place": "一楼"})).json()
    approval = f"{DEVICES}/waiting/approval"
    assert_problem(await security.post(approval, json={"fingerprint": "A" * 43}), 409, "DEVICE_STATE_CONFLICT")
    shown = (await kiosk.call("POST", ENROLMENTS, json={"code": made["enrolment_code"]})).json()
    refused = await kiosk.call("POST", TOKENS)
    assert assert_problem(refused, 403, "DEVICE_DISABLED")["next_step_zh"].endswith("请联系管理员。")
    assert_problem(await security.post(approval, json={"fingerprint": "A" * 43}), 409, "FINGERPRINT_DIFFERS")
    assert (await security.post(approval, json={"fingerprint": shown["fingerprint"]})).status_code == 200
    await kiosk.signed_in()


async def test_a_disabled_kiosk_is_out_at_once_with_everybody_at_it(kiosk: Kiosk, security: httpx.AsyncClient) -> None:
    opened = await kiosk.call("POST", SESSIONS, token=kiosk.token, json={"method": "ID_CARD"})
    person = opened.json()["access_token"]
    assert (await kiosk.call("GET", CONFIG, token=person)).status_code == 200
    name = kiosk.name  # type: ignore[attr-defined]
    off = await security.post(f"{DEVICES}/{name}/disabling", json={"reason": "被盗"})
    assert off.json()["state"] == "DISABLED"
    for token in (kiosk.token, person):
        assert_problem(await kiosk.call("GET", CONFIG, token=token), 403, "DEVICE_DISABLED")
    assert_problem(await kiosk.call("POST", TOKENS), 403, "DEVICE_DISABLED")


async def test_a_person_comes_with_the_rights_of_a_kiosk_and_goes(kiosk: Kiosk) -> None:
    opened = await kiosk.call("POST", SESSIONS, token=kiosk.token, json={"method": "FACE"})
    assert opened.status_code == 201, opened.text
    session = opened.json()
    assert (session["expires_in"], session["idle_seconds"], session["warning_seconds"]) == (300, 60, 45)
    assert "eligibility.check.run" in session["scope"].split()
    assert "kiosk.session.open" not in session["scope"].split()
    person = session["access_token"]
    nested = await kiosk.call("POST", SESSIONS, token=person, json={"method": "FACE"})
    assert_problem(nested, 403, "SCOPE_MISSING")
    assert (await kiosk.call("DELETE", CURRENT, token=person)).status_code == 204
    assert_problem(await kiosk.call("GET", CONFIG, token=person), 401, "TOKEN_EXPIRED")
    assert (await kiosk.call("GET", CONFIG, token=kiosk.token)).status_code == 200


async def test_a_token_is_nothing_without_the_key(kiosk: Kiosk, caller: httpx.AsyncClient) -> None:
    thief = Kiosk(caller)
    stolen = kiosk.token
    assert_problem(await thief.call("GET", CONFIG, token=stolen), 401, "PROOF_INVALID")
    bare = await caller.get(CONFIG, headers={"Authorization": f"Bearer {stolen}"})
    assert_problem(bare, 401, "TOKEN_INVALID")
    unproved = await caller.get(CONFIG, headers={"Authorization": f"DPoP {stolen}"})
    assert_problem(unproved, 401, "PROOF_INVALID")


async def test_a_proof_is_good_once(kiosk: Kiosk) -> None:
    for path, token in ((CONFIG, kiosk.token), (TOKENS, None)):
        method = "GET" if path == CONFIG else "POST"
        proof = kiosk.proof(method, path, token)
        assert (await kiosk.call(method, path, token=token, proof=proof)).status_code == 200
        assert_problem(await kiosk.call(method, path, token=token, proof=proof), 401, "PROOF_INVALID")


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "POST"},
        {"htu": BASE + "/api/v1/kiosk/tokens"},
        {"htu": "http://elsewhere.example" + CONFIG},
        {"iat": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600},
        {"iat": None},
        {"iat": True},
        {"iat": "now"},
        {"jti": None},
        {"jti": "short"},
        {"jti": ["a" * 20]},
        {"ath": None},
        {"ath": encoded(b"0" * 32)},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"typ": "JWT"}},
        {"header": {"jku": "http://127.0.0.1:1/keys"}},
        {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
        {"header": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}}},
        {"header": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "d": "A" * 43}}},
        {"header": {"jwk": "x"}},
    ],
)
async def test_a_proof_of_something_else_proves_nothing(kiosk_of_all: Kiosk, changes: dict[str, Any]) -> None:
    proof = kiosk_of_all.proof("GET", CONFIG, kiosk_of_all.token, **changes)
    refused = await kiosk_of_all.call("GET", CONFIG, token=kiosk_of_all.token, proof=proof)
    assert_problem(refused, 401, "PROOF_INVALID")


@pytest.mark.parametrize("proof", ["", ".", "a.b.c", "e30.e30.", "x" * 3000, "W10.W10.AA", "\u00e9.e30.AA"])
async def test_what_is_no_proof_proves_nothing(kiosk_of_all: Kiosk, proof: str) -> None:
    headers = {"Authorization": f"DPoP {kiosk_of_all.token}", "DPoP": proof.encode("latin-1")}
    refused = await kiosk_of_all._caller.get(CONFIG, headers=headers)
    assert_problem(refused, 401, "PROOF_INVALID")


@pytest.fixture
async def kiosk_of_all(
    caller: httpx.AsyncClient, admin: httpx.AsyncClient, security: httpx.AsyncClient, shared: dict[str, Kiosk]
) -> Kiosk:
    if "kiosk" not in shared:
        shared["kiosk"] = await Kiosk(caller).enrolled(admin, security, "hall-of-all")
    shared["kiosk"]._caller = caller
    return shared["kiosk"]


@pytest.fixture(scope="module")
def shared() -> dict[str, Kiosk]:
    return {}


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_session_ends_a_minute_after_the_last_call() -> None:
    clock = Clock()
    sessions = KioskSessions(60, None, clock)
    issued = int(clock.now)
    for _ in range(4):
        clock.now += 59
        assert sessions.touch("a", issued)
    clock.now += 61
    assert not sessions.touch("a", issued)
    assert not sessions.touch("b", issued), "never heard of, and issued too long ago"


async def test_processes_tell_each_other_who_is_alive_and_who_has_gone(infrastructure: Any) -> None:
    clock, redis = Clock(), Redis.from_url(infrastructure.redis_url)
    here, there = KioskSessions(60, redis, clock), KioskSessions(60, redis, clock)
    issued = int(clock.now)
    clock.now += 50
    assert here.touch("moving", issued)
    assert here.touch("leaving", issued)
    await here.exchange()
    await there.exchange()
    clock.now += 50
    assert there.touch("moving", issued)
    await here.end("leaving")
    assert not here.touch("leaving", issued)
    await there.exchange()
    assert not there.touch("leaving", issued)
    assert await here.is_first("proof", 60)
    assert not await there.is_first("proof", 60)
    await redis.aclose()


async def test_strangers_cannot_fill_the_memory_of_used_proofs(caller: httpx.AsyncClient) -> None:
    proofs = Proofs(BASE)
    stranger = Kiosk(caller)
    for _ in range(3):
        with pytest.raises(ProofInvalidError):
            proofs.check(Proof(stranger.proof("POST", TOKENS), "POST", TOKENS), is_known=lambda _: False)
    assert not proofs._used
    assert proofs.check(Proof(stranger.proof("POST", TOKENS), "POST", TOKENS), is_known=lambda _: True)
    assert len(proofs._used) == 1
