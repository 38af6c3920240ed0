"""The real services behind the real gateway in one process, and callers of every kind."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from pydantic import SecretStr

import eligibility_svc.main
import loans_svc.main
import targets_svc.main
from api_gateway.forwarding.limiter import Unlimited
from api_gateway.forwarding.route_table import load_route_table
from api_gateway.forwarding.server.connection import ClientConnection
from api_gateway.identity.repository import load_roles
from api_gateway.identity.service import AUDIENCE
from api_gateway.main import create_app as create_gateway
from kit.auth.principal import Principal
from kit.auth.tokens import ACCESS, INTERNAL, TokenMinter
from kit.db.engine import Database
from kit.testing import client, serving, settings_of
from targets_svc.seed import seed
from tests.api_gateway.conftest import Gateways, changed_table, client_entry
from tests.contracts.operations import Operation, operations

APPS = {
    "targets": targets_svc.main.create_app,
    "eligibility": eligibility_svc.main.create_app,
    "loans": loans_svc.main.create_app,
}
GATEWAY = "gateway"
OWN = {"unit": "ZZ07", "bank": "bank-a"}
OTHER = {"unit": "ZZ08", "bank": "bank-b"}
ROLES = load_roles()
ROUTES = load_route_table(list(APPS))


def principal(kind: str, *, is_other: bool = False) -> Principal:
    """Somebody of a kind: of the unit or bank to which the objects belong, or of the other one."""
    role = ROLES[kind]
    rows = (OTHER if is_other else OWN)[role.rows_of] if role.rows_of else None
    made = Principal(f"{kind.lower()}-{'other' if is_other else 'own'}", kind, role.scopes)
    return replace(made, **{role.rows_of: rows}) if role.rows_of else made


@dataclass(frozen=True)
class Platform:
    """A running platform.

    Attributes:
        document: merged, as the gateway serves it.
        http: clients by service; `gateway` is the gateway's.
        direct: clients without sockets, for the many calls that end before anything is read or written.
        database: the one in which all services have their schemas.
    """

    document: dict[str, Any]
    http: dict[str, httpx.AsyncClient]
    direct: dict[str, httpx.AsyncClient]
    database: str
    infrastructure: Any
    _internal: TokenMinter
    _access: TokenMinter
    _tokens: dict[tuple[str, Principal, float | None], str] = field(default_factory=dict)

    @property
    def operations(self) -> list[Operation]:
        return list(operations(self.document))

    def service_of(self, operation: Operation) -> str:
        route = ROUTES.route_of(operation.path.encode())
        return route.upstream if route else GATEWAY

    def authorization(self, service: str, who: Principal, *, now: float | None = None) -> dict[str, str]:
        """A token as the gateway gives it to a service, or for the gateway's own calls as it gives it to a client."""
        key = (service, who, now)
        if key not in self._tokens:
            minter, audience = (self._access, AUDIENCE) if service == GATEWAY else (self._internal, service)
            self._tokens[key] = minter.mint(who, audience, now=now)
        headers = {"Authorization": f"Bearer {self._tokens[key]}"}
        if service == "loans":  # what the gateway sends along on the routes that call onward
            headers["X-Onward-Eligibility"] = self._internal.mint(who, "eligibility", now=now)
        return headers

    async def execute(self, schema: str, statement: str) -> None:
        """One statement by the schema's owner."""
        url = self.infrastructure.plain_url(f"{schema}_owner", self.database)
        connection = await asyncpg.connect(url, server_settings={"search_path": schema})
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def running(infrastructure: Any, secret_hash: str) -> AsyncIterator[Platform]:
    """The platform on a new database with the plans in it; every principal is a client of its gateway."""
    database, keys = infrastructure.new_database(), infrastructure.keys
    async with AsyncExitStack() as stack:
        urls, direct = {}, {}
        for name, create_app in APPS.items():
            settings = settings_of(infrastructure.service_environment(name, database))
            settings = settings.model_copy(update={"eligibility_url": urls.get("eligibility")})
            if name == "targets":
                store = Database(settings.database_url.get_secret_value(), schema=name, pool_size=1)
                await seed(store)
                await store.close()
            app = create_app(settings)
            app.openapi()  # one after the other: FastAPI silences warnings meanwhile, and threads share the filters
            transport = httpx.ASGITransport(app)
            direct[name] = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://app")
            )
            urls[name] = stack.enter_context(serving(app))
        gateways = Gateways(keys, _clients_file(infrastructure.folder / f"{database}.json", secret_hash))
        kept = {
            "database_url": SecretStr(infrastructure.url("gateway_app", database)),
            "redis_url": SecretStr(infrastructure.redis_url),
        }
        table = changed_table(read_seconds=60)  # a machine that is busy with other things is no fault
        gateway = create_gateway(gateways.settings(**urls, **kept), table, Unlimited())
        urls[GATEWAY] = stack.enter_context(serving(gateway, http=partial(ClientConnection, gateway.state.gate)))
        http = {name: await stack.enter_async_context(client(url)) for name, url in urls.items()}
        document = (await http[GATEWAY].get("/openapi.json")).raise_for_status().json()
        internal = TokenMinter(keys.internal_signing_key, token_type=INTERNAL, lifetime_seconds=3600)
        access = TokenMinter(keys.access_signing_key, token_type=ACCESS, lifetime_seconds=3600)
        yield Platform(document, http, direct | {GATEWAY: http[GATEWAY]}, database, infrastructure, internal, access)


def _clients_file(path: Path, secret_hash: str) -> Path:
    everybody = [principal(kind, is_other=is_other) for kind in ROLES for is_other in (False, True)]
    entries = {who.subject: client_entry(who.kind, secret_hash, unit=who.unit, bank=who.bank) for who in everybody}
    path.write_text(json.dumps({"environment": "development", "clients": entries}), encoding="utf-8")
    return path
