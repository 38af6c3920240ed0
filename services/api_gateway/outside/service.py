"""From an outside issuer's token to a principal (RFC 7523 §2.1: the token is the grant)."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml
from joserfc import jwt
from joserfc.errors import JoseError

from api_gateway.identity.domain import Role
from api_gateway.identity.errors import AssertionInvalidError
from api_gateway.identity.jws import Statement
from api_gateway.outside.domain import NotBelievedError, Provider, check_claims, read_providers
from api_gateway.outside.keys import ProviderKeys
from kit.auth.principal import Principal

_LARGEST = 6 * 1024
_HEADER = {"alg", "kid", "typ"}
_TYPES = {None, "JWT", "jwt", "at+jwt"}


class OutsideIssuers:
    """Args:
    providers: by issuer.
    roles: by kind.
    clock: seconds since 1970.
    """

    def __init__(
        self, providers: Mapping[str, Provider], roles: Mapping[str, Role], clock: Callable[[], float] = time.time
    ) -> None:
        self._providers = providers
        self._roles = roles
        self._clock = clock
        self._clients = {issuer: httpx.AsyncClient(trust_env=False) for issuer in providers}
        self._keys = {issuer: ProviderKeys(one, self._clients[issuer]) for issuer, one in providers.items()}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(provider.name for provider in self._providers.values())

    async def principal(self, token: str) -> tuple[Principal, int]:
        """Whom it stands for, and how many seconds it still lasts.

        Raises:
            AssertionInvalidError: it is not believed; nothing more is told.
        """
        # Only to find out which keys to try: what it says counts when the signature holds.
        header, issuer = _header_and_issuer(token)
        provider = self._providers.get(issuer) if isinstance(issuer, str) else None
        kid = header.get("kid")
        if (
            provider is None
            or not set(header) <= _HEADER
            or header.get("typ") not in _TYPES
            or header.get("alg") not in provider.algorithms
            or not isinstance(kid, str)
        ):
            raise AssertionInvalidError
        keys = await self._keys[provider.issuer].holding(kid)
        if keys is None:
            raise AssertionInvalidError
        try:
            verified = jwt.decode(token, keys, algorithms=list(provider.algorithms)).claims
            expires = check_claims(provider, verified, self._clock())
            return provider.principal(verified, self._roles), max(1, int(expires - self._clock()))
        except (JoseError, NotBelievedError, ValueError, KeyError, TypeError, UnicodeError):
            raise AssertionInvalidError from None

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()


def load_providers(path: Path | None, roles: Mapping[str, Role]) -> dict[str, Provider]:
    """Those of the file; none without one.

    Raises:
        OSError, yaml.YAMLError, ProvidersFileError: the file cannot be used.
    """
    return {} if path is None else read_providers(yaml.safe_load(path.read_text(encoding="utf-8")), roles)


def _header_and_issuer(token: str) -> tuple[dict[str, Any], Any]:
    if len(token) > _LARGEST:
        raise AssertionInvalidError
    try:
        said = Statement.read(token)
    except ValueError:
        raise AssertionInvalidError from None
    return said.header, said.claims.get("iss")
