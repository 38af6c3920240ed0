# ruff: noqa: INP001 - a script, no package
"""One more client that may ask the gateway for tokens, or a new secret for one.

`python deploy/new_client.py CLIENTS_FILE ID --name 名称 --kind KIND [--unit ZZ01] [--bank CODE]`. PYTHONPATH=services.
The secret is printed once and kept nowhere; the file holds its argon2id hash.
"""

import argparse
import json
import secrets
import sys
from pathlib import Path
from typing import Any

from api_gateway.administration.service import HASHER
from api_gateway.identity.domain import client_faults
from api_gateway.identity.repository import load_roles


def main() -> None:
    roles = load_roles()
    given = _arguments(sorted(roles))
    secret = secrets.token_urlsafe(24)
    entry = {
        "name": given.name,
        "secret_hash": HASHER.hash(secret),
        "kind": given.kind,
        "scopes": sorted(roles[given.kind].scopes),
        "unit": given.unit,
        "bank": given.bank,
    }
    if faults := list(client_faults(given.id, entry, roles)):
        sys.exit(f"没有改动 {given.file}：{given.id}: {'; '.join(faults)}")
    try:
        _add(given.file, given.id, entry)
    except OSError as failure:
        sys.exit(f"没有改动 {given.file}：{failure.strerror}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"没有改动 {given.file}：内容已损坏，请从备份恢复，或换一个新文件。")
    sys.stdout.write(f"client_id: {given.id}\nclient_secret: {secret}\n请现在交给对方，之后无法再次查看。\n")


def _arguments(kinds: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("id")
    parser.add_argument("--name", required=True)
    parser.add_argument("--kind", required=True, choices=kinds)
    parser.add_argument("--unit", help="whose rows it works on: ZZ for the city, ZZ00 to ZZ15")
    parser.add_argument("--bank", help="whose rows it works on")
    return parser.parse_args()


def _add(file: Path, client_id: str, entry: dict[str, object]) -> None:
    document: dict[str, Any] = {"environment": "production", "clients": {}}
    if file.exists():
        document = json.loads(file.read_text(encoding="utf-8"))
    document["clients"][client_id] = entry
    staging = file.with_name(file.name + ".new")
    staging.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    staging.chmod(0o644)  # the container's user must read it; nobody can turn the hashes back
    staging.rename(file)


if __name__ == "__main__":
    main()
