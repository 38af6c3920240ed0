"""What docker-compose.yml and the Kubernetes manifests would start, read into one form.

The secrets are those of a new installation: both readers fill their template as `deploy/new_secrets.py` does.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.new_secrets import compose_environment, kubernetes_secrets
from onebox.keys import Keys

REPOSITORY = Path(__file__).parents[2]
COMPOSE_FILE = REPOSITORY / "docker-compose.yml"
ENVIRONMENT_TEMPLATE = REPOSITORY / "deploy" / "compose" / ".env.example"
KUBERNETES = REPOSITORY / "deploy" / "kubernetes"
SECRET_TEMPLATE = KUBERNETES / "secret.example.yaml"
SERVERS = {"postgres", "valkey"}

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<operator>[?-])(?P<rest>[^}]*))?\})")


@dataclass(frozen=True)
class Deployed:
    """One process of ours.

    Attributes:
        container: as the file has it, for what is not in the other fields.
        probes: what is asked to see whether it works: a URL path and port, or a command.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    container: Mapping[str, Any]
    probes: Mapping[str, tuple[str, int] | tuple[str, ...]]


def compose_file(keys: Keys | None = None) -> dict[str, Any]:
    """The compose file with its variables filled in."""
    text = compose_environment(ENVIRONMENT_TEMPLATE.read_text(encoding="utf-8"), keys or Keys.generate())
    lines = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    variables = {name: value.strip("'") for name, _, value in lines}
    filled: dict[str, Any] = _filled(
        yaml.load(COMPOSE_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), variables
    )
    return filled


def compose_processes(keys: Keys | None = None) -> dict[str, Deployed]:
    """By the name of the compose service; without the two servers."""
    services = compose_file(keys)["services"]
    return {
        name: Deployed(name, tuple(service["command"]), service["environment"], service, dict(_compose_probes(service)))
        for name, service in services.items()
        if name not in SERVERS
    }


def manifests() -> list[dict[str, Any]]:
    """Every object of the base and of the jobs."""
    files = sorted([*KUBERNETES.glob("*.yaml"), *(KUBERNETES / "jobs").glob("*.yaml")])
    return [
        item
        for file in files
        if file != SECRET_TEMPLATE and file.name != "kustomization.yaml"
        for item in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    ]


def secrets(keys: Keys | None = None) -> dict[str, dict[str, str]]:
    """The Secrets of a new installation: name → variables."""
    text = kubernetes_secrets(
        SECRET_TEMPLATE.read_text(encoding="utf-8"),
        keys or Keys.generate(),
        postgres_url="postgresql://postgres:it's@db.example:5432/postgres?sslmode=require",
        redis_url="rediss://:password@redis.example:6379/0",
        clients='{"clients": {}}',
    )
    return {item["metadata"]["name"]: item["stringData"] for item in yaml.load_all(text, Loader=yaml.CSafeLoader)}


def kubernetes_processes(keys: Keys | None = None) -> dict[str, Deployed]:
    """By the name of the Deployment or Job."""
    sources: dict[tuple[str, str], Mapping[str, str]] = {
        ("secretRef", name): values for name, values in secrets(keys).items()
    }
    objects = manifests()
    for item in objects:
        if item["kind"] == "ConfigMap":
            sources["configMapRef", item["metadata"]["name"]] = item["data"]
    return {
        item["metadata"]["name"]: _from_workload(item, sources)
        for item in objects
        if item["kind"] in {"Deployment", "Job"}
    }


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    """Compose's interpolation, as far as the file uses it."""
    match value:
        case dict():
            return {key: _filled(item, variables) for key, item in value.items()}
        case list():
            return [_filled(item, variables) for item in value]
        case str():
            return _VARIABLE.sub(lambda found: _value(found, variables), value)
    return value


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    if given := variables.get(found["name"]):
        return given
    assert found["operator"] == "-", f"{found['name']} has no value in .env.example and no default"
    return str(found["rest"])


def _compose_probes(service: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, int] | tuple[str, ...]]]:
    if "healthcheck" in service:
        kind, *command = service["healthcheck"]["test"]
        assert kind == "CMD"
        url = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", command[-1])
        yield "healthcheck", (url[2], int(url[1])) if url else tuple(command)


def _from_workload(item: Mapping[str, Any], sources: Mapping[tuple[str, str], Mapping[str, str]]) -> Deployed:
    (container,) = item["spec"]["template"]["spec"]["containers"]
    environment: dict[str, str] = {}
    for source in container["envFrom"]:
        ((kind, reference),) = source.items()
        environment |= sources[kind, reference["name"]]
    environment |= {entry["name"]: entry["value"] for entry in container.get("env", ())}
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
    probes: dict[str, tuple[str, int] | tuple[str, ...]] = {}
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        if probe := container.get(name):
            get = probe.get("httpGet")
            probes[name] = (get["path"], ports[get["port"]]) if get else tuple(probe["exec"]["command"])
    return Deployed(item["metadata"]["name"], tuple(container["command"]), environment, container, probes)
