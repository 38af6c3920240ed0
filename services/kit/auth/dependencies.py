"""FastAPI dependencies: authenticate, then authorise, before anything of the request is validated."""

from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes

from kit.auth.principal import Principal
from kit.auth.service_tokens import Verifier
from kit.errors import ScopeMissingError
from kit.http.errors import TokenInvalidError, TokenMissingError

SCHEME_NAME = "OAuth2"
# FastAPI writes it where one of several scopes is enough; `kit.http.openapi` turns it into alternatives.
ANY_SCHEME_NAME = "OAuth2Any"


def _scheme(name: str) -> OAuth2:
    return OAuth2(
        flows=OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes={})),
        scheme_name=name,
        description="客户端凭证：先向 /oauth/token 换取访问令牌，再放入 Authorization: Bearer 请求头。",
        auto_error=False,
    )


async def _with_all(
    request: Request,
    required: SecurityScopes,
    authorization: Annotated[str | None, Depends(_scheme(SCHEME_NAME))],
) -> Principal:
    principal = _authenticated(request, authorization)
    missing = [scope for scope in required.scopes if scope not in principal.scopes]
    if missing:
        raise ScopeMissingError(f"这项操作需要权限 {' '.join(missing)}，请联系管理员开通。")
    return principal


async def _with_any(
    request: Request,
    required: SecurityScopes,
    authorization: Annotated[str | None, Depends(_scheme(ANY_SCHEME_NAME))],
) -> Principal:
    principal = _authenticated(request, authorization)
    if principal.scopes.isdisjoint(required.scopes):
        raise ScopeMissingError(f"这项操作需要权限 {' 或 '.join(required.scopes)}，请联系管理员开通。")
    return principal


def _authenticated(request: Request, authorization: str | None) -> Principal:
    if not authorization:
        raise TokenMissingError
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise TokenInvalidError
    verifier: Verifier = request.app.state.token_verifier
    principal = verifier.verify(token.strip())
    structlog.contextvars.bind_contextvars(client=principal.subject)
    request.state.principal = principal
    return principal


def requires(*scopes: str) -> Any:
    """`Annotated[Principal, requires("targets.report.write")]`: 401 without a valid token, 403 without the scopes."""
    return Security(_with_all, scopes=list(scopes))


def requires_any(*scopes: str) -> Any:
    """`requires` for a call that several kinds of people may make: one of the scopes is enough."""
    return Security(_with_any, scopes=list(scopes))
