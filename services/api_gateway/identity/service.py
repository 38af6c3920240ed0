"""From a client's secret to its token, from its token to its principal, and to the token for a service."""

from collections.abc import Mapping
from typing import Any

from api_gateway.identity.domain import Client
from api_gateway.identity.errors import ClientUnknownError, ScopeNotGrantedError
from api_gateway.identity.internal_tokens import LIFETIME_SECONDS, InternalTokens
from api_gateway.identity.schemas import TokenRead
from api_gateway.identity.secret_check import SecretCheck
from api_gateway.identity.token_request import TokenRequest
from kit.auth.principal import Principal
from kit.auth.tokens import TokenMinter, TokenVerifier
from kit.http.errors import TokenInvalidError, TokenMissingError

AUDIENCE = "jiuye"
ACCESS_LIFETIME_SECONDS = 1800


class Identity:
    """All that the gateway knows about who asks.

    Args:
        clients: by id.
        access_jwk: private key of the tokens that clients get.
        internal_jwk: private key of the tokens that services get.
    """

    def __init__(
        self, clients: Mapping[str, Client], *, access_jwk: dict[str, Any], internal_jwk: dict[str, Any]
    ) -> None:
        self._clients = clients
        self._secrets = SecretCheck(next(iter(clients.values())).secret_hash)
        self._access = TokenMinter(access_jwk, token_type="at+jwt", lifetime_seconds=ACCESS_LIFETIME_SECONDS)  # noqa: S106  the type's name
        self._verifier = TokenVerifier(self._access.jwks(), token_type="at+jwt", audience=AUDIENCE)  # noqa: S106  the type's name
        internal = TokenMinter(internal_jwk, token_type="int+jwt", lifetime_seconds=LIFETIME_SECONDS)  # noqa: S106  the type's name
        self._internal = InternalTokens(internal)

    def jwks(self) -> dict[str, Any]:
        """The public keys of access tokens."""
        return self._access.jwks()

    async def issue_token(self, request: TokenRequest) -> TokenRead:
        """A token with the scopes asked for, or all that the client has.

        Raises:
            ClientUnknownError: no such client, or not its secret; which of the two is not told.
            TooManyFailuresError: too many wrong secrets for this id.
            ScopeNotGrantedError: a scope that the client does not have.
        """
        client = self._clients.get(request.client_id)
        if not await self._secrets.is_right(request.client_id, client, request.client_secret) or client is None:
            raise ClientUnknownError
        scopes = client.scopes if request.scopes is None else request.scopes
        if not scopes <= client.scopes:
            raise ScopeNotGrantedError
        principal = Principal(client.id, client.kind, scopes, client.unit, client.bank)
        return TokenRead(
            access_token=self._access.mint(principal, AUDIENCE),
            expires_in=ACCESS_LIFETIME_SECONDS,
            scope=" ".join(sorted(scopes)),
        )

    def principal(self, authorization: str | None) -> Principal:
        """Who sends this Authorization header.

        Raises:
            TokenMissingError, TokenInvalidError, TokenExpiredError: also when its client exists no more.
        """
        if not authorization:
            raise TokenMissingError
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise TokenInvalidError
        principal = self._verifier.verify(token.strip())
        client = self._clients.get(principal.subject)
        if client is None or not principal.scopes <= client.scopes:
            raise TokenInvalidError
        return principal

    def internal_token(self, principal: Principal, audience: str) -> str:
        """The token with which the service `audience` learns who asks."""
        return self._internal.token(principal, audience)

    def close(self) -> None:
        self._secrets.close()
