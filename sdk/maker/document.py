"""The merged document without a running platform: the apps are built, not served."""

import json
import tempfile
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from pydantic import SecretStr

import eligibility_svc.main
import loans_svc.main
import targets_svc.main
from api_gateway.documents.service import whole
from api_gateway.forwarding.route_table import load_route_table
from api_gateway.main import create_app as create_gateway
from api_gateway.settings import GatewaySettings
from kit.settings import ServiceSettings
from onebox.credentials import scopes_by_kind
from onebox.keys import Keys

_SERVICES = {
    "targets": targets_svc.main.create_app,
    "eligibility": eligibility_svc.main.create_app,
    "loans": loans_svc.main.create_app,
}
_NOWHERE = "http://127.0.0.1:9"


def merged_document() -> dict[str, Any]:
    """What `GET /openapi.json` answers, with the relative server alone."""
    keys = Keys.generate()
    told: dict[str, Any] = {n.removeprefix("JIUYE_").lower(): value for n, value in keys.shared_environment().items()}
    told |= {"environment": "development", "database_url": "postgresql+asyncpg://nobody@127.0.0.1:9/nothing"}
    settings = ServiceSettings.model_validate(told | {"redis_url": "redis://127.0.0.1:9"})
    services = {
        name: {"components": {}, "paths": {}} | create_app(settings).openapi() for name, create_app in _SERVICES.items()
    }
    own = _gateway_document(keys) | {"servers": [{"url": "/", "description": "当前地址"}]}
    return whole(own, services, load_route_table(services))


def _gateway_document(keys: Keys) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        clients = Path(folder) / "clients.json"
        entry = {
            "name": "nobody",
            "secret_hash": PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("nobody"),
            "kind": "INTEGRATOR",
            "scopes": scopes_by_kind()["INTEGRATOR"],
        }
        clients.write_text(json.dumps({"environment": "development", "clients": {"nobody": entry}}), encoding="utf-8")
        settings = GatewaySettings(
            clients_file=clients,
            access_signing_key=SecretStr(json.dumps(keys.access_signing_key)),
            internal_signing_key=SecretStr(json.dumps(keys.internal_signing_key)),
            targets_url=_NOWHERE,
            eligibility_url=_NOWHERE,
            loans_url=_NOWHERE,
            base_url=_NOWHERE,
        )
        document: dict[str, Any] = create_gateway(settings).state.own_document
    return document
