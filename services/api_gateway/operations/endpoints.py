"""Liveness, readiness, metrics."""

from typing import Any

from fastapi import Request
from starlette.responses import PlainTextResponse, Response

from api_gateway.forwarding.gate import Gate
from api_gateway.operations.schemas import HealthRead, ReadinessRead
from api_gateway.operations.service import Readiness
from kit.http.routing import Router
from kit.telemetry.metrics import HttpMetrics

router = Router(tags=["运行状态"])
_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "有服务未就绪",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/ReadinessRead"},
                "example": {
                    "status": "unavailable",
                    "upstreams": {"targets": "up", "eligibility": "up", "loans": "down"},
                    "breakers": {"loans": {"127.0.0.1:18003": "OPEN"}},
                },
            }
        },
    }
}


@router.get(
    "/healthz",
    operation_id="get_health",
    summary="网关进程是否存活",
    description="能应答即为存活；能否办理业务看 /readyz。",
)
async def get_health() -> HealthRead:
    return HealthRead(status="ok")


@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="各服务是否就绪",
    description="全部服务就绪为200，否则503并指出哪个服务未就绪、哪个实例已熔断。",
    responses=_NOT_READY,
)
async def get_readiness(request: Request, response: Response) -> ReadinessRead:
    readiness: Readiness = request.app.state.readiness
    gate: Gate = request.app.state.gate
    states = await readiness.states()
    status = "ok" if all(states.values()) else "unavailable"
    if gate.is_draining:
        status = "draining"
    response.status_code = 200 if status == "ok" else 503
    upstreams = {name: "up" if is_up else "down" for name, is_up in states.items()}
    breakers = {
        name: {instance.address: instance.breaker for instance in state.instances}
        for name, state in gate.forwarder.states().items()
    }
    return ReadinessRead.model_validate({"status": status, "upstreams": upstreams, "breakers": breakers})


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Prometheus指标",
    description="按路由模板统计，不含个人信息；供监控系统采集，不应对外开放。",
    response_class=PlainTextResponse,
)
async def get_metrics(request: Request) -> Response:
    metrics: HttpMetrics = request.app.state.metrics
    return PlainTextResponse(metrics.render(), media_type="text/plain; version=0.0.4")
