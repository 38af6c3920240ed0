"""The merged document and the page, over HTTP."""

import re
import time
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from api_gateway.documents.service import INTRODUCTION, Documents
from api_gateway.settings import Address
from kit.testing import client, serving
from kit.webhooks.domain import new_secret, sign
from tests.api_gateway.conftest import Gateways, assert_problem, changed_table
from tests.api_gateway.upstreams import Recorder, ScriptedUpstream, dead_address, says, small_document
from tests.contracts.validity import assert_valid

OWN_CALLS = {
    "/oauth/token": "post",
    "/.well-known/jwks.json": "get",
    "/openapi.json": "get",
    "/openapi/{service}.json": "get",
    "/healthz": "get",
    "/readyz": "get",
    "/metrics": "get",
}


@pytest.fixture(scope="module")
async def documents(gateways: Gateways) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway with three living services."""
    with (
        serving(Recorder("targets")) as targets,
        serving(Recorder("eligibility")) as eligibility,
        serving(Recorder("loans")) as loans,
        gateways.running(targets, eligibility, loans) as url,
    ):
        async with client(url) as anonymous:
            yield anonymous


async def test_the_merged_document_is_valid_and_holds_everything(documents: httpx.AsyncClient) -> None:
    document = (await documents.get("/openapi.json")).json()
    single = (await documents.get("/openapi/loans.json")).json()
    assert_valid(document)
    assert_valid(single)
    assert document["openapi"].startswith("3.1")
    assert document["servers"][0]["url"] == "/"
    administered = {path for path in document["paths"] if path.startswith(("/api/v1/admin/", "/api/v1/kiosk/"))}
    assert "/api/v1/admin/clients" in administered
    assert set(document["paths"]) - administered == set(OWN_CALLS) | {
        f"/api/v1/{name}/things" for name in ("targets", "eligibility", "loans")
    }
    scopes = document["components"]["securitySchemes"]["OAuth2"]["flows"]["clientCredentials"]["scopes"]
    assert set(scopes) >= {f"{name}.thing.read" for name in ("targets", "eligibility", "loans")}
    assert "admin.client.write" in scopes
    forwarded = document["paths"]["/api/v1/loans/things"]["get"]["responses"]
    assert {"502", "503", "504", "413", "414", "431", "408", "400"} <= set(forwarded)
    assert document["paths"]["/api/v1/loans/things"]["get"]["description"] == "所需权限：`loans.thing.read`"
    assert single["info"]["title"] == "loans"
    assert single["servers"] == document["servers"]
    assert "/internal/v1/events" in single["paths"], "its own document is passed on whole"


async def test_services_whose_documents_collide_are_told_by_name(gateways: Gateways) -> None:
    with serving(Recorder("targets")) as targets, gateways.running(targets) as url:
        async with client(url) as anonymous:
            body = assert_problem(await anonymous.get("/openapi.json"), 500, "DOCUMENT_CONFLICT")
    assert "/api/v1/targets/things" in body["detail"]


async def test_each_own_call_has_an_id_a_chinese_summary_and_its_answers(documents: httpx.AsyncClient) -> None:
    paths = (await documents.get("/openapi.json")).json()["paths"]
    for path, method in OWN_CALLS.items():
        call = paths[path][method]
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", call["operationId"])
        assert re.search(r"[\u4e00-\u9fff]", call["summary"])
        assert "200" in call["responses"]
        assert "500" in call["responses"]
    token = paths["/oauth/token"]["post"]
    assert set(token["responses"]) == {"200", "400", "401", "408", "413", "414", "415", "429", "431", "500", "503"}
    for status in ("400", "401", "413", "415", "429"):
        problem = token["responses"][status]["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/TokenProblem"}
        assert problem["examples"]
    assert "application/x-www-form-urlencoded" in token["requestBody"]["content"]
    assert set(paths["/openapi.json"]["get"]["responses"]) >= {"200", "500", "503"}


async def test_a_missing_part_is_told_and_not_left_out(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/openapi.json")
    body = assert_problem(answer, 503, "UPSTREAM_UNAVAILABLE")
    assert re.search("eligibility|loans", body["detail"])
    assert_problem(await anonymous.get("/openapi/loans.json"), 503, "UPSTREAM_UNAVAILABLE")
    assert_problem(await anonymous.get("/openapi/nothing.json"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{",
        b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
        b"nonsense",
    ],
)
async def test_what_is_no_document_is_not_passed_on(
    anonymous: httpx.AsyncClient, scripted: ScriptedUpstream, answer: bytes
) -> None:
    scripted.script = says(answer)
    assert_problem(await anonymous.get("/openapi/eligibility.json"), 503, "UPSTREAM_UNAVAILABLE")


async def test_a_service_that_comes_back_is_in_the_document_again(gateways: Gateways) -> None:
    recorder = Recorder("loans")
    recorder.document = {"not": "yet"}
    with (
        serving(Recorder("targets")) as targets,
        serving(Recorder("eligibility")) as eligibility,
        serving(recorder) as loans,
        gateways.running(targets, eligibility, loans) as url,
    ):
        async with client(url) as anonymous:
            assert_problem(await anonymous.get("/openapi.json"), 503, "UPSTREAM_UNAVAILABLE")
            recorder.document = small_document("loans")
            assert (await anonymous.get("/openapi.json")).status_code == 200


async def test_the_document_is_merged_again_only_when_a_part_has_changed() -> None:
    served = small_document("loans")
    with serving(Recorder("loans", document=served)) as loans:
        async with httpx.AsyncClient() as caller:
            address = Address("127.0.0.1", int(loans.rpartition(":")[2]))
            documents = Documents(caller, {"loans": address}, changed_table(), servers=[], kept_seconds=0.0)
            own = small_document("gateway") | {"components": {"responses": {"GatewayLimited": {"headers": {}}}}}
            first = await documents.merged(own)
            assert await documents.merged(own) is first
            served["paths"]["/api/v1/loans/things"]["get"]["summary"] = "新的列表"
            assert "新的列表" in (await documents.merged(own)).decode()


def test_the_receiver_in_the_introduction_believes_our_signatures_and_no_others() -> None:
    [code] = re.findall(r"```python\n(.*?)```", INTRODUCTION.read_text(encoding="utf-8"), re.DOTALL)
    receiver: dict[str, Any] = {}
    exec(code, receiver)
    old, new, body = new_secret(), new_secret(), '{"type": "loan.disbursed", "data": {"loan_id": "甲"}}'

    def is_genuine(secret: str, said: str, *, ago: int = 0) -> bool:
        stamp = int(time.time()) - ago
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign([old, new], "msg_1", stamp, body),
        }
        return bool(receiver["is_genuine"](secret, headers, said.encode()))

    assert is_genuine(old, body)
    assert is_genuine(new, body)
    assert not is_genuine(new_secret(), body)
    assert not is_genuine(new, body + " ")
    assert not is_genuine(new, body, ago=301)


class Links(HTMLParser):
    """Every address in a page, and whether there is script in it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline_scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [value for name in ("src", "href", "action") if (value := given.get(name))]
        self.inline_scripts += tag == "script" and "src" not in given
        assert not [name for name in given if name.startswith("on")], "no handlers in attributes"


async def test_the_page_needs_nothing_from_outside(gateways: Gateways) -> None:
    with dead_address() as dead, gateways.running(dead) as url:
        async with client(url) as anonymous:
            page = await anonymous.get("/docs")
            assert page.status_code == 200
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            links = Links()
            links.feed(page.text)
            assert links.found
            assert not links.inline_scripts
            for link in links.found:
                assert link.startswith(("/", "#/"))
                assert not link.startswith("//")
                if link.startswith("/docs/"):
                    asset = await anonymous.get(link)
                    assert asset.status_code == 200
                    assert len(asset.content) > 100
    assert "://" not in page.text
    assert re.search(r"<title>[^<]*[\u4e00-\u9fff]", page.text)
    assert 'lang="zh-CN"' in page.text


async def test_the_page_may_load_and_call_this_address_alone(anonymous: httpx.AsyncClient) -> None:
    policy = (await anonymous.get("/docs")).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert "http" not in policy
    assert "*" not in policy
    script = (await anonymous.get("/docs/assets/docs.js")).text
    assert "://" not in script
    assert "validatorUrl: null" in script


@pytest.mark.parametrize("name", ["docs.html", "redoc.standalone.js", "endpoints.py", "%2e%2e", "x"])
async def test_only_the_assets_of_the_page_are_served(anonymous: httpx.AsyncClient, name: str) -> None:
    answer = await anonymous.get(f"/docs/assets/{name}")
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_page_answers_head(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.head("/docs")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100
