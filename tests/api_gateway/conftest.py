"""A gateway on a real socket with three upstreams: one that records, one that a test scripts, one that is dead."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from api_gateway.forwarding.breaker import BreakerRules
from api_gateway.forwarding.route_table import RouteTable, load_route_table
from api_gateway.forwarding.server.connection import ClientConnection
from api_gateway.identity.repository import load_roles
from api_gateway.main import create_app
from api_gateway.settings import GatewaySettings
from kit.testing import client, serving
from onebox.keys import Keys
from tests.api_gateway.upstreams import Recorder, ScriptedUpstream, dead_address

SECRET = "a-secret-of-the-tests"
UPSTREAMS = ("targets", "eligibility", "loans")


@dataclass(frozen=True)
class Gateways:
    """Starts gateways that share keys and clients.

    Attributes:
        clients_file: of the clients `platform`, `kiosk`, `city`, `staff-ZZ01`, `bank-a`, all with SECRET.
    """

    keys: Keys
    clients_file: Path

    def settings(self, targets: str, eligibility: str, loans: str, **changes: Any) -> GatewaySettings:
        values: dict[str, Any] = {
            "clients_file": self.clients_file,
            "access_signing_key": SecretStr(json.dumps(self.keys.access_signing_key)),
            "internal_signing_key": SecretStr(json.dumps(self.keys.internal_signing_key)),
            "targets_url": targets,
            "eligibility_url": eligibility,
            "loans_url": loans,
            "base_url": "http://127.0.0.1:18000",
        }
        return GatewaySettings(**(values | changes))

    @contextmanager
    def running(
        self,
        targets: str,
        eligibility: str | None = None,
        loans: str | None = None,
        table: RouteTable | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Iterator[str]:
        """Yields the base URL; an upstream that is not given is the first one."""
        given = self.settings(targets, eligibility or targets, loans or targets, **(settings or {}))
        app = create_app(given, table or changed_table())
        with serving(app, http=partial(ClientConnection, app.state.gate)) as url:
            yield url


NEVER_OPENS = BreakerRules(consecutive=10**9, share=1.0, minimum=10**9, window_seconds=10, open_seconds=10)


def changed_table(breaker: BreakerRules = NEVER_OPENS, **changes: Any) -> RouteTable:
    """The real table with other times or limits on every route, and breakers that never open."""
    table = replace(load_route_table(UPSTREAMS), breaker=breaker)
    whole = {
        name: changes.pop(name) for name in ("connections_per_upstream", "client_silence_seconds") & changes.keys()
    }
    return replace(table, routes=tuple(replace(route, **changes) for route in table.routes), **whole)


def client_entry(kind: str, secret_hash: str, **changes: Any) -> dict[str, Any]:
    scopes = sorted(load_roles()[kind].scopes)
    return {
        "name": kind,
        "secret_hash": secret_hash,
        "kind": kind,
        "scopes": scopes,
        "unit": None,
        "bank": None,
    } | changes


@pytest.fixture(scope="session")
def secret_hash() -> str:
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(SECRET)


@pytest.fixture(scope="session")
def gateways(tmp_path_factory: pytest.TempPathFactory, secret_hash: str) -> Gateways:
    path = tmp_path_factory.mktemp("gateway") / "clients.json"
    clients = {
        "platform": client_entry("INTEGRATOR", secret_hash),
        "kiosk": client_entry("KIOSK", secret_hash),
        "city": client_entry("CITY", secret_hash, unit="ZZ"),
        "staff-ZZ01": client_entry("STAFF", secret_hash, unit="ZZ01"),
        "bank-a": client_entry("BANK", secret_hash, bank="bank-a"),
    }
    path.write_text(json.dumps({"environment": "development", "clients": clients}), encoding="utf-8")
    return Gateways(Keys.generate(), path)


@pytest.fixture(scope="session")
def recorder_url() -> Iterator[tuple[Recorder, str]]:
    recorder = Recorder()
    with serving(recorder) as url:
        yield recorder, url


@pytest.fixture
def recorder(recorder_url: tuple[Recorder, str]) -> Recorder:
    made = recorder_url[0]
    made.seen.clear()
    made.status, made.answer_headers, made.ready, made.document = 200, [], True, None
    return made


@pytest.fixture(scope="session")
async def scripted_for_all() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream().listening() as upstream:
        yield upstream


@pytest.fixture
async def scripted(scripted_for_all: ScriptedUpstream, gateway_url: str) -> AsyncIterator[ScriptedUpstream]:
    """The upstream `eligibility`; no connection of one test is left for the next."""
    scripted_for_all.connections = 0
    yield scripted_for_all
    scripted_for_all.hang_up()
    async with client(gateway_url) as anonymous, asyncio.timeout(10):
        while await connections(anonymous, "eligibility"):
            await asyncio.sleep(0.01)


async def connections(anonymous: httpx.AsyncClient, upstream: str) -> int:
    """How many connections the gateway has to an upstream, as it says itself."""
    text = (await anonymous.get("/metrics")).text
    found = re.findall(
        rf'gateway_upstream_connections\{{instance="[^"]+",state="\w+",upstream="{upstream}"\}} (\d+)', text
    )
    assert len(found) == 2
    return sum(map(int, found))


@pytest.fixture(scope="session")
def gateway_url(
    gateways: Gateways, recorder_url: tuple[Recorder, str], scripted_for_all: ScriptedUpstream
) -> Iterator[str]:
    with dead_address() as dead, gateways.running(recorder_url[1], scripted_for_all.url, dead) as url:
        yield url


async def token_of(url: str, client_id: str = "platform", **form: str) -> str:
    """A token, as a client gets it."""
    body = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": SECRET} | form
    async with client(url) as anonymous:
        answer = await anonymous.post("/oauth/token", data=body)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


@pytest.fixture(scope="session")
async def token(gateway_url: str) -> str:
    return await token_of(gateway_url)


@pytest.fixture
async def gateway(gateway_url: str, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway with the token of `platform`."""
    async with client(gateway_url, headers={"Authorization": f"Bearer {token}"}) as made:
        yield made


@pytest.fixture
async def anonymous(gateway_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client(gateway_url) as made:
        yield made


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem in Chinese with the request's id."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert any("\u4e00" <= c <= "\u9fff" for c in body["title"])
    assert any("\u4e00" <= c <= "\u9fff" for c in body["detail"])
    return body
