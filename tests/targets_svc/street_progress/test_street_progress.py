"""The progress of streets over HTTP: from single events, files and the issued split, and exact after every change."""

import asyncio
from typing import Any

import pytest

from kit.db.engine import Database
from targets_svc.register.service import check_register
from tests.targets_svc.child_plans.test_child_plans import PARTS, body, drafter, issuer, proposed
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.event_uploads.files import as_csv, ended, result_rows, upload, working_here
from tests.targets_svc.register.people import event, faults

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's
JUNE = {"unit": "ZZ11", "month": "2017-06"}


async def actuals(account: Client, **query: str) -> dict[tuple[str | None, str], int]:
    answer = await account.get("/street-progress", params=JUNE | query)
    assert answer.status_code == 200, answer.text
    return {(row["street"], row["indicator"]): row["actual"] for row in answer.json()["items"] if row["actual"]}


async def test_streets_are_counted_judged_and_follow_every_change(targets: Targets) -> None:
    async with targets.staff("ZZ11") as staff, targets.staff("ZZ12") as other:
        none = (await staff.get("/street-progress", params=JUNE)).json()
        first = await staff.post("/events", json=event(1, "ZZ11", "2017-05-10", street="ZZ11-01"))
        await staff.post("/events", json=event(2, "ZZ11", "2017-05-11", street="ZZ11-02"))
        await staff.post("/events", json=event(3, "ZZ11", "2017-05-12"))
        await staff.post("/events", json=event(4, "ZZ11", "2017-07-01", street="ZZ11-01"))  # after the month
        again = event(1, "ZZ11", "2017-06-10", street="ZZ11-03")
        await staff.post("/events", json=again)  # the same person, later: not counted
        counted = await actuals(staff)
        without_split = (await staff.get("/street-progress", params=JUNE)).json()
        await staff.post(f"/events/{first.json()['event_id']}/retraction", json={"reason": "查实为虚假登记"})
        promoted = await actuals(staff)
        await other.post("/events", json=event(2, "ZZ12", "2017-01-05", street="ZZ12-01"))
        displaced = await actuals(staff)
        ends = event(3, "ZZ11", "2017-06-20", indicator="I01N", street="ZZ11-02")
        await staff.post("/events", json=ends)
        netted = await actuals(staff)

        items = (await proposed(targets)).json()["items"]
        async with drafter(targets, "ZZ11") as own, issuer(targets) as city:
            draft_id = (await own.post("/child-plans", json=body(items))).json()["id"]
            drafted = (await staff.get("/street-progress", params=JUNE)).json()
            await city.post(f"/child-plans/{draft_id}/issue", headers=Client.key())
        issued = (await staff.get("/street-progress", params=JUNE)).json()
        async with targets.city() as city:
            by_city = (await city.get("/street-progress", params=JUNE | {"curve": "SEASONAL"})).json()
        refused = [
            await other.get("/street-progress", params=JUNE),
            await staff.get("/street-progress", params=JUNE | {"unit": "ZZ"}),
            await staff.get("/street-progress", params=JUNE | {"unit": "ZZ99"}),
        ]
        cached = await staff.get("/street-progress", params=JUNE, headers={"If-None-Match": "*"})

    assert (none["items"], none["child_plan_version"]) == ([], None)
    assert counted == {("ZZ11-01", "I01"): 1, ("ZZ11-02", "I01"): 1, (None, "I01"): 1}
    assert [(r["street"], r["name"], r["target"], r["level"]) for r in without_split["items"]] == [
        ("ZZ11-01", None, None, "GREY"),
        ("ZZ11-02", None, None, "GREY"),
        (None, None, None, "GREY"),
    ]
    assert promoted == {("ZZ11-03", "I01"): 1, ("ZZ11-02", "I01"): 1, (None, "I01"): 1}
    assert displaced == {("ZZ11-03", "I01"): 1, (None, "I01"): 1}
    assert netted == {("ZZ11-03", "I01"): 1, ("ZZ11-02", "I01"): -1, (None, "I01"): 1}
    assert (drafted["child_plan_version"], issued["child_plan_version"]) == (None, 1)
    third = next(r for r in issued["items"] if (r["street"], r["indicator"]) == ("ZZ11-03", "I01"))
    assert third == {
        "street": "ZZ11-03", "name": PARTS[2]["name"], "indicator": "I01", "target": 470, "actual": 1,
        "completion": "0.21", "pace": "50.00", "gap": "-49.79", "level": "RED", "rank": 1, "needed_per_month": "78.2",
    }  # fmt: skip
    assert len(issued["items"]) == 8 * 10 + 1
    assert by_city["items"][0]["pace"] == "54.00"
    assert [answer.status_code for answer in refused] == [404, 404, 404]
    assert cached.status_code == 304


async def test_a_street_is_one_of_the_units_own_alone_and_in_a_file(targets: Targets) -> None:
    rows = [
        event(60, "ZZ10", "2017-04-01", street="ZZ10-01"),
        event(61, "ZZ10", "2017-04-01", street="ZZ11-01"),
        event(62, "ZZ10", "2017-04-01"),
    ]
    async with targets.staff("ZZ10") as staff, working_here(targets):
        alone = await staff.post("/events", json=rows[1])
        taken = await upload(staff, as_csv(rows), mode="VALID_ROWS")
        await ended(staff, taken)
        lines = await result_rows(staff, taken)
        counted = await actuals(staff, unit="ZZ10")
        repeated = await staff.post("/events", json=rows[0])
        moved = await staff.post("/events", json=rows[0] | {"street": "ZZ10-02"})

    assert faults(alone) == {("/street", "N4_STREET")}
    assert [(line["status"], line["error_code"], line["street"]) for line in lines] == [
        ("COUNTED", "", "ZZ10-01"),
        ("ERROR", "N4_STREET", "ZZ11-01"),
        ("COUNTED", "", ""),
    ]
    assert "街道" in lines[1]["error_message_zh"]
    assert counted == {("ZZ10-01", "I01"): 1, (None, "I01"): 1}
    assert (repeated.status_code, moved.status_code, moved.json()["code"]) == (200, 409, "SOURCE_REUSED")


async def test_streets_sum_to_the_unit_after_claims_and_retractions_at_once(targets: Targets) -> None:
    async with targets.staff("ZZ13") as staff:

        async def claim(n: int) -> Any:
            street = {"street": f"ZZ13-{n % 3:02d}"} if n % 3 else {}
            return await staff.post("/events", json=event(300 + n // 3, "ZZ13", f"2017-03-{n % 28 + 1:02d}", **street))

        made = await asyncio.gather(*(claim(n) for n in range(24)))
        withdrawn = [answer.json()["event_id"] for answer in made[::2]]
        await asyncio.gather(
            *(staff.post(f"/events/{one}/retraction", json={"reason": "查实为虚假登记"}) for one in withdrawn),
            *(claim(n) for n in range(24, 36)),
        )
        by_street = await actuals(staff, unit="ZZ13")
        items = (await staff.get("/events/counts", params={"year": 2017, "limit": 100})).json()["items"]
    database = Database(targets.settings.database_url.get_secret_value(), schema="targets", pool_size=1)
    try:
        async with database.transaction() as tx:
            assert (await check_register(tx))["is_sound"]
    finally:
        await database.close()

    assert sum(by_street.values()) == sum(item["count"] for item in items) == 12
    assert all(n > 0 for n in by_street.values())


@pytest.mark.parametrize("street", ["ZZ07-01-0000000000", "ZZ07 01", "", 7])
async def test_a_street_of_another_form_is_refused(targets: Targets, street: Any) -> None:
    async with targets.staff("ZZ07") as staff:
        refused = await staff.post("/events", json=event(400, "ZZ07", "2017-04-01", street=street))

    assert [error["pointer"] for error in refused.json()["errors"]] == ["/street"]
