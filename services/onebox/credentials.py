"""The clients of a one-machine installation: their secrets for people, the hashes of these for the gateway."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from argon2 import PasswordHasher

from onebox.errors import OneboxError
from onebox.home import Home
from onebox.keys import write_private

ROLES_FILE = Path(__file__).parents[1] / "api_gateway" / "identity" / "roles.yaml"
UNIT_COUNT = 16  # ZZ00 (the city's own) to ZZ15, as the units service numbers them

# OWASP's smallest parameters for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class Client:
    """One that may ask for tokens.

    Attributes:
        id: also its name in `credentials.json`.
        name: for people.
        kind: of `roles.yaml`.
        unit: whose rows it works on, `ZZ01`.
        bank: whose rows it works on.
    """

    id: str
    name: str
    kind: str
    unit: str | None = None
    bank: str | None = None


def clients() -> Iterator[Client]:
    """Those that the public contract promises."""
    yield Client("platform", "互联网+平台", "INTEGRATOR")
    yield Client("kiosk", "自助服务终端", "KIOSK")
    yield Client("city", "市级主管", "CITY", unit="ZZ")
    yield Client("city-reviewer", "市级审核", "CITY_REVIEWER", unit="ZZ")
    yield Client("staff-ZZ", "全市性指标填报员", "STAFF", unit="ZZ")
    yield Client("admin", "系统管理员", "ADMIN")
    yield Client("security-admin", "安全管理员", "SECURITY_ADMIN")
    yield Client("auditor", "审计管理员", "AUDITOR")
    for number in range(UNIT_COUNT):
        unit = f"ZZ{number:02d}"
        yield Client(f"staff-{unit}", f"{unit} 填报员", "STAFF", unit=unit)
        yield Client(f"reviewer-{unit}", f"{unit} 审核员", "REVIEWER", unit=unit)
    yield Client("bank-a", "甲银行", "BANK", bank="bank-a")
    yield Client("bank-b", "乙银行", "BANK", bank="bank-b")
    yield Client("loan-officer", "担保贷款经办", "LOAN_OFFICER")
    yield Client("loan-reviewer", "担保贷款复核", "LOAN_REVIEWER")


def write_clients(home: Home, base_url: str, roles_file: Path = ROLES_FILE) -> None:
    """Brings `credentials.json` and `clients.json` up to date; a secret that was given out stays.

    Args:
        home: where they lie.
        base_url: the gateway's address in this run.
        roles_file: the scopes of each kind of client.

    Raises:
        OneboxError: one of the files is damaged.
    """
    scopes = scopes_by_kind(roles_file)
    hashes = {name: entry["secret_hash"] for name, entry in _read(home.clients).items()}
    known = {name: entry["client_secret"] for name, entry in _read(home.credentials).items() if name in hashes}
    everyone = list(clients())
    new = {client.id: secrets.token_urlsafe(24) for client in everyone if client.id not in known}
    with ThreadPoolExecutor() as threads:  # the hash is slow on purpose, and computed without Python's lock
        hashes |= dict(zip(new, threads.map(_HASHER.hash, new.values()), strict=True))
    known |= new
    known_to_gateway = {client.id: _for_gateway(client, hashes[client.id], scopes[client.kind]) for client in everyone}
    # The mark makes a gateway refuse these secrets in production.
    write_private(home.clients, {"environment": "development", "clients": known_to_gateway})
    write_private(
        home.credentials,
        {"base_url": base_url, "clients": {c.id: _for_people(c, known[c.id], scopes[c.kind]) for c in everyone}},
    )


def scopes_by_kind(roles_file: Path = ROLES_FILE) -> dict[str, list[str]]:
    """As `roles.yaml` gives them."""
    roles: dict[str, Any] = yaml.safe_load(roles_file.read_text(encoding="utf-8"))
    return {kind: role["scopes"] for kind, role in roles.items()}


def _for_gateway(client: Client, secret_hash: str, scopes: list[str]) -> dict[str, Any]:
    return {
        "name": client.name,
        "secret_hash": secret_hash,
        "kind": client.kind,
        "scopes": scopes,
        "unit": client.unit,
        "bank": client.bank,
    }


def _for_people(client: Client, secret: str, scopes: list[str]) -> dict[str, Any]:
    rows = {"unit": client.unit, "bank": client.bank}
    shown = {name: value for name, value in rows.items() if value is not None}
    return {"client_id": client.id, "client_secret": secret, "scopes": scopes} | shown


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["clients"]
        return dict(found)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        raise OneboxError(
            f"文件 {path} 读不出来或已损坏。请删除 credentials.json 和 clients.json 后重新启动，新的密钥会自动生成。",
            f"{path} cannot be read or is damaged. Delete credentials.json and clients.json and start again; "
            "new secrets will be made.",
        ) from None
