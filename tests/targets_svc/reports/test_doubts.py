"""What is unusual about a report is said to the unit and to its reviewer, over HTTP (R1, R3, R4, R7, R8, R10, R15)."""

from typing import Any

import pytest

from kit.clock import today
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.reports.flow import approve, draft, figures, plan_of


@pytest.fixture(scope="module")
async def plan(targets: Targets) -> dict[str, Any]:
    return await plan_of(targets)


async def doubts(targets: Targets, unit: str, month: str, cells: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Pointers and codes in the draft's answer, as the reviewer reads them again, without that it is late."""
    begun = await draft(targets, unit, month, cells)
    assert begun.status_code == 201, begun.text
    async with targets.reviewer(unit) as reviewer:
        read = (await reviewer.get(f"/reports/{unit}/{month}")).json()
    assert read["warnings"] == begun.json()["warnings"]
    return {(warning["pointer"], warning["code"]) for warning in read["warnings"]} - {("path:month", "R14_LATE")}


def pointer(cells: list[dict[str, Any]], code: str) -> str:
    return f"/cells/{[cell['indicator'] for cell in cells].index(code)}/value"


async def test_the_same_figures_for_months_are_doubted(targets: Targets, plan: dict[str, Any]) -> None:
    cells = figures(plan, "ZZ08", I02=9)
    for month in ("2017-01", "2017-02"):
        await approve(targets, "ZZ08", month, cells)

    found = await doubts(targets, "ZZ08", "2017-03", cells)

    assert ("/cells", "R15_COPIED") in found
    assert (pointer(cells, "I02"), "R8_NO_PROGRESS") in found


async def test_a_jump_is_doubted_and_another_cell_is_not(targets: Targets, plan: dict[str, Any]) -> None:
    for month, done in (("2017-01", 40), ("2017-02", 80), ("2017-03", 120)):
        await approve(targets, "ZZ09", month, figures(plan, "ZZ09", I02=done, I03=done))
    cells = figures(plan, "ZZ09", I02=241, I03=160)

    found = await doubts(targets, "ZZ09", "2017-04", cells)

    assert (pointer(cells, "I02"), "R7_JUMP") in found
    assert (pointer(cells, "I03"), "R7_JUMP") not in found


async def test_more_attrition_than_new_jobs_and_what_was_not_assigned_are_doubted(
    targets: Targets, plan: dict[str, Any]
) -> None:
    others = [cell for cell in figures(plan, "ZZ10") if cell["indicator"] != "I01"]
    await approve(
        targets, "ZZ10", "2017-01", [{"indicator": "I01", "value": 100, "gross": 100, "attrition": 0}, *others]
    )
    fallen = [{"indicator": "I01", "value": 85, "gross": 105, "attrition": 20}, *others]

    assert ("/cells/0/value", "R4_NET_FALL") in await doubts(targets, "ZZ10", "2017-02", fallen)
    extra = [*figures(plan, "ZZ00"), {"indicator": "I05", "value": 3}]
    assert await doubts(targets, "ZZ00", "2017-01", extra) == {(pointer(extra, "I05"), "R3_NOT_ASSIGNED")}


async def test_an_approved_report_is_doubted_no_more(targets: Targets, plan: dict[str, Any]) -> None:
    await approve(targets, "ZZ00", "2017-02", [*figures(plan, "ZZ00"), {"indicator": "I05", "value": 3}])
    async with targets.city() as city:
        assert (await city.get("/reports/ZZ00/2017-02")).json()["warnings"] == []


async def test_a_rate_beyond_the_whole_and_a_month_to_come_are_refused(targets: Targets, plan: dict[str, Any]) -> None:
    year = today().year + 1
    named = {name: plan[name] for name in ("title", "doc_no", "issued_on", "items")}
    async with targets.account("writer", "CITY", None, "plan.write") as writer:
        made = await writer.post("/plans", json=named | {"year": year, "effective_from": f"{year}-01-01"})
    async with targets.account("issuer", "CITY_REVIEWER", None, "plan.issue") as issuer:
        await issuer.post(f"/plans/{made.json()['id']}/issue", headers=Client.key())
    beyond = await draft(targets, "ZZ", "2017-01", [{"indicator": "R03", "value": "100.01"}])
    to_come = await draft(targets, "ZZ07", f"{year}-01", [])

    assert [(e["pointer"], e["code"]) for e in beyond.json()["errors"]] == [("/cells/0/value", "R10_RATE_RANGE")]
    assert [(e["pointer"], e["code"]) for e in to_come.json()["errors"]] == [("path:month", "R1_FUTURE")]
