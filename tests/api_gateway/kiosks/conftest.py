"""A kiosk as its maker would program it: an Ed25519 key and a proof for each call."""

import base64
import hashlib
import json
import secrets
import time
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.api_gateway.administration.conftest import (  # noqa: F401  fixtures
    auditor,
    kept,
    kept_url,
    security,
    signed_in,
    tokens,
)

BASE = "http://127.0.0.1:18000"


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Kiosk:
    """Args:
    caller: a client of the gateway.
    """

    def __init__(self, caller: httpx.AsyncClient) -> None:
        self._caller = caller
        self._key = Ed25519PrivateKey.generate()
        self.x = encoded(self._key.public_key().public_bytes_raw())
        self.token: str | None = None

    def proof(self, method: str, path: str, token: str | None = None, **changes: Any) -> str:
        header = {"typ": "dpop+jwt", "alg": "Ed25519", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": self.x}}
        claims: dict[str, Any] = {
            "htm": method,
            "htu": BASE + path,
            "iat": int(time.time()),
            "jti": secrets.token_urlsafe(16),
        }
        if token is not None:
            claims["ath"] = encoded(hashlib.sha256(token.encode()).digest())
        header |= changes.pop("header", {})
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        signed = f"{encoded(header)}.{encoded(claims)}"
        return f"{signed}.{encoded(self._key.sign(signed.encode()))}"

    async def call(
        self, method: str, path: str, *, token: str | None = None, proof: str | None = None, **more: Any
    ) -> Any:
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"DPoP {token}"
        headers["DPoP"] = proof or self.proof(method, path, token)
        return await self._caller.request(method, path, headers=headers, **more)

    async def enrolled(self, admin: httpx.AsyncClient, approver: httpx.AsyncClient, name: str) -> "Kiosk":
        """Registered, enrolled and approved, with a token."""
        made = await admin.post("/api/v1/admin/devices", json={"id": name, "name": name, "place": "一楼"})
        assert made.status_code == 201, made.text
        answer = await self.call("POST", "/api/v1/kiosk/enrolments", json={"code": made.json()["enrolment_code"]})
        assert answer.status_code == 200, answer.text
        body = {"fingerprint": answer.json()["fingerprint"]}
        approved = await approver.post(f"/api/v1/admin/devices/{name}/approval", json=body)
        assert approved.json()["state"] == "ACTIVE", approved.text
        return await self.signed_in()

    async def signed_in(self) -> "Kiosk":
        answer = await self.call("POST", "/api/v1/kiosk/tokens")
        assert answer.status_code == 200, answer.text
        assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("DPoP", 300)
        self.token = answer.json()["access_token"]
        return self
