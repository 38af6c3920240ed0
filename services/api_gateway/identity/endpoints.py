"""`POST /oauth/token` and the key set."""

import asyncio
import json
from email.message import Message as Header
from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api_gateway.forwarding.errors import RequestSlowError
from api_gateway.identity.client_assertion import ASSERTION_TYPE
from api_gateway.identity.errors import (
    AssertionInvalidError,
    ClientUnknownError,
    GrantTypeError,
    ScopeNotGrantedError,
    TokenFormTooLargeError,
    TokenMediaTypeError,
    TokenRequestError,
    TooManyFailuresError,
)
from api_gateway.identity.schemas import KeySetRead, TokenRead
from api_gateway.identity.service import ACCESS_LIFETIME_SECONDS, Identity
from api_gateway.identity.token_request import ASSERTION_GRANT, AssertionRequest, read_token_request
from api_gateway.limits.own_calls import open_to_strangers
from api_gateway.outside.service import OutsideIssuers
from kit.http.problems import MEDIA_TYPE, problem_body, problem_response, problems
from kit.http.routing import Router

_MAX_FORM = 8 * 1024
_PATIENCE_SECONDS = 10
_FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM_MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["client_credentials", ASSERTION_GRANT]},
                        "client_id": {"type": "string", "description": "也可改用HTTP Basic提交"},
                        "client_secret": {"type": "string", "format": "password"},
                        "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
                        "client_assertion": {
                            "type": "string",
                            "description": "不用密钥时，以Ed25519私钥签名的JWT（private_key_jwt，RFC 7523第2.2节）："
                            "iss和sub为client_id，aud为本平台地址，5分钟内有效，jti只能使用一次",
                        },
                        "assertion": {
                            "type": "string",
                            "description": "外部身份认证平台签发的JWT，grant_type为jwt-bearer时填写（RFC 7523）",
                        },
                        "scope": {"type": "string", "description": "以空格分隔；不填则为已开通的全部权限"},
                    },
                },
                "examples": {
                    "platform": {
                        "summary": "互联网+平台换取令牌，只要两项权限",
                        "value": {
                            "grant_type": "client_credentials",
                            "client_id": "platform",
                            "client_secret": "您的密钥",
                            "scope": "targets.plan.read eligibility.check.run",
                        },
                    }
                },
            }
        },
    }
}

router = Router(tags=["身份"])


@router.post(
    "/oauth/token",
    operation_id="issue_token",
    summary="换取访问令牌",
    description="客户端凭证方式（RFC 6749第4.4节），或以外部身份认证平台的JWT换取（RFC 7523）。"
    "令牌最长有效30分钟，用时放入Authorization: Bearer请求头。",
    openapi_extra=_FORM,
    responses=problems(
        TokenRequestError,
        GrantTypeError,
        ScopeNotGrantedError,
        ClientUnknownError,
        TokenFormTooLargeError,
        TokenMediaTypeError,
        TooManyFailuresError,
        AssertionInvalidError,
    ),
)
async def issue_token(request: Request) -> TokenRead:
    authorization = request.headers.get("authorization")
    asked = read_token_request(await _read_form(request), authorization, request.url.query)
    identity, limits = _identity(request), request.app.state.own_limits
    if isinstance(asked, AssertionRequest):
        issuers: OutsideIssuers = request.app.state.outside
        principal, seconds = await issuers.principal(asked.assertion)
    else:
        principal, seconds = await identity.client(asked), ACCESS_LIFETIME_SECONDS
    limits.take(principal)
    return identity.admit(principal, asked.scopes, seconds)


@router.get(
    "/.well-known/jwks.json",
    dependencies=[Depends(open_to_strangers)],
    operation_id="get_token_keys",
    summary="访问令牌的公钥",
    description="用来核验本网关签发的访问令牌（JWK Set，RFC 7517）。",
)
async def get_token_keys(request: Request, response: Response) -> KeySetRead:
    response.headers["Cache-Control"] = "public, max-age=300"
    return KeySetRead.model_validate(_identity(request).jwks())


def install_token_problems(app: FastAPI) -> None:
    """Refusals of the token endpoint are problems with the members of RFC 6749 §5.2."""
    app.add_exception_handler(TokenRequestError, _refusal)


async def _refusal(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, TokenRequestError)
    answer = problem_response(exc)
    oauth = {"error": exc.oauth_error, "error_description": exc.oauth_description}
    content = json.dumps(problem_body(exc) | oauth, ensure_ascii=False).encode()
    headers = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
    return Response(content, answer.status_code, headers | {"Pragma": "no-cache"}, MEDIA_TYPE)


def _identity(request: Request) -> Identity:
    identity: Identity = request.app.state.identity
    return identity


async def _read_form(request: Request) -> bytes:
    header = Header()
    header["content-type"] = request.headers.get("content-type", "")
    charset = str(header.get_param("charset") or "utf-8").lower()
    if header.get_content_type() != _FORM_MEDIA_TYPE or charset not in ("utf-8", "utf8"):
        raise TokenMediaTypeError
    form = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for part in request.stream():
                form += part
                if len(form) > _MAX_FORM:
                    raise TokenFormTooLargeError
    except (TimeoutError, ClientDisconnect):
        raise RequestSlowError from None
    return bytes(form)
