"""Fabrication that two people have found is a veto; what two people have published never changes."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from onebox.credentials import scopes_by_kind
from tests.targets_svc.assessments.test_scores import HUIJI
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.reports.flow import approve, figures, plan_of

FINDING = {"unit": "ZZ11", "year": 2017, "reference": "郑就业办查〔2017〕3号", "reason": "虚报培训人数，台账与签到不符"}


@pytest.fixture(scope="module")
async def year_end(targets: Targets) -> Targets:
    plan = await plan_of(targets)
    await approve(targets, "ZZ11", "2017-12", figures(plan, "ZZ11", **HUIJI))
    return targets


@pytest.fixture
async def city(year_end: Targets) -> AsyncIterator[Client]:
    async with year_end.account("city", "CITY", None, "assessment.write") as account:
        yield account


@pytest.fixture
async def second(year_end: Targets) -> AsyncIterator[Client]:
    async with year_end.account("city-reviewer", "CITY_REVIEWER", None, "assessment.publish") as account:
        yield account


async def post(account: Client, path: str, body: dict[str, Any] | None = None) -> Any:
    return await account.post(path, json=body, headers=Client.key())


async def huiji(account: Client, known_at: str | None = None) -> dict[str, Any]:
    query = {"year": 2017, "month": "2017-12"} | ({"known_at": known_at} if known_at else {})
    answer = (await account.get("/assessments", params=query)).json()
    row: dict[str, Any] = next(row for row in answer["items"] if row["unit"] == "ZZ11")
    return row | {"known_at": answer["known_at"]}


async def test_a_published_assessment_stays_as_it_was_drawn_up_and_a_finding_vetoes_the_next(
    year_end: Targets, city: Client, second: Client
) -> None:
    drawn = (await post(city, "/assessment-publications", {"month": "2017-12"})).json()
    path = f"/assessment-publications/{drawn['id']}"
    before = await huiji(city)
    async with year_end.staff("ZZ11") as staff:
        early = await staff.get(path)
    async with year_end.account("city", "CITY_REVIEWER", None, "assessment.publish") as herself:
        own = await post(herself, f"{path}/publication")
    published = await post(second, f"{path}/publication")
    again = await post(second, f"{path}/publication")

    entered = await post(city, "/assessment-findings", FINDING)
    unconfirmed = await huiji(city)
    async with year_end.staff("ZZ11") as staff:
        hidden = (await staff.get("/assessment-findings")).json()["items"]
    confirmed = await post(second, f"/assessment-findings/{entered.json()['id']}/confirmation")
    after = await huiji(city)
    then = await huiji(city, before["known_at"])
    async with year_end.staff("ZZ11") as staff, year_end.staff("ZZ07") as other:
        seen = (await staff.get(path)).json()
        theirs = (await other.get(path)).json()
        told = (await staff.get("/assessment-findings")).json()["items"]
        not_told = (await other.get("/assessment-findings")).json()["items"]
        foreign = await other.get("/assessment-findings", params={"unit": "ZZ11"})
        listed = (await staff.get("/assessment-publications")).json()["items"]

    assert (before["score"], before["grade"], before["is_vetoed"], before["findings"]) == (
        "94.50",
        "EXCELLENT",
        False,
        [],
    )
    assert (early.status_code, own.json()["code"]) == (404, "FOUR_EYES")
    assert (published.status_code, published.json()["published_by"]) == (200, "city-reviewer")
    assert (again.status_code, again.json()["code"]) == (409, "PUBLICATION_PUBLISHED")
    assert (unconfirmed["score"], hidden, confirmed.status_code) == ("94.50", [], 200)
    assert (after["score"], after["grade"], after["is_vetoed"]) == ("74.99", "FAIL", True)
    assert after["findings"] == [FINDING["reference"]]
    assert then == before, "what was known before the finding"
    assert seen["assessment"]["items"] == [row for row in drawn["assessment"]["items"] if row["unit"] == "ZZ11"]
    assert (seen["assessment"]["items"][0]["score"], seen["assessment"]["rule_set"]["code"]) == (
        "94.50",
        "PROPORTIONAL",
    )
    assert [row["unit"] for row in theirs["assessment"]["items"]] == ["ZZ07"]
    assert ([row["reference"] for row in told], not_told) == ([FINDING["reference"]], [])
    assert (foreign.status_code, foreign.json()["code"]) == (404, "FINDING_NOT_FOUND")
    assert [row["id"] for row in listed] == [drawn["id"]]


async def test_what_cannot_be_published_or_found_is_named(year_end: Targets, city: Client, second: Client) -> None:
    no_rules = await post(city, "/assessment-publications", {"month": "2017-12", "rule_set": "MINE"})
    no_plan = await post(city, "/assessment-publications", {"month": "2018-12"})
    future = await post(city, "/assessment-publications", {"month": "2199-12"})
    no_unit = await post(city, "/assessment-findings", FINDING | {"unit": "ZZ99"})
    no_reason = await post(city, "/assessment-findings", FINDING | {"reason": "假"})
    entered = (await post(city, "/assessment-findings", FINDING | {"unit": "ZZ12"})).json()
    async with year_end.account("city", "CITY_REVIEWER", None, "assessment.publish") as herself:
        own = await post(herself, f"/assessment-findings/{entered['id']}/confirmation")
    first = await post(second, f"/assessment-findings/{entered['id']}/confirmation")
    again = await post(second, f"/assessment-findings/{entered['id']}/confirmation")

    assert [answer.json()["code"] for answer in (no_rules, no_plan, no_unit, no_reason, own, again)] == [
        "RULE_SET_NOT_FOUND", "PLAN_NOT_FOUND", "FINDING_NOT_FOUND", "VALIDATION_FAILED", "FOUR_EYES",
        "FINDING_CONFIRMED",
    ]  # fmt: skip
    assert first.status_code == 200
    assert [(error["pointer"], error["code"]) for error in future.json()["errors"]] == [("/month", "MONTH_IN_FUTURE")]


async def test_the_tables_keep_what_is_signed(year_end: Targets, city: Client, second: Client) -> None:
    drawn = (await post(city, "/assessment-publications", {"month": "2017-12"})).json()
    connection = await year_end.connect()
    sign = "UPDATE assessment_publication SET published_by = $2, published_at = now() WHERE id = $1"
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE assessment_publication SET content = '{}' WHERE id = $1", drawn["id"])
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(sign, drawn["id"], "city")
        await post(second, f"/assessment-publications/{drawn['id']}/publication")
        changed = await connection.execute(sign, drawn["id"], "somebody")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM assessment_finding")
    finally:
        await connection.close()
    assert changed == "UPDATE 0"


def test_no_kind_of_account_both_draws_up_and_publishes() -> None:
    both = {"targets.assessment.write", "targets.assessment.publish"}
    held = {kind: both & set(scopes) for kind, scopes in scopes_by_kind().items()}

    assert all(len(scopes) < 2 for scopes in held.values())
    assert set().union(*held.values()) == both
