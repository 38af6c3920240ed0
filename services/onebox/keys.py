"""Passwords and keys of one installation, made once and kept in a file that only its owner can read."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from kit.crypto.keys import KeyRing
from onebox.bootstrap import ROLES, SERVICES
from onebox.errors import OneboxError


@dataclass(frozen=True)
class Keys:
    """Everything secret that processes share. Its fields are those of `secrets.json`.

    Attributes:
        postgres_password: of the embedded server's administrator.
        role_passwords: by role name.
        valkey_password: of the embedded Valkey.
        access_signing_key: private Ed25519 JWK of the tokens for clients.
        internal_signing_key: private Ed25519 JWK of the tokens for services.
        field_keys: `{"current": id, "keys": {id: {"cipher": 16 bytes, "lookup": 32 bytes}}}`, in base64.
        cursor_key: 32 bytes in base64.
        service_signing_keys: by service the private Ed25519 JWK with which it speaks for itself; the service is its id.
    """

    postgres_password: str
    role_passwords: dict[str, str]
    valkey_password: str
    access_signing_key: dict[str, str]
    internal_signing_key: dict[str, str]
    field_keys: dict[str, Any]
    cursor_key: str
    service_signing_keys: dict[str, dict[str, str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Keys(…)"

    @property
    def internal_keys(self) -> dict[str, Any]:
        """The JWKS with which services verify internal tokens."""
        key = OKPKey.import_key(dict(self.internal_signing_key))
        return {"keys": [dict(key.as_dict(private=False)) | {"use": "sig", "alg": "Ed25519"}]}

    @property
    def service_keys(self) -> dict[str, Any]:
        """The JWKS with which services verify each other's own tokens."""
        keys = (OKPKey.import_key(dict(key)) for key in self.service_signing_keys.values())
        return {"keys": [dict(key.as_dict(private=False)) | {"use": "sig", "alg": "Ed25519"} for key in keys]}

    @property
    def key_ring(self) -> KeyRing:
        return KeyRing.parse(json.dumps(self.field_keys))

    def shared_environment(self) -> dict[str, str]:
        """The variables that every service process gets alike."""
        return {
            "JIUYE_INTERNAL_KEYS": json.dumps(self.internal_keys),
            "JIUYE_SERVICE_KEYS": json.dumps(self.service_keys),
            "JIUYE_FIELD_KEYS": json.dumps(self.field_keys),
            "JIUYE_CURSOR_KEY": self.cursor_key,
        }

    @classmethod
    def generate(cls) -> "Keys":
        return cls(
            postgres_password=secrets.token_urlsafe(24),
            role_passwords={role: secrets.token_urlsafe(24) for role in ROLES},
            valkey_password=secrets.token_urlsafe(24),
            access_signing_key=_signing_key(),
            internal_signing_key=_signing_key(),
            field_keys={"current": "k1", "keys": {"k1": {"cipher": _random(16), "lookup": _random(32)}}},
            cursor_key=_random(32),
            service_signing_keys={service: _signing_key(service) for service in SERVICES},
        )

    @classmethod
    def kept_in(cls, path: Path) -> "Keys":
        """Reads the file, or makes it at the first start.

        Raises:
            OneboxError: the file is damaged. Nothing is made anew then: the data would be locked out.
        """
        if not path.exists():
            keys = cls.generate()
            write_private(path, asdict(keys))
            return keys
        try:
            keys = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise OneboxError(
                f"密钥文件 {path} 读不出来或已损坏。请从备份恢复；没有它，已有的数据库无法打开。",
                f"{path} cannot be read or is damaged. Restore it from a backup; without it the database stays closed.",
            ) from None
        # A version that knows more roles or services than the one that wrote the file gives them passwords and keys.
        new = {role: secrets.token_urlsafe(24) for role in ROLES if role not in keys.role_passwords}
        signing = {name: _signing_key(name) for name in SERVICES if name not in keys.service_signing_keys}
        if new or signing:
            keys = replace(
                keys,
                role_passwords=keys.role_passwords | new,
                service_signing_keys=keys.service_signing_keys | signing,
            )
            write_private(path, asdict(keys))
        return keys


def write_private(path: Path, content: dict[str, Any]) -> None:
    """A JSON file of mode 600 that is there whole or not at all."""
    staging = path.with_name(path.name + ".new")
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.flush()
        os.fsync(file.fileno())
    staging.rename(path)


def _signing_key(kid: str | None = None) -> dict[str, str]:
    """With an id of its own, or that of its content (RFC 7638)."""
    key = OKPKey.generate_key("Ed25519", {"kid": kid} if kid else None)
    key.ensure_kid()
    return {name: str(value) for name, value in key.as_dict(private=True).items()}


def _random(count: int) -> str:
    return base64.b64encode(secrets.token_bytes(count)).decode()
