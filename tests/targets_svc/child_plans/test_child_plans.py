"""A split over HTTP: proposed, handed in by the unit, issued by the level above, and seen by whom it concerns."""

from typing import Any

import asyncpg
import pytest

from tests.targets_svc.conftest import Client, Targets

WEIGHTS = {f"ZZ11-{n:02d}": weight for n, weight in enumerate((412, 388, 365, 301, 277, 254, 190, 113), start=1)}
PARTS = [{"code": code, "name": f"第{n}街道"} for n, code in enumerate(WEIGHTS, start=1)]


def drafter(targets: Targets, unit: str) -> Client:
    return targets.account(f"staff-{unit}", "STAFF", unit, "child_plan.write")


def issuer(targets: Targets, subject: str = "city-reviewer", unit: str | None = None) -> Client:
    return targets.account(subject, "CITY_REVIEWER", unit, "plan.issue")


def body(items: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    made = {"unit": "ZZ11", "year": 2017, "title": "惠济区2017年目标任务分解表", "doc_no": "惠政〔2017〕8号"}
    return made | {"parts": PARTS, "items": items} | changes


async def proposed(targets: Targets, **changes: Any) -> Any:
    async with drafter(targets, "ZZ11") as staff:
        asked = {"unit": "ZZ11", "year": 2017, "weights": WEIGHTS, "quantum": {"I01": 10}} | changes
        return await staff.post("/child-plan-proposals", json=asked)


async def test_a_proposal_is_handed_in_issued_and_read(targets: Targets) -> None:
    answer = await proposed(targets)
    items = answer.json()["items"]
    async with drafter(targets, "ZZ11") as own, drafter(targets, "ZZ12") as other, issuer(targets) as city:
        drafted = await own.post("/child-plans", json=body(items))
        path = f"/child-plans/{drafted.json()['id']}"
        unseen = [await other.get(path), await other.get("/child-plans", params={"year": 2017, "unit": "ZZ11"})]
        async with targets.reviewer("ZZ11") as reviewer:
            draft_seen = [(await reader.get(path)).status_code for reader in (own, city, reviewer)]
            issued = await city.post(f"{path}/issue", headers=Client.key())
            again = await city.post(f"{path}/issue", headers=Client.key())
            seen = await reviewer.get(path)
        listed = (await own.get("/child-plans", params={"year": 2017})).json()["items"]
        none = (await other.get("/child-plans", params={"year": 2017})).json()["items"]

    assert answer.json()["totals"] == {
        "I01": 3000, "I01a": 500, "I01b": 150, "I02": 400, "I03": 610, "I03a": 30, "I04": 950, "I05": 1500, "I06": 260,
        "I07": 50,
    }  # fmt: skip
    assert [i["value"] for i in items if i["indicator"] == "I01"] == [540, 510, 470, 390, 360, 330, 250, 150]
    assert (drafted.status_code, drafted.json()["state"], drafted.json()["version"]) == (201, "DRAFT", 1)
    assert [answer.status_code for answer in unseen] == [404, 404]
    assert draft_seen == [200, 200, 404]
    assert (issued.status_code, issued.json()["issued_by"]) == (200, "city-reviewer")
    assert (again.status_code, again.json()["code"]) == (409, "CHILD_PLAN_ISSUED")
    assert seen.json()["totals"] == answer.json()["totals"]
    assert [(row["unit"], row["state"]) for row in listed] == [("ZZ11", "ISSUED")]
    assert none == []


async def test_sums_that_do_not_hold_are_refused_by_their_indicator(targets: Targets) -> None:
    items = (await proposed(targets)).json()["items"]
    less = [item | {"value": 0} if item["indicator"] == "I07" else item for item in items]
    more = [item | {"value": item["value"] + 1} if item["indicator"] == "I03" else item for item in items]
    async with drafter(targets, "ZZ11") as staff, issuer(targets) as city:
        short = await staff.post("/child-plans", json=body(less))
        beyond = await staff.post("/child-plans", json=body(more))
        spurred = await staff.post("/child-plans", json=body(more, mode="AT_LEAST"))
        explained = await staff.post("/child-plans", json=body(less, shortfall_reason="辅导任务由区本级直接承担"))
        accepted = await city.post(f"/child-plans/{explained.json()['id']}/issue", headers=Client.key())
        versions = (await staff.get("/child-plans", params={"year": 2017})).json()["items"]

    assert [(e["code"], e["pointer"]) for e in short.json()["errors"]] == [("P7", "/items")]
    assert "I07" in short.json()["errors"][0]["message"]
    assert "相差50" in short.json()["errors"][0]["message"]
    assert [e["code"] for e in beyond.json()["errors"]] == ["P7"]
    assert spurred.status_code == 201
    assert ("P7", "I03") in {(w["rule"], w["indicator"]) for w in spurred.json()["warnings"]}
    assert (accepted.status_code, accepted.json()["shortfall_reason"]) == (200, "辅导任务由区本级直接承担")
    assert len({row["version"] for row in versions}) == len(versions)


async def test_who_may_not_split_or_issue_is_told_so(targets: Targets) -> None:
    items = (await proposed(targets)).json()["items"]
    async with drafter(targets, "ZZ12") as other, drafter(targets, "ZZ11") as own:
        foreign = await other.post("/child-plans", json=body(items))
        foreign_proposal = await other.post(
            "/child-plan-proposals", json={"unit": "ZZ11", "year": 2017, "weights": WEIGHTS}
        )
        no_year = await own.post("/child-plans", json=body(items, year=2016))
        drafted = await own.post("/child-plans", json=body(items))
    path = f"/child-plans/{drafted.json()['id']}/issue"
    async with issuer(targets, "staff-ZZ11") as same, issuer(targets, "somebody", "ZZ11") as district:
        four_eyes = await same.post(path, headers=Client.key())
        own_level = await district.post(path, headers=Client.key())
        no_key = await same.post(path)

    assert (foreign.status_code, foreign_proposal.status_code, no_year.status_code) == (404, 404, 404)
    assert (four_eyes.status_code, four_eyes.json()["code"]) == (409, "FOUR_EYES")
    assert (own_level.status_code, own_level.json()["code"]) == (403, "NOT_LEVEL_ABOVE")
    assert no_key.status_code == 400
    assert (await proposed(targets, floor=100)).status_code == 422


async def test_an_issued_split_cannot_be_changed(targets: Targets) -> None:
    items = (await proposed(targets)).json()["items"]
    async with drafter(targets, "ZZ11") as staff, issuer(targets) as city:
        drafted = await staff.post("/child-plans", json=body(items))
        await city.post(f"/child-plans/{drafted.json()['id']}/issue", headers=Client.key())
    connection = await targets.connect()
    try:
        plan_id = drafted.json()["id"]
        signed = f"UPDATE child_plan SET issued_by = 'x' WHERE id = '{plan_id}'"
        assert await connection.execute(signed) == "UPDATE 0"
        for statement in (
            "UPDATE child_plan_item SET value = 1",
            "UPDATE child_plan SET doc_no = 'x'",
            "DELETE FROM child_plan_item",
            f"INSERT INTO child_plan_item VALUES ('ZZ11', '{plan_id}', 'ZZ11-99', 'I01', 1)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
