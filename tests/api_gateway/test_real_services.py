"""The real services behind the real route table."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

import eligibility_svc.main
import loans_svc.main
import targets_svc.main
from api_gateway.documents.domain import operations
from api_gateway.forwarding.route_table import load_route_table
from api_gateway.identity.repository import load_roles
from kit.testing import client, serving, settings_of
from tests.api_gateway.conftest import UPSTREAMS, Gateways, assert_problem, token_of
from tests.contracts.validity import assert_valid

APPS = {
    "targets": targets_svc.main.create_app,
    "eligibility": eligibility_svc.main.create_app,
    "loans": loans_svc.main.create_app,
}


@pytest.fixture(scope="module")
async def platform(infrastructure: Any, gateways: Gateways) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway whose internal keys the services know, and the three services with empty databases."""
    database = infrastructure.new_database()
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        for name, create_app in APPS.items():
            settings = settings_of(infrastructure.service_environment(name, database))
            settings = settings.model_copy(update={"eligibility_url": urls.get("eligibility")})
            urls[name] = stack.enter_context(serving(create_app(settings)))
        same_keys = Gateways(infrastructure.keys, gateways.clients_file)
        url = stack.enter_context(same_keys.running(urls["targets"], urls["eligibility"], urls["loans"]))
        async with client(url) as made:
            yield made


async def test_all_are_ready(platform: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while (ready := await platform.get("/readyz")).status_code != 200:  # their first connections take a moment
            await asyncio.sleep(0.05)
    assert ready.json()["status"] == "ok"
    assert ready.json()["upstreams"] == dict.fromkeys(UPSTREAMS, "up")


@pytest.mark.parametrize(
    "path", ["/api/v1/targets/units", "/api/v1/eligibility/facts", "/api/v1/loans/rules", "/api/v1/targets/indicators"]
)
async def test_a_token_of_the_gateway_opens_each_service(platform: httpx.AsyncClient, path: str) -> None:
    assert_problem(await platform.get(path), 401, "TOKEN_MISSING")
    token = await token_of(str(platform.base_url))
    answer = await platform.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"]


async def test_a_narrowed_token_is_narrow_behind_the_gate(platform: httpx.AsyncClient) -> None:
    token = await token_of(str(platform.base_url), scope="loans.rule.read")
    headers = {"Authorization": f"Bearer {token}"}
    assert (await platform.get("/api/v1/loans/rules", headers=headers)).status_code == 200
    assert_problem(await platform.get("/api/v1/targets/units", headers=headers), 403, "SCOPE_MISSING")


async def test_a_problem_of_a_service_arrives_with_the_request_id_of_the_gateway(platform: httpx.AsyncClient) -> None:
    token = await token_of(str(platform.base_url))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = await platform.post("/api/v1/eligibility/checks", content=b'{"a": 1, "a": 2}', headers=headers)
    assert_problem(answer, 400, "MALFORMED_JSON")
    assert_problem(await platform.get("/api/v1/targets/nothing", headers=headers), 404, "NOT_FOUND")


async def document_at(platform: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await platform.get(path)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_the_merged_document_of_the_real_services_is_valid_and_whole(platform: httpx.AsyncClient) -> None:
    document = await document_at(platform, "/openapi.json")
    assert_valid(document)
    merged = {(method, path) for method, path, _ in operations(document)}
    for name in UPSTREAMS:
        single = await document_at(platform, f"/openapi/{name}.json")
        assert_valid(single)
        for method, path, _ in operations(single):
            assert (method, path) in merged, f"{method} {path} cannot be reached through the gateway"
            route = load_route_table(UPSTREAMS).route_of(path.encode())
            assert route is not None
            assert route.upstream == name


async def test_every_scope_of_a_call_is_held_by_somebody_and_every_scope_held_opens_a_call(
    platform: httpx.AsyncClient,
) -> None:
    document = await document_at(platform, "/openapi.json")
    needed = {
        scope
        for _, _, operation in operations(document)
        for need in operation.get("security", [])
        for scopes in need.values()
        for scope in scopes
    }
    held = {scope for role in load_roles().values() for scope in role.scopes}
    assert needed - held == set(), "nobody may make this call"
    assert held - needed == set(), "this scope opens nothing"


async def test_a_loan_is_applied_for_and_the_borrower_checked_in_the_name_of_the_caller(
    platform: httpx.AsyncClient,
) -> None:
    """The client can neither send the token for the other service itself nor widen its own."""
    document = await document_at(platform, "/openapi/loans.json")
    body = document["components"]["schemas"]["LoanCreate"]["examples"][0]
    token = await token_of(str(platform.base_url))
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "loan-1", "X-Onward-Eligibility": "of-the-client"}
    answer = await platform.post("/api/v1/loans/loans", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["applied_by"] == "platform"
    assert answer.json()["eligibility"]["outcome"] == "ELIGIBLE"
    narrow = await token_of(str(platform.base_url), scope="loans.loan.apply")
    headers |= {"Authorization": f"Bearer {narrow}", "Idempotency-Key": "loan-2"}
    assert_problem(await platform.post("/api/v1/loans/loans", json=body, headers=headers), 403, "SCOPE_MISSING")
