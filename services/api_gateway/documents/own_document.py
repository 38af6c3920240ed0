"""The gateway's own OpenAPI document: what FastAPI writes, with what it cannot know (pure)."""

from copy import deepcopy
from typing import Any

from api_gateway.documents.domain import operations
from api_gateway.forwarding import errors
from api_gateway.identity.errors import TokenRequestError
from api_gateway.limits.errors import CapacityReachedError, RateLimitedError
from kit.errors import DomainError
from kit.http.errors import BodyTooLargeError
from kit.http.problems import MEDIA_TYPE, example

Document = dict[str, Any]
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_RETRY_AFTER = {"Retry-After": {"description": "多少秒后再试", "schema": {"type": "integer"}}}

# What the gateway itself may answer to any call of a service, by status: description and errors.
_GATEWAY_ANSWERS: dict[str, tuple[str, str, tuple[type[DomainError], ...]]] = {
    "400": ("GatewayBadRequest", "请求的形式有误", (errors.TargetInvalidError, errors.RequestRefusedError)),
    "408": ("GatewayRequestTimeout", "等待请求内容超时", (errors.RequestSlowError,)),
    "413": ("GatewayTooLarge", "提交的内容过大", (BodyTooLargeError,)),
    "414": ("GatewayTargetTooLong", "请求地址过长", (errors.TargetTooLongError,)),
    "431": ("GatewayHeadersTooLarge", "请求头过多或过大", (errors.HeadersTooLargeError,)),
    "502": ("GatewayBadUpstream", "服务没有给出完整的应答", (errors.UpstreamLostError, errors.UpstreamInvalidError)),
    "503": ("GatewayUnavailable", "服务暂时不可用", (errors.UpstreamUnavailableError, CapacityReachedError)),
    "504": ("GatewayTimeout", "服务应答超时", (errors.UpstreamTimeoutError,)),
}
_BEFORE_ANY_CALL = ("400", "408", "413", "414", "431")  # what is refused before it is known whose call it is
SHARED_RESPONSES = {status: component for status, (component, _, _) in _GATEWAY_ANSWERS.items()}


def complete_own_document(generated: Document, servers: list[dict[str, str]]) -> Document:
    """A copy with the token problem, the gateway's answers as components, and where to call.

    Args:
        generated: by FastAPI and the kit.
        servers: entries of the `servers` member.
    """
    document = deepcopy(generated)
    document["servers"] = servers
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["TokenProblem"] = _token_problem()
    components["responses"] = {name: _response(text, found) for name, text, found in _GATEWAY_ANSWERS.values()}
    limited = _response("请求过于频繁", (RateLimitedError,))
    components["responses"]["GatewayLimited"] = limited | {"headers": limited["headers"] | _RETRY_AFTER}
    _complete_token_call(document["paths"]["/oauth/token"]["post"])
    for _, _, operation in operations(document):
        for status in _BEFORE_ANY_CALL:
            reference = {"$ref": f"#/components/responses/{SHARED_RESPONSES[status]}"}
            operation["responses"].setdefault(status, reference)
    return document


def _token_problem() -> dict[str, Any]:
    return {
        "title": "TokenProblem",
        "description": "换取令牌失败的说明：问题说明（RFC 9457）加上RFC 6749第5.2节的两个成员。",
        "allOf": [
            _PROBLEM,
            {
                "type": "object",
                "required": ["error", "error_description"],
                "properties": {
                    "error": {"type": "string", "examples": ["invalid_client"]},
                    "error_description": {"type": "string", "examples": ["Client authentication failed."]},
                },
            },
        ],
    }


def _response(description: str, found: tuple[type[DomainError], ...]) -> dict[str, Any]:
    examples = {error.code: {"summary": error.title, "value": _example(error)} for error in found}
    headers: dict[str, Any] = {"X-Request-Id": {"description": "请求编号，咨询时请提供", "schema": {"type": "string"}}}
    if errors.UpstreamUnavailableError in found:
        headers |= _RETRY_AFTER
    return {
        "description": description,
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": _PROBLEM, "examples": examples}},
    }


def _example(error: type[DomainError]) -> dict[str, Any]:
    status = {"status": error.status} if issubclass(error, errors.RequestRefusedError) else {}
    return example(error) | status


def _complete_token_call(operation: dict[str, Any]) -> None:
    """Its refusals carry two more members; it takes a form, so what is said of JSON bodies does not hold."""
    responses = operation["responses"]
    responses.pop("422", None)
    found: list[type[TokenRequestError]] = [TokenRequestError, *TokenRequestError.__subclasses__()]
    told = {error.code: {"error": error.oauth_error, "error_description": error.oauth_description} for error in found}
    for status in ("400", "401", "413", "415", "429"):
        content = responses[status]["content"][MEDIA_TYPE]
        content["schema"] = {"$ref": "#/components/schemas/TokenProblem"}
        content["examples"].pop("MALFORMED_JSON", None)
        for code, shown in content["examples"].items():
            shown["value"] |= told[code]
    responses["429"]["headers"] = responses["429"].get("headers", {}) | _RETRY_AFTER
