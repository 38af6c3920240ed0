"""What the gateway is told by its environment (`JIUYE_…`)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator, model_validator

from kit.settings import ProcessSettings


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upstream listens.

    Attributes:
        host: name or IP address; an IPv6 address without brackets.
        port: TCP.
    """

    host: str
    port: int

    @property
    def authority(self) -> str:
        """As in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    @classmethod
    def parse(cls, url: str) -> "Address":
        """From `http://host[:port]`.

        Raises:
            ValueError: anything else.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or "@" in parts.netloc:
            raise ValueError("must be http://host:port without a path")
        if parts.query or parts.fragment:
            raise ValueError("must be http://host:port without a path")
        return cls(parts.hostname, parts.port or 80)


class GatewaySettings(ProcessSettings):
    """Settings of the gateway.

    Attributes:
        database_url: `postgresql+asyncpg://…` of gateway_app: what admins change. Without one, which production does
            not accept, the clients file alone says who may ask for tokens.
        redis_url: where gateway processes settle limits, failed logins and kiosk sessions; without one, or when it is
            away, each process counts alone, and grants half.
        limits_file: YAML of the limits; the one beside the code unless given, see `api_gateway.limits`.
        providers_file: YAML of the outside OpenID providers, see `api_gateway.outside.domain`; none unless given.
        clients_file: JSON of the clients that may ask for tokens, see `api_gateway.identity.repository`.
        access_signing_key: private Ed25519 JWK; signs the tokens of clients.
        internal_signing_key: private Ed25519 JWK, another one; signs the tokens for services.
        targets_url, eligibility_url, loans_url: `http://host:port` of the services; of several instances with commas.
        base_url: the public address of the gateway.
        hosts: names, besides that of `base_url`, by which clients may call the gateway, with commas between; `*`: any.
            In development any name will do.
        maintenance_file: see `api_gateway.forwarding.maintenance`; it need not exist.
    """

    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    limits_file: Path | None = None
    providers_file: Path | None = None
    clients_file: Path
    access_signing_key: SecretStr
    internal_signing_key: SecretStr
    targets_url: str
    eligibility_url: str
    loans_url: str
    base_url: str
    hosts: str = ""
    maintenance_file: Path | None = None

    @field_validator("access_signing_key", "internal_signing_key")
    @classmethod
    def _private_ed25519(cls, value: SecretStr) -> SecretStr:
        try:
            key: Any = json.loads(value.get_secret_value())
        except ValueError:
            raise ValueError("must be a JWK in JSON") from None
        if not isinstance(key, dict) or key.get("kty") != "OKP" or key.get("crv") != "Ed25519" or not key.get("d"):
            raise ValueError("must be a private Ed25519 JWK (kty OKP, crv Ed25519, with d)")
        return value

    @field_validator("targets_url", "eligibility_url", "loans_url")
    @classmethod
    def _upstream(cls, value: str) -> str:
        addresses = [Address.parse(url.strip()).url for url in value.split(",")]
        if len(set(addresses)) != len(addresses):
            raise ValueError("must not name an instance twice")
        return ",".join(addresses)

    @field_validator("base_url")
    @classmethod
    def _public(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be http(s)://host[:port]")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _two_keys(self) -> "GatewaySettings":
        if self.access_jwk["x"] == self.internal_jwk["x"]:
            raise ValueError("JIUYE_ACCESS_SIGNING_KEY and JIUYE_INTERNAL_SIGNING_KEY must be two keys")
        return self

    @model_validator(mode="after")
    def _lasting(self) -> "GatewaySettings":
        if self.environment == "production" and (self.database_url is None or self.redis_url is None):
            raise ValueError("production needs JIUYE_DATABASE_URL and JIUYE_REDIS_URL")
        return self

    @property
    def access_jwk(self) -> dict[str, Any]:
        return dict(json.loads(self.access_signing_key.get_secret_value()))

    @property
    def internal_jwk(self) -> dict[str, Any]:
        return dict(json.loads(self.internal_signing_key.get_secret_value()))

    def upstreams(self) -> dict[str, tuple[Address, ...]]:
        """The instances of the services by the names that the route table uses."""
        return {
            "targets": _addresses(self.targets_url),
            "eligibility": _addresses(self.eligibility_url),
            "loans": _addresses(self.loans_url),
        }

    def known_hosts(self) -> frozenset[bytes]:
        """The names by which the gateway may be called, without ports; empty: any."""
        named = [name.strip().lower() for name in self.hosts.split(",") if name.strip()]
        if "*" in named or (self.environment == "development" and not named):
            return frozenset()
        own = urlsplit(self.base_url).hostname or ""
        return frozenset(name.encode("ascii" if name.isascii() else "idna") for name in (own, *named))


def _addresses(urls: str) -> tuple[Address, ...]:
    return tuple(Address.parse(url) for url in urls.split(","))
