"""What the token endpoint and the key set answer."""

from typing import Any

from pydantic import ConfigDict

from kit.http.wire import ResponseModel

_TOKEN: dict[str, Any] = {
    "access_token": "eyJhbGciOiJFZDI1NTE5IiwidHlwIjoiYXQrand0Iiwia2lkIjoi4oCmIn0.eyJzdWIiOiJwbGF0Zm9ybSJ9.c2ln",
    "token_type": "Bearer",
    "expires_in": 1800,
    "scope": "eligibility.check.run targets.plan.read",
}
_KEYS: dict[str, Any] = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "use": "sig",
            "alg": "Ed25519",
        }
    ]
}


class TokenRead(ResponseModel):
    """RFC 6749 §5.1. `expires_in` in seconds."""

    model_config = ResponseModel.model_config | ConfigDict(json_schema_extra={"examples": [_TOKEN]})

    access_token: str
    token_type: str = "Bearer"  # noqa: S105  the type's name, not a secret
    expires_in: int
    scope: str


class KeyRead(ResponseModel):
    """A public key, RFC 8037."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class KeySetRead(ResponseModel):
    """A JWK Set, RFC 7517 §5."""

    model_config = ResponseModel.model_config | ConfigDict(json_schema_extra={"examples": [_KEYS]})

    keys: list[KeyRead]
