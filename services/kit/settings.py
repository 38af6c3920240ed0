"""What every service process is told by its environment (`JIUYE_…`). docs/operations.md lists the variables."""

import base64
import binascii
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kit.crypto.keys import KeyRing


class ProcessSettings(BaseSettings):
    """Settings of any process, the gateway's included.

    Attributes:
        traces_url: where OpenTelemetry spans are posted (OTLP/HTTP), `http://collector:4318/v1/traces`; None: off.
        traces_share: of the traces that begin here, how many are sent, 0 to 1.
    """

    model_config = SettingsConfigDict(
        env_prefix="JIUYE_",
        extra="ignore",
        hide_input_in_errors=True,
        env_ignore_empty=True,  # compose hands on what is not set as an empty text
    )

    environment: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    traces_url: str | None = Field(default=None, pattern=r"^https?://[^@/]+/.+$")
    traces_share: float = Field(default=1.0, ge=0, le=1)


class ServiceSettings(ProcessSettings):
    """Settings of a service or its worker.

    Attributes:
        database_url: `postgresql+asyncpg://role:password@host:port/jiuye` of the role that this process may use.
        redis_url: the bell of the job queue; losing it delays work and loses none.
        internal_keys: JWKS (public Ed25519 keys) with which the gateway's internal tokens are verified.
        field_keys: `{"current": id, "keys": {id: {"cipher": base64, "lookup": base64}}}`, see `kit.crypto.keys`.
        cursor_key: base64 of at least 32 bytes; signs paging cursors.
        pool_size: database connections of this process; a request waits 2 s for one, then gets 503. A worker has one
            more, by which it hears of new jobs.
        service_keys: JWKS of the public keys with which services speak for themselves; each key's id is its service.
        service_signing_key: private Ed25519 JWK of this service; workers have it.
        targets_url, eligibility_url: where the services listen that this one calls; of several instances with commas.
        webhook_networks: networks that are not public and may be sent webhooks all the same, `10.8.0.0/16, …`.
        heartbeat_file: a worker, which has no port, touches it every 5 s while it can do anything; for exec probes.
    """

    database_url: SecretStr
    redis_url: SecretStr
    internal_keys: str
    service_keys: str | None = None
    service_signing_key: SecretStr | None = None
    targets_url: str | None = None
    eligibility_url: str | None = None
    field_keys: SecretStr
    cursor_key: SecretStr
    pool_size: int = Field(default=10, ge=1, le=100)
    webhook_networks: str | None = None
    heartbeat_file: Path | None = None

    @field_validator("cursor_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        try:
            key = base64.b64decode(value.get_secret_value(), validate=True)
        except binascii.Error:
            raise ValueError("must be base64") from None
        if len(key) < 32:
            raise ValueError("must hold at least 32 bytes")
        return value

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, value: str | None) -> str | None:
        for part in filter(None, (part.strip() for part in (value or "").split(","))):
            ip_network(part)
        return value

    @field_validator("field_keys")
    @classmethod
    def _readable(cls, value: SecretStr) -> SecretStr:
        KeyRing.parse(value.get_secret_value())
        return value

    @cached_property
    def key_ring(self) -> KeyRing:
        """The keys of encrypted fields and look-up hashes."""
        return KeyRing.parse(self.field_keys.get_secret_value())

    @property
    def cursor_key_bytes(self) -> bytes:
        return base64.b64decode(self.cursor_key.get_secret_value())
