"""A dump that was taken while people worked is a whole picture: it comes back with its rights and an unbroken trail."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import asyncpg

from api_gateway.main import create_app
from kit.testing import client, serving
from onebox.binaries import postgres_folder
from tests.api_gateway.administration.conftest import kept  # noqa: F401  a fixture
from tests.api_gateway.conftest import token_of

CLIENTS = "/api/v1/admin/clients"


async def run(program: str, *arguments: str) -> None:
    started = await asyncio.create_subprocess_exec(
        str(postgres_folder() / program), *arguments, stdout=-1, stderr=-1, env={"PATH": os.environ["PATH"]}
    )
    said, errors = await started.communicate()
    assert started.returncode == 0, (said + errors).decode()


async def test_a_dump_taken_while_clients_are_made_comes_back_whole(
    infrastructure: Any,
    kept: Callable[..., Any],  # noqa: F811  a fixture
    tmp_path: Any,
) -> None:
    """R20, by pg_dump: what was acknowledged before it began is in it, and the chain of the trail verifies."""
    database, restored, dump = infrastructure.new_database(), "jiuye_restored", str(tmp_path / "dump")
    made: list[str] = []
    with serving(create_app(kept(database))) as url:
        token = {"Authorization": f"Bearer {await token_of(url, 'security-admin')}"}
        async with client(url, headers=token) as admin:

            async def work() -> None:
                while len(made) < 90:  # a page of them
                    name = f"made-{len(made)}"
                    answer = await admin.post(CLIENTS, json={"id": name, "name": name, "kind": "ADMIN"})
                    assert answer.status_code == 201, answer.text
                    made.append(name)

            working = asyncio.create_task(work())
            async with asyncio.timeout(20):
                while len(made) < 3:
                    await asyncio.sleep(0.01)
            for _ in range(20):  # a dump may be done sooner than a client is made
                before = list(made)
                await run(
                    "pg_dump", "--format=custom", f"--file={dump}", f"--dbname={infrastructure.admin_url(database)}"
                )
                if len(made) > len(before):
                    break
            assert len(made) > len(before), "work went on"
            working.cancel()
    server = await asyncpg.connect(infrastructure.admin_url())
    await server.execute(f"CREATE DATABASE {restored}")
    try:
        await run("pg_restore", "--exit-on-error", f"--dbname={infrastructure.admin_url(restored)}", dump)
        with serving(create_app(kept(restored))) as url:
            security, auditor = [
                {"Authorization": f"Bearer {await token_of(url, name)}"} for name in ("security-admin", "auditor")
            ]
            async with client(url) as caller:
                found = (await caller.get(f"{CLIENTS}?limit=100", headers=security)).json()["items"]
                names = {one["id"] for one in found if one["id"].startswith("made-")}
                assert set(before) <= names <= {*made, f"made-{len(made)}"}
                entries = await caller.get(
                    "/api/v1/admin/audit-entries?limit=100&action=client.create", headers=auditor
                )
                assert len(entries.json()["items"]) == len(names), "each with its entry"
                verified = (await caller.get("/api/v1/admin/audit-verification", headers=auditor)).json()
                assert verified["is_whole"] is True
                new = await caller.post(
                    CLIENTS, json={"id": "afterwards", "name": "x", "kind": "ADMIN"}, headers=security
                )
                assert new.status_code == 201
    finally:
        await server.execute(f"DROP DATABASE {restored} WITH (FORCE)")
        await server.close()
