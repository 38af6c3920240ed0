"""The table of processes says what their settings need, and a process is told that and no more."""

import pytest

from api_gateway.settings import GatewaySettings
from kit.settings import ServiceSettings
from onebox import home, processes
from onebox.environment import Environment
from onebox.keys import Keys
from onebox.settings import Settings, role_url


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.setenv("JIUYE_POSTGRES_URL", "postgresql://admin:admin-secret@db:5432/postgres")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    with home.opened(tmp_path / "home", "") as opened:
        settings = Settings(21_000, opened.path)
        yield Environment(
            settings, opened, Keys.generate(), "postgresql://admin:admin-secret@db:5432/postgres", "redis://"
        )


def required(settings):
    return {f"JIUYE_{name.upper()}" for name, field in settings.model_fields.items() if field.is_required()}


def test_every_required_setting_is_given():
    for process in (*processes.SERVICES, *processes.WORKERS, processes.SEED):
        assert required(ServiceSettings) <= set(process.variables), process.name
    assert required(GatewaySettings) <= set(processes.GATEWAY.variables)


def test_ports_follow_the_first_one():
    offsets = [processes.GATEWAY.port_offset, *(service.port_offset for service in processes.SERVICES)]
    assert [*offsets, processes.POSTGRES_OFFSET, processes.VALKEY_OFFSET] == list(range(processes.PORT_COUNT))


def test_a_process_gets_what_it_names_and_no_secret_of_others(environment):
    keys = environment.keys
    owners = [keys.role_passwords[f"{schema}_owner"] for schema in ("targets", "eligibility", "loans")]
    for process in (*processes.SERVICES, *processes.WORKERS, processes.GATEWAY, processes.SEED):
        told = environment.of(process)
        values = "\n".join(told.values())
        assert set(process.variables) <= set(told)
        assert "admin-secret" not in values
        assert not any(password in values for password in owners)
        others = [password for role, password in keys.role_passwords.items() if role != process.role]
        assert not any(password in values for password in others)
        assert keys.internal_signing_key["d"] not in values or process is processes.GATEWAY


def test_calls_between_processes_pass_by_the_proxy_of_the_person(environment):
    told = environment.of(processes.GATEWAY)
    assert told["NO_PROXY"] == told["no_proxy"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("admin_url", "expected"),
    [
        ("postgresql://admin:x@db.example:6432/postgres", "postgresql+asyncpg://app:p%40ss@db.example:6432/jiuye"),
        ("postgresql://admin:x@[::1]/postgres", "postgresql+asyncpg://app:p%40ss@[::1]/jiuye"),
        ("postgresql://a:x@db/x?sslmode=require", "postgresql+asyncpg://app:p%40ss@db/jiuye?ssl=require"),
        ("postgresql://a:x@db/x?application_name=me", "postgresql+asyncpg://app:p%40ss@db/jiuye"),
    ],
)
def test_a_role_signs_in_where_the_administrator_does(admin_url, expected):
    assert role_url(admin_url, "app", "p@ss", "jiuye") == expected
