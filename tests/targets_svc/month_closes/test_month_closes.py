"""A closed month: two people, a snapshot that nothing changes any more, and what may still happen to its reports."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.month_closes.closing import approver, close, proposer
from tests.targets_svc.progress.june import CITY_JUNE, JUNE
from tests.targets_svc.register.people import event
from tests.targets_svc.reports.flow import approve, carry, draft, figures, plan_of, step

GAP = "两家单位机构调整，暂缺"


async def table(account: Client, path: str = "/progress", **query: Any) -> dict[str, Any]:
    answer = await account.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
async def june(targets: Targets) -> dict[str, Any]:
    """June with the figures of the design, some registered people, closed without 市本级; the approved close."""
    plan = await plan_of(targets)
    for row in JUNE:
        await approve(targets, row.unit, "2017-06", figures(plan, row.unit, I01=row.actual))
    async with targets.staff("ZZ07") as staff:
        for person in (1, 2, 3):
            first = await staff.post("/events", json=event(person, "ZZ07", "2017-05-10", source_ref=f"C{person}"))
            assert first.status_code == 201
    return await close(targets, "2017-06", reason=GAP)


async def test_a_month_is_closed_by_two_people_with_a_reason_for_what_is_missing(
    targets: Targets, june: dict[str, Any]
) -> None:
    async with proposer(targets) as first, approver(targets) as second:
        without_reason = await first.post("/month-closes", json={"month": "2017-05"})
        not_ended = await first.post("/month-closes", json={"month": "2026-12", "reason": GAP})
        again = await first.post("/month-closes", json={"month": "2017-06", "reason": GAP})
        proposed = await first.post("/month-closes", json={"month": "2017-05", "reason": GAP})
        twice = await first.post("/month-closes", json={"month": "2017-05", "reason": GAP})
        path = f"/month-closes/{proposed.json()['id']}"
        other = targets.account("city", "CITY_REVIEWER", None, "month.approve")
        same_person = await other.post(f"{path}/approval", headers=Client.key())
        await other.aclose()
        no_key = await second.post(f"{path}/approval")
        rejected = await second.post(f"{path}/rejection", json={"reason": "金水区月报仍在核对"}, headers=Client.key())
        late = await second.post(f"{path}/approval", headers=Client.key())
        listed = (await first.get("/month-closes", params={"year": 2017})).json()["items"]

    assert (june["state"], june["missing_units"], june["plan_version"]) == ("APPROVED", ["ZZ00"], 1)
    missing = without_reason.json()["errors"]
    assert (without_reason.status_code, [e["code"] for e in missing]) == (422, ["REPORTS_MISSING"])
    assert "市本级、新密" in missing[0]["message"]
    assert (not_ended.status_code, not_ended.json()["code"]) == (404, "PLAN_NOT_FOUND")
    assert (again.status_code, again.json()["code"]) == (409, "MONTH_CLOSED")
    assert (twice.status_code, twice.json()["code"]) == (409, "PROPOSAL_OPEN")
    assert (same_person.status_code, same_person.json()["code"]) == (409, "FOUR_EYES")
    assert no_key.status_code == 400
    assert (rejected.status_code, rejected.json()["state"]) == (200, "REJECTED")
    assert (late.status_code, late.json()["code"]) == (409, "PROPOSAL_DECIDED")
    assert [(row["month"], row["state"]) for row in listed] == [("2017-05", "REJECTED"), ("2017-06", "APPROVED")]


async def test_a_units_account_closes_nothing_and_sees_its_own_rows(targets: Targets, june: dict[str, Any]) -> None:
    async with targets.account("staff-ZZ07", "STAFF", "ZZ07", "month.propose") as staff:
        refused = await staff.post("/month-closes", json={"month": "2017-04", "reason": GAP})
        seen = await table(staff, f"/month-closes/{june['id']}/progress")

    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_CITY_LEVEL")
    assert {row["unit"] for row in seen["items"]} == {"ZZ07", "ZZ"}


async def test_nothing_that_happens_later_changes_what_was_closed(targets: Targets, june: dict[str, Any]) -> None:
    """A correction, a retraction, an event that says it was received long ago; by every source and curve."""
    asked = [
        {"source": source, "curve": curve}
        for source in ("REPORT", "REGISTER", "POLICY")
        for curve in ("LINEAR", "SEASONAL")
    ]
    plan = await plan_of(targets)
    async with targets.city() as city, targets.staff("ZZ07") as staff:
        month = {"month": "2017-06", "known_at": june["decided_at"]}
        path = f"/month-closes/{june['id']}/progress"
        live = [(await table(city, month="2017-06", **how))["items"] for how in asked]
        then = [(await table(city, **month, **how))["items"] for how in asked]

        opened = await step(staff, "ZZ07", "2017-06", "correction", reason="补录漏报人员台账")
        await draft(targets, "ZZ07", "2017-06", figures(plan, "ZZ07", I01=15999), opened.headers["etag"])
        assert (await carry(targets, "ZZ07", "2017-06")).status_code == 200
        early = event(9, "ZZ07", "2017-02-01", received_at="2017-02-02T00:00:00Z")
        assert (await staff.post("/events", json=early)).json()["counted"]
        first = await staff.post("/events", json=event(1, "ZZ07", "2017-05-10", source_ref="C1"))
        await staff.post(f"/events/{first.json()['event_id']}/retraction", json={"reason": "劳动合同系伪造"})

        now_live = await table(city, month="2017-06", source="REPORT")
        later = [(await table(city, **month, **how))["items"] for how in asked]
        kept = [(await table(city, path, **how))["items"] for how in asked]

    assert then == live
    assert later == kept == live
    assert next(r for r in now_live["items"] if (r["unit"], r["indicator"]) == ("ZZ07", "I01"))["actual"] == 15999
    closed = {(r["unit"], r["indicator"]): r for r in kept[0]}
    assert [closed[r.unit, "I01"]["level"] for r in JUNE] == [r.level_linear for r in JUNE]
    assert closed["ZZ", "I01"]["completion"] == CITY_JUNE.completion


async def test_a_closed_month_takes_corrections_and_no_late_reports_until_it_is_opened_again(
    targets: Targets, june: dict[str, Any]
) -> None:
    cells = figures(await plan_of(targets), "ZZ00", I03=9000, I04=1000)
    late = await draft(targets, "ZZ00", "2017-06", cells)
    async with proposer(targets) as first:
        unfounded = await first.post("/month-closes", json={"month": "2017-06", "kind": "REOPEN"})
        not_closed = await first.post("/month-closes", json={"month": "2017-03", "kind": "REOPEN", "reason": GAP})
    reopened = await close(targets, "2017-06", kind="REOPEN", reason="市本级补报六月数据")
    begun = await draft(targets, "ZZ00", "2017-06", cells)
    carried = await carry(targets, "ZZ00", "2017-06")
    closed = await close(targets, "2017-06")
    async with targets.city() as city:
        first_one = await table(city, f"/month-closes/{june['id']}/progress")
        no_table = await city.get(f"/month-closes/{reopened['id']}/progress")

    assert (late.status_code, late.json()["code"]) == (409, "MONTH_CLOSED")
    assert {e["code"] for e in unfounded.json()["errors"]} == {"REASON_MISSING"}
    assert (not_closed.status_code, not_closed.json()["code"]) == (409, "MONTH_NOT_CLOSED")
    assert (reopened["kind"], reopened["state"], begun.status_code, carried.status_code) == (
        *("REOPEN", "APPROVED"),
        *(201, 200),
    )
    assert closed["missing_units"] == []
    rows = {(r["unit"], r["indicator"]): r["actual"] for r in first_one["items"]}
    assert rows["ZZ00", "I03"] is None
    assert no_table.status_code == 404


async def test_of_two_approvers_one_closes_and_no_report_slips_through(targets: Targets) -> None:
    plan = await plan_of(targets)
    await draft(targets, "ZZ12", "2017-07", figures(plan, "ZZ12", I01=1400))
    async with proposer(targets) as first, approver(targets) as second, targets.staff("ZZ12") as staff:
        proposed = await first.post("/month-closes", json={"month": "2017-07", "reason": GAP})
        path = f"/month-closes/{proposed.json()['id']}/approval"
        answers = await asyncio.gather(
            *(second.post(path, headers=Client.key()) for _ in range(4)), step(staff, "ZZ12", "2017-07", "submission")
        )
        later = await draft(targets, "ZZ13", "2017-07", figures(plan, "ZZ13", I01=1400))

    assert sorted(answer.status_code for answer in answers[:4]) == [200, 409, 409, 409]
    assert answers[4].status_code in {200, 409}
    assert (later.status_code, later.json()["code"]) == (409, "MONTH_CLOSED")


async def test_the_database_keeps_snapshots_and_decisions(targets: Targets, june: dict[str, Any]) -> None:
    connection = await targets.connect()
    try:
        for statement in ("UPDATE month_snapshot SET reported = 1", "DELETE FROM month_snapshot"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        decided = f"UPDATE month_close SET decided_by = 'x' WHERE id = '{june['id']}'"
        assert await connection.execute(decided) == "UPDATE 0"
        alone = (
            "INSERT INTO month_close (id, year, month, kind, state, missing_units, proposed_by, proposed_at)"
            " VALUES (gen_random_uuid(), 2017, 1, 'CLOSE', 'PROPOSED', '{}', 'a', now())"
        )
        await connection.execute(alone)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "UPDATE month_close SET state = 'APPROVED', plan_version = 1, decided_by = 'a', decided_at = now()"
                " WHERE month = 1"
            )
    finally:
        await connection.close()
