"""Tokens by which a service speaks for itself, where no caller stands behind a call (events told by a worker).

Each service signs with a key of its own, and a key speaks for the service whose name is its id and for nobody else.
What a service may do is said by the service that is called: the token carries no scopes.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Protocol

from kit.auth.principal import Principal
from kit.auth.tokens import TokenMinter, TokenVerifier
from kit.http.errors import TokenInvalidError

SERVICE = "SERVICE"  # the kind of its principal
SERVICE_TOKEN = "svc+jwt"  # noqa: S105  the type's name
LIFETIME_SECONDS = 60


class Verifier(Protocol):
    """Whatever tells whom a token stands for."""

    def verify(self, token: str) -> Principal: ...


def service_minter(private_jwk: str) -> TokenMinter:
    """Signs for the service whose name is the key's id."""
    jwk: dict[str, Any] = json.loads(private_jwk)
    return TokenMinter(jwk, token_type=SERVICE_TOKEN, lifetime_seconds=LIFETIME_SECONDS)


def service_token(minter: TokenMinter, service: str, audience: str) -> str:
    """A token with which `service` calls `audience`."""
    return minter.mint(Principal(service, SERVICE, frozenset()), audience)


class ServiceAwareVerifier:
    """The gateway's tokens, and those of services that may call.

    Args:
        gateway: verifies what the gateway signed.
        service_keys: JWKS of the public keys of all services, the id of each the service's name.
        allowed: by service what it may do here.
        audience: the service that is called.
    """

    def __init__(
        self, gateway: TokenVerifier, service_keys: str | None, allowed: Mapping[str, frozenset[str]], audience: str
    ) -> None:
        self._gateway = gateway
        self._allowed = allowed
        self._services = {
            key["kid"]: TokenVerifier({"keys": [key]}, token_type=SERVICE_TOKEN, audience=audience)
            for key in (json.loads(service_keys)["keys"] if service_keys else ())
            if key["kid"] in allowed
        }

    def verify(self, token: str) -> Principal:
        """The caller, or the service as one of kind SERVICE.

        Raises:
            TokenExpiredError, TokenInvalidError.
        """
        header = _header(token)
        if header.get("typ") != SERVICE_TOKEN:
            return self._gateway.verify(token)
        name = header.get("kid")
        verifier = self._services.get(name) if isinstance(name, str) else None
        if verifier is None:
            raise TokenInvalidError
        said = verifier.verify(token)
        if said.subject != name:
            raise TokenInvalidError
        return Principal(said.subject, SERVICE, self._allowed[said.subject])


def _header(token: str) -> Mapping[str, Any]:
    """Unverified: it only says whose key is to be tried."""
    text = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return header if isinstance(header, dict) else {}
