"""Clients are made, change their keys without a gap, and are shut out at once; and all of it is written down."""

import base64
import json
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from api_gateway.main import create_app
from kit.testing import client, serving
from tests.api_gateway.administration.conftest import Signed
from tests.api_gateway.conftest import SECRET, assert_problem, token_of

CLIENTS = "/api/v1/admin/clients"
ROLES = "/api/v1/admin/roles"


async def made(security: httpx.AsyncClient, name: str, kind: str = "ADMIN", **more: Any) -> dict[str, Any]:
    answer = await security.post(CLIENTS, json={"id": name, "name": name, "kind": kind} | more)
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    body: dict[str, Any] = answer.json()
    return body


async def asks(url: str, client_id: str, secret: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    async with client(url) as anonymous:
        return await anonymous.post("/oauth/token", data=form)


async def test_a_new_client_signs_in_with_the_secret_that_was_shown_once(
    kept_url: str, security: httpx.AsyncClient
) -> None:
    created = await made(security, "new-admin")
    assert created["scopes"] == sorted(created["scopes"])
    answer = await asks(kept_url, "new-admin", created["client_secret"])
    assert answer.status_code == 200
    async with client(kept_url, headers={"Authorization": f"Bearer {answer.json()['access_token']}"}) as caller:
        assert (await caller.get(ROLES)).status_code == 200
    shown = await security.get(f"{CLIENTS}/new-admin")
    assert "client_secret" not in shown.json()
    assert created["client_secret"] not in shown.text
    assert_problem(
        await security.post(CLIENTS, json={"id": "new-admin", "name": "x", "kind": "ADMIN"}), 409, "CLIENT_EXISTS"
    )


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"kind": "NOBODY"}, "/kind", "UNKNOWN_KIND"),
        ({"scopes": ["admin.role.read", "audit.read"]}, "/scopes/1", "SCOPE_NOT_OF_KIND"),
        ({"kind": "STAFF"}, "/unit", "REQUIRED"),
        ({"kind": "BANK"}, "/bank", "REQUIRED"),
    ],
)
async def test_a_client_that_no_role_allows_is_refused_with_the_place(
    security: httpx.AsyncClient, change: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await security.post(CLIENTS, json={"id": "wrong", "name": "错", "kind": "ADMIN"} | change)
    problem = assert_problem(answer, 422, "CLIENT_ENTRY_INVALID")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    assert (await security.get(f"{CLIENTS}/wrong")).status_code == 404


async def test_two_keys_overlap_while_a_client_changes_over(kept_url: str, security: httpx.AsyncClient) -> None:
    old = (await made(security, "rotating"))["client_secret"]
    keys = f"{CLIENTS}/rotating/keys"
    assert_problem(await security.post(keys), 428, "IF_MATCH_REQUIRED")
    answer = await security.post(keys, headers={"If-Match": '"1"'})
    assert answer.status_code == 201
    new, version = answer.json()["client_secret"], answer.headers["etag"]
    assert answer.json()["slot"] == 2
    assert [(await asks(kept_url, "rotating", secret)).status_code for secret in (old, new)] == [200, 200]
    assert_problem(await security.post(keys, headers={"If-Match": '"1"'}), 412, "VERSION_STALE")
    assert_problem(await security.post(keys, headers={"If-Match": version}), 409, "CLIENT_KEYS_FULL")
    assert (await security.delete(f"{keys}/1", headers={"If-Match": version})).status_code == 204
    assert [(await asks(kept_url, "rotating", secret)).status_code for secret in (old, new)] == [401, 200]
    version = (await security.get(f"{CLIENTS}/rotating")).headers["etag"]
    assert_problem(await security.delete(f"{keys}/1", headers={"If-Match": version}), 404, "CLIENT_KEY_NOT_FOUND")
    assert_problem(await security.delete(f"{keys}/2", headers={"If-Match": version}), 409, "CLIENT_LAST_KEY")
    third = await security.post(keys, headers={"If-Match": version})
    assert third.json()["slot"] == 1
    assert (await asks(kept_url, "rotating", third.json()["client_secret"])).status_code == 200


async def test_a_disabled_client_is_out_at_once_and_comes_back_with_new_tokens(
    kept_url: str, security: httpx.AsyncClient
) -> None:
    secret = (await made(security, "leaving"))["client_secret"]
    token = (await asks(kept_url, "leaving", secret)).json()["access_token"]
    async with client(kept_url, headers={"Authorization": f"Bearer {token}"}) as caller:
        assert (await caller.get(ROLES)).status_code == 200
        off = await security.post(f"{CLIENTS}/leaving/disabling", json={"reason": "合作到期"})
        assert off.json()["is_disabled"] is True
        assert_problem(await caller.get(ROLES), 401, "TOKEN_INVALID")
        assert (await asks(kept_url, "leaving", secret)).json()["code"] == "CLIENT_INVALID"
        assert (await security.post(f"{CLIENTS}/leaving/enabling", json={"reason": "续约"})).status_code == 200
        assert_problem(await caller.get(ROLES), 401, "TOKEN_INVALID")
    renewed = (await asks(kept_url, "leaving", secret)).json()["access_token"]
    async with client(kept_url, headers={"Authorization": f"Bearer {renewed}"}) as caller:
        assert (await caller.get(ROLES)).status_code == 200


async def test_scopes_that_are_taken_away_end_the_tokens_that_carry_them(
    kept_url: str, security: httpx.AsyncClient
) -> None:
    secret = (await made(security, "shrinking"))["client_secret"]
    token = (await asks(kept_url, "shrinking", secret)).json()["access_token"]
    change = {"scopes": ["admin.client.read"], "name": "缩减"}
    answer = await security.patch(f"{CLIENTS}/shrinking", json=change, headers={"If-Match": '"1"'})
    assert (answer.json()["scopes"], answer.json()["name"]) == (["admin.client.read"], "缩减")
    async with client(kept_url, headers={"Authorization": f"Bearer {token}"}) as caller:
        assert_problem(await caller.get(ROLES), 401, "TOKEN_INVALID")
    assert (await asks(kept_url, "shrinking", secret)).json()["scope"] == "admin.client.read"


@pytest.mark.parametrize("by", ["subject", "token_id"])
async def test_a_revoked_token_opens_nothing_and_another_one_does(
    kept_url: str, security: httpx.AsyncClient, by: str
) -> None:
    """S5: revoked."""
    name = f"revoked-{by.replace('_', '-')}"
    secret = (await made(security, name))["client_secret"]
    first, second = [(await asks(kept_url, name, secret)).json()["access_token"] for _ in range(2)]
    claims = json.loads(_unpadded(first.split(".")[1]))
    what = {"subject": name} if by == "subject" else {"token_id": claims["jti"]}
    assert (await security.post("/api/v1/admin/token-revocations", json=what | {"reason": "误发"})).status_code == 201
    third = (await asks(kept_url, name, secret)).json()["access_token"]
    codes = []
    for token in (first, second, third):
        async with client(kept_url, headers={"Authorization": f"Bearer {token}"}) as caller:
            codes.append((await caller.get(ROLES)).status_code)
    assert codes == ([401, 401, 200] if by == "subject" else [401, 200, 200])


def _unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("body", [{"reason": "x"}, {"subject": "a", "token_id": "0" * 8, "reason": "x"}, {}])
async def test_a_revocation_names_one_thing_and_a_reason(security: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert_problem(await security.post("/api/v1/admin/token-revocations", json=body), 422, "VALIDATION_FAILED")


async def test_nobody_shuts_himself_out(security: httpx.AsyncClient) -> None:
    own = f"{CLIENTS}/security-admin"
    assert_problem(await security.post(f"{own}/disabling", json={"reason": "x"}), 409, "OWN_ACCOUNT")
    version = (await security.get(own)).headers["etag"]
    assert_problem(await security.patch(own, json={"name": "x"}, headers={"If-Match": version}), 409, "OWN_ACCOUNT")


async def test_another_gateway_hears_of_it_and_serves_on_without_the_database(
    infrastructure: Any, kept: Callable[..., Any]
) -> None:
    database = infrastructure.new_database()
    with serving(create_app(kept(database))) as here, serving(create_app(kept(database))) as there:
        admin, platform = await token_of(here, "security-admin"), await token_of(there, "platform")
        async with client(here, headers={"Authorization": f"Bearer {admin}"}) as security:
            off = await security.post(f"{CLIENTS}/platform/disabling", json={"reason": "x"})
            assert off.status_code == 200
            async with client(there, headers={"Authorization": f"Bearer {platform}"}) as caller:
                while (await caller.get(ROLES)).status_code != 401:  # without the scope it is 403 before
                    pass
            connection = await asyncpg.connect(infrastructure.admin_url())
            await connection.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database
            )
            await connection.close()
            assert (await security.get(ROLES)).status_code == 200
            assert await token_of(here, "admin")
            answer = await security.get(CLIENTS)
            assert_problem(answer, 503, "DATABASE_UNAVAILABLE")


async def test_the_clients_file_is_followed_until_an_admin_changes_a_client(
    infrastructure: Any, kept: Callable[..., Any], tmp_path: Any
) -> None:
    database = infrastructure.new_database()
    content = json.loads(kept.gateways.clients_file.read_text())  # type: ignore[attr-defined]
    file = tmp_path / "clients.json"
    file.write_text(json.dumps(content))
    with serving(create_app(kept(database, clients_file=file))) as url:
        token = await token_of(url, "security-admin")
        async with client(url, headers={"Authorization": f"Bearer {token}"}) as security:
            await security.patch(f"{CLIENTS}/admin", json={"name": "改过"}, headers={"If-Match": '"1"'})
    content["clients"]["admin"]["name"] = content["clients"]["auditor"]["name"] = "文件里的新名字"
    content["clients"]["second"] = content["clients"]["admin"]
    del content["clients"]["platform"]
    file.write_text(json.dumps(content))
    with serving(create_app(kept(database, clients_file=file))) as url:
        token = await token_of(url, "security-admin")
        async with client(url, headers={"Authorization": f"Bearer {token}"}) as security:
            found = {item["id"]: item["name"] for item in (await security.get(CLIENTS)).json()["items"]}
        assert found == {
            "admin": "改过",
            "auditor": "文件里的新名字",
            "second": "文件里的新名字",
            "security-admin": "SECURITY_ADMIN",
        }
        assert (await asks(url, "platform", SECRET)).status_code == 401


async def test_lists_are_paged_by_id(security: httpx.AsyncClient) -> None:
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await security.get(CLIENTS, params=query)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(set(seen))
    assert {"admin", "auditor", "platform", "security-admin"} <= set(seen)


async def test_the_three_admins_are_kept_apart(signed_in: Signed) -> None:
    calls = {
        "admin.client.write": ("POST", CLIENTS),
        "admin.token.revoke": ("POST", "/api/v1/admin/token-revocations"),
        "admin.device.write": ("POST", "/api/v1/admin/devices"),
        "admin.device.approve": ("POST", "/api/v1/admin/devices/x/approval"),
        "audit.read": ("GET", "/api/v1/admin/audit-entries"),
    }
    may = {}
    for name in ("admin", "security-admin", "auditor", "platform"):
        async with signed_in(name) as caller:
            for scope, (method, path) in calls.items():
                answer = await caller.request(method, path, json={} if method == "POST" else None)
                if answer.status_code != 403:
                    may.setdefault(name, set()).add(scope)
    assert may == {
        "admin": {"admin.device.write"},
        "security-admin": {"admin.client.write", "admin.token.revoke", "admin.device.approve"},
        "auditor": {"audit.read"},
    }
