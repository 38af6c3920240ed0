"""The one place that turns errors into RFC 9457 problems. Input is never echoed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from kit.errors import DomainError, FieldError, Kind, ValidationFailedError
from kit.http import errors
from kit.http.validation import field_errors
from kit.telemetry.trace import current_request_id

MEDIA_TYPE = "application/problem+json"


class _MethodNotAllowedError(DomainError):
    code = "METHOD_NOT_ALLOWED"
    title = "不支持的操作"
    default_detail = "这个地址不支持该请求方法，请对照接口文档核对。"


def problem_body(error: DomainError, status: int | None = None) -> dict[str, Any]:
    """The members of the problem, `request_id` included."""
    body = _members(error, status or error.kind.value, current_request_id.get())
    if error.errors:
        body["errors"] = [{"pointer": e.pointer, "code": e.code, "message": e.message} for e in error.errors]
    return body


def _members(error: DomainError, status: int, request_id: str) -> dict[str, Any]:
    return {
        "type": error.type_uri or f"/problems/{error.code.lower().replace('_', '-')}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "code": error.code,
        "message_zh": error.message_zh,
        "next_step_zh": error.next_step_zh,
        "request_id": request_id,
        **error.members,
    }


def problem_response(
    error: DomainError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """A complete answer for an error, also usable outside FastAPI (the gateway, middleware)."""
    body = problem_body(error, status)
    sent = {"Cache-Control": "no-store", **error.headers, **(headers or {})}
    if error.kind is Kind.UNAUTHENTICATED:
        sent.setdefault("WWW-Authenticate", f'Bearer realm="jiuye", error="{_bearer_error(error)}"')
    if error.kind is Kind.UNAVAILABLE:
        sent.setdefault("Retry-After", "1")
    return Response(json.dumps(body, ensure_ascii=False).encode(), body["status"], sent, MEDIA_TYPE)


def _bearer_error(error: DomainError) -> str:
    return "invalid_request" if error.code == "TOKEN_MISSING" else "invalid_token"


def install_problem_handlers(app: FastAPI) -> None:
    """Every error of the app becomes a problem, 404 and 405 of the router included."""
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


async def _domain(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, DomainError)
    return problem_response(exc)


async def _validation(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    found = field_errors(exc.errors())
    outside_body = [e for e in found if not e.pointer.startswith("/") and e.pointer != ""]
    if outside_body and len(outside_body) == len(found):
        return problem_response(errors.ParameterInvalidError(errors=found), status=422)
    return problem_response(ValidationFailedError(errors=found))


async def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    headers = dict(exc.headers or {})
    if exc.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request)) or headers.get("allow", "GET")
        return problem_response(_MethodNotAllowedError(), status=405, headers=headers)
    known: dict[int, type[DomainError]] = {
        400: errors.MalformedJsonError,
        404: errors.RouteNotFoundError,
        413: errors.BodyTooLargeError,
        415: errors.MediaTypeError,
    }
    return problem_response(known.get(exc.status_code, DomainError)(), status=exc.status_code, headers=headers)


def _allowed(request: Request) -> list[str]:
    """Every method of the path; the router names only those of the first route that fits."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods)


def problem_schema() -> dict[str, Any]:
    """The component `Problem` of every OpenAPI document."""
    text = {"type": "string"}
    field = {
        "type": "object",
        "required": ["pointer", "code", "message"],
        "properties": {
            "pointer": text
            | {
                "description": "JSON指针（RFC 6901），或 query:、path:、header: 加参数名",
                "examples": ["/cells/0/value"],
            },
            "code": text | {"examples": ["REQUIRED"]},
            "message": text | {"description": "怎样改正", "examples": ["请填写此项"]},
        },
    }
    return {
        "type": "object",
        "title": "Problem",
        "description": "错误说明（RFC 9457）。绝不包含提交的原文。",
        "required": ["type", "title", "status", "detail", "code", "message_zh", "next_step_zh", "request_id"],
        "properties": {
            "type": text | {"format": "uri-reference"},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": text,
            "code": text | {"pattern": "^[A-Z0-9_]+$"},
            "message_zh": text | {"maxLength": 40, "description": "给办事人看的说明：发生了什么"},
            "next_step_zh": text | {"maxLength": 60, "description": "给办事人看的说明：下一步怎么办"},
            "request_id": text,
            "errors": {"type": "array", "items": field},
        },
    }


def problems(*declared: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for the errors that it may raise beyond those every route has.

    Args:
        declared: error classes; those of one status become one response with an example each.
    """
    by_status: dict[int | str, dict[str, Any]] = {}
    for error in declared:
        by_status.setdefault(error.kind.value, _response(error.title))
        content = by_status[error.kind.value]["content"][MEDIA_TYPE]
        content["examples"][error.code] = {"summary": error.title, "value": example(error)}
    return by_status


def _response(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
    }


def example(error: type[DomainError]) -> dict[str, Any]:
    """A problem as a client would see it."""
    return _members(error(), error.kind.value, "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d")


def validation_failed(found: Sequence[FieldError]) -> None:
    """Raises ValidationFailedError when there is anything to report."""
    if found:
        raise ValidationFailedError(errors=found)
