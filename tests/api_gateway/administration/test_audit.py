"""What admins did stands in the trail, in order, and the database itself keeps it from being changed."""

from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api_gateway.conftest import assert_problem

ENTRIES = "/api/v1/admin/audit-entries"


async def test_a_call_is_told_with_who_did_what_to_whom_and_why(
    security: httpx.AsyncClient, auditor: httpx.AsyncClient
) -> None:
    created = await security.post(
        "/api/v1/admin/clients", json={"id": "audited", "name": "甲", "kind": "ADMIN", "scopes": ["admin.role.read"]}
    )
    off = await security.post("/api/v1/admin/clients/audited/disabling", json={"reason": "到期"})
    page = (await auditor.get(ENTRIES, params={"object": "client:audited"})).json()
    newest, first = page["items"]
    assert (first["action"], newest["action"]) == ("client.create", "client.disable")
    assert first["actor"] == newest["actor"] == "security-admin"
    assert first["actor_kind"] == "SECURITY_ADMIN"
    assert first["detail"]["scopes"] == ["admin.role.read"]
    assert newest["detail"] == {"reason": "到期"}
    assert (first["request_id"], newest["request_id"]) == (
        created.headers["x-request-id"],
        off.headers["x-request-id"],
    )
    assert created.json()["client_secret"] not in (await auditor.get(ENTRIES)).text


async def test_a_refused_call_leaves_no_entry_and_no_client(
    security: httpx.AsyncClient, auditor: httpx.AsyncClient
) -> None:
    before = (await auditor.get(ENTRIES)).json()["items"][0]["seq"]
    await security.post("/api/v1/admin/clients", json={"id": "admin", "name": "甲", "kind": "ADMIN"})
    await security.post("/api/v1/admin/clients/nobody/disabling", json={"reason": "x"})
    assert (await auditor.get(ENTRIES)).json()["items"][0]["seq"] == before


async def test_pages_run_from_the_newest_to_the_first(auditor: httpx.AsyncClient) -> None:
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await auditor.get(ENTRIES, params=query)).json()
        seen += [item["seq"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == list(range(seen[0], 0, -1))
    other = await auditor.get(ENTRIES, params={"cursor": page["next"] or "x", "actor": "admin"})
    assert_problem(other, 400, "CURSOR_INVALID")


async def test_a_row_that_somebody_changes_behind_our_back_is_named(
    infrastructure: Any, kept: Callable[..., Any], auditor: httpx.AsyncClient
) -> None:
    whole = (await auditor.get("/api/v1/admin/audit-verification")).json()
    assert whole["is_whole"] is True
    assert whole["verified"] == whole["seq"] > 0
    connection = await asyncpg.connect(infrastructure.admin_url(kept.database))  # type: ignore[attr-defined]
    try:
        actor = await connection.fetchval("SELECT actor FROM gateway.audit_entry WHERE seq = 1")
        await connection.execute("UPDATE gateway.audit_entry SET actor = 'nobody' WHERE seq = 1")
        broken = (await auditor.get("/api/v1/admin/audit-verification")).json()
        assert broken["fault"] == {"seq": 1, "reason": "ALTERED"}
        assert broken["is_whole"] is False
        await connection.execute("UPDATE gateway.audit_entry SET actor = $1 WHERE seq = 1", actor)
        assert (await auditor.get("/api/v1/admin/audit-verification")).json()["is_whole"] is True
    finally:
        await connection.close()


@pytest.mark.parametrize("duty", ["app", "worker"])
async def test_who_serves_requests_can_only_add(infrastructure: Any, kept: Callable[..., Any], duty: str) -> None:
    connection = await asyncpg.connect(infrastructure.plain_url(f"gateway_{duty}", kept.database))  # type: ignore[attr-defined]
    try:
        for statement in (
            "UPDATE gateway.audit_entry SET actor = 'x'",
            "DELETE FROM gateway.audit_entry",
            "TRUNCATE gateway.audit_entry",
            "DELETE FROM gateway.audit_head",
            "INSERT INTO gateway.audit_head VALUES (2, 0, '')",
            "DELETE FROM gateway.subject_epoch",
            "DELETE FROM gateway.registry",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
