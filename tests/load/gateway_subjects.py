"""What `bench_gateway` measures, a process each: `python -m tests.load.gateway_subjects NAME PORT UPSTREAM`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

UNITS = "/api/v1/targets/units"
_ITEM = b'{"code":"ZZ01","name":"\xe4\xb8\xad\xe5\x8e\x9f\xe5\x8c\xba","plan":1200,"done":731,"share":"0.6092"}'
BODY = b'{"items":[' + b",".join([_ITEM] * 12) + b"]}"  # 1 KB


async def raw(scope: Any, receive: Any, send: Any) -> None:
    """A service at its fastest: ASGI without a framework."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def serve_plain_gateway(port: int, upstream: str) -> None:
    """Forwarding alone: the gateway's server and client, and a gate that asks nobody who he is."""
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  the other subjects do not load the gateway

    from api_gateway.forwarding.access_log import AccessLog  # noqa: PLC0415
    from api_gateway.forwarding.domain import check_target  # noqa: PLC0415
    from api_gateway.forwarding.forwarder import OutboundRequest  # noqa: PLC0415
    from api_gateway.forwarding.gate import Gate  # noqa: PLC0415
    from api_gateway.forwarding.http_client.client import HttpForwarder  # noqa: PLC0415
    from api_gateway.forwarding.limiter import Unlimited  # noqa: PLC0415
    from api_gateway.forwarding.maintenance import MaintenanceFile  # noqa: PLC0415
    from api_gateway.forwarding.metrics import UpstreamMetrics  # noqa: PLC0415
    from api_gateway.forwarding.route_table import load_route_table  # noqa: PLC0415
    from api_gateway.forwarding.server.draining import serve  # noqa: PLC0415
    from api_gateway.settings import Address  # noqa: PLC0415
    from kit.telemetry.metrics import HttpMetrics  # noqa: PLC0415

    class OpenGate(Gate):
        def admit(self, request: Any, reader: Any, receiver: Any) -> Any:
            path, _, query = request.target.partition(b"?")
            route = self.table.plain_route_of(path)
            check_target(request.method, path, query, is_plain=True)
            request.shape = shape = reader.read(request.headers, request.version)
            assert route is not None
            request.route = route
            fields = reader.passed_on()
            outbound = OutboundRequest(request.method, request.target, fields, shape.has_body, shape.length)
            return self.forwarder.exchange(route.upstream, outbound, route.patience, receiver)

        def answered(self, request: Any, status: int) -> None:
            pass

        def ended(self, request: Any, status: int) -> None:
            pass

    addresses = dict.fromkeys(("targets", "eligibility", "loans"), (Address.parse(upstream),))
    table = load_route_table(addresses)
    forwarder = HttpForwarder(addresses, table.connections_per_upstream, table.breaker)
    metrics = HttpMetrics("gateway")
    gate = OpenGate(
        table=table,
        forwarder=forwarder,
        identity=None,  # type: ignore[arg-type]
        limiter=Unlimited(),
        maintenance=MaintenanceFile(None, ()),
        hosts=frozenset(),
        http_metrics=metrics,
        upstream_metrics=UpstreamMetrics(CollectorRegistry(), forwarder),
        access_log=AccessLog(),
    )
    serve(raw, gate, "127.0.0.1", port)


def fastapi_httpx(upstream: str) -> Any:
    """The plain way: a FastAPI route that streams what httpx brings."""
    import httpx  # noqa: PLC0415
    from fastapi import FastAPI, Request  # noqa: PLC0415
    from starlette.background import BackgroundTask  # noqa: PLC0415
    from starlette.responses import StreamingResponse  # noqa: PLC0415

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=upstream, trust_env=False) as client:
            app.state.client = client
            yield

    app = FastAPI(lifespan=lifespan)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def forward(request: Request, path: str) -> StreamingResponse:
        client = request.app.state.client
        headers = [(name, value) for name, value in request.headers.raw if name != b"host"]
        outbound = client.build_request(request.method, f"/{path}", headers=headers, content=request.stream())
        answer = await client.send(outbound, stream=True)
        return StreamingResponse(
            answer.aiter_raw(), answer.status_code, dict(answer.headers), background=BackgroundTask(answer.aclose)
        )

    return app


def fastapi_proxy_lib(upstream: str) -> Any:
    """The library, as its page shows it."""
    from fastapi_proxy_lib.fastapi.app import reverse_http_app  # noqa: PLC0415

    return reverse_http_app(base_url=f"{upstream}/")


def main() -> None:
    name, port, upstream = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if name == "plain":
        serve_plain_gateway(port, upstream)
        return
    apps = {"raw": lambda _: raw, "fastapi": fastapi_httpx, "proxy-lib": fastapi_proxy_lib}
    app = apps[name](upstream)
    config = uvicorn.Config(app, port=port, log_level="critical", access_log=False, server_header=False)
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
