"""FastAPI dependencies: authenticate, then authorise, before anything of the request is validated."""

from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2, SecurityScopes

from kit.auth.principal import Principal
from kit.auth.tokens import TokenVerifier
from kit.errors import ScopeMissingError
from kit.http.errors import TokenInvalidError, TokenMissingError

SCHEME_NAME = "OAuth2"
_scheme = OAuth2(
    flows=OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes={})),
    scheme_name=SCHEME_NAME,
    description="客户端凭证：先向 /oauth/token 换取访问令牌，再放入 Authorization: Bearer 请求头。",
    auto_error=False,
)


async def _authorised(
    request: Request, required: SecurityScopes, authorization: Annotated[str | None, Depends(_scheme)]
) -> Principal:
    if not authorization:
        raise TokenMissingError
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise TokenInvalidError
    verifier: TokenVerifier = request.app.state.token_verifier
    principal = verifier.verify(token.strip())
    structlog.contextvars.bind_contextvars(client=principal.subject)
    missing = [scope for scope in required.scopes if scope not in principal.scopes]
    if missing:
        raise ScopeMissingError(f"这项操作需要权限 {' '.join(missing)}，请联系管理员开通。")
    request.state.principal = principal
    return principal


def requires(*scopes: str) -> Any:
    """`Annotated[Principal, requires("targets.report.write")]`: 401 without a valid token, 403 without the scopes."""
    return Security(_authorised, scopes=list(scopes))
