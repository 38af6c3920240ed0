"""POST /interviews over real HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from eligibility_svc.interviews.endpoints import ANSWERS, REQUESTS
from eligibility_svc.interviews.schemas import InterviewRead
from kit.testing import Caller, captured_log, client

BEGIN = {"subject": "PERSON", "as_of": "2018-09-01", "facts": {}}


class StrictRead(InterviewRead):
    """`InterviewRead`, and not a field more."""

    model_config = InterviewRead.model_config | {"extra": "forbid"}


async def ask(api: httpx.AsyncClient, **body: Any) -> Any:
    response = await api.post("/interviews", json=body)
    assert response.status_code == 200, response.text
    described = StrictRead.model_validate_json(response.content)
    assert described.model_dump(mode="json", exclude_unset=True) == response.json()
    return response.json()


async def test_a_question_comes_with_its_wording_and_options(api: httpx.AsyncClient) -> None:
    body = await ask(api, **BEGIN)
    question = body["question"]
    assert (question["fact"], question["type"], question["purpose"]) == ("school_kind", "ENUM", "OUTCOME")
    assert {"code": "UNIVERSITY", "label": "普通高校"} in question["options"]
    assert question["question"].endswith("？")
    assert "startup-grant" in question["measures"]
    assert len(body["decided"]) + len(body["undecided"]) == len(body["results"])


async def test_an_interview_goes_on_from_the_facts_alone(api: httpx.AsyncClient) -> None:
    facts: dict[str, Any] = {}
    while (question := (await ask(api, subject="COMMUNITY", facts=facts))["question"]) is not None:
        facts[question["fact"]] = True
    assert facts == {"is_newly_recognised": True}
    body = await ask(api, subject="COMMUNITY", facts=facts)
    assert (body["decided"], body["undecided"]) == (["full-employment-community"], [])


async def test_a_family_narrows_the_questions(api: httpx.AsyncClient) -> None:
    body = await ask(api, **BEGIN, family="GRANT")
    assert {result["family"] for result in body["results"]} == {"GRANT"}


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_examples_of_the_document_are_what_the_service_answers(api: httpx.AsyncClient, name: str) -> None:
    assert await ask(api, **REQUESTS[name]["value"]) == ANSWERS[name]["value"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"subject": "HUMAN"}, "/subject"),
        ({"facts": None}, "/facts"),
        ({"facts": {"is_enroled": True}}, "/facts/is_enroled"),
        ({"facts": {"is_enrolled": "yes"}}, "/facts/is_enrolled"),
        ({"family": "GIFT"}, "/family"),
        ({"as_of": "2018-02-30"}, "/as_of"),
        ({"session": "x"}, "/session"),
    ],
)
async def test_what_is_wrong_is_said_at_its_pointer(
    api: httpx.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    response = await api.post("/interviews", json=BEGIN | change)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_an_interview_needs_its_scope_and_logs_no_fact(
    api: httpx.AsyncClient, eligibility_url: str, caller: Caller
) -> None:
    url = f"{eligibility_url}/api/v1/eligibility"
    async with client(url, headers=caller.headers("eligibility.catalogue.read")) as reader:
        assert (await reader.post("/interviews", json=BEGIN)).status_code == 403
    with captured_log() as log:
        await ask(api, **(BEGIN | {"facts": {"is_destitute": True, "birth_date": "1977-07-17"}}))
        # The line is written when the answer has left.
        async with asyncio.timeout(10):
            while "/interviews" not in log.getvalue():
                await asyncio.sleep(0.01)
    assert not any(told in log.getvalue() for told in ("is_destitute", "1977-07-17"))
