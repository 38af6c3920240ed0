"""What health checks answer."""

from typing import Any, Literal

from pydantic import ConfigDict

from kit.http.wire import ResponseModel

_READY: dict[str, Any] = {
    "status": "ok",
    "upstreams": {"targets": "up", "eligibility": "up", "loans": "up"},
    "breakers": {
        "targets": {"127.0.0.1:18001": "CLOSED"},
        "eligibility": {"127.0.0.1:18002": "CLOSED"},
        "loans": {"127.0.0.1:18003": "CLOSED"},
    },
}


class HealthRead(ResponseModel):
    """The process answers."""

    model_config = ResponseModel.model_config | ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"]


class ReadinessRead(ResponseModel):
    """Whether calls can be served: the state of each service behind the gateway, and of each instance's breaker."""

    model_config = ResponseModel.model_config | ConfigDict(json_schema_extra={"examples": [_READY]})

    status: Literal["ok", "unavailable", "draining"]
    upstreams: dict[str, Literal["up", "down"]]
    breakers: dict[str, dict[str, Literal["CLOSED", "OPEN", "HALF_OPEN"]]]
