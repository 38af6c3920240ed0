"""The two commands that make secrets: their readers accept what they make, and nothing in use is ever replaced."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from argon2 import PasswordHasher

from api_gateway.identity.repository import load_clients, load_roles
from deploy.new_secrets import compose_environment, kubernetes_secrets
from onebox.keys import Keys
from tests.deploy.deployed import ENVIRONMENT_TEMPLATE, REPOSITORY, SECRET_TEMPLATE


def run(script: Path, *arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, script, *arguments],
        env={**os.environ, "PYTHONPATH": "services", **environment},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def beside_the_templates(tmp_path: Path) -> Path:
    """The script in a folder of its own, so that no .env appears in the repository."""
    for name in ("new_secrets.py", "compose/.env.example", "kubernetes/secret.example.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((REPOSITORY / "deploy" / name).read_bytes())
    return tmp_path / "new_secrets.py"


def test_a_new_installation_gets_every_secret_in_a_file_that_only_its_owner_reads(beside_the_templates: Path) -> None:
    done = run(beside_the_templates, "compose")
    assert done.returncode == 0, done.stderr
    file = beside_the_templates.parent / "compose" / ".env"
    assert file.stat().st_mode & 0o777 == 0o600
    assert not [line for line in file.read_text(encoding="utf-8").splitlines() if line.endswith("=")]


def test_secrets_in_use_are_never_replaced(beside_the_templates: Path) -> None:
    file = beside_the_templates.parent / "compose" / ".env"
    file.write_text("JIUYE_FIELD_KEYS='in use'\n", encoding="utf-8")
    done = run(beside_the_templates, "compose")
    assert done.returncode == 1
    assert "已存在" in done.stderr
    assert file.read_text(encoding="utf-8") == "JIUYE_FIELD_KEYS='in use'\n"


def test_two_installations_share_no_secret() -> None:
    template = ENVIRONMENT_TEMPLATE.read_text(encoding="utf-8")
    one, other = (set(compose_environment(template, Keys.generate()).splitlines()) for _ in range(2))
    assert one & other == {line for line in template.splitlines() if not line.endswith("=") or line.startswith("#")}


def test_values_with_quotes_and_dollars_reach_kubernetes_unchanged() -> None:
    clients = {"clients": {"x": {"name": "O'Brien", "secret_hash": "$argon2id$v=19$…", "kind": "KIOSK"}}}
    text = kubernetes_secrets(
        SECRET_TEMPLATE.read_text(encoding="utf-8"),
        Keys.generate(),
        postgres_url="postgresql://o'brien:$x@db.example:5432/postgres",
        redis_url="redis://redis.example:6379/0",
        clients=json.dumps(clients),
    )
    found = {item["metadata"]["name"]: item["stringData"] for item in yaml.safe_load_all(text)}
    assert json.loads(found["gateway-clients"]["clients.json"]) == clients
    assert found["bootstrap"]["JIUYE_POSTGRES_URL"] == "postgresql://o'brien:$x@db.example:5432/postgres"
    assert json.loads(found["services"]["JIUYE_FIELD_KEYS"])["current"] == "k1"


def test_kubernetes_secrets_are_not_made_for_servers_or_clients_that_are_not_there(
    beside_the_templates: Path, clients: Path
) -> None:
    servers = {"JIUYE_POSTGRES_URL": "postgresql://postgres:x@db.example/postgres", "JIUYE_REDIS_URL": "redis://redis"}
    done = run(beside_the_templates, "kubernetes", clients, **servers)
    assert (done.returncode, done.stderr) == (0, "")
    for given in (
        run(beside_the_templates, "kubernetes", clients, **servers | {"JIUYE_POSTGRES_URL": ""}),
        run(beside_the_templates, "kubernetes", clients, **servers | {"JIUYE_REDIS_URL": "http://redis"}),
        run(beside_the_templates, "kubernetes", clients.with_name("missing.json"), **servers),
    ):
        assert (given.returncode, given.stdout) == (1, "")
        assert "Traceback" not in given.stderr


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    file = tmp_path / "clients.json"
    run(REPOSITORY / "deploy" / "new_client.py", file, "kiosk", "--name", "自助服务终端", "--kind", "KIOSK")
    return file


def test_a_new_client_is_one_that_the_gateway_lets_in(tmp_path: Path) -> None:
    file = tmp_path / "clients.json"
    done = run(
        REPOSITORY / "deploy" / "new_client.py", file, "platform", "--name", "互联网+平台", "--kind", "INTEGRATOR"
    )
    assert done.returncode == 0, done.stderr
    secret = done.stdout.split("client_secret: ")[1].splitlines()[0]
    client = load_clients(file, load_roles(), environment="production")["platform"]
    assert PasswordHasher().verify(client.secret_hashes[1], secret)
    assert secret not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o644  # the user of the container is another one


def test_a_client_that_the_gateway_would_refuse_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "clients.json"
    done = run(REPOSITORY / "deploy" / "new_client.py", file, "not/an/id", "--name", "某", "--kind", "KIOSK")
    assert done.returncode == 1
    assert "没有改动" in done.stderr
    assert not file.exists()


@pytest.mark.parametrize(("name", "sentence"), [("none/clients.json", "No such file"), ("half.json", "已损坏")])
def test_a_clients_file_that_cannot_be_written_or_read_is_left_as_it_is(
    tmp_path: Path, name: str, sentence: str
) -> None:
    (tmp_path / "half.json").write_text('{"clients": ', encoding="utf-8")
    script = REPOSITORY / "deploy" / "new_client.py"
    refused = run(script, tmp_path / name, "x", "--name", "x", "--kind", "ADMIN")
    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "half.json").read_text(encoding="utf-8") == '{"clients": '
