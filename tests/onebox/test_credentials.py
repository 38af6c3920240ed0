"""Secrets are made once, given to people in one file and to the gateway, hashed, in another."""

import json
import shutil

import pytest
from argon2 import PasswordHasher, extract_parameters

from api_gateway.identity.errors import ClientsFileError
from api_gateway.identity.repository import load_clients, load_roles
from onebox import credentials, home
from onebox.errors import OneboxError


@pytest.fixture(scope="module")
def first_start(tmp_path_factory):
    """The files of a first start: forty hashes take their time."""
    with home.opened(tmp_path_factory.mktemp("first") / "home", "") as opened:
        credentials.write_clients(opened, "http://127.0.0.1:18000")
        yield opened


@pytest.fixture
def opened(first_start, tmp_path):
    with home.opened(tmp_path / "home", "") as opened:
        for path in (first_start.credentials, first_start.clients):
            shutil.copy(path, opened.path)
        yield opened


def written(opened, base_url="http://127.0.0.1:18000", roles_file=credentials.ROLES_FILE):
    credentials.write_clients(opened, base_url, roles_file)
    return tuple(json.loads(path.read_text()) for path in (opened.credentials, opened.clients))


def test_the_hash_is_that_of_the_secret(opened):
    people, gateway = written(opened)
    stored = gateway["clients"]["kiosk"]["secret_hash"]
    assert PasswordHasher().verify(stored, people["clients"]["kiosk"]["client_secret"])
    parameters = extract_parameters(stored)
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19 * 1024, 2, 1)


def test_production_refuses_these_clients(opened):
    roles = load_roles(credentials.ROLES_FILE)
    assert "kiosk" in load_clients(opened.clients, roles, environment="development")
    with pytest.raises(ClientsFileError, match="production does not start with them"):
        load_clients(opened.clients, roles, environment="production")


def test_a_secret_stays_and_the_address_follows_the_port(opened):
    first, _ = written(opened)
    second, _ = written(opened, "http://127.0.0.1:19000")
    assert second["clients"] == first["clients"]
    assert second["base_url"] == "http://127.0.0.1:19000"


def test_scopes_follow_the_roles_file(opened, tmp_path):
    before, _ = written(opened)
    roles = credentials.ROLES_FILE.read_text().replace("- loans.pool.run", "- loans.pool.look")
    (tmp_path / "roles.yaml").write_text(roles)
    people, gateway = written(opened, roles_file=tmp_path / "roles.yaml")
    assert "loans.pool.look" in people["clients"]["loan-officer"]["scopes"]
    assert "loans.pool.look" in gateway["clients"]["loan-officer"]["scopes"]
    secrets = [file["clients"]["loan-officer"]["client_secret"] for file in (before, people)]
    assert secrets[0] == secrets[1]


def test_new_secrets_are_made_when_people_lost_theirs(opened):
    first, _ = written(opened)
    opened.credentials.unlink()
    second, gateway = written(opened)
    new = second["clients"]["city"]["client_secret"]
    assert new != first["clients"]["city"]["client_secret"]
    assert PasswordHasher().verify(gateway["clients"]["city"]["secret_hash"], new)


def test_a_damaged_file_is_told_and_kept(opened):
    opened.clients.write_text("{")
    with pytest.raises(OneboxError, match=r"clients\.json 读不出来"):
        written(opened)
    assert opened.clients.read_text() == "{"


def test_nobody_writes_and_approves_a_report():
    for kind, scopes in credentials.scopes_by_kind().items():
        duties = {"targets.report.write", "targets.report.review", "targets.report.approve"} & set(scopes)
        assert len(duties) <= 1, kind
