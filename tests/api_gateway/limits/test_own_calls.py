"""The gateway's own calls are limited like the forwarded ones; who proves nothing costs nobody else anything."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from kit.testing import client
from tests.api_gateway.conftest import SECRET, Gateways, assert_problem

FORM = {"grant_type": "client_credentials", "client_id": "city", "client_secret": SECRET}


@pytest.fixture
async def narrow(gateways: Gateways, tmp_path: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that lets everybody make five calls, and then one in ten minutes; alone it grants half of ten."""
    file = tmp_path / "limits.yaml"
    file.write_text(
        "kinds: {default: {quota: 1, burst: 10}}\n"
        "platform: {quota: 6000, burst: 600, kiosk_kinds: [KIOSK], kiosk_share: 0.25}\n"
    )
    with gateways.running("http://127.0.0.1:9", settings={"limits_file": file}) as url:
        async with client(url) as made:
            yield made


async def test_tokens_and_calls_draw_on_one_bucket(narrow: httpx.AsyncClient) -> None:
    given = await narrow.post("/oauth/token", data=FORM)
    assert given.headers["ratelimit-policy"] == '"client";q=1;w=60'
    assert given.headers["ratelimit"] == '"client";r=4;t=0'
    headers = {"Authorization": f"Bearer {given.json()['access_token']}"}
    answers = [await narrow.get("/api/v1/kiosk/config", headers=headers) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {403}, "refused for its scope, and counted"
    assert (await narrow.get("/api/v1/targets/units", headers=headers)).status_code == 503
    assert (await narrow.post("/oauth/token", data=FORM)).status_code == 200
    for refused in (
        await narrow.get("/api/v1/kiosk/config", headers=headers),
        await narrow.post("/oauth/token", data=FORM),
        await narrow.get("/api/v1/targets/units", headers=headers),
    ):
        assert_problem(refused, 429, "RATE_LIMITED")
        assert refused.headers["ratelimit"] == '"client";r=0;t=60'
        assert len(refused.headers.get_list("ratelimit")) == 1
        assert int(refused.headers["retry-after"]) > 0


async def test_strangers_share_a_bucket_and_touch_no_other(narrow: httpx.AsyncClient) -> None:
    for _ in range(8):
        wrong = await narrow.post("/oauth/token", data=FORM | {"client_secret": "", "client_id": "city"})
        assert_problem(wrong, 401, "CLIENT_INVALID")
        assert_problem(await narrow.get("/api/v1/kiosk/config"), 401, "TOKEN_MISSING")
    paths = ["/docs", "/.well-known/jwks.json", "/openapi/nothing.json", "/docs", "/docs"]
    assert [(await narrow.get(path)).status_code for path in paths] == [200, 200, 404, 200, 200]
    for path in ("/docs", "/openapi.json", "/.well-known/jwks.json"):
        assert_problem(await narrow.get(path), 429, "RATE_LIMITED")
    code = await narrow.post("/api/v1/kiosk/enrolments", json={"code": "7KQ2-M9XD-4HTR"})
    assert_problem(code, 429, "RATE_LIMITED")
    assert (await narrow.post("/oauth/token", data=FORM)).status_code == 200, "a client has its own"
    for path in ("/healthz", "/metrics"):
        assert (await narrow.get(path)).status_code == 200, "operators are never refused"
