"""The mapping table is changed by two people, on a day, with a reference; what holds is never changed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from onebox.credentials import scopes_by_kind
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.service_events.test_service_events import course, sender

ROW: dict[str, Any] = {
    "code": "ONLINE_RURAL",
    "sources": ["training"],
    "kind": "course.finished",
    "where": {"course": "ONLINE", "group": "RURAL"},
    "indicator": "I05",
    "valid_from": "2017-07-01",
    "reference": "郑人社〔2017〕60号",
}


@pytest.fixture
async def city(targets: Targets) -> AsyncIterator[Client]:
    async with targets.account("city", "CITY", None, "mapping.write") as account:
        yield account


@pytest.fixture
async def second(targets: Targets) -> AsyncIterator[Client]:
    async with targets.account("city-reviewer", "CITY_REVIEWER", None, "mapping.confirm") as account:
        yield account


async def propose(account: Client, **change: Any) -> Any:
    return await account.post("/event-mappings", json=ROW | change, headers=Client.key())


async def confirm(account: Client, change_id: str) -> Any:
    return await account.post(f"/event-mapping-changes/{change_id}/confirmation", headers=Client.key())


async def end(account: Client, code: str, last_day: str) -> Any:
    body = {"last_day": last_day, "reference": "郑人社〔2017〕99号"}
    return await account.post(f"/event-mappings/{code}/ending", json=body, headers=Client.key())


async def counted(targets: Targets, n: int, on: str) -> list[str]:
    """The indicators under which a new event is counted."""
    async with sender(targets) as service:
        taken = await service.post("/events", json=course(n, on=on, course="ONLINE", group="RURAL"))
    return [outcome["indicator"] for outcome in taken.json()["outcomes"] if outcome["counted"]]


async def test_a_row_counts_once_a_second_person_has_confirmed_it_and_until_it_is_ended(
    targets: Targets, city: Client, second: Client
) -> None:
    proposed = await propose(city)
    before = await counted(targets, 1, "2017-07-01")
    waiting = (await second.get("/event-mapping-changes", params={"confirmed": False})).json()["items"]
    async with targets.account("city", "CITY_REVIEWER", None, "mapping.confirm") as herself:
        own = await confirm(herself, proposed.json()["id"])
    confirmed = await confirm(second, proposed.json()["id"])
    again = await confirm(second, proposed.json()["id"])
    days = [await counted(targets, n, on) for n, on in ((2, "2017-06-30"), (3, "2017-07-01"), (4, "2017-09-01"))]

    assert (proposed.status_code, proposed.json()["confirmed_by"], before) == (201, None, [])
    assert [item["id"] for item in waiting] == [proposed.json()["id"]]
    assert (own.status_code, own.json()["code"]) == (409, "FOUR_EYES")
    assert (confirmed.status_code, confirmed.json()["confirmed_by"]) == (200, "city-reviewer")
    assert (again.status_code, again.json()["code"]) == (409, "MAPPING_CONFIRMED")
    assert days == [[], ["I05"], ["I05"]]

    ending = await end(city, "ONLINE_RURAL", "2017-08-31")
    still = await counted(targets, 5, "2017-09-02")
    await confirm(second, ending.json()["id"])
    table = {row["code"]: row for row in (await city.get("/event-mappings")).json()["items"]}
    twice = await end(city, "ONLINE_RURAL", "2017-10-31")

    assert still == ["I05"]
    assert [await counted(targets, n, on) for n, on in ((6, "2017-08-31"), (7, "2017-09-01"))] == [["I05"], []]
    assert table["ONLINE_RURAL"] == ROW | {"until": "2017-08-31"}
    assert table["STARTUP_COURSE"]["until"] is None
    assert (twice.status_code, twice.json()["code"]) == (409, "MAPPING_ENDED")


async def test_a_shipped_row_is_ended_and_not_replaced(targets: Targets, city: Client, second: Client) -> None:
    same = await propose(city, code="SKILL_COURSE_RURAL")
    ending = await end(city, "SKILL_COURSE_RURAL", "2017-06-30")
    await confirm(second, ending.json()["id"])
    async with sender(targets) as service:
        outcomes = [
            (await service.post("/events", json=course(n, on=on, course="SKILL", group="RURAL"))).json()["outcomes"]
            for n, on in ((21, "2017-06-30"), (22, "2017-07-01"))
        ]

    assert (same.status_code, same.json()["code"]) == (409, "MAPPING_TAKEN")
    assert [[outcome["indicator"] for outcome in one] for one in outcomes] == [["I05"], []]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"indicator": "R01"}, "/indicator"),
        ({"indicator": "I99"}, "/indicator"),
        ({"until": "2017-06-30"}, "/until"),
        ({"kind": "Course Finished"}, "/kind"),
        ({"where": {"name": "王测试"}}, "/where/name"),
        ({"reference": ""}, "/reference"),
        ({"sources": []}, "/sources"),
    ],
)
async def test_a_wrong_row_is_refused_by_its_field(city: Client, change: dict[str, Any], pointer: str) -> None:
    refused = await propose(city, **{"code": "WRONG"} | change)
    assert (refused.status_code, [error["pointer"] for error in refused.json()["errors"]]) == (422, [pointer])


async def test_of_two_rows_of_one_code_one_is_confirmed(city: Client, second: Client) -> None:
    rows = [(await propose(city, code="TWICE")).json()["id"] for _ in range(2)]
    answers = await asyncio.gather(*(confirm(second, row) for row in rows))
    early = await end(city, "TWICE", "2017-06-30")
    unknown = await end(city, "NOBODY", "2017-06-30")

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"MAPPING_TAKEN"}
    assert (early.status_code, early.json()["errors"][0]["pointer"]) == (422, "/last_day")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "MAPPING_NOT_FOUND")


async def test_the_table_keeps_what_is_confirmed(targets: Targets, city: Client, second: Client) -> None:
    change_id = (await propose(city, code="KEPT")).json()["id"]
    connection = await targets.connect()
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "UPDATE event_mapping_change SET confirmed_by = proposed_by, confirmed_at = now() WHERE id = $1",
                change_id,
            )
        await confirm(second, change_id)
        changed = await connection.execute(
            "UPDATE event_mapping_change SET reference = '别的' WHERE id = $1", change_id
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM event_mapping_change")
    finally:
        await connection.close()
    assert changed == "UPDATE 0"


def test_no_kind_of_account_both_proposes_and_confirms_what_counts() -> None:
    both = {"targets.mapping.write", "targets.mapping.confirm"}
    held = {kind: both & set(scopes) for kind, scopes in scopes_by_kind().items()}

    assert all(len(scopes) < 2 for scopes in held.values())
    assert set().union(*held.values()) == both
