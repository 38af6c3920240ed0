"""The image: what goes into it, and as whom it runs."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.deploy.deployed import compose_file, manifests
from tests.deploy.dockerfile import IGNORE_FILE, REPOSITORY, final_environment, instructions, sources, write_tree

USER = re.compile(r"(\d+):(\d+)")


def test_only_what_the_image_needs_can_reach_the_builder() -> None:
    lines = [line for line in IGNORE_FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {source for source, _ in sources()}
    assert all((REPOSITORY / source).exists() for source, _ in sources())


def test_no_secret_and_no_test_lies_in_the_image(tmp_path: Path) -> None:
    write_tree(tmp_path)
    top = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert top == {"services", "migrations", "deploy", "requirements.lock"}
    names = {path.name for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {name for name in names if name.startswith((".env", "test_", "credentials.json", "secrets.json"))} == set()


def test_the_last_stage_runs_as_a_fixed_user_that_is_not_root_and_compose_and_kubernetes_run_the_same_one() -> None:
    last = [item for item in instructions() if item.stage == 1]
    (user,) = [USER.fullmatch(item.rest) for item in last if item.word == "USER"]
    assert user is not None
    assert int(user[1]) > 0
    ours = [service for service in compose_file()["services"].values() if service["image"].startswith("jiuye:")]
    assert {service["user"] for service in ours} == {user[0]}
    pods = [item["spec"]["template"]["spec"] for item in manifests() if item["kind"] in {"Deployment", "Job"}]
    assert {pod["securityContext"]["runAsUser"] for pod in pods} == {int(user[1])}
    assert {pod["securityContext"]["runAsGroup"] for pod in pods} == {int(user[2])}


def test_nothing_is_installed_that_the_lock_does_not_name_by_hash() -> None:
    (install,) = [item.rest for item in instructions() if item.word == "RUN" and "pip" in item.rest]
    assert "--require-hashes" in install
    assert "--only-binary=:all:" in install
    assert "--requirement requirements.lock" in install
    assert ("deploy/requirements.lock", "requirements.lock") in sources()


def test_the_image_stops_on_the_signal_that_the_processes_handle_and_writes_no_bytecode() -> None:
    assert [item.rest for item in instructions() if item.word == "STOPSIGNAL"] == ["SIGTERM"]
    assert final_environment()["PYTHONDONTWRITEBYTECODE"] == "1"
    assert final_environment()["PYTHONPATH"] == "/app/services"


@pytest.mark.parametrize("file", ["kustomization.yaml", "jobs/kustomization.yaml"])
def test_the_version_is_that_of_the_project_everywhere(file: str) -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"VERSION={version}" in {item.rest for item in instructions() if item.word == "ARG"}
    kustomization = yaml.safe_load((REPOSITORY / "deploy" / "kubernetes" / file).read_text(encoding="utf-8"))
    assert kustomization["images"] == [{"name": "jiuye", "newTag": version}]
    assert compose_file()["services"]["gateway"]["image"] == f"jiuye:{version}"
    default = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"JIUYE_VERSION:-([^}]+)", default)) == {version}
