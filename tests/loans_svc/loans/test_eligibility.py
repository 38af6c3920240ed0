"""An application asks the eligibility service; its answer is kept, a refusal is an answer, silence stores nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest

from kit.http.onward import OnwardService
from kit.testing import Caller, serving
from loans_svc.main import create_app
from tests.loans_svc.lending import APPLICATION, Office, key, new_person

RETURNEE = {"is_returning_migrant": True, "is_business_operating": True}


def asking(facts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    question = {"measure": "rural-returnee-loan", "as_of": "2023-08-01", "facts": facts} | changes
    return APPLICATION | {"borrower": new_person(), "eligibility": question}


async def test_the_answer_is_kept_with_its_reasons_and_version_and_without_the_facts(office: Office) -> None:
    answer = await office.post("OFFICER", "/loans", asking(RETURNEE))
    kept = answer.json()["eligibility"]
    assert (answer.status_code, kept["outcome"], kept["measure"], kept["as_of"]) == (
        201,
        "ELIGIBLE",
        "rural-returnee-loan",
        "2023-08-01",
    )
    assert len(kept["catalogue_version"].partition(".")[0]) == 16
    assert [(one["criterion"], one["outcome"]) for one in kept["reasons"]] == [
        ("returning-migrant", "MET"),
        ("has-business", "MET"),
    ]
    assert "is_returning_migrant" not in answer.text
    again = await office.get("OFFICER", f"/loans/{answer.json()['id']}")
    assert again.json()["eligibility"] == kept


async def test_not_eligible_is_an_answer_that_the_approver_meets_and_a_person_rejects(office: Office) -> None:
    applied = await office.post("OFFICER", "/loans", asking(RETURNEE | {"is_returning_migrant": False}))
    assert (applied.status_code, applied.json()["eligibility"]["outcome"]) == (201, "NOT_ELIGIBLE")
    assert applied.json()["eligibility"]["reasons"][0]["outcome"] == "UNMET"
    loan = applied.json()["id"]
    decided = (await office.approve(loan)).json()
    assert (decided["outcome"], decided["obstacles"], decided["loan"]["state"]) == (
        "REFUSED",
        ["NOT_ELIGIBLE"],
        "APPLIED",
    )
    rejected = await office.post("REVIEWER", f"/loans/{loan}/rejection", {"reason": "不属于返乡农民工"})
    assert rejected.json()["state"] == "REJECTED"


async def test_what_is_not_known_leaves_the_decision_to_a_person(office: Office) -> None:
    applied = (await office.post("OFFICER", "/loans", asking({"is_returning_migrant": True}))).json()
    assert (applied["eligibility"]["outcome"], applied["eligibility"]["missing_facts"]) == (
        "UNDETERMINED",
        ["is_business_operating"],
    )
    assert (await office.approve(applied["id"])).json()["outcome"] == "APPROVED"


@pytest.mark.parametrize(
    ("facts", "changes", "pointer"),
    [
        ({"is_returning_migrant": "也许"}, {}, "/eligibility/facts/is_returning_migrant"),
        ({"no_such_fact": True}, {}, "/eligibility/facts/no_such_fact"),
        (RETURNEE, {"measure": "no-such-measure"}, "/eligibility/measure"),
    ],
)
async def test_what_the_other_service_takes_for_wrong_is_told_where_it_was_written(
    office: Office, facts: dict[str, Any], changes: dict[str, Any], pointer: str
) -> None:
    answer = await office.post("OFFICER", "/loans", asking(facts, **changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "LOAN_INVALID"), answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert "也许" not in answer.text


@asynccontextmanager
async def listening(answer: bytes) -> AsyncIterator[str]:
    """Takes connections, reads what is asked and says this; without an answer it says nothing until the caller goes."""
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            if not answer:
                await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.gather(*served)


OTHERWISE = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\n{"results":[]}'


async def test_when_nobody_can_be_asked_the_answer_is_503_and_nothing_is_stored(
    office: Office, loans_settings: Any, loans_caller: Caller
) -> None:
    owner = await asyncpg.connect(office.infrastructure.plain_url("loans_owner", office.database))
    counted = "SELECT (SELECT count(*) FROM loans.loan) + (SELECT count(*) FROM loans.idempotency_key)"
    before = await owner.fetchval(counted)
    async with listening(b"") as silent, listening(OTHERWISE) as wrong:
        app = create_app(loans_settings.model_copy(update={"eligibility_url": None}))
        with serving(app) as address:
            there = Office(address, office.database, office.infrastructure, loans_caller)
            for url in (None, "http://127.0.0.1:1", silent, wrong):
                if url:  # gives up sooner than after the usual three seconds
                    app.state.onward["eligibility"] = OnwardService("eligibility", url, total_seconds=0.3)
                answer = await there.post("OFFICER", "/loans", asking(RETURNEE))
                assert (answer.status_code, answer.json()["code"]) == (503, "ONWARD_UNAVAILABLE"), url
                assert "没有办理" in answer.json()["detail"]
    async with office.account("OFFICER") as client:
        del client.headers["X-Onward-Eligibility"]
        assert (await client.post("/loans", json=asking(RETURNEE), headers=key())).status_code == 503
        client.headers.update(office.onward("eligibility.grant.read"))
        assert (await client.post("/loans", json=asking(RETURNEE), headers=key())).json()["code"] == "SCOPE_MISSING"
    assert await owner.fetchval(counted) == before
    await owner.close()
