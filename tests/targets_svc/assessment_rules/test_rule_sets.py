"""The rules of the assessment are the city's own: drawn up by one, published by another, dated, and never changed."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import date
from typing import Any

import asyncpg
import pytest

from kit.clock import now
from targets_svc.assessment_rules.domain import find_faults
from targets_svc.assessment_rules.repository import load_rule_sets, read_rule_set, shipped
from targets_svc.indicators.repository import load_indicators
from tests.targets_svc.assessments.test_publications import huiji, post
from tests.targets_svc.assessments.test_scores import HUIJI
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.reports.flow import approve, figures, plan_of

CONTENT: dict[str, Any] = dict(shipped()[0]["content"])
RULES: dict[str, Any] = {
    "code": "PROPORTIONAL",
    "name": "按完成比例计分，逾期加重扣分",
    "effective_from": "2017-12-01",
    "reference": "郑就业办〔2017〕30号",
    "content": CONTENT
    | {"deductions": {"late_report": "1", "late_reports_at_most": "6.5", "reconciliation_flag": "1"}},
}


def changed(**change: Any) -> dict[str, Any]:
    """The content with members changed, such as `grades__pass`."""
    content = deepcopy(CONTENT)
    for path, value in change.items():
        *groups, name = path.split("__")
        group = content
        for part in groups:
            group = group[part]
        group[name] = value
    return content


@pytest.fixture(scope="module")
async def year_end(targets: Targets) -> Targets:
    await approve(targets, "ZZ11", "2017-12", figures(await plan_of(targets), "ZZ11", **HUIJI))
    return targets


@pytest.fixture
async def city(year_end: Targets) -> AsyncIterator[Client]:
    async with year_end.account("city", "CITY", None, "assessment.write") as account:
        yield account


@pytest.fixture
async def second(year_end: Targets) -> AsyncIterator[Client]:
    async with year_end.account("city-reviewer", "CITY_REVIEWER", None, "assessment.publish") as account:
        yield account


def test_the_shipped_sets_keep_the_rules_for_rule_sets() -> None:
    assert [list(find_faults(rules, load_indicators())) for rules in load_rule_sets()] == [[]] * 4


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"weights__R01": "5"}, "/weights/R01"),
        ({"weights__X1": "5"}, "/weights/X1"),
        ({"weights__I01": "0"}, "/weights/I01"),
        ({"rules": {"R02": "VETO"}}, "/rules/R02"),
        ({"rule": "STEPPED"}, "/steps"),
        ({"steps": [["100", "1"]]}, "/steps"),
        ({"rules": {"I01": "STEPPED"}, "steps": [["50", "0.5"], ["80", "1"]]}, "/steps"),
        ({"rules": {"I01": "STEPPED"}, "steps": [["100", "2"]]}, "/steps"),
        ({"grades__pass": "91"}, "/grades/pass"),
        ({"grades__veto_cap": "75"}, "/grades/veto_cap"),
    ],
)
def test_what_does_not_fit_together_is_named(change: dict[str, Any], pointer: str) -> None:
    head = RULES | {"version": 2, "effective_from": date(2018, 1, 1)}
    rules = read_rule_set(head, changed(**change))

    assert [fault.pointer for fault in find_faults(rules, load_indicators())] == [pointer]


async def test_a_new_version_scores_once_a_second_person_has_published_it(
    year_end: Targets, city: Client, second: Client
) -> None:
    before, instant = await huiji(city), now().isoformat()
    published_before = (await post(city, "/assessment-publications", {"month": "2017-12"})).json()
    drawn = await post(city, "/assessment-rule-sets", RULES)
    drafted = await huiji(city)
    async with year_end.account("city", "CITY_REVIEWER", None, "assessment.publish") as herself:
        own = await post(herself, f"/assessment-rule-sets/{drawn.json()['id']}/publication")
    done = await post(second, f"/assessment-rule-sets/{drawn.json()['id']}/publication")
    again = await post(second, f"/assessment-rule-sets/{drawn.json()['id']}/publication")
    after, then = await huiji(city), await huiji(city, instant)
    answer = (await city.get("/assessments", params={"month": "2017-12"})).json()
    november = (await city.get("/assessments", params={"month": "2017-11"})).json()
    kept = (await city.get(f"/assessment-publications/{published_before['id']}")).json()
    async with year_end.staff("ZZ11") as staff:
        listed = (await staff.get("/assessment-rule-sets")).json()["items"]

    assert (before["score"], drafted["score"]) == ("94.50", "94.50")
    assert (drawn.status_code, drawn.json()["version"]) == (201, 2)
    assert (own.status_code, own.json()["code"]) == (409, "FOUR_EYES")
    assert (done.status_code, again.json()["code"]) == (200, "RULE_SET_PUBLISHED")
    assert (after["late_deduction"], after["score"]) == ("6.50", "91.00")
    assert (answer["rule_set"]["version"], november["rule_set"]["version"]) == (2, 1)
    assert then["score"] == "94.50", "by the rules that were known then"
    assert (kept["assessment"]["rule_set"]["version"], kept["assessment"]["items"][-1]) == (
        1,
        published_before["assessment"]["items"][-1],
    )
    mine = next(item for item in listed if (item["code"], item["version"]) == ("PROPORTIONAL", 2))
    assert (mine["content"], mine["published_by"]) == (RULES["content"], "city-reviewer")
    assert [item["id"] for item in listed[:4]] == [None] * 4


async def test_a_set_of_the_citys_own_is_asked_for_by_its_code(city: Client, second: Client) -> None:
    content = CONTENT | {"weights": {"I01": "100"}}
    drawn = await post(city, "/assessment-rule-sets", RULES | {"code": "JOBS_ONLY", "content": content})
    async_query = {"month": "2017-12", "rule_set": "JOBS_ONLY"}
    unknown = await city.get("/assessments", params=async_query)
    await post(second, f"/assessment-rule-sets/{drawn.json()['id']}/publication")
    known = (await city.get("/assessments", params=async_query)).json()
    row = next(row for row in known["items"] if row["unit"] == "ZZ11")

    assert (drawn.json()["version"], unknown.status_code) == (1, 404)
    assert (row["base"], [line["indicator"] for line in row["lines"]]) == ("95.00", ["I01"])


async def test_a_wrong_set_is_refused_by_its_place_and_nothing_stored(city: Client) -> None:
    before = (await city.get("/assessment-rule-sets")).json()
    unfit = await post(city, "/assessment-rule-sets", RULES | {"content": changed(grades__pass="91")})
    unread = await post(city, "/assessment-rule-sets", RULES | {"content": changed(weights__I01=20)})

    assert [(e["pointer"], e["code"]) for e in unfit.json()["errors"]] == [("/grades/pass", "GRADES")]
    assert (unread.status_code, unread.json()["errors"][0]["pointer"]) == (422, "/content/weights/I01")
    assert (await city.get("/assessment-rule-sets")).json() == before


async def test_drafts_at_once_have_numbers_of_their_own_and_one_publication_wins(
    year_end: Targets, city: Client, second: Client
) -> None:
    drawn = await asyncio.gather(*(post(city, "/assessment-rule-sets", RULES | {"code": "MANY"}) for _ in range(3)))
    rule_set_id = drawn[0].json()["id"]
    answers = await asyncio.gather(
        *(post(second, f"/assessment-rule-sets/{rule_set_id}/publication") for _ in range(2))
    )
    connection = await year_end.connect()
    sign = "UPDATE assessment_rule_set SET published_by = $2, published_at = now() WHERE id = $1"
    try:
        changed_rows = await connection.execute(sign, rule_set_id, "somebody")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(sign, drawn[1].json()["id"], "city")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE assessment_rule_set SET content = '{}'")
    finally:
        await connection.close()

    assert sorted(answer.json()["version"] for answer in drawn) == [1, 2, 3]
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert changed_rows == "UPDATE 0"
