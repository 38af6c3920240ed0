"""The OpenAPI 3.1 document of a service: scopes, the `Problem` component, the errors every route shares."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from kit.auth.dependencies import ANY_SCHEME_NAME, SCHEME_NAME
from kit.errors import DomainError, ScopeMissingError, ValidationFailedError
from kit.http import errors
from kit.http.examples import restore_nulls
from kit.http.problems import problem_schema, problems
from kit.webhooks.domain import EventType

_SHARED = (
    errors.TokenMissingError,
    errors.TokenExpiredError,
    errors.TokenInvalidError,
    ScopeMissingError,
    errors.BusyError,
    DomainError,
)
_SENT = (errors.MalformedJsonError, errors.BodyTooLargeError, errors.MediaTypeError)  # a body, asked for or not
_LIMITED: dict[str, Any] = {
    "description": "请求过于频繁",
    "headers": {"Retry-After": {"description": "多少秒后再试", "schema": {"type": "integer"}}},
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
KEY_EXAMPLE = "new-for-each-operation"
_SCHEMAS = "#/components/schemas/"
_METHODS = {"get", "put", "post", "delete", "patch"}


def install_openapi(app: FastAPI) -> None:
    """Replaces the app's document generator."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the documented way to extend it


def _document(app: FastAPI) -> dict[str, Any]:
    built = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        openapi_version="3.1.0",
        routes=app.routes,
        tags=app.openapi_tags,
        separate_input_output_schemas=False,
    )
    schemas = built.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = problem_schema()
    scopes: set[str] = set()
    for path in built.get("paths", {}).values():
        for method, operation in path.items():
            if method in _METHODS:
                scopes.update(_complete(operation, method))
    _name_scopes(built, sorted(scopes))
    built = _short_names(built)
    restore_nulls(built)
    told: Sequence[EventType] = getattr(app.state, "webhooks", ())
    if told:
        built["webhooks"] = {event.name: {"post": _webhook(event)} for event in told}
    return built


def _short_names(built: dict[str, Any]) -> dict[str, Any]:
    """Models of one name carry their feature's, not the path of their module: `ReportsCellRead`.

    Clients are generated from these names, and a title is the name that generators give the class.
    """
    names = {name: _short(name) for name in built["components"]["schemas"]}
    if len(set(names.values())) < len(names):
        raise ValueError(f"two models of one name: {sorted(names.values())}")

    def follow(node: Any) -> Any:
        if isinstance(node, list):
            return [follow(value) for value in node]
        if isinstance(node, dict):
            return {key: follow(value) for key, value in node.items()}
        if isinstance(node, str) and node.startswith(_SCHEMAS):
            return _SCHEMAS + names[node.removeprefix(_SCHEMAS)]
        return node

    built = follow(built)
    schemas = {names[name]: schema for name, schema in built["components"]["schemas"].items()}
    built["components"]["schemas"] = {name: schema | {"title": name} for name, schema in schemas.items()}
    return built


def _short(name: str) -> str:
    """`targets_svc__reports__schemas__CellRead` becomes `ReportsCellRead`; other names stay."""
    if "__" not in name:
        return name
    _, feature, *_, model = name.split("__")
    return feature.title().replace("_", "") + model


def _webhook(event: EventType) -> dict[str, Any]:
    """What a receiver gets, in the form of OpenAPI 3.1."""
    member = {"type": "string"}
    data = {name: member | {"description": described} for name, (described, _) in event.data.items()}
    example = {name: example for name, (_, example) in event.data.items()}
    properties = {
        "type": {"const": event.name},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {"type": "object", "required": list(data), "properties": data},
    }
    header = {"in": "header", "required": True, "schema": member}
    return {
        "operationId": f"on_{event.name.replace('.', '_').replace('-', '_')}",
        "summary": event.summary,
        "description": "按 Standard Webhooks 签名；只含编号，详情请凭编号查询。答复2xx即为送达，否则按间隔重试共10次。",
        "tags": ["消息推送"],
        "parameters": [
            header | {"name": "webhook-id", "description": "消息编号，去重用"},
            header | {"name": "webhook-timestamp", "description": "发送时间，Unix秒；与现在相差5分钟以上的应拒收"},
            header | {"name": "webhook-signature", "description": "v1,签名；轮换密钥时有两个，以空格分开"},
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object", "required": list(properties), "properties": properties},
                    "example": {"type": event.name, "timestamp": "2025-06-01T02:00:00Z", "data": example},
                }
            },
        },
        "responses": {"204": {"description": "已收到"}},
    }


def _complete(operation: dict[str, Any], method: str) -> list[str]:
    """Adds the shared problem responses and headers to one operation; returns its scopes."""
    if operation.get("security"):
        operation["security"] = _alternatives(operation["security"])
    required = [s for need in operation.get("security", []) for s in need.get(SCHEME_NAME, [])]
    responses = operation["responses"]
    generated = responses.get("422", {}).get("content", {})
    if "application/json" in generated:
        del responses["422"]  # FastAPI's own, which we do not send
    declared = [*(_SHARED if operation.get("security") else _SHARED[-2:])]
    if method != "get":
        declared += _SENT
    if "requestBody" in operation:
        declared.append(ValidationFailedError)
    elif operation.get("parameters"):
        declared += [errors.ParameterInvalidError, ValidationFailedError]
    declared += _idempotency(operation)
    for status, response in problems(*declared).items():
        known = responses.setdefault(str(status), response)
        for content_type, content in response["content"].items():
            known.setdefault("content", {}).setdefault(content_type, content)
            merged = content["examples"] | known["content"][content_type].get("examples", {})
            known["content"][content_type]["examples"] = merged
    responses.setdefault("429", _LIMITED)
    for response in responses.values():
        if response["description"] == "Successful Response":
            response["description"] = "成功"
        response.setdefault("headers", {})["X-Request-Id"] = {
            "description": "请求编号，咨询时请提供",
            "schema": {"type": "string"},
        }
    operation["responses"] = dict(sorted(responses.items()))
    return required


def _alternatives(security: list[dict[str, list[str]]]) -> list[dict[str, list[str]]]:
    """Of a list of requirements one is enough, and of a requirement every scope is needed (OpenAPI 3.1 §4.8.30)."""
    for need in security:
        if ANY_SCHEME_NAME in need:
            return [{SCHEME_NAME: [scope]} for scope in need[ANY_SCHEME_NAME]]
    return security


def _idempotency(operation: dict[str, Any]) -> list[type[DomainError]]:
    """Marks a required Idempotency-Key as such; returns the errors that belong to the header."""
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "Idempotency-Key":
            required = parameter["schema"].pop("x-required", False)
            if required:
                parameter["required"] = True
                parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255, "examples": [KEY_EXAMPLE]}
            always = [errors.IdempotencyInProgressError, errors.IdempotencyKeyReusedError]
            return [errors.IdempotencyKeyMissingError, *always]
    return []


def _name_scopes(built: dict[str, Any], scopes: list[str]) -> None:
    schemes = built["components"].get("securitySchemes", {})
    scheme = schemes.pop(ANY_SCHEME_NAME, None)
    if scheme or SCHEME_NAME in schemes:
        scheme = schemes.setdefault(SCHEME_NAME, scheme)
        scheme["flows"]["clientCredentials"]["scopes"] = {scope: scope for scope in scopes}
