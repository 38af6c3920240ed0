"""What the compose file and the manifests start is what the code is: commands, ports, settings, probes, roles."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import pytest
from pydantic_settings import BaseSettings

from api_gateway.settings import GatewaySettings
from kit.settings import ServiceSettings
from onebox.bootstrap import DATABASE, ROLES, SCHEMAS, bootstrap
from onebox.keys import Keys
from onebox.processes import GATEWAY, MIGRATE, SEED, SERVICES, WORKERS, Application, Step, Worker
from onebox.settings import DEFAULT_PORT
from targets_svc.seed import SeedSettings
from tests.deploy.deployed import Deployed, compose_processes, kubernetes_processes

APPLICATIONS = (GATEWAY, *SERVICES)
PROCESSES = (*APPLICATIONS, *WORKERS, MIGRATE, SEED)
KEYS = Keys.generate()


def named(process: Application | Worker | Step) -> str:
    return process.name


@pytest.fixture(scope="module", params=[compose_processes, kubernetes_processes], ids=["compose", "kubernetes"])
def deployed(request: pytest.FixtureRequest) -> Mapping[str, Deployed]:
    found: Mapping[str, Deployed] = request.param(KEYS)
    return found


def settings_class(process: Application | Worker | Step) -> type[BaseSettings]:
    if process is SEED:
        return SeedSettings
    return GatewaySettings if process is GATEWAY else ServiceSettings


def port(process: Application) -> int:
    return DEFAULT_PORT + process.port_offset


def test_every_process_of_the_table_is_started_and_nothing_else(deployed: Mapping[str, Deployed]) -> None:
    assert set(deployed) == {process.name for process in PROCESSES} | {"bootstrap"}


@pytest.mark.parametrize("process", PROCESSES, ids=named)
def test_a_command_is_that_of_the_process_table(
    deployed: Mapping[str, Deployed], process: Application | Worker | Step
) -> None:
    expected = process.command("0.0.0.0", port(process)) if isinstance(process, Application) else process.command()
    assert deployed[process.name].command == expected


def test_the_database_is_made_by_the_module_that_the_one_machine_start_uses(deployed: Mapping[str, Deployed]) -> None:
    assert deployed["bootstrap"].command == ("python", "-m", bootstrap.__module__)


@pytest.mark.parametrize("process", [p for p in PROCESSES if p is not MIGRATE], ids=named)
def test_variables_are_settings_of_the_process_and_none_that_it_needs_is_missing(
    deployed: Mapping[str, Deployed], process: Application | Worker | Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_class(process)
    fields = {f"JIUYE_{name.upper()}": field for name, field in settings.model_fields.items()}
    given = deployed[process.name].environment
    assert set(given) <= set(fields)
    assert {name for name in process.variables if name in fields} <= set(given)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert getattr(settings(), "environment") == "production"  # noqa: B009 - the base class does not know the field


def test_the_steps_on_the_database_get_exactly_what_they_read(deployed: Mapping[str, Deployed]) -> None:
    assert set(deployed["migrate"].environment) == set(MIGRATE.variables)
    passwords = {f"JIUYE_{role.upper()}_PASSWORD" for role in ROLES}
    assert set(deployed["bootstrap"].environment) == {"JIUYE_POSTGRES_URL", "JIUYE_FIELD_KEYS", *passwords}


def test_every_database_url_is_that_of_the_right_role_with_the_password_that_the_role_is_given(
    deployed: Mapping[str, Deployed],
) -> None:
    roles = {process.name: process.role for process in PROCESSES if process.role}
    found = {(name, roles[name]): deployed[name].environment["JIUYE_DATABASE_URL"] for name in roles}
    found |= {
        ("migrate", name.removeprefix("JIUYE_").removesuffix("_URL").lower()): url
        for name, url in deployed["migrate"].environment.items()
    }
    assert len(found) == 2 * len(SERVICES) + 2 + len(SCHEMAS)
    admin = urlsplit(deployed["bootstrap"].environment["JIUYE_POSTGRES_URL"])
    for (_, role), text in found.items():
        url = urlsplit(text)
        assert url.scheme == "postgresql+asyncpg"
        assert url.path == f"/{DATABASE}"
        assert (url.hostname, url.port) == (admin.hostname, admin.port)
        assert url.username == role
        given = deployed["bootstrap"].environment[f"JIUYE_{str(role).upper()}_PASSWORD"]
        assert unquote(url.password or "") == given


@pytest.mark.parametrize("process", APPLICATIONS, ids=named)
def test_readiness_decides_on_traffic_and_liveness_on_restarts(
    deployed: Mapping[str, Deployed], process: Application
) -> None:
    probes = deployed[process.name].probes
    asked = {
        "healthcheck": ("/readyz", port(process)),
        # The gateway's readiness is that of all services: by it, one of them would close the door to the others.
        "readinessProbe": ("/healthz" if process is GATEWAY else "/readyz", port(process)),
        "livenessProbe": ("/healthz", port(process)),
        "startupProbe": ("/healthz", port(process)),
    }
    assert probes == {name: asked[name] for name in probes}
    assert set(probes) in ({"healthcheck"}, set(asked) - {"healthcheck"})


@pytest.mark.parametrize("process", WORKERS, ids=named)
def test_a_worker_is_probed_by_the_file_that_it_touches(deployed: Mapping[str, Deployed], process: Worker) -> None:
    worker = deployed[process.name]
    assert worker.probes
    for command in worker.probes.values():
        assert worker.environment["JIUYE_HEARTBEAT_FILE"] in str(command[-1])


def test_the_gateway_calls_the_services_where_they_listen(deployed: Mapping[str, Deployed]) -> None:
    given = deployed["gateway"].environment
    for service in SERVICES:
        assert given[f"JIUYE_{service.name.upper()}_URL"] == f"http://{service.name}:{port(service)}"
