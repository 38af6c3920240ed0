"""Filling in an open amount over real HTTP: two people, a new version, and the past as it was."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from eligibility_svc.measures.repository import base_catalogue
from kit.testing import Caller, captured_log
from tests.eligibility_svc.parameters.conftest import REFERENCE, VALUE, Bureau


async def test_a_value_is_proposed_by_one_and_published_by_another(bureau: Bureau, infrastructure: Any) -> None:
    path = "/measures/startup-star/parameters"
    proposed = (await bureau("both", "POST", path, VALUE)).json()
    assert (proposed["state"], proposed["from"], proposed["reference"]) == ("PROPOSED", "2018-10-01", REFERENCE)
    one = f"{path}/{proposed['id']}/publication"
    other = (await bureau("city", "POST", path, VALUE | {"value": "9.00"})).json()
    own = await bureau("both", "POST", one)
    assert (own.status_code, own.json()["code"]) == (409, "FOUR_EYES")
    elsewhere = await bureau("city-reviewer", "POST", one.replace("startup-star", "project-library"))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "PARAMETER_NOT_FOUND")
    answers = await asyncio.gather(*(bureau("city-reviewer", "POST", one) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (await bureau("city-reviewer", "POST", f"{path}/{other['id']}/publication")).status_code == 409
    same_day = await bureau("city", "POST", path, VALUE | {"value": "9.00"})
    assert (same_day.status_code, same_day.json()["errors"][0]["code"]) == (422, "ALREADY_PUBLISHED")
    items = (await bureau("platform", "GET", path)).json()["items"]
    assert [(item["state"], item["published_by"]) for item in items] == [
        ("PUBLISHED", "city-reviewer"),
        ("PROPOSED", None),
    ]
    await _cannot_be_changed(infrastructure, bureau.database)


async def test_a_wrong_figure_is_corrected_and_the_past_stays_as_it_was(bureau: Bureau) -> None:
    facts, path = {"is_startup_star": True}, "/measures/startup-star/parameters"

    async def amount(**more: Any) -> str:
        results = (await bureau.check(facts=facts, **more)).json()["results"]
        found = next(result for result in results if result["measure"] == "startup-star")
        return str(found["benefit"]["amount"])

    wrong = await bureau.publish("startup-star", value="15000.00")
    (standing,) = (await bureau("city", "GET", path)).json()["items"]
    right = await bureau.publish("startup-star", corrects=standing["id"])
    assert [await amount(), await amount(catalogue_version=wrong)] == ["1500.00", "15000.00"]
    assert right.endswith(".2")
    # What was corrected stands no more: only its correction can be corrected.
    again = await bureau("city", "POST", path, VALUE | {"corrects": standing["id"]})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/corrects")
    elsewhere = await bureau("city", "POST", path, VALUE | {"from": "2018-12-01", "corrects": standing["id"]})
    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["code"]) == (422, "NOT_STANDING")


async def test_a_proposal_is_turned_down_or_taken_back(bureau: Bureau) -> None:
    path = "/measures/startup-star/parameters"
    for who in ("city-reviewer", "city"):
        proposed = (await bureau("city", "POST", path, VALUE)).json()
        one = f"{path}/{proposed['id']}"
        assert (await bureau(who, "POST", f"{one}/rejection", {})).status_code == 422
        rejected = (await bureau(who, "POST", f"{one}/rejection", {"reason": "与文件第三条不一致"})).json()
        assert (rejected["state"], rejected["rejected_by"], rejected["rejection_reason"]) == (
            "REJECTED", who, "与文件第三条不一致",
        )  # fmt: skip
        for step, body in (("publication", None), ("rejection", {"reason": "再次退回"})):
            late = await bureau("city-reviewer", "POST", f"{one}/{step}", body)
            assert (late.status_code, late.json()["code"]) == (409, "PARAMETER_REJECTED")
    published = (await bureau("city", "POST", path, VALUE)).json()
    one = f"{path}/{published['id']}"
    assert (await bureau("city-reviewer", "POST", f"{one}/publication")).status_code == 200
    late = await bureau("city-reviewer", "POST", f"{one}/rejection", {"reason": "太晚了"})
    assert (late.status_code, late.json()["code"]) == (409, "PARAMETER_PUBLISHED")


async def _cannot_be_changed(infrastructure: Any, database: str) -> None:
    """The table keeps what is published, whoever asks with the rights of the service."""
    url = infrastructure.plain_url("eligibility_app", database)
    connection = await asyncpg.connect(url, server_settings={"search_path": "eligibility"})
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "UPDATE parameter_value SET sequence = 9, published_by = proposed_by, published_at = now()"
            )
        changed = await connection.execute("UPDATE parameter_value SET value = '1.00' WHERE sequence IS NOT NULL")
        assert changed == "UPDATE 0"
    finally:
        await connection.close()


async def test_checks_before_a_publication_can_be_replayed_to_the_same_bytes(bureau: Bureau) -> None:
    facts = {"is_startup_star": True, "is_in_project_library": True}
    before = await bureau.check(facts=facts)
    assert before.json()["catalogue_version"] == base_catalogue().version
    first = await bureau.publish("startup-star")
    between = await bureau.check(facts=facts)
    star = next(result for result in between.json()["results"] if result["measure"] == "startup-star")
    assert (star["benefit"]["status"], star["benefit"]["amount"]) == ("FIXED", "1500.00")
    second = await bureau.publish("startup-star", **{"from": "2018-10-15", "value": "1600.00"})
    after = (await bureau.check(facts=facts)).json()
    star = next(result for result in after["results"] if result["measure"] == "startup-star")
    assert (after["catalogue_version"], star["benefit"]["amount"]) == (second, "1600.00")
    for version, then in ((base_catalogue().version, before), (first, between)):
        assert (await bureau.check(facts=facts, catalogue_version=version)).content == then.content
    assert (await bureau.check(facts=facts, as_of="2018-09-30")).json()["results"] == (
        await bureau.check(facts=facts, as_of="2018-09-30", catalogue_version=base_catalogue().version)
    ).json()["results"]


async def test_an_unknown_version_is_refused(bureau: Bureau) -> None:
    for version in ("0" * 16, f"{base_catalogue().version}.1", "latest"):
        body = {"subject": "PERSON", "facts": {}, "catalogue_version": version}
        answer = await bureau("platform", "POST", "/checks", body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/catalogue_version")


async def test_a_decision_keeps_its_version_when_the_amount_changes(bureau: Bureau) -> None:
    await bureau.publish("startup-star")
    body = {
        "measure": "startup-star",
        "applicant": {"id_type": "RESIDENT_ID", "id_number": "410199199001010011", "name": "王测试"},
        "facts": {"is_startup_star": True, "hukou_region": "ZHENGZHOU", "hukou_unit": "ZZ07"},
        "as_of": "2018-11-01",
    }
    made = (await bureau("platform", "POST", "/applications", body)).json()
    await bureau("staff-ZZ07", "POST", f"/applications/{made['id']}/acceptance")
    decided = await bureau("reviewer-ZZ07", "POST", f"/applications/{made['id']}/decision", {"decision": "GRANT"})
    assert decided.json()["decision"]["amount"] == "1500.00"
    await bureau.publish("startup-star", **{"from": "2018-10-15", "value": "1600.00"})
    kept = (await bureau("platform", "GET", f"/applications/{made['id']}")).json()["decision"]
    assert kept == decided.json()["decision"]
    replayed = await bureau.check(
        facts=kept["facts"], measures=["startup-star"], catalogue_version=kept["catalogue_version"]
    )
    assert replayed.json()["results"] == [kept["result"]]


async def test_a_process_that_could_not_read_publications_follows_again(bureau: Bureau, infrastructure: Any) -> None:
    owner = await asyncpg.connect(infrastructure.plain_url("eligibility_owner", bureau.database))
    try:
        with captured_log() as log:
            await owner.execute("ALTER TABLE eligibility.parameter_value RENAME TO away")
            async with asyncio.timeout(10):
                while "parameters.not_followed" not in log.getvalue():
                    await asyncio.sleep(0.05)
            assert (await bureau.check(facts={"is_startup_star": True})).status_code == 200
            await owner.execute("ALTER TABLE eligibility.away RENAME TO parameter_value")
            assert await bureau.publish("startup-star") == f"{base_catalogue().version}.1"
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("measure", "change", "pointer", "code"),
    [
        ("startup-star", {"parameter": "bonus"}, "/parameter", "UNKNOWN_PARAMETER"),
        ("startup-grant", {}, "/from", "NOT_OPEN"),
        ("startup-star", {"from": "2018-05-26"}, "/from", "NOT_OPEN"),
        ("startup-star", {"value": "-1.00"}, "/value", "FORMAT"),
        ("startup-star", {"value": "1500.001"}, "/value", "FORMAT"),
        ("startup-star", {"value": 1500}, "/value", "TYPE"),
        ("startup-star", {"reference": {"document": "郑人社〔2018〕99号"}}, "/reference/clause", "REQUIRED"),
        ("startup-star", {"until": "2019-01-01"}, "/until", "UNKNOWN_FIELD"),
    ],
)
async def test_only_an_open_amount_is_filled_in_with_its_reference(
    eligibility_url: str, caller: Caller, measure: str, change: dict[str, Any], pointer: str, code: str
) -> None:
    bureau = Bureau(eligibility_url, caller, "")
    answer = await bureau("city", "POST", f"/measures/{measure}/parameters", VALUE | change)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


async def test_unknown_measures_and_missing_scopes(eligibility_url: str, caller: Caller) -> None:
    bureau = Bureau(eligibility_url, caller, "")
    for who, path, status in (
        ("city", "/measures/startup-grnt/parameters", 404),
        ("city-reviewer", "/measures/startup-star/parameters", 403),
        ("city", f"/measures/startup-star/parameters/{uuid4()}/publication", 403),
        ("city-reviewer", f"/measures/startup-star/parameters/{uuid4()}/publication", 404),
    ):
        assert (await bureau(who, "POST", path, VALUE if "publication" not in path else None)).status_code == status
    assert (await bureau("city", "GET", "/measures/startup-grnt/parameters")).status_code == 404
