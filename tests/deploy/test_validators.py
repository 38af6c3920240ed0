"""The published schemas and linters accept every artefact, and refuse a copy with a typo: the check can fail.

Nothing here needs a network or an engine: the schemas come with the packages.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.deployed import COMPOSE_FILE, ENVIRONMENT_TEMPLATE, KUBERNETES, REPOSITORY, SECRET_TEMPLATE
from tests.deploy.dockerfile import DOCKERFILE

PROGRAMS = Path(sys.executable).parent
OLDEST_KUBERNETES = "1.30"
MANIFESTS = [path for path in sorted(KUBERNETES.rglob("*.yaml")) if path.name != "kustomization.yaml"]

COMPOSE = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
STRICT_KUBERNETES = ("kubernetes-validate", "--strict", "--quiet")
DOCKERFILE_LINT = ("hadolint", "--no-color", "--failure-threshold", "style")
YAML_LINT = ("yamllint", "--strict", "--config-file", str(REPOSITORY / ".yamllint"))


def findings(*command: str | Path) -> str:
    """What a validator has to say; nothing when it is content.

    Its exit code alone would not do: a kind that Kubernetes does not have is only a warning.
    """
    program, *arguments = command
    done = subprocess.run(
        [PROGRAMS / program, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120
    )
    output = (done.stdout + done.stderr).replace("ok -- validation done", "").strip()
    return output or (f"exit code {done.returncode}" if done.returncode else "")


def test_the_compose_file_follows_the_compose_specification() -> None:
    assert findings(*COMPOSE, COMPOSE_FILE) == ""


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, None], ids=["oldest", "newest"])
def test_the_manifests_follow_the_strict_schemas_of_kubernetes(version: str | None) -> None:
    assert SECRET_TEMPLATE in MANIFESTS
    of_version = () if version is None else ("--kubernetes-version", version)
    assert findings(*STRICT_KUBERNETES, *of_version, *MANIFESTS) == ""


def test_the_dockerfile_has_no_finding() -> None:
    assert findings(*DOCKERFILE_LINT, DOCKERFILE) == ""


def test_every_yaml_file_of_the_repository_is_clean() -> None:
    assert findings(*YAML_LINT, ".") == ""


TYPOS = {
    "compose-key": (COMPOSE, COMPOSE_FILE, "read_only: true", "readonly: true"),
    "compose-condition": (COMPOSE, COMPOSE_FILE, "service_healthy", "service_is_healthy"),
    "compose-network": (COMPOSE, COMPOSE_FILE, "internal: true", "internl: true"),
    "kubernetes-key": (STRICT_KUBERNETES, KUBERNETES / "gateway.yaml", "livenessProbe", "livenesProbe"),
    "kubernetes-type": (STRICT_KUBERNETES, KUBERNETES / "targets.yaml", "replicas: 2", 'replicas: "two"'),
    "kubernetes-policy": (STRICT_KUBERNETES, KUBERNETES / "network.yaml", "podSelector: {}", "podSelectors: {}"),
    "kubernetes-kind": (STRICT_KUBERNETES, KUBERNETES / "jobs" / "seed.yaml", "kind: Job", "kind: Jobs"),
    "secret-key": (STRICT_KUBERNETES, SECRET_TEMPLATE, "stringData", "stringdata"),
    "dockerfile-tag": (DOCKERFILE_LINT, DOCKERFILE, "FROM ${PYTHON_IMAGE} AS", "FROM python AS"),
    "dockerfile-workdir": (DOCKERFILE_LINT, DOCKERFILE, "WORKDIR /app", "WORKDIR app"),
    "dockerfile-user": (DOCKERFILE_LINT, DOCKERFILE, "USER 10001:10001", "USER root"),
    "dockerfile-word": (DOCKERFILE_LINT, DOCKERFILE, "STOPSIGNAL", "STOPSGNAL"),
    "yaml-twice": (YAML_LINT, KUBERNETES / "namespace.yaml", "kind: Namespace", "kind: Namespace\nkind: Namespace"),
}


@pytest.mark.parametrize(("command", "original", "right", "wrong"), TYPOS.values(), ids=TYPOS)
def test_a_typo_is_refused(command: tuple[str, ...], original: Path, right: str, wrong: str, tmp_path: Path) -> None:
    text = original.read_text(encoding="utf-8")
    assert right in text
    copy = tmp_path / original.name
    copy.write_text(text.replace(right, wrong), encoding="utf-8")
    assert copy.name in findings(*command, copy)


def test_the_environment_template_is_not_the_file_that_compose_reads() -> None:
    ignored = (REPOSITORY / "deploy" / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "compose/.env" in ignored
    assert ENVIRONMENT_TEMPLATE.name == ".env.example"
