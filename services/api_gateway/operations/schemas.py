"""What health checks answer."""

from typing import Any, Literal

from pydantic import ConfigDict

from kit.http.wire import ResponseModel

_READY: dict[str, Any] = {"status": "ok", "upstreams": {"targets": "up", "eligibility": "up", "loans": "up"}}


class HealthRead(ResponseModel):
    """The process answers."""

    model_config = ResponseModel.model_config | ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"]


class ReadinessRead(ResponseModel):
    """Whether calls can be served: the state of each service behind the gateway."""

    model_config = ResponseModel.model_config | ConfigDict(json_schema_extra={"examples": [_READY]})

    status: Literal["ok", "unavailable"]
    upstreams: dict[str, Literal["up", "down"]]
