"""Who stands at the door, put together from the settings: clients, tokens, limits, kiosks, and what admins may call."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from fastapi import FastAPI
from redis.asyncio import Redis
from starlette.types import ASGIApp, Receive, Scope, Send

from api_gateway.administration.endpoints import router as administration_router
from api_gateway.forwarding.limiter import Limiter
from api_gateway.identity.directory import Directory, Follower, Picture
from api_gateway.identity.endpoints import install_token_problems
from api_gateway.identity.endpoints import router as identity_router
from api_gateway.identity.failed_logins import SharedFailedLogins
from api_gateway.identity.proof import Proof
from api_gateway.identity.repository import load_clients, load_roles
from api_gateway.identity.service import Identity
from api_gateway.kiosks.configuration import kiosk_configuration
from api_gateway.kiosks.endpoints import router as kiosks_router
from api_gateway.kiosks.service import Kiosks
from api_gateway.kiosks.sessions import KioskSessions
from api_gateway.limits.own_calls import LimitFields, OwnCallLimits
from api_gateway.limits.repository import load_limits
from api_gateway.limits.service import TokenLimiter
from api_gateway.limits.settlement import RedisSettlement
from api_gateway.outside.service import OutsideIssuers, load_providers
from api_gateway.settings import GatewaySettings
from api_gateway.store.dependencies import install_store_problems
from api_gateway.store.registry import Registry
from kit.auth.principal import Principal
from kit.db.statements import StatementPool
from kit.errors import DomainError
from kit.http.body import StrictBodies
from kit.http.paging import CursorCodec
from kit.http.problems import problem_response

_REDIS_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What `kit.auth.dependencies` asks: the gateway's own calls know the same principals as the forwarded ones."""

    identity: Identity
    limits: OwnCallLimits

    def verify(self, token: str) -> Principal:
        proved = _proved.get()
        is_proved = proved is not None and proved[0] == token
        principal = proved[1] if proved and is_proved else self.identity.principal(f"Bearer {token}")
        self.limits.take(principal)
        return principal


# Token and principal of a request whose proof holds.
_proved: ContextVar[tuple[str, Principal] | None] = ContextVar("proved", default=None)


class _ApiCalls:
    """The gateway's own `/api` calls: bodies are read as strictly as a service reads its own, and a token that is bound
    to a key is taken with its proof alone.
    """

    def __init__(self, app: ASGIApp, identity: Identity) -> None:
        self._app = app
        self._identity = identity
        self._strict = StrictBodies(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        authorization = headers.get(b"authorization", "")
        kind, _, token = authorization.partition(" ")
        _proved.set(None)
        if kind.lower() == "dpop":
            proof = headers.get(b"dpop")
            shown = None if proof is None else Proof(proof, scope["method"], scope["path"])
            try:
                principal = self._identity.principal(authorization, shown)
            except DomainError as error:
                await problem_response(error)(scope, receive, send)
                return
            _proved.set((token.strip(), principal))
            scope = {**scope, "headers": [_as_bearer(field, token) for field in scope["headers"]]}
        await self._strict(scope, receive, send)


def _as_bearer(field: tuple[bytes, bytes], token: str) -> tuple[bytes, bytes]:
    return (field[0], b"Bearer " + token.strip().encode("latin-1")) if field[0] == b"authorization" else field


class Door:
    """Args:
        settings: of the gateway.
        limiter: that of the limits file unless given.

    Raises:
        ClientsFileError, ProvidersFileError: the file cannot be used.
    """

    def __init__(self, settings: GatewaySettings, limiter: Limiter | None = None) -> None:
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
        self._buckets = TokenLimiter(load_limits(settings.limits_file), settlement)
        self.limiter: Limiter = limiter or self._buckets
        self._own_limits = OwnCallLimits(self.limiter)
        self._outside = OutsideIssuers(load_providers(settings.providers_file, self._roles), self._roles)
        self._sessions = KioskSessions(kiosk_configuration().idle_seconds, self._redis)
        self._cursors = CursorCodec(hmac.digest(settings.access_jwk["d"].encode(), b"jiuye.gateway.cursors", "sha256"))
        self.identity = Identity(
            directory,
            self._roles,
            access_jwk=settings.access_jwk,
            internal_jwk=settings.internal_jwk,
            sample_hash=next(iter(file.values())).secret_hashes[1],
            base_url=settings.base_url,
            failed=SharedFailedLogins(redis=self._redis),
            sessions=self._sessions,
            providers=self._outside.names,
        )
        self._kiosks = Kiosks(directory, self._roles, self.identity, self._sessions)

    def install(self, app: FastAPI) -> None:
        """Adds its calls, and what they need, to the gateway's own app."""
        app.state.identity = self.identity
        app.state.roles = self._roles
        app.state.database = self._database
        app.state.follower = self._follower
        app.state.cursors = self._cursors
        app.state.token_verifier = _Tokens(self.identity, self._own_limits)
        app.state.own_limits = self._own_limits
        app.state.kiosks = self._kiosks
        app.state.outside = self._outside
        app.include_router(identity_router)
        app.include_router(administration_router)
        app.include_router(kiosks_router)
        install_token_problems(app)
        install_store_problems(app)
        app.add_middleware(_ApiCalls, identity=self.identity)
        app.add_middleware(LimitFields)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """As long as the gateway lives."""
        if self._follower is not None:
            await self._follower.start()
        self._buckets.start()
        self._sessions.start()
        try:
            yield
        finally:
            await self._buckets.stop()
            await self._sessions.stop()
            if self._follower is not None:
                await self._follower.stop()
            if self._database is not None:
                await self._database.close()
            if self._redis is not None:
                await self._redis.aclose()
            await self._outside.close()
            self.identity.close()
