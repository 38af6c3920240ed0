"""The gateway starts only with a clients file that it understands whole."""

import json
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr, ValidationError

from api_gateway.identity.domain import read_roles
from api_gateway.identity.errors import ClientsFileError
from api_gateway.identity.repository import load_clients, load_roles
from api_gateway.main import create_app
from tests.api_gateway.conftest import Gateways, client_entry


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_clients_are_read_with_their_rows(gateways: Gateways) -> None:
    clients = load_clients(gateways.clients_file, load_roles(), environment="development")
    assert clients["staff-ZZ01"].unit == "ZZ01"
    assert clients["bank-a"].bank == "bank-a"
    assert "targets.report.write" in clients["staff-ZZ01"].scopes
    assert "argon2" not in repr(clients["staff-ZZ01"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "KING"}, "kind must be one of"),
        ({"scopes": ["targets.report.approve"]}, "scope targets.report.approve is not one that its kind may hold"),
        ({"scopes": "all"}, "scopes must be a list"),
        ({"unit": None}, "must name it"),
        ({"unit": "ZZ 01"}, "unit must be a code"),
        ({"secret_hash": "plain"}, "secret_hash must be an argon2id hash"),
        ({"secret_hash": 7}, "secret_hash must be a text"),
        ({"password": "x"}, "password is not a field"),
        ({"name": None}, "name must be a text"),
    ],
)
def test_a_faulty_client_is_named_with_its_fault(
    tmp_path: Path, secret_hash: str, change: dict[str, Any], says: str
) -> None:
    entry = client_entry("STAFF", secret_hash, unit="ZZ01") | change
    path = write(tmp_path / "clients.json", {"clients": {"staff-ZZ01": entry}})
    with pytest.raises(ClientsFileError, match=r"clients\.staff-ZZ01: ") as refused:
        load_clients(path, load_roles(), environment="development")
    assert says in str(refused.value)
    assert secret_hash not in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path, secret_hash: str) -> None:
    entries = {"a b": client_entry("CITY", secret_hash), "c": {"name": "x"}, "d": 5}
    path = write(tmp_path / "clients.json", {"clients": entries, "extra": 1})
    with pytest.raises(ClientsFileError) as refused:
        load_clients(path, load_roles(), environment="development")
    for part in (
        "extra is not a field",
        "clients.a b: the client id",
        "clients.c: kind is missing",
        "clients.d: must be",
    ):
        assert part in str(refused.value)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"clients": {}}', '{"clients": 1}', '{"clients": {"a": {}, "a": {}}}', "\ufeff{}"]
)
def test_a_file_that_is_no_clients_file_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(ClientsFileError):
        load_clients(write(tmp_path / "clients.json", content), load_roles(), environment="development")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClientsFileError, match=r"nothing\.json cannot be read"):
        load_clients(tmp_path / "nothing.json", load_roles(), environment="development")


@pytest.mark.parametrize("cost", [{"memory_cost": 512 * 1024}, {"time_cost": 11}])
def test_a_hash_that_costs_too_much_to_verify_is_refused(tmp_path: Path, cost: dict[str, int]) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x")
    dear = cheap.replace("m=8", f"m={cost.get('memory_cost', 8)}").replace("t=1", f"t={cost.get('time_cost', 1)}")
    path = write(tmp_path / "clients.json", {"clients": {"kiosk": client_entry("KIOSK", dear)}})
    with pytest.raises(ClientsFileError, match="bearable cost"):
        load_clients(path, load_roles(), environment="development")


LASTING = {
    "environment": "production",
    "database_url": SecretStr("postgresql+asyncpg://gateway_app:x@127.0.0.1:9/jiuye"),
    "redis_url": SecretStr("redis://127.0.0.1:9/0"),
}


def test_production_does_not_start_with_development_secrets(gateways: Gateways) -> None:
    settings = gateways.settings("http://a", "http://b", "http://c", **LASTING)
    with pytest.raises(ClientsFileError, match="development secrets"):
        create_app(settings)


def test_production_starts_with_secrets_of_its_own(gateways: Gateways, tmp_path: Path) -> None:
    content = json.loads(gateways.clients_file.read_text(encoding="utf-8")) | {"environment": "production"}
    path = write(tmp_path / "clients.json", content)
    settings = gateways.settings("http://a", "http://b", "http://c", **LASTING, clients_file=path)
    assert create_app(settings).title


@pytest.mark.parametrize("missing", ["database_url", "redis_url"])
def test_production_does_not_start_where_nothing_lasts(gateways: Gateways, missing: str) -> None:
    with pytest.raises(ValidationError, match="production needs"):
        gateways.settings("http://a", "http://b", "http://c", **(LASTING | {missing: None}))


def test_no_kind_of_client_both_writes_and_decides_a_report() -> None:
    for role in load_roles().values():
        writes = role.scopes & {"targets.report.write", "targets.report.submit"}
        decides = role.scopes & {"targets.report.review", "targets.report.approve"}
        assert not (writes and decides)


def test_no_kind_of_client_both_carries_and_decides_a_loan_or_records_and_confirms_money() -> None:
    for role in load_roles().values():
        carries = {
            "loans.loan.apply",
            "loans.loan.disburse",
            "loans.event.write",
            "loans.fund.write",
            "loans.benchmark.write",
            "loans.agreement.write",
            "loans.pool.write",
        }
        decides = {
            "loans.loan.decide",
            "loans.benchmark.confirm",
            "loans.agreement.confirm",
            "loans.fund.confirm",
            "loans.pool.close",
        }
        assert not (role.scopes & carries and role.scopes & decides)


def test_who_keeps_the_books_handles_no_money() -> None:
    money = {"loans.batch.pay", "loans.fund.write", "loans.fund.confirm", "loans.event.write"}
    keepers = [role for role in load_roles().values() if "loans.voucher.close" in role.scopes]
    assert keepers
    assert not any(role.scopes & money for role in keepers)


def test_no_kind_of_client_has_two_duties_of_a_subsidy_batch() -> None:
    duties = {f"loans.batch.{duty}" for duty in ("write", "review", "approve", "pay")}
    assert all(len(role.scopes & duties) <= 1 for role in load_roles().values())


def test_the_three_administrations_are_kept_apart() -> None:
    duties = (
        {"admin.device.write", "targets.job.write"},
        {"admin.client.write", "admin.token.revoke", "admin.device.approve"},
        {"audit.read"},
    )
    for kind, role in load_roles().items():
        assert sum(bool(role.scopes & duty) for duty in duties) <= 1, kind


def test_a_role_with_an_unknown_member_is_refused() -> None:
    with pytest.raises(ValueError, match="role KING"):
        read_roles({"KING": {"scopes": [], "rows": "all"}})
