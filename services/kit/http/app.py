"""The app factory of every service."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse, PlainTextResponse, Response

from kit.audit.endpoints import audit_router
from kit.audit.recording import record_call
from kit.auth.principal import Principal
from kit.auth.service_tokens import ServiceAwareVerifier
from kit.auth.tokens import INTERNAL, TokenVerifier
from kit.db.engine import Database
from kit.db.problems import install_database_problems
from kit.db.rows import Narrow, nobody
from kit.http.bare import Lifespan, bare_app
from kit.http.body import StrictBodies
from kit.http.context import RequestContext
from kit.http.idempotency import IdempotentReplay, replay
from kit.http.onward import OnwardService
from kit.http.paging import CursorCodec
from kit.jobs.backlog import render_backlog
from kit.settings import ServiceSettings
from kit.telemetry.spans import open_spans
from kit.webhooks.domain import EventType
from kit.webhooks.endpoints import webhook_router


def service_app(
    *,
    name: str,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    settings: ServiceSettings,
    extra: Lifespan | None = None,
    webhooks: Sequence[EventType] = (),
    sees_all: Callable[[Principal], bool] = lambda _: False,
    calls: Sequence[str] = (),
    called_by: Mapping[str, frozenset[str]] | None = None,
    narrow: Narrow = nobody,
) -> FastAPI:
    """A service: strict bodies, tokens for the audience `name`, one transaction per request.

    Args:
        name: audience of its tokens, schema of its tables, label of its logs.
        extra: what else lives as long as the app does (loaded catalogues and the like).
        webhooks: what the service tells by webhook.
        sees_all: who may be told of every district's and bank's rows.
        calls: services that this one calls; `app.state.onward` has them by name.
        called_by: services that may call this one for themselves, with the scopes that they then have.
        narrow: which rows a caller's transaction is limited to (`kit.db.rows`).

    Raises:
        ValueError: production without the address of a service that is called.

    `app.state` holds `settings`, `database`, `token_verifier`, `cursors`, `metrics`.
    """

    for other in calls:
        if settings.environment == "production" and not getattr(settings, f"{other}_url"):
            raise ValueError(f"JIUYE_{other.upper()}_URL is missing")
    spans = open_spans(name, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(
            settings.database_url.get_secret_value(),
            schema=name,
            pool_size=settings.pool_size,
            name=f"{name}-service",
        )
        app.state.database = database
        app.state.onward = {other: OnwardService(other, getattr(settings, f"{other}_url")) for other in calls}
        try:
            if extra is None:
                yield
            else:
                async with extra(app):
                    yield
        finally:
            for onward in app.state.onward.values():
                await onward.close()
            await database.close()
            if spans:
                await asyncio.to_thread(spans.close)

    app = bare_app(name=name, title=title, description=description, log_level=settings.log_level, lifespan=lifespan)
    app.state.settings = settings
    app.state.narrow = narrow
    verifier = TokenVerifier(settings.internal_keys, token_type=INTERNAL, audience=name)
    app.state.token_verifier = (
        ServiceAwareVerifier(verifier, settings.service_keys, called_by, name) if called_by else verifier
    )
    app.state.cursors = CursorCodec(settings.cursor_key_bytes)
    install_database_problems(app)
    app.add_exception_handler(IdempotentReplay, replay)
    for router in routers:
        app.include_router(router)
    app.include_router(audit_router(name))
    app.state.record_call = record_call
    if webhooks:
        app.include_router(webhook_router(name, webhooks, sees_all))
        app.state.webhooks = webhooks
    _add_operations(app, name)
    app.add_middleware(StrictBodies)
    app.add_middleware(RequestContext, metrics=app.state.metrics, trust_request_id=True, spans=spans)
    return app


def _add_operations(app: FastAPI, name: str) -> None:
    """What an operator's tools ask; not part of the public document."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        try:
            await app.state.database.ping()
        except Exception as exc:  # noqa: BLE001  whatever is wrong, the answer is "not ready"
            structlog.get_logger("kit.http").warning("readyz.database", exc_info=exc)
            return JSONResponse({"status": "unavailable", "database": "down"}, 503)
        return JSONResponse({"status": "ok", "database": "up"})

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        text: bytes = app.state.metrics.render()
        try:
            async with app.state.database.transaction() as session:
                text += await render_backlog(session, name)
        except Exception as exc:  # noqa: BLE001  without the database there is still the rest to tell
            structlog.get_logger("kit.http").warning("metrics.database", exc_info=exc)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(app.openapi())
