# ruff: noqa: INP001 - a script beside the files that it fills, no package
"""Secrets of a new installation, put into the templates that lie beside this file.

`python deploy/new_secrets.py compose` writes compose/.env from compose/.env.example, and never over an existing one.
`python deploy/new_secrets.py kubernetes CLIENTS_FILE` prints kubernetes/secret.example.yaml, filled, for the servers of
JIUYE_POSTGRES_URL and JIUYE_REDIS_URL. Both need PYTHONPATH=services.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from string import Template

from api_gateway.identity.errors import ClientsFileError
from api_gateway.identity.repository import load_clients, load_roles
from onebox.bootstrap import DATABASE
from onebox.errors import OneboxError
from onebox.keys import Keys
from onebox.settings import Settings, role_url

HERE = Path(__file__).parent


def compose_environment(template: str, keys: Keys) -> str:
    """The lines `NAME=` of the template, with their values in quotes that compose takes literally."""
    values = {
        "POSTGRES_PASSWORD": keys.postgres_password,
        "VALKEY_PASSWORD": keys.valkey_password,
        "JIUYE_ACCESS_SIGNING_KEY": json.dumps(keys.access_signing_key),
        "JIUYE_INTERNAL_SIGNING_KEY": json.dumps(keys.internal_signing_key),
        **{f"JIUYE_{name.upper()}_SIGNING_KEY": json.dumps(key) for name, key in keys.service_signing_keys.items()},
        **{f"JIUYE_{role.upper()}_PASSWORD": password for role, password in keys.role_passwords.items()},
        **keys.shared_environment(),
    }
    lines = []
    for line in template.splitlines():
        name, separator, value = line.partition("=")
        empty = separator and not value and not name.startswith("#")
        lines.append(f"{name}='{values[name]}'" if empty else line)
    return "\n".join(lines) + "\n"


def kubernetes_secrets(template: str, keys: Keys, *, postgres_url: str, redis_url: str, clients: str) -> str:
    """The template's `${…}`, all of which stand between single quotes of YAML.

    Args:
        postgres_url: of an administrator, as `onebox.bootstrap` takes it.
        redis_url: as every process gets it.
        clients: the content of the clients file.
    """
    values = {
        "postgres_url": postgres_url,
        "redis_url": redis_url,
        "clients": json.dumps(json.loads(clients), ensure_ascii=False),
        "access_signing_key": json.dumps(keys.access_signing_key),
        "internal_signing_key": json.dumps(keys.internal_signing_key),
        "internal_keys": json.dumps(keys.internal_keys),
        "service_keys": json.dumps(keys.service_keys),
        "field_keys": json.dumps(keys.field_keys),
        "cursor_key": keys.cursor_key,
        **{f"{name}_signing_key": json.dumps(key) for name, key in keys.service_signing_keys.items()},
    }
    for role, password in keys.role_passwords.items():
        values[f"{role}_password"] = password
        values[f"{role}_url"] = role_url(postgres_url, role, password, DATABASE)
    return Template(template).substitute({name: value.replace("'", "''") for name, value in values.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    targets = parser.add_subparsers(dest="target", required=True)
    targets.add_parser("compose")
    targets.add_parser("kubernetes").add_argument("clients", type=Path, help="the file that deploy/new_client.py makes")
    given = parser.parse_args()
    keys = Keys.generate()
    if given.target == "compose":
        template = (HERE / "compose" / ".env.example").read_text(encoding="utf-8")
        _write_once(HERE / "compose" / ".env", compose_environment(template, keys))
    else:
        sys.stdout.write(_for_kubernetes(keys, given.clients))


def _for_kubernetes(keys: Keys, clients: Path) -> str:
    try:
        servers = Settings.from_environment(os.environ)
        load_clients(clients, load_roles(), environment="production")
    except (OneboxError, ClientsFileError) as refusal:
        sys.exit(str(refusal))
    if servers.postgres_url is None or servers.redis_url is None:
        sys.exit("请先设置环境变量 JIUYE_POSTGRES_URL（管理员账号）和 JIUYE_REDIS_URL。")
    return kubernetes_secrets(
        (HERE / "kubernetes" / "secret.example.yaml").read_text(encoding="utf-8"),
        keys,
        postgres_url=servers.postgres_url,
        redis_url=servers.redis_url,
        clients=clients.read_text(encoding="utf-8"),
    )


def _write_once(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        sys.exit(f"{path} 已存在，没有改动：覆盖其中的密钥会使已加密的数据无法读取。如确为新装，请先移走该文件。")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    sys.stdout.write(f"已写入 {path}（仅本用户可读）。请修改 JIUYE_BASE_URL，并另存一份 JIUYE_FIELD_KEYS。\n")


if __name__ == "__main__":
    main()
