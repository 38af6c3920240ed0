"""FastAPI dependencies: authenticate, then authorise, before anything of the request is validated."""

from typing import Any

from fastapi import Request, Security
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from kit.auth.principal import Principal
from kit.auth.service_tokens import Verifier
from kit.errors import ScopeMissingError
from kit.http.errors import TokenInvalidError, TokenMissingError
from kit.telemetry.trace import current_client

SCHEME_NAME = "OAuth2"
# FastAPI writes it where one of several scopes is enough; `kit.http.openapi` turns it into alternatives.
ANY_SCHEME_NAME = "OAuth2Any"


class _Scheme(SecurityBase):
    """What stands in the document, and what it demands: one dependency, since each is solved anew for every request."""

    def __init__(self, name: str) -> None:
        self.scheme_name = name
        self.model = OAuth2(
            flows=OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes={})),
            description="客户端凭证：先向 /oauth/token 换取访问令牌，再放入 Authorization: Bearer 请求头。",
        )


class _All(_Scheme):
    async def __call__(self, request: Request, required: SecurityScopes) -> Principal:
        principal = _authenticated(request)
        missing = [scope for scope in required.scopes if scope not in principal.scopes]
        if missing:
            raise ScopeMissingError(f"这项操作需要权限 {' '.join(missing)}，请联系管理员开通。")
        return principal


class _Any(_Scheme):
    async def __call__(self, request: Request, required: SecurityScopes) -> Principal:
        principal = _authenticated(request)
        if principal.scopes.isdisjoint(required.scopes):
            raise ScopeMissingError(f"这项操作需要权限 {' 或 '.join(required.scopes)}，请联系管理员开通。")
        return principal


_ALL, _ANY = _All(SCHEME_NAME), _Any(ANY_SCHEME_NAME)


def _authenticated(request: Request) -> Principal:
    authorization = request.headers.get("Authorization")
    if not authorization:
        raise TokenMissingError
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise TokenInvalidError
    verifier: Verifier = request.app.state.token_verifier
    principal = verifier.verify(token.strip())
    current_client.set(principal.subject)
    request.state.principal = principal
    return principal


def requires(*scopes: str) -> Any:
    """`Annotated[Principal, requires("targets.report.write")]`: 401 without a valid token, 403 without the scopes."""
    return Security(_ALL, scopes=list(scopes))


def requires_any(*scopes: str) -> Any:
    """`requires` for a call that several kinds of people may make: one of the scopes is enough."""
    return Security(_ANY, scopes=list(scopes))
