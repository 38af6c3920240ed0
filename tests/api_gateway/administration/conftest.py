"""A gateway with a database and a Redis of its own, and its three admins."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api_gateway.main import create_app
from kit.testing import client, serving
from onebox.keys import Keys
from tests.api_gateway.conftest import Gateways, client_entry, token_of

Signed = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]
KINDS = {
    "platform": "INTEGRATOR",
    "admin": "ADMIN",
    "security-admin": "SECURITY_ADMIN",
    "auditor": "AUDITOR",
}


@pytest.fixture(scope="session")
def kept(infrastructure: Any, secret_hash: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Settings of a gateway with a database; each call shares one database unless it names another."""
    path = tmp_path_factory.mktemp("kept") / "clients.json"
    clients = {name: client_entry(kind, secret_hash) for name, kind in KINDS.items()}
    path.write_text(json.dumps({"environment": "development", "clients": clients}), encoding="utf-8")
    gateways = Gateways(Keys.generate(), path)
    shared = infrastructure.new_database()

    def settings(database: str = shared, **changes: Any) -> Any:
        lasting = {
            "database_url": SecretStr(infrastructure.url("gateway_app", database)),
            "redis_url": SecretStr(infrastructure.redis_url),
        }
        dead = "http://127.0.0.1:9"
        return gateways.settings(dead, dead, dead, **(lasting | changes))

    settings.database = shared  # type: ignore[attr-defined]
    settings.gateways = gateways  # type: ignore[attr-defined]
    return settings


@pytest.fixture(scope="session")
def kept_url(kept: Callable[..., Any]) -> Iterator[str]:
    with serving(create_app(kept())) as url:
        yield url


@pytest.fixture(scope="session")
async def tokens(kept_url: str) -> dict[str, str]:
    return {name: await token_of(kept_url, name) for name in KINDS}


@pytest.fixture(scope="session")
def signed_in(kept_url: str, tokens: dict[str, str]) -> Signed:
    """A client of the gateway as one of the admins."""

    @asynccontextmanager
    async def made(name: str) -> AsyncIterator[httpx.AsyncClient]:
        async with client(kept_url, headers={"Authorization": f"Bearer {tokens[name]}"}) as caller:
            yield caller

    return made


@pytest.fixture
async def security(signed_in: Signed) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in("security-admin") as made:
        yield made


@pytest.fixture
async def auditor(signed_in: Signed) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in("auditor") as made:
        yield made
