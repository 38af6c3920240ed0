"""`POST /oauth/token`: RFC 6749 §4.4 and §5, with refusals as problems."""

import asyncio
import base64
import statistics
import time
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from kit.ids import new_id
from tests.api_gateway.conftest import SECRET, Gateways, assert_problem, changed_table
from tests.api_gateway.raw import exchange

FORM = {"grant_type": "client_credentials", "client_id": "platform", "client_secret": SECRET}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def assert_refused(answer: httpx.Response, status: int, code: str, error: str) -> None:
    body = assert_problem(answer, status, code)
    assert body["error"] == error
    assert body["error_description"].isascii()
    assert answer.headers["cache-control"] == "no-store"
    assert SECRET not in answer.text


async def test_a_client_gets_a_token_with_all_its_scopes(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/oauth/token", data=FORM)
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 1800
    assert "targets.plan.read" in body["scope"].split()
    assert "targets.report.approve" not in body["scope"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]


async def test_basic_credentials_are_an_alternative(anonymous: httpx.AsyncClient) -> None:
    form = {"grant_type": "client_credentials"}
    assert (await anonymous.post("/oauth/token", data=form, headers=basic("platform", SECRET))).status_code == 200
    encoded = basic(quote_plus("platform"), quote_plus(SECRET))
    named_twice = form | {"client_id": "platform"}
    assert (await anonymous.post("/oauth/token", data=named_twice, headers=encoded)).status_code == 200


async def test_scope_narrows_and_an_empty_one_asks_for_all(anonymous: httpx.AsyncClient) -> None:
    narrow = await anonymous.post("/oauth/token", data=FORM | {"scope": "targets.plan.read loans.rule.read"})
    assert narrow.json()["scope"] == "loans.rule.read targets.plan.read"
    empty = await anonymous.post("/oauth/token", data=FORM | {"scope": ""})
    assert len(empty.json()["scope"].split()) > 5


@pytest.mark.parametrize(
    "scope",
    ["targets.report.approve", "no.such.scope", "targets.plan.read no.such.scope", 'a"b', "a  b", "计划", "a\nb"],
)
async def test_a_scope_that_is_unknown_malformed_or_not_granted_is_refused(
    anonymous: httpx.AsyncClient, scope: str
) -> None:
    answer = await anonymous.post("/oauth/token", data=FORM | {"scope": scope})
    assert_refused(answer, 400, "SCOPE_NOT_GRANTED", "invalid_scope")
    assert scope not in answer.text


@pytest.mark.parametrize(
    ("form", "headers", "status", "code", "error"),
    [
        ({"client_id": "nobody-1"}, {}, 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_id": "city", "client_secret": "wrong"}, {}, 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_secret": None}, {}, 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_secret": ""}, {}, 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_id": None}, {}, 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_id": None, "client_secret": None}, basic("nobody-2", "x"), 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_secret": None}, basic("", ""), 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_secret": None}, {"Authorization": "Basic ***"}, 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_secret": None}, {"Authorization": "Basic gA=="}, 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_secret": None}, {"Authorization": "Bearer x"}, 401, "CLIENT_INVALID", "invalid_client"),
        ({"client_secret": None}, basic("%ff", "x"), 401, "CLIENT_INVALID", "invalid_client"),
        ({}, basic("platform", SECRET), 400, "TOKEN_REQUEST_INVALID", "invalid_request"),
        ({"client_secret": None}, basic("kiosk", SECRET), 400, "TOKEN_REQUEST_INVALID", "invalid_request"),
        ({"grant_type": None}, {}, 400, "TOKEN_REQUEST_INVALID", "invalid_request"),
        ({"grant_type": "password"}, {}, 400, "GRANT_TYPE_UNSUPPORTED", "unsupported_grant_type"),
    ],
)
async def test_what_is_wrong_is_told_as_the_rfc_tells_it(
    anonymous: httpx.AsyncClient,
    form: dict[str, Any],
    headers: dict[str, str],
    status: int,
    code: str,
    error: str,
) -> None:
    sent = {name: value for name, value in (FORM | form).items() if value is not None}
    answer = await anonymous.post("/oauth/token", data=sent, headers=headers)
    assert_refused(answer, status, code, error)
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "body",
    [
        "grant_type=client_credentials&client_id=platform&client_id=city&client_secret=x",
        "grant_type=client_credentials&grant_type=client_credentials&client_id=platform&client_secret=x",
        "client_id=platform&client_secret=x&grant_type",
        "&".join(f"field{n}=1" for n in range(30)),
        "client_id=%ff&client_secret=x&grant_type=client_credentials",
    ],
)
async def test_a_form_with_two_readings_is_refused(anonymous: httpx.AsyncClient, body: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await anonymous.post("/oauth/token", content=body, headers=headers)
    assert_refused(answer, 400, "TOKEN_REQUEST_INVALID", "invalid_request")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "",
        "application/x-www-form-urlencoded; charset=gbk",
    ],
)
async def test_another_media_type_is_refused(anonymous: httpx.AsyncClient, media_type: str) -> None:
    answer = await anonymous.post("/oauth/token", content=b"{}", headers={"Content-Type": media_type})
    assert_refused(answer, 415, "MEDIA_TYPE", "invalid_request")


async def test_a_large_form_is_refused(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/oauth/token", data=FORM | {"padding": "x" * 9000})
    assert_refused(answer, 413, "BODY_TOO_LARGE", "invalid_request")


async def test_credentials_in_the_address_are_refused_even_when_right(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post(f"/oauth/token?client_secret={SECRET}", data=FORM)
    assert_refused(answer, 400, "TOKEN_REQUEST_INVALID", "invalid_request")


async def test_only_post_is_allowed(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/oauth/token")
    assert_problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "POST"


async def test_a_form_that_never_comes_is_given_up(gateways: Gateways) -> None:
    with gateways.running("http://127.0.0.1:9", table=changed_table(client_silence_seconds=0.3)) as url:
        head = "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        answer = await exchange(url, head.encode() + b"Content-Length: 10\r\n\r\ngrant")
    assert b" 408 " in answer.splitlines()[0]
    assert b"REQUEST_TIMEOUT" in answer


async def test_guessing_is_stopped_and_the_client_itself_is_not_locked_out(gateways: Gateways) -> None:
    with gateways.running("http://127.0.0.1:9") as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as stranger:
            known = await stranger.post("/oauth/token", data=FORM | {"client_id": "bank-a"})
            assert known.status_code == 200
            for client_id in ("bank-a", f"nobody-{new_id()}"):
                wrong = FORM | {"client_id": client_id, "client_secret": "wrong"}
                guesses = await asyncio.gather(*(stranger.post("/oauth/token", data=wrong) for _ in range(12)))
                statuses = sorted(guess.status_code for guess in guesses)
                assert statuses == [401] * 5 + [429] * 7
                stopped = await stranger.post("/oauth/token", data=wrong)
                assert_refused(stopped, 429, "TOO_MANY_FAILURES", "temporarily_unavailable")
                assert 0 < int(stopped.headers["retry-after"]) <= 600
                assert stopped.headers["ratelimit-policy"] == '"login";q=5;w=600'
                assert stopped.headers["ratelimit"].startswith('"login";r=0;t=')
            again = await stranger.post("/oauth/token", data=FORM | {"client_id": "bank-a"})
            assert again.status_code == 200, "its secret had been verified before the guesses"
            other = await stranger.post("/oauth/token", data=FORM)
            assert other.status_code == 200


async def test_an_unknown_client_takes_as_long_as_a_wrong_secret(gateways: Gateways) -> None:
    async def seconds(stranger: httpx.AsyncClient, client_id: str) -> float:
        started = time.perf_counter()
        answer = await stranger.post("/oauth/token", data=FORM | {"client_id": client_id, "client_secret": "wrong"})
        assert answer.status_code == 401
        return time.perf_counter() - started

    with gateways.running("http://127.0.0.1:9") as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as stranger:
            # Interleaved, so that a slow moment of the machine meets both; an answer without a hash takes a tenth.
            pairs = [
                (await seconds(stranger, client_id), await seconds(stranger, f"nobody-{n}"))
                for n, client_id in enumerate(["platform", "kiosk", "city", "staff-ZZ01"] * 4)
            ]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert 0.4 < unknown / known < 2.5


async def test_many_logins_of_one_client_at_once_all_succeed(anonymous: httpx.AsyncClient) -> None:
    form = FORM | {"client_id": "staff-ZZ01"}
    answers = await asyncio.gather(*(anonymous.post("/oauth/token", data=form) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 30
