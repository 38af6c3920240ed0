"""What is believed of an outside issuer, and whom its claims stand for (pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from api_gateway.identity.domain import Role
from kit.auth.principal import Principal

# Signatures by a key that only the issuer holds. None of them can be made with what is public.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"})
LEEWAY_SECONDS = 30
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_RESERVED = {"device", "session"}
_SUBJECT = re.compile(r"[A-Za-z0-9._-]{1,64}")
# An identity, card or phone number is nobody's name in logs and rows.
_NUMBER = re.compile(r"[0-9]{11,19}[0-9Xx]?")
_ROW = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class ProvidersFileError(ValueError):
    """The providers file cannot be used; the message says why."""


class NotBelievedError(Exception):
    """A claim is missing or says something that nobody is mapped to."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A claim, and what its values mean here; without a map the value itself."""

    claim: str
    values: Mapping[str, str] | None = None

    def of(self, claims: Mapping[str, Any]) -> str:
        """Of several values the first that means something.

        Raises:
            NotBelievedError.
        """
        found = claims.get(self.claim)
        for value in found if isinstance(found, list) else [found]:
            if isinstance(value, str) and (self.values is None or value in self.values):
                return value if self.values is None else self.values[value]
        raise NotBelievedError


@dataclass(frozen=True, slots=True)
class Provider:
    """One outside issuer.

    Attributes:
        name: the first part of its people's subjects.
        jwks_url, jwks_file: where its public keys are; one of them.
        kind: which claim says what role somebody has.
        unit, bank: which claims say whose rows, for roles that see the rows of one.
    """

    name: str
    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    subject_claim: str
    kind: Mapped
    unit: Mapped | None = None
    bank: Mapped | None = None
    jwks_url: str | None = None
    jwks_file: str | None = None

    def principal(self, claims: Mapping[str, Any], roles: Mapping[str, Role]) -> Principal:
        """Whom verified claims stand for.

        Raises:
            NotBelievedError: nobody here.
        """
        subject = claims.get(self.subject_claim)
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject) or _NUMBER.fullmatch(subject):
            raise NotBelievedError
        kind = self.kind.of(claims)
        role = roles[kind]
        rows = {}
        if role.rows_of is not None:
            mapped = self.unit if role.rows_of == "unit" else self.bank
            if mapped is None:
                raise NotBelievedError
            rows[role.rows_of] = mapped.of(claims)
            if not _ROW.fullmatch(rows[role.rows_of]):
                raise NotBelievedError
        return Principal(f"{self.name}:{subject}", kind, role.scopes, **rows)


def check_claims(provider: Provider, claims: Mapping[str, Any], moment: float) -> int:
    """When the token ends, in seconds since 1970.

    Raises:
        NotBelievedError: another issuer or audience, no end, over, or not begun.
    """
    audience = claims.get("aud")
    expires = claims.get("exp")
    begins = [claims[name] for name in ("nbf", "iat") if name in claims]
    if (
        claims.get("iss") != provider.issuer
        or provider.audience not in (audience if isinstance(audience, list) else [audience])
        or not _is_instant(expires)
        or int(expires or 0) + LEEWAY_SECONDS <= moment
        or not all(_is_instant(begin) and begin <= moment + LEEWAY_SECONDS for begin in begins)
    ):
        raise NotBelievedError
    return int(expires or 0)


def _is_instant(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53


def read_providers(content: Any, roles: Mapping[str, Role]) -> dict[str, Provider]:
    """By issuer.

    Raises:
        ProvidersFileError: something is missing, unknown, or would open the door too far.
    """
    try:
        providers = [_provider(name, entry) for name, entry in content["providers"].items()]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProvidersFileError(f"the providers file cannot be used: {error}") from None
    for provider in providers:
        if faults := list(_faults(provider, roles)):
            raise ProvidersFileError(f"provider {provider.name}: {'; '.join(faults)}")
    by_issuer = {provider.issuer: provider for provider in providers}
    if len(by_issuer) != len(providers):
        raise ProvidersFileError("two providers have one issuer")
    return by_issuer


def _provider(name: str, entry: Mapping[str, Any]) -> Provider:
    values = dict(entry)
    for member in ("kind", "unit", "bank"):
        if member in values:
            mapped = values[member]
            values[member] = Mapped(mapped["claim"], mapped.get("values"))
    return Provider(name=name, **(values | {"algorithms": tuple(values["algorithms"])}))


def _faults(provider: Provider, roles: Mapping[str, Role]) -> list[str]:
    found = []
    if not _NAME.fullmatch(provider.name) or provider.name in _RESERVED:
        found.append("its name must be of a-z 0-9 - and not device or session")
    if not provider.algorithms or not set(provider.algorithms) <= ALGORITHMS:
        found.append(f"algorithms must be some of {', '.join(sorted(ALGORITHMS))}")
    if (provider.jwks_url is None) == (provider.jwks_file is None):
        found.append("it needs jwks_url or jwks_file")
    elif provider.jwks_url is not None:
        parts = urlsplit(provider.jwks_url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            found.append("jwks_url must be https")
    if provider.kind.values is None:
        found.append("kind needs values: nobody outside names a role of ours")
    found += [f"{kind} is no role" for kind in (provider.kind.values or {}).values() if kind not in roles]
    return found
