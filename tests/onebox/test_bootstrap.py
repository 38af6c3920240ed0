"""Roles, schemas and rights, made by a superuser or by an administrator with fewer rights, again and again."""

import asyncio
import shutil
import subprocess
import sys

import asyncpg
import pytest

from onebox import ports
from onebox.bootstrap import ROLES, bootstrap
from onebox.errors import OneboxError
from onebox.keys import Keys
from onebox.postgres import TEST, Postgres
from onebox.servers import running

PASSWORDS = {role: f'it\'s "{role}" $1 %s' for role in ROLES}


@pytest.fixture(scope="module")
def server(initialised, tmp_path_factory):
    """One for the tests that do not mind what was there before."""
    folder = tmp_path_factory.mktemp("bootstrap")
    shutil.copytree(initialised, folder / "postgres")
    server = Postgres(folder / "postgres", *ports.free_ports(1), "secret", TEST)
    with running(server, folder / "log"):
        yield server
    shutil.rmtree(folder)


async def run(url, *statements):
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return [await connection.fetch(statement) for statement in statements]
    finally:
        await connection.close()


async def test_the_whole_life_of_the_rights(server):
    await bootstrap(server.admin_url(), PASSWORDS)
    owner = server.url("loans_owner", PASSWORDS["loans_owner"], "jiuye")
    app = server.url("loans_app", PASSWORDS["loans_app"], "jiuye")
    worker = server.url("loans_worker", PASSWORDS["loans_worker"], "jiuye")
    await run(
        owner, "CREATE TABLE loans.ledger (id int PRIMARY KEY)", "REVOKE UPDATE, DELETE ON loans.ledger FROM loans_app"
    )

    await bootstrap(server.admin_url(), PASSWORDS)  # again: nothing is undone

    await run(app, "INSERT INTO loans.ledger VALUES (1)")
    assert (await run(worker, "SELECT id FROM loans.ledger"))[0][0]["id"] == 1
    for refused in (
        "UPDATE loans.ledger SET id = 2",
        "DELETE FROM loans.ledger",
        "DROP TABLE loans.ledger",
        "CREATE TABLE loans.other (id int)",
        "CREATE TABLE public.other (id int)",
        "CREATE TEMPORARY TABLE other (id int)",
        "CREATE SCHEMA other",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(app, refused)


async def test_every_role_gives_up_after_a_time(server):
    await bootstrap(server.admin_url(), PASSWORDS)
    for role in ROLES:
        url = server.url(role, PASSWORDS[role], "jiuye")
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            assert (await run(url, f"SHOW {name}"))[0][0][0] not in {"", "0"}, (role, name)


async def test_an_administrator_who_is_no_superuser_is_enough(running_server):
    await run(running_server.admin_url(), "CREATE ROLE boss LOGIN PASSWORD 'x' CREATEROLE CREATEDB")
    for _ in range(2):
        await bootstrap(running_server.url("boss", "x", "postgres"), PASSWORDS)
    owner = running_server.url("targets_owner", PASSWORDS["targets_owner"], "jiuye")
    await run(owner, "CREATE TABLE targets.here (id int PRIMARY KEY)")
    assert await run(
        running_server.url("targets_app", PASSWORDS["targets_app"], "jiuye"), "SELECT * FROM targets.here"
    ) == [[]]


async def test_a_missing_right_is_named(server):
    await run(
        server.admin_url(),
        "CREATE ROLE weak LOGIN PASSWORD 'x'",
        "CREATE ROLE half LOGIN PASSWORD 'x' CREATEDB",
    )
    for role in ("weak", "half"):
        with pytest.raises(OneboxError, match=r"权限不足.*CREATEROLE"):
            await bootstrap(server.url(role, "x", "postgres"), PASSWORDS)


async def test_passwords_do_not_reach_the_log_of_the_server(server):
    talkative = ("log_statement = 'all'", "log_parameter_max_length = -1", "log_error_verbosity = 'verbose'")
    for setting in talkative:
        await run(server.admin_url(), f"ALTER ROLE postgres SET {setting}")
    await bootstrap(server.admin_url(), {role: f"password-of-{role}" for role in ROLES})
    log = (server.folder.parent / "log").read_text()
    assert "jiuye.loans_app_password" in log
    assert "password-of-" not in log


async def test_a_server_that_is_not_there_and_a_wrong_password_are_told():
    (port,) = ports.free_ports(1)
    with pytest.raises(OneboxError, match="连不上数据库"):
        await bootstrap(f"postgresql://a:b@127.0.0.1:{port}/postgres", PASSWORDS)


async def test_a_database_that_is_not_there_is_told(server):
    with pytest.raises(OneboxError, match=r"数据库拒绝了请求.*nowhere"):
        await bootstrap(server.admin_url("nowhere"), PASSWORDS)


async def test_a_wrong_password_is_told(server):
    with pytest.raises(OneboxError, match="拒绝了管理账号"):
        await bootstrap(server.url("postgres", "wrong", "postgres"), PASSWORDS)


def test_as_a_command_it_reads_the_environment(server):
    command = [sys.executable, "-m", "onebox.bootstrap"]
    environment = {"PYTHONPATH": "services", "JIUYE_POSTGRES_URL": server.admin_url()}
    missing = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert missing.returncode == 2
    assert "JIUYE_LOANS_WORKER_PASSWORD" in missing.stderr

    environment |= {f"JIUYE_{role.upper()}_PASSWORD": "x" for role in ROLES} | {"JIUYE_FIELD_KEYS": "{}"}
    malformed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (malformed.returncode, "JIUYE_FIELD_KEYS" in malformed.stderr) == (2, True)

    environment |= {"JIUYE_FIELD_KEYS": Keys.generate().shared_environment()["JIUYE_FIELD_KEYS"]}
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert asyncio.run(run(server.url("eligibility_worker", "x", "jiuye"), "SELECT 1"))
