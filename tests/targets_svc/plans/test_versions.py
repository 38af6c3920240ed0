"""New versions of a plan: drafted by one person, issued by another, and then never changed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from onebox.credentials import scopes_by_kind
from tests.targets_svc.conftest import Client, Targets


@pytest.fixture
async def city(targets: Targets) -> AsyncIterator[Client]:
    async with targets.account("city", "CITY", None, "plan.write") as account:
        yield account


@pytest.fixture
async def second(targets: Targets) -> AsyncIterator[Client]:
    async with targets.account("city-reviewer", "CITY_REVIEWER", None, "plan.issue") as account:
        yield account


async def version_two(city: Client, value: int = 2400) -> dict[str, Any]:
    """The plan of 2017 with another figure for 航空港 from July on (targets design §7.10)."""
    plan = (await city.get("/plans/2017", params={"version": 1})).json()
    for item in plan["items"]:
        if (item["unit"], item["indicator"]) == ("ZZ15", "I01"):
            item["value"] = value
    kept = {name: plan[name] for name in ("year", "title", "doc_no", "issued_on", "items")}
    return kept | {"effective_from": "2017-07-01"}


async def issue(account: Client, plan_id: str) -> Any:
    return await account.post(f"/plans/{plan_id}/issue", headers=Client.key())


async def test_a_version_counts_only_once_a_second_person_has_issued_it(
    targets: Targets, city: Client, second: Client
) -> None:
    drafted = await city.post("/plans", json=await version_two(city))
    draft = drafted.json()
    july = {"as_of": "2017-07-01"}
    assert (drafted.status_code, draft["state"], draft["issued_by"], draft["warnings"]) == (201, "DRAFT", None, [])
    assert (await city.get("/plans/2017", params=july)).json()["version"] == 1
    async with targets.account("city", "CITY", None, "plan.issue") as herself:
        assert (await issue(herself, draft["id"])).json()["code"] == "FOUR_EYES"
    async with targets.staff("ZZ15") as staff:
        hidden = await staff.get("/plans/2017", params={"version": draft["version"]})
        listed = (await staff.get("/plans/2017/versions")).json()["items"]
    assert hidden.status_code == 404
    assert draft["id"] not in {row["id"] for row in listed}

    issued = await issue(second, draft["id"])
    again = await issue(second, draft["id"])
    served = (await city.get("/plans/2017", params=july)).json()
    before = (await city.get("/plans/2017", params={"as_of": "2017-06-30"})).json()
    years = (await city.get("/plans")).json()["items"]

    assert (issued.status_code, issued.json()["issued_by"]) == (200, "city-reviewer")
    assert years == [issued.json()], "the version issued last, and no draft"
    assert (again.status_code, again.json()["code"]) == (409, "PLAN_ISSUED")
    assert (served["version"], served["totals"]["I01"]) == (draft["version"], 129_400)
    assert (before["version"], before["totals"]["I01"]) == (1, 130_000)


async def test_the_difference_between_versions_is_told_cell_by_cell(city: Client, second: Client) -> None:
    draft = (await city.post("/plans", json=await version_two(city, 2500))).json()
    query = {"from": 1, "to": draft["version"]}
    found = (await city.get("/plans/2017/differences", params=query)).json()
    same = (await second.get("/plans/2017/differences", params={"from": 1, "to": 1})).json()
    none = await city.get("/plans/2017/differences", params={"from": 1, "to": 999})

    assert found["items"] == [
        {
            "unit": "ZZ15",
            "indicator": "I01",
            "old": {"state": "ASSIGNED", "value": 3000},
            "new": {"state": "ASSIGNED", "value": 2500},
        }
    ]
    assert same["items"] == []
    assert none.status_code == 404


async def test_drafts_of_one_year_get_numbers_of_their_own(city: Client) -> None:
    body = await version_two(city)
    answers = await asyncio.gather(*(city.post("/plans", json=body) for _ in range(4)))

    assert len({answer.json()["version"] for answer in answers}) == 4


async def test_of_two_who_issue_at_once_one_does(city: Client, second: Client) -> None:
    draft = (await city.post("/plans", json=await version_two(city))).json()

    answers = await asyncio.gather(*(issue(second, draft["id"]) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_every_fault_of_a_version_is_named_and_nothing_stored(targets: Targets, city: Client) -> None:
    body = await version_two(city)
    at = {(item["unit"], item["indicator"]): n for n, item in enumerate(body["items"])}
    body["items"][at["ZZ07", "I01a"]]["value"] = 28_001
    body["items"][at["ZZ08", "I02"]] |= {"unit": "ZZ77"}
    body["items"][at["ZZ09", "I02"]] |= {"state": "NOT_ASSIGNED"}
    body |= {"effective_from": "2018-01-01", "body_totals": {"I05": 1}}
    before = (await city.get("/plans/2017/versions")).json()

    answer = await city.post("/plans", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "PLAN_INVALID")
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} >= {
        (f"/items/{at['ZZ07', 'I01a']}", "P6"),
        (f"/items/{at['ZZ08', 'I02']}", "P2"),
        (f"/items/{at['ZZ09', 'I02']}", "P4"),
        ("/items", "P4"),
        ("/items", "P10"),
        ("/effective_from", "YEAR_DIFFERS"),
    }
    assert (await city.get("/plans/2017/versions")).json() == before


async def test_a_value_of_another_form_is_refused_at_its_place(city: Client) -> None:
    body = await version_two(city)
    body["items"][0]["value"] = "4.001"

    answer = await city.post("/plans", json=body)

    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/items/0/value", "P5")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE plan SET state = 'DRAFT', issued_by = NULL, issued_at = NULL",
        "UPDATE plan SET issued_by = 'x' WHERE state = 'ISSUED'",
        "INSERT INTO plan_item SELECT 'ZZ99', id, 'I01', 'PENDING', NULL FROM plan WHERE state = 'ISSUED' LIMIT 1",
        "INSERT INTO plan SELECT id, 1, 99, '', '', issued_on, issued_on, 'ISSUED', 'a', now(), 'b', now() FROM plan",
        "UPDATE plan SET state = 'ISSUED', issued_by = created_by, issued_at = now() WHERE state = 'DRAFT'",
    ],
)
async def test_the_tables_themselves_keep_what_is_issued(targets: Targets, city: Client, statement: str) -> None:
    await city.post("/plans", json=await version_two(city))
    connection = await targets.connect()
    try:
        issued = "SELECT *, xmin::text FROM plan WHERE state = 'ISSUED' ORDER BY id"
        before = await connection.fetch(issued)
        try:
            await connection.execute(statement)
        except (asyncpg.InsufficientPrivilegeError, asyncpg.CheckViolationError):
            pass
        else:
            assert statement.startswith("UPDATE plan SET issued_by") or "DRAFT" in statement
        assert await connection.fetch(issued) == before
        assert await connection.fetchval("SELECT count(*) FROM plan_item WHERE unit = 'ZZ99'") == 0
    finally:
        await connection.close()


def test_no_kind_of_account_both_draws_up_and_issues_plans() -> None:
    duties = {"targets.plan.write", "targets.plan.issue"}
    held = {kind: duties & set(scopes) for kind, scopes in scopes_by_kind().items()}

    assert {kind: scopes for kind, scopes in held.items() if scopes} == {
        "CITY": {"targets.plan.write"},
        "CITY_REVIEWER": {"targets.plan.issue"},
    }


async def test_who_issues_sees_what_who_drew_up_was_shown(targets: Targets, city: Client, second: Client) -> None:
    """A version that lost a unit and an indicator on its way into the form, and has an odd figure."""
    body = await version_two(city, 2405)
    body["items"] = [i for i in body["items"] if i["unit"] != "ZZ14" and i["indicator"] != "R03"]
    draft = (await city.post("/plans", json=body)).json()
    seen = await second.get(f"/plans/2017/versions/{draft['version']}")
    none = await second.get("/plans/2017/versions/9999")
    async with targets.staff("ZZ15") as staff:
        hidden = await staff.get(f"/plans/2017/versions/{draft['version']}")

    assert {(w["rule"], w["unit"], w["indicator"]) for w in draft["warnings"]} == {
        ("P2", "ZZ14", None),
        ("P2", None, "R03"),
        ("P12", "ZZ15", "I01"),
    }
    assert seen.json() == draft
    assert (none.status_code, hidden.status_code) == (404, 404)
