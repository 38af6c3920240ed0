"""The gateway: its own calls as an app, and the gate in front of it. `python -m api_gateway` serves both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
from fastapi import Depends, FastAPI

from api_gateway.documents.endpoints import router as documents_router
from api_gateway.documents.own_document import complete_own_document
from api_gateway.documents.service import INTRODUCTION, Documents
from api_gateway.forwarding.access_log import AccessLog
from api_gateway.forwarding.forwarder import Forwarder
from api_gateway.forwarding.gate import Gate
from api_gateway.forwarding.http_client.client import HttpForwarder
from api_gateway.forwarding.limiter import Limiter
from api_gateway.forwarding.maintenance import MaintenanceFile
from api_gateway.forwarding.metrics import UpstreamMetrics
from api_gateway.forwarding.route_table import RouteTable, load_route_table
from api_gateway.limits.own_calls import open_to_strangers
from api_gateway.operations.endpoints import router as operations_router
from api_gateway.operations.service import Readiness
from api_gateway.settings import GatewaySettings
from api_gateway.wiring import Door
from kit.http.bare import bare_app
from kit.http.context import RequestContext
from kit.telemetry.spans import open_spans

_CALL_SECONDS = 5.0
_SWEEP_SECONDS = 0.1
_SWEEPS_FOR_A_LOOK = 10  # at the maintenance file


def create_app(
    settings: GatewaySettings | None = None, table: RouteTable | None = None, limiter: Limiter | None = None
) -> FastAPI:
    """The gateway's own calls; `app.state.gate` is what stands in front of them.

    Args:
        settings: from the environment unless given.
        table: `routes.yaml` unless given.
        limiter: that of the limits file unless given.

    Raises:
        pydantic.ValidationError, ClientsFileError, RouteTableError: it does not start with a wrong configuration.
    """
    settings = settings or GatewaySettings()
    upstreams = settings.upstreams()
    table = table or load_route_table(upstreams)
    door = Door(settings, limiter)
    forwarder: Forwarder = HttpForwarder(upstreams, table.connections_per_upstream, table.breaker)
    maintenance = MaintenanceFile(settings.maintenance_file, list(upstreams))
    access_log = AccessLog()
    spans = open_spans("gateway", settings)
    servers = [{"url": "/", "description": "当前地址"}, {"url": settings.base_url, "description": "公开地址"}]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Few calls, awaited: documents and readiness. Forwarding has a client of its own.
        async with httpx.AsyncClient(timeout=_CALL_SECONDS, trust_env=False) as client, door.open():
            app.state.documents = Documents(client, {name: some[0] for name, some in upstreams.items()}, table, servers)
            app.state.readiness = Readiness(client, upstreams)
            access_log.start()
            sweeping = asyncio.create_task(_sweep(app.state.gate, maintenance))
            try:
                yield
            finally:
                sweeping.cancel()
                with suppress(asyncio.CancelledError):
                    await sweeping
                forwarder.close()
                await asyncio.to_thread(access_log.close)
                if spans:
                    await asyncio.to_thread(spans.close)

    app = bare_app(
        name="gateway",
        title="就业服务平台",
        description=INTRODUCTION.read_text(encoding="utf-8"),
        log_level=settings.log_level,
        lifespan=lifespan,
    )
    door.install(app)
    app.include_router(documents_router, dependencies=[Depends(open_to_strangers)])
    app.include_router(operations_router)
    app.state.own_document = complete_own_document(app.openapi(), servers)
    app.state.gate = Gate(
        table=table,
        forwarder=forwarder,
        identity=door.identity,
        limiter=door.limiter,
        maintenance=maintenance,
        hosts=settings.known_hosts(),
        http_metrics=app.state.metrics,
        upstream_metrics=UpstreamMetrics(app.state.metrics.registry, forwarder),
        access_log=access_log,
        spans=spans,
    )
    app.add_middleware(RequestContext, metrics=app.state.metrics, trust_request_id=False, spans=spans)
    return app


async def _sweep(gate: Gate, maintenance: MaintenanceFile) -> None:
    """One timer for all that may wait too long, instead of one for each request."""
    loop = asyncio.get_running_loop()
    sweeps = 0
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        gate.sweep(loop.time())
        sweeps += 1
        if sweeps % _SWEEPS_FOR_A_LOOK == 0:
            maintenance.look()
