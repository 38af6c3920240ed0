"""The assessment over HTTP, from approved year-end reports, deadlines and the register."""

from typing import Any

import pytest

from tests.targets_svc.assessments.test_scores import HUIJI
from tests.targets_svc.conftest import Targets
from tests.targets_svc.register.people import event
from tests.targets_svc.reports.flow import approve, figures, plan_of

QUERY = {"year": 2017, "month": "2017-12"}


@pytest.fixture(scope="module")
async def year_end(targets: Targets) -> Targets:
    """December's figures of §7.9 for 惠济 and 市本级; the earlier months were never reported."""
    plan = await plan_of(targets)
    await approve(targets, "ZZ11", "2017-12", figures(plan, "ZZ11", **HUIJI))
    await approve(targets, "ZZ00", "2017-12", figures(plan, "ZZ00", I03=17100, I04=2000))
    return targets


async def assess(targets: Targets, unit: str | None = None, **query: str) -> dict[str, dict[str, Any]]:
    async with targets.staff(unit) if unit else targets.city() as account:
        answer = await account.get("/assessments", params=QUERY | query)
    assert answer.status_code == 200, answer.text
    return {row["unit"]: row for row in answer.json()["items"]}


async def test_a_score_tells_where_every_point_comes_from(year_end: Targets) -> None:
    rows = await assess(year_end)
    huiji, own_offices = rows["ZZ11"], rows["ZZ00"]

    assert (huiji["base"], huiji["late_reports"], huiji["late_deduction"]) == ("97.50", 12, "3.00")
    assert (huiji["score"], huiji["grade"], huiji["is_referred"]) == ("94.50", "EXCELLENT", False)
    assert {line["indicator"]: line["points"] for line in huiji["lines"]} == {
        "I01": "19.00", "I01a": "10.00", "I01b": "10.00", "I02": "15.00", "I03": "10.00",
        "I03a": "4.00", "I04": "10.00", "I05": "9.50", "I06": "5.00", "I07": "5.00",
    }  # fmt: skip
    assert (own_offices["base"], own_offices["grade"], len(own_offices["lines"])) == ("97.50", None, 2)
    assert (rows["ZZ01"]["score"], rows["ZZ01"]["grade"]) == ("0.00", "FAIL")
    assert len(rows) == 16


async def test_the_rule_decides_the_grade(year_end: Targets) -> None:
    all_or_nothing = (await assess(year_end, rule_set="ALL_OR_NOTHING"))["ZZ11"]
    veto = (await assess(year_end, rule_set="VETO"))["ZZ11"]

    assert (all_or_nothing["base"], all_or_nothing["grade"]) == ("65.00", "FAIL")
    assert (veto["score"], veto["grade"], veto["is_vetoed"]) == ("74.99", "FAIL", True)


async def test_report_and_register_that_disagree_cost_a_point_where_both_exist(year_end: Targets) -> None:
    async with year_end.staff("ZZ11") as staff:
        counted = await staff.post("/events", json=event(1, "ZZ11", "2017-05-10"))
    assert counted.json()["counted"] is True

    huiji = (await assess(year_end))["ZZ11"]

    assert (huiji["reconciliation_flags"], huiji["reconciliation_deduction"], huiji["score"]) == (1, "1.00", "93.50")


async def test_a_unit_sees_its_own_assessment(year_end: Targets) -> None:
    assert set(await assess(year_end, "ZZ11")) == {"ZZ11"}


async def test_rules_are_listed_and_an_unknown_one_is_named(year_end: Targets) -> None:
    async with year_end.city() as city:
        listed = (await city.get("/assessment-rule-sets")).json()["items"]
        unknown = await city.get("/assessments", params=QUERY | {"rule_set": "MINE"})
        no_plan = await city.get("/assessments", params={"year": 2018, "month": "2018-12"})

    assert [row["code"] for row in listed] == ["PROPORTIONAL", "ALL_OR_NOTHING", "STEPPED", "VETO"]
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RULE_SET_NOT_FOUND")
    assert no_plan.json()["code"] == "PLAN_NOT_FOUND"
