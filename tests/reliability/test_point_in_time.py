"""Continuous archiving as docs/operations.md has it: the database as it was at an instant, and at its last moment."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from api_gateway.main import create_app
from kit.testing import client, serving
from onebox.binaries import postgres_folder
from onebox.bootstrap import DATABASE, SCHEMAS, bootstrap
from onebox.keys import Keys
from onebox.ports import free_ports
from onebox.postgres import RUN, Postgres
from onebox.servers import running
from onebox.settings import role_url
from tests.api_gateway.conftest import Gateways, client_entry, secret_hash, token_of  # noqa: F401  a fixture
from tests.e2e.running import ROOT

CLIENTS = "/api/v1/admin/clients"
pytestmark = pytest.mark.skipif(os.environ.get("JIUYE_TEST_DRILLS") is None, reason="make test-long")


class Installation:
    """One server after the other with the same data; the gateway is who writes."""

    def __init__(self, folder: Path, secret_hash: str) -> None:  # noqa: F811  a fixture's name
        self.folder, self.keys = folder, Keys.generate()
        self.archive = folder / "archive"
        self.archive.mkdir(mode=0o777)
        self.clients = folder / "clients.json"
        kinds = {"security-admin": "SECURITY_ADMIN", "auditor": "AUDITOR"}
        entries = {name: client_entry(kind, secret_hash) for name, kind in kinds.items()}
        self.clients.write_text(json.dumps({"environment": "development", "clients": entries}), encoding="utf-8")

    def server(self, name: str, settings: Mapping[str, str]) -> Postgres:
        return Postgres(self.folder / name, free_ports(1)[0], self.keys.postgres_password, RUN | settings)

    @contextmanager
    def gateway(self, server: Postgres) -> Iterator[str]:
        url = role_url(server.admin_url(), "gateway_app", self.keys.role_passwords["gateway_app"], DATABASE)
        dead = "http://127.0.0.1:9"
        gateways = Gateways(self.keys, self.clients)
        with serving(create_app(gateways.settings(dead, dead, dead, database_url=SecretStr(url)))) as base:
            yield base

    @asynccontextmanager
    async def admins(self, server: Postgres) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
        """Of clients, and of the audit trail."""
        with self.gateway(server) as url:
            tokens = [await token_of(url, name) for name in ("security-admin", "auditor")]
            security, auditor = [client(url, headers={"Authorization": f"Bearer {token}"}) for token in tokens]
            async with security as writes, auditor as reads:
                yield writes, reads

    async def migrate(self, server: Postgres) -> None:
        await bootstrap(server.admin_url(), self.keys.role_passwords)
        passwords = self.keys.role_passwords
        owners = {
            f"JIUYE_{schema.upper()}_OWNER_URL": role_url(
                server.admin_url(), f"{schema}_owner", passwords[f"{schema}_owner"], DATABASE
            )
            for schema in SCHEMAS
        }
        command = [sys.executable, "-m", "migrations", "upgrade"]
        environment = os.environ | owners | {"PYTHONPATH": "services"}
        await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=environment, check=True, capture_output=True)

    def base_backup(self, server: Postgres, name: str) -> None:
        program = str(postgres_folder() / "pg_basebackup")
        target = f"--pgdata={self.folder / name}"
        subprocess.run([program, target, f"--dbname={server.admin_url()}"], check=True, capture_output=True)

    def restored(self, base: str, name: str, until: str | None) -> Postgres:
        """A server that begins as the base backup and replays the archive, to its end or to an instant."""
        shutil.copytree(self.folder / base, self.folder / name)
        (self.folder / name / "recovery.signal").touch()
        settings = {"restore_command": f"cp {self.archive}/%f %p", "recovery_target_action": "promote"}
        return self.server(name, settings | ({"recovery_target_time": until} if until else {}))


async def made(security: httpx.AsyncClient, *names: str) -> None:
    for name in names:
        answer = await security.post(CLIENTS, json={"id": name, "name": name, "kind": "ADMIN"})
        assert answer.status_code == 201, answer.text


async def seen(server: Postgres, installation: Installation) -> set[str]:
    """The clients that a restored server knows, its trail whole and writing possible."""
    async with asyncio.timeout(60):
        connection = await asyncpg.connect(server.admin_url(DATABASE))
        while await connection.fetchval("SELECT pg_is_in_recovery()"):
            await asyncio.sleep(0.05)
        await connection.close()
    async with installation.admins(server) as (security, auditor):
        names = {one["id"] for one in (await security.get(f"{CLIENTS}?limit=100")).json()["items"]}
        assert (await auditor.get("/api/v1/admin/audit-verification")).json()["is_whole"] is True
        await made(security, "afterwards")
    return {name for name in names if name.startswith("made-")}


async def test_the_database_comes_back_as_it_was_at_an_instant_and_at_its_last_moment(
    tmp_path: Path,
    secret_hash: str,  # noqa: F811  a fixture
) -> None:
    """R20, by archive: nothing that was archived is lost, nothing after the instant is there."""
    installation = Installation(tmp_path, secret_hash)
    archive = f"test ! -f {installation.archive}/%f && cp %p {installation.archive}/%f"
    first = installation.server("first", {"archive_mode": "on", "archive_command": archive, "archive_timeout": "60s"})
    with running(first, tmp_path / "first.log"):
        await installation.migrate(first)
        async with installation.admins(first) as (security, _):
            await made(security, "made-1", "made-2")
            await asyncio.to_thread(installation.base_backup, first, "base")
            await made(security, "made-3")
            server: Any = await asyncpg.connect(first.admin_url())
            instant = str(await server.fetchval("SELECT clock_timestamp()"))
            await made(security, "made-4", "made-5")
            await server.execute("SELECT pg_switch_wal()")  # what archive_timeout does by itself after a minute
            async with asyncio.timeout(30):
                while (await server.fetchval("SELECT count(*) FROM pg_stat_archiver WHERE last_archived_wal >= $1",
                       await server.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn() - 1)"))) == 0:  # fmt: skip
                    await asyncio.sleep(0.05)
            await server.close()
    expected = {instant: {"made-1", "made-2", "made-3"}, None: {f"made-{n}" for n in range(1, 6)}}
    for turn, (until, names) in enumerate(expected.items()):
        restored = installation.restored("base", f"restored-{turn}", until)
        with running(restored, tmp_path / f"restored-{turn}.log"):
            assert await seen(restored, installation) == names
