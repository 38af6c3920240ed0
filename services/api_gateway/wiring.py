"""Who stands at the door, put together from the settings: clients, tokens, limits, kiosks, and what admins may call."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from redis.asyncio import Redis
from starlette.types import ASGIApp, Receive, Scope, Send

from api_gateway.administration.endpoints import router as administration_router
from api_gateway.identity.directory import Directory, Follower, Picture
from api_gateway.identity.endpoints import install_token_problems
from api_gateway.identity.endpoints import router as identity_router
from api_gateway.identity.failed_logins import SharedFailedLogins
from api_gateway.identity.repository import load_clients, load_roles
from api_gateway.identity.service import Identity
from api_gateway.limits.repository import load_limits
from api_gateway.limits.service import TokenLimiter
from api_gateway.limits.settlement import RedisSettlement
from api_gateway.settings import GatewaySettings
from api_gateway.store.dependencies import install_store_problems
from api_gateway.store.registry import Registry
from kit.auth.principal import Principal
from kit.db.statements import StatementPool
from kit.http.body import StrictBodies
from kit.http.paging import CursorCodec

_REDIS_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What `kit.auth.dependencies` asks: the gateway's own calls know the same principals as the forwarded ones."""

    identity: Identity

    def verify(self, token: str) -> Principal:
        return self.identity.principal(f"Bearer {token}")


class _ApiBodies:
    """Bodies of the gateway's own `/api` calls are read as strictly as a service reads its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._strict = StrictBodies(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith("/api/")
        await (self._strict if is_api else self._app)(scope, receive, send)


class Door:
    """Args:
        settings: of the gateway.

    Raises:
        ClientsFileError: the clients file cannot be used.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._roles = load_roles()
        file = load_clients(settings.clients_file, self._roles, environment=settings.environment)
        self._database: StatementPool | None = None
        self._follower: Follower | None = None
        self._redis: Redis | None = None
        if settings.redis_url is not None:
            self._redis = Redis.from_url(
                settings.redis_url.get_secret_value(),
                socket_timeout=_REDIS_SECONDS,
                socket_connect_timeout=_REDIS_SECONDS,
            )
        if settings.database_url is None:
            directory = Directory(Picture(0, file))
        else:
            directory = Directory()
            self._database = StatementPool(
                settings.database_url.get_secret_value(), schema="gateway", name="gateway-service"
            )
            self._follower = Follower(directory, Registry(self._database, self._roles, file))
        settlement = None if self._redis is None else RedisSettlement(self._redis)
        self.limiter = TokenLimiter(load_limits(settings.limits_file), settlement)
        self._cursors = CursorCodec(hmac.digest(settings.access_jwk["d"].encode(), b"jiuye.gateway.cursors", "sha256"))
        self.identity = Identity(
            directory,
            self._roles,
            access_jwk=settings.access_jwk,
            internal_jwk=settings.internal_jwk,
            sample_hash=next(iter(file.values())).secret_hashes[1],
            base_url=settings.base_url,
            failed=SharedFailedLogins(redis=self._redis),
        )

    def install(self, app: FastAPI) -> None:
        """Adds its calls, and what they need, to the gateway's own app."""
        app.state.identity = self.identity
        app.state.roles = self._roles
        app.state.database = self._database
        app.state.follower = self._follower
        app.state.cursors = self._cursors
        app.state.token_verifier = _Tokens(self.identity)
        app.include_router(identity_router)
        app.include_router(administration_router)
        install_token_problems(app)
        install_store_problems(app)
        app.add_middleware(_ApiBodies)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """As long as the gateway lives."""
        if self._follower is not None:
            await self._follower.start()
        self.limiter.start()
        try:
            yield
        finally:
            await self.limiter.stop()
            if self._follower is not None:
                await self._follower.stop()
            if self._database is not None:
                await self._database.close()
            if self._redis is not None:
                await self._redis.aclose()
            self.identity.close()
