"""What every service answers, whatever it is asked."""

import asyncio
import json
import os
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from kit.db.engine import Database
from kit.http.app import service_app
from kit.ids import new_id
from kit.settings import ServiceSettings
from kit.testing import Caller, captured_log, client, serving
from tests.kit.http.conftest import router

NOTE = {"amount": "10.00", "on": "2018-09-01"}


def key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(8)}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["request_id"] == answer.headers["x-request-id"]
    assert any("\u4e00" <= c <= "\u9fff" for c in body["title"] + body["detail"])
    return body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"amount": "1.00", "amount": "2.00", "on": "2018-09-01"}', "MALFORMED_JSON"),
        (b'{"anything": NaN}', "MALFORMED_JSON"),
        (b'{"anything": -Infinity}', "MALFORMED_JSON"),
        (b'{"anything": 1e400}', "MALFORMED_JSON"),
        (b'{"anything": ' + b"9" * 5000 + b"}", "MALFORMED_JSON"),
        (b'{"anything": "\\u0000"}', "MALFORMED_JSON"),
        (b'{"anything": "\\ud800"}', "MALFORMED_JSON"),
        (b'{"\\ud800": 1}', "MALFORMED_JSON"),
        (b'{"anything": ' + b"[" * 33 + b"]" * 33 + b"}", "MALFORMED_JSON"),
        (b'{"anything": ' + b"[" * 900 + b"]" * 900 + b"}", "MALFORMED_JSON"),
        (b"[" * 100_000, "MALFORMED_JSON"),
        ("{}".encode("utf-16"), "MALFORMED_JSON"),
        (b"\xef\xbb\xbf{}", "MALFORMED_JSON"),
        ('{"anything": "中"}'.encode("gbk"), "MALFORMED_JSON"),
        (b"{", "MALFORMED_JSON"),
    ],
)
async def test_json_with_two_readings_is_refused_as_a_problem(notes: httpx.AsyncClient, body: bytes, code: str) -> None:
    answer = await notes.post("/api/v1/notes", content=body, headers={"Content-Type": "application/json"} | key())
    assert_problem(answer, 400, code)


async def test_32_levels_are_read(notes: httpx.AsyncClient) -> None:
    deep = b"[" * 31 + b"]" * 31
    body = b'{"amount": "1.00", "on": "2018-09-01", "anything": ' + deep + b"}"
    answer = await notes.post("/api/v1/notes", content=body, headers={"Content-Type": "application/json"} | key())
    assert answer.status_code == 201, answer.text


async def test_a_body_over_one_mebibyte_is_refused_declared_or_streamed(notes: httpx.AsyncClient) -> None:
    big = b'{"anything": "' + b"a" * (1024 * 1024) + b'"}'
    headers = {"Content-Type": "application/json"} | key()
    assert_problem(await notes.post("/api/v1/notes", content=big, headers=headers), 413, "BODY_TOO_LARGE")

    async def chunks() -> Any:
        for start in range(0, len(big), 65536):
            yield big[start : start + 65536]

    assert_problem(await notes.post("/api/v1/notes", content=chunks(), headers=headers), 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=gbk"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ],
)
async def test_other_media_types_are_refused(notes: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert_problem(await notes.post("/api/v1/notes", content=b"{}", headers=headers | key()), 415, "MEDIA_TYPE")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": 10}, "/amount"),
        ({"amount": "1e3"}, "/amount"),
        ({"amount": "٣.00"}, "/amount"),
        ({"amount": "1.234"}, "/amount"),
        ({"on": "2018-02-30"}, "/on"),
        ({"on": 20180901}, "/on"),
        ({"month": "2018-13"}, "/month"),
        ({"count": True}, "/count"),
        ({"count": "1"}, "/count"),
        ({"count": 1.0}, "/count"),
        ({"count": 11}, "/count"),
        ({"count": 2**70}, "/count"),
        ({"tags": "a"}, "/tags"),
        ({"tags": [1]}, "/tags/0"),
        ({"owner": "410199199001010011"}, "/owner"),
    ],
)
async def test_a_wrong_field_is_named_and_never_echoed(
    notes: httpx.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    answer = await notes.post("/api/v1/notes", json=NOTE | change, headers=key())
    body = assert_problem(answer, 422, "VALIDATION_FAILED")
    assert [e["pointer"] for e in body["errors"]] == [pointer]
    assert "410199199001010011" not in answer.text


async def test_unknown_path_wrong_method_and_wrong_parameter_are_problems(notes: httpx.AsyncClient) -> None:
    assert_problem(await notes.get("/api/v1/nothing"), 404, "NOT_FOUND")
    wrong = await notes.delete("/api/v1/notes")
    assert_problem(wrong, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in wrong.headers["allow"]
    assert_problem(await notes.get("/api/v1/notes/not-a-uuid"), 422, "PARAMETER_INVALID")
    assert_problem(await notes.get("/api/v1/notes?limit=0"), 422, "PARAMETER_INVALID")


async def test_an_unexpected_error_is_a_problem_without_its_message(notes: httpx.AsyncClient) -> None:
    with captured_log() as log:
        answer = await notes.post("/api/v1/notes/explosion", json={})
        assert_problem(answer, 500, "INTERNAL")
    logged = log.getvalue()
    assert "builtins.RuntimeError" in logged
    assert "410199199001010011" not in answer.text + logged


async def test_no_token_bad_token_missing_scope(notes_url: str, caller: Caller, infrastructure: Any) -> None:
    async with client(notes_url) as anonymous:
        missing = await anonymous.post("/api/v1/notes", json={"nonsense": 1})
        assert_problem(missing, 401, "TOKEN_MISSING")
        assert missing.headers["www-authenticate"].startswith("Bearer")
        bad = await anonymous.get("/api/v1/notes", headers={"Authorization": "Bearer x.y.z"})
        assert_problem(bad, 401, "TOKEN_INVALID")
        reader = caller.headers("notes.note.read")
        assert_problem(await anonymous.post("/api/v1/notes", json={}, headers=reader), 403, "SCOPE_MISSING")
        other = Caller(infrastructure.keys.internal_signing_key, "loans").headers("notes.note.read")
        assert_problem(await anonymous.get("/api/v1/notes", headers=other), 401, "TOKEN_INVALID")
        outside = Caller(infrastructure.keys.access_signing_key, "targets").headers("notes.note.read")
        assert_problem(await anonymous.get("/api/v1/notes", headers=outside), 401, "TOKEN_INVALID")


async def test_one_of_several_scopes_is_enough(notes_url: str, caller: Caller) -> None:
    path = "/api/v1/notes/019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
    async with client(notes_url) as anonymous:
        assert_problem(await anonymous.delete(path), 401, "TOKEN_MISSING")
        refused = await anonymous.delete(path, headers=caller.headers("notes.note.read"))
        assert "notes.note.remove 或 notes.note.write" in assert_problem(refused, 403, "SCOPE_MISSING")["detail"]
        for scope in ("notes.note.remove", "notes.note.write"):
            assert (await anonymous.delete(path, headers=caller.headers(scope))).status_code == 204
        document = (await anonymous.get("/openapi.json")).json()
    operation = document["paths"]["/api/v1/notes/{note_id}"]["delete"]
    assert operation["security"] == [{"OAuth2": ["notes.note.remove"]}, {"OAuth2": ["notes.note.write"]}]
    scopes = document["components"]["securitySchemes"].pop("OAuth2")["flows"]["clientCredentials"]["scopes"]
    assert "notes.note.remove" in scopes
    assert not document["components"]["securitySchemes"]


async def test_the_same_key_gives_the_same_answer_and_one_effect(notes: httpx.AsyncClient) -> None:
    """R9: with another body it is refused."""
    headers = key()
    first = await notes.post("/api/v1/notes", json=NOTE, headers=headers)
    again = await notes.post("/api/v1/notes", json=dict(reversed(NOTE.items())), headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    changed = await notes.post("/api/v1/notes", json=NOTE | {"amount": "11.00"}, headers=headers)
    assert_problem(changed, 422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_stored_answer_cannot_be_read_in_the_database(
    notes: httpx.AsyncClient, notes_settings: ServiceSettings
) -> None:
    made = await notes.post("/api/v1/notes", json=NOTE, headers=key())
    database = Database(notes_settings.database_url.get_secret_value(), schema="targets")
    async with database.transaction() as session:
        bodies = (await session.execute(text("SELECT body FROM idempotency_key"))).scalars().all()
    await database.close()
    assert bodies
    assert not any(b"amount" in body or made.json()["id"].encode() in body for body in bodies)


async def test_a_key_is_required_and_belongs_to_its_caller(notes: httpx.AsyncClient, caller: Caller) -> None:
    """R9: the key of another principal is another key."""
    assert_problem(await notes.post("/api/v1/notes", json=NOTE), 400, "IDEMPOTENCY_KEY_MISSING")
    headers = key()
    mine = await notes.post("/api/v1/notes", json=NOTE, headers=headers)
    stranger = caller.headers("notes.note.write", subject="stranger")
    theirs = await notes.post("/api/v1/notes", json=NOTE, headers=headers | stranger)
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]


async def test_fifty_twins_have_one_effect(notes_url: str, caller: Caller, notes_settings: ServiceSettings) -> None:
    """R8: 50 clients at once with the same keys in turn; `make test-long` takes 100 (JIUYE_TEST_KEYS)."""
    keys = [secrets.token_hex(8) for _ in range(int(os.environ.get("JIUYE_TEST_KEYS", "8")))]
    twin = f"twin-{secrets.token_hex(4)}"
    headers = {"Host": "a", "Content-Type": "application/json", "Content-Length": str(len(json.dumps(NOTE)))}
    headers |= caller.headers("notes.note.write", subject=twin)
    head = "POST /api/v1/notes HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answers: dict[str, list[tuple[int, bytes]]] = {key: [] for key in keys}

    async def work() -> None:
        parts = urlsplit(notes_url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for key in keys:
            status = 503
            while status == 503:  # a slow machine has no connection free for all of them: to be sent again
                writer.write(f"{head}Idempotency-Key: {key}\r\n\r\n{json.dumps(NOTE)}".encode())
                got = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"content-length: (\d+)", got)[1])  # type: ignore[index]
                status, body = int(got[9:12]), await reader.readexactly(length)
            answers[key].append((status, body))
        writer.close()

    async with asyncio.timeout(60 + len(keys)):
        await asyncio.gather(*(work() for _ in range(50)))
    for same in answers.values():
        assert {status for status, _ in same} <= {201, 409}
        assert len({body for status, body in same if status == 201}) == 1, "one effect, and its very bytes again"
        codes = {json.loads(body)["code"] for status, body in same if status == 409}
        assert codes <= {"IDEMPOTENCY_IN_PROGRESS"}
    database = Database(notes_settings.database_url.get_secret_value(), schema="targets")
    async with database.transaction() as session:
        effects = await session.scalar(text("SELECT count(*) FROM job WHERE owner = :owner"), {"owner": twin})
    await database.close()
    assert effects == len(keys)


@pytest.mark.parametrize("count", [8, 9])
async def test_an_effect_of_a_failed_request_is_not_kept_and_the_key_stays_free(
    notes: httpx.AsyncClient, count: int
) -> None:
    headers = key()
    refused = await notes.post("/api/v1/notes", json=NOTE | {"count": count}, headers=headers)
    assert refused.status_code == 409
    accepted = await notes.post("/api/v1/notes", json=NOTE, headers=headers)
    assert accepted.status_code == 201


async def test_an_acknowledged_note_can_be_read_at_once(notes: httpx.AsyncClient) -> None:
    for _ in range(20):
        made = await notes.post("/api/v1/notes", json=NOTE, headers=key())
        assert (await notes.get(f"/api/v1/notes/{made.json()['id']}")).status_code == 200


async def test_if_match_is_required_and_compared(notes: httpx.AsyncClient) -> None:
    path = "/api/v1/notes/019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
    assert_problem(await notes.put(path), 428, "IF_MATCH_REQUIRED")
    assert_problem(await notes.put(path, headers={"If-Match": '"6"'}), 412, "VERSION_STALE")
    assert (await notes.put(path, headers={"If-Match": '"7"'})).status_code == 204


async def test_pages_follow_the_cursor_and_a_forged_one_is_refused(notes: httpx.AsyncClient) -> None:
    seen: list[int] = []
    cursor: str | None = None
    while True:
        params = {"limit": "1000"} | ({"cursor": cursor} if cursor else {})
        page = (await notes.get("/api/v1/notes", params=params)).json()
        assert len(page["items"]) <= 100
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == list(range(250))
    first = (await notes.get("/api/v1/notes")).json()["next"]
    forged = ("A" if first[0] != "A" else "B") + first[1:]
    for bad in (forged, "*", "AAAA", first + "A"):
        assert_problem(await notes.get("/api/v1/notes", params={"cursor": bad}), 400, "CURSOR_INVALID")
    other = {"cursor": first, "colour": "blue"}
    assert_problem(await notes.get("/api/v1/notes", params=other), 400, "CURSOR_INVALID")


async def test_request_id_and_trace_are_carried(notes: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    rid = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "X-Request-Id": rid}
    with captured_log() as log:
        answer = await notes.get("/api/v1/notes?colour=secret-colour", headers=headers)
        async with asyncio.timeout(30):
            while rid not in log.getvalue():  # the line follows the answer
                await asyncio.sleep(0.01)
    assert answer.headers["x-request-id"] == rid
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    line = next(entry for entry in lines if entry.get("request_id") == rid)
    assert line["trace_id"] == trace
    assert line["route"] == "/api/v1/notes"
    assert line["client"] == "tester"
    assert "secret-colour" not in log.getvalue()
    forged = await notes.get("/api/v1/notes", headers={"X-Request-Id": "x\ty"})
    assert forged.headers["x-request-id"] != "x\ty"


async def test_the_document_declares_scopes_problems_and_no_default_422(notes: httpx.AsyncClient) -> None:
    document = (await notes.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    operation = document["paths"]["/api/v1/notes"]["post"]
    assert operation["operationId"] == "create_note"
    assert operation["security"] == [{"OAuth2": ["notes.note.write"]}]
    [header] = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
    assert header["required"]
    assert {"201", "400", "409", "401", "403", "413", "415", "422", "429", "500", "503"} <= set(operation["responses"])
    assert "application/json" not in operation["responses"]["422"]["content"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "Problem" in document["components"]["schemas"]


async def test_health_readiness_and_metrics_need_no_token(notes_url: str) -> None:
    async with client(notes_url) as anonymous:
        assert (await anonymous.get("/healthz")).json() == {"status": "ok"}
        assert (await anonymous.get("/readyz")).json() == {"status": "ok", "database": "up"}
        metrics = (await anonymous.get("/metrics")).text
        assert 'http_requests_total{method="GET",route="/readyz",service="targets",status="200"}' in metrics


async def test_metrics_tell_what_waits_for_the_workers(notes: httpx.AsyncClient, notes_url: str) -> None:
    sent = {"amount": "1.00", "on": "2017-01-01"}
    await notes.post("/api/v1/notes", json=sent, headers={"Idempotency-Key": "waits"})
    async with client(notes_url) as anonymous:
        metrics = (await anonymous.get("/metrics")).text
    waiting = dict(
        re.findall(r'^(jobs|job_waiting_seconds)\{kind="note",service="targets".*\} (\S+)$', metrics, re.MULTILINE)
    )
    assert float(waiting["jobs"]) >= 1
    assert float(waiting["job_waiting_seconds"]) >= 0


async def test_a_database_that_takes_no_more_connections_is_no_fault(
    notes_settings: ServiceSettings, infrastructure: Any, caller: Caller
) -> None:
    app = service_app(name="targets", title="便笺", description="", routers=[router], settings=notes_settings)
    database = urlsplit(notes_settings.database_url.get_secret_value()).path.strip("/")
    admin = await asyncpg.connect(infrastructure.admin_url())
    await admin.execute(f"ALTER DATABASE {database} CONNECTION LIMIT 0")
    try:
        with serving(app) as url:
            async with client(url, headers=caller.headers("notes.note.read")) as http:
                answer = await http.get(f"/api/v1/notes/{new_id()}")
    finally:
        await admin.execute(f"ALTER DATABASE {database} CONNECTION LIMIT -1")
        await admin.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"


async def test_a_nul_in_a_parameter_is_told(notes: httpx.AsyncClient, caller: Caller) -> None:
    auditor = caller.headers("audit.read")
    answer = await notes.get("/api/v1/targets/audit-entries?object=a%00b", headers=auditor)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAMETER_INVALID")
    assert "空字符" in answer.json()["detail"]
