"""Reads the clients file and the roles, once, when the gateway starts.

The file: `{"environment"?: "development" | "production", "clients": {client_id: {"name", "secret_hash", "kind",
"scopes": […], "unit"?, "bank"?}}}`. `environment` tells for whom its secrets were made.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError

from api_gateway.identity.domain import Client, Role, client_faults, client_of, read_roles
from api_gateway.identity.errors import ClientsFileError
from kit.http.errors import MalformedJsonError
from kit.http.strict_json import parse_json

ROLES_FILE = Path(__file__).with_name("roles.yaml")
# A verification may not take the memory or the time of the whole machine.
_MOST_MEMORY_KIB = 256 * 1024
_MOST_PASSES = 10


def load_roles(path: Path = ROLES_FILE) -> dict[str, Role]:
    """Roles by kind."""
    return read_roles(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def load_clients(path: Path, roles: Mapping[str, Role], *, environment: str) -> dict[str, Client]:
    """The clients by id.

    Raises:
        ClientsFileError: the file cannot be read, has faults (all of them are told), or was made for development
            and this is production.
    """
    content = _read(path)
    made_for = content.get("environment")
    if environment == "production" and made_for == "development":
        raise ClientsFileError(
            f"{path} holds development secrets (environment: development); production does not start with them. "
            "Make a clients file of its own."
        )
    faults = list(_faults(content, roles))
    if faults:
        raise ClientsFileError("\n  ".join([f"{path} cannot be used:", *faults]))
    return {client_id: client_of(client_id, entry) for client_id, entry in content["clients"].items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = parse_json(path.read_bytes())
    except OSError as error:
        raise ClientsFileError(f"{path} cannot be read: {error.strerror}") from None
    except MalformedJsonError:
        raise ClientsFileError(f"{path} is not JSON, or names a field twice") from None
    if not isinstance(content, dict):
        raise ClientsFileError(f"{path} must hold an object with clients")
    return content


def _faults(content: dict[str, Any], roles: Mapping[str, Role]) -> Iterator[str]:
    for unknown in sorted(set(content) - {"environment", "clients"}):
        yield f"{unknown} is not a field of the file"
    if content.get("environment") not in (None, "development", "production"):
        yield "environment must be development or production"
    clients = content.get("clients")
    if not isinstance(clients, dict) or not clients:
        yield "clients must be an object with at least one client"
        return
    for client_id, entry in clients.items():
        for fault in client_faults(client_id, entry, roles):
            yield f"clients.{client_id[:64]}: {fault}"
        if isinstance(entry, dict) and isinstance(entry.get("secret_hash"), str) and not _is_hash(entry["secret_hash"]):
            yield f"clients.{client_id[:64]}: secret_hash must be an argon2id hash of bearable cost"


def _is_hash(secret_hash: str) -> bool:
    try:
        cost = extract_parameters(secret_hash)
    except (InvalidHashError, ValueError):
        return False
    return cost.type is Type.ID and cost.memory_cost <= _MOST_MEMORY_KIB and cost.time_cost <= _MOST_PASSES
