"""Events of other services: once each, counted when the plan names them, and gone when they are taken back."""

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Any

import pytest

from kit.db.engine import Database
from kit.ids import new_id
from kit.testing import captured_log, settings_of
from targets_svc.register.service import Vault
from targets_svc.service_events.service import count_waiting
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.month_closes.closing import close
from tests.targets_svc.register.people import counts, number


def sender(targets: Targets, source: str = "training", kind: str = "SERVICE", *scopes: str) -> Client:
    """A service as the gateway's key vouches for it."""
    return Client(
        base_url=f"{targets.url}/internal/v1",
        headers=targets.caller.headers(*(scopes or ("targets.service_event.write",)), subject=source, kind=kind),
        trust_env=False,
        timeout=30,
        verify=False,
    )


def course(n: int, unit: str = "ZZ07", on: str = "2017-05-10", **attributes: str) -> dict[str, Any]:
    return {
        "event_id": str(new_id()),
        "kind": "course.finished",
        "occurred_on": on,
        "recorded_at": f"{on}T03:00:00Z",
        "unit": unit,
        "subject": {"id_type": "RESIDENT_ID", "id_number": number(n), "name": "王测试"},
        "attributes": {"course": "STARTUP"} | attributes,
    }


def loan(n: int, unit: str = "ZZ07") -> dict[str, Any]:
    return course(n, unit) | {"kind": "loan.disbursed", "attributes": {"group": "GRADUATE"}}


async def test_an_event_is_counted_once_under_every_indicator_that_names_it(targets: Targets) -> None:
    body = course(1, group="RETURNING_MIGRANT")
    async with sender(targets) as service, targets.staff("ZZ07") as staff:
        answers = await asyncio.gather(*(service.post("/events", json=body) for _ in range(6)))
        same_person = await service.post("/events", json=course(1, on="2017-06-10"))
        changed = await service.post("/events", json=body | {"occurred_on": "2017-05-11"})
        counted = await counts(staff)

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert {answer.text for answer in answers} == {answers[0].text}
    outcome = {"counted": True, "reason": None}
    assert answers[0].json()["outcomes"] == [{"indicator": "I03"} | outcome, {"indicator": "I03a"} | outcome]
    assert same_person.json()["outcomes"] == [{"indicator": "I03", "counted": False, "reason": "DUP_YEAR"}]
    assert (changed.status_code, changed.json()["code"]) == (409, "SERVICE_EVENT_REUSED")
    assert counted == {("ZZ07", "I03", "2017-05"): 1, ("ZZ07", "I03a", "2017-05"): 1}


async def test_nothing_is_counted_that_no_row_or_no_plan_names(targets: Targets) -> None:
    async with sender(targets) as training, sender(targets, "loans") as loans, targets.staff("ZZ08") as staff:
        unmapped = await training.post("/events", json=course(2, "ZZ08", course="DANCE"))
        waiting = await loans.post("/events", json=loan(2, "ZZ08"))
        no_plan = await training.post("/events", json=course(2, "ZZ08", on="2016-05-10"))
        counted = await counts(staff)
        seen = (await staff.get("/service-events")).json()["items"]
        only = (await staff.get("/service-events", params={"state": "WAITING"})).json()["items"]
        async with targets.city() as city:
            of_unit = (await city.get("/service-events", params={"unit": "ZZ08"})).json()["items"]
            of_none = (await city.get("/service-events", params={"unit": "ZZ15"})).json()["items"]
        foreign = await staff.get("/service-events", params={"unit": "ZZ07"})
        rules = (await staff.get("/event-mappings")).json()["items"]
    connection = await targets.connect()
    sealed = await connection.fetch("SELECT state, person_sealed FROM service_event WHERE unit = 'ZZ08'")
    await connection.close()

    assert (unmapped.status_code, unmapped.json()["state"], unmapped.json()["outcomes"]) == (201, "UNMAPPED", [])
    assert waiting.json()["state"] == "WAITING"
    assert waiting.json()["outcomes"] == [{"indicator": "P01", "counted": False, "reason": "NOT_PLANNED"}]
    assert no_plan.json()["state"] == "UNMAPPED"
    assert counted == {}
    assert {item["unit"] for item in seen} == {"ZZ08"}
    assert (of_unit, of_none, foreign.status_code) == (seen, [], 404)
    assert [item["kind"] for item in only] == ["loan.disbursed"]
    assert {rule["code"] for rule in rules} >= {"LOAN_DISBURSED", "STARTUP_COURSE"}
    for row in sealed:
        assert (row["person_sealed"] is not None) == (row["state"] == "WAITING")
        assert number(2).encode() not in (row["person_sealed"] or b"")


async def test_what_waited_is_counted_once_a_plan_names_it(targets: Targets) -> None:
    """创业担保贷款 is 待明确 in 2017; a second version gives the city a target, and January's loans count."""
    async with sender(targets, "loans") as loans:
        for n in (11, 12, 12):
            assert (await loans.post("/events", json=loan(n, "ZZ09"))).json()["state"] == "WAITING"
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    settings = settings_of(environment)
    database = Database(settings.database_url.get_secret_value(), schema="targets", pool_size=1)
    vault = Vault(settings.key_ring)

    async def run() -> int:
        after, counted = None, 0
        while True:
            async with database.transaction() as tx:
                some, after = await count_waiting(tx, vault, after, 2, datetime.now(UTC))
            counted += some
            if after is None:
                return counted

    try:
        before = await run()
        async with targets.account("city", "CITY", None, "plan.write") as city:
            plan = (await city.get("/plans/2017", params={"as_of": "2017-12-31"})).json()
            items = [
                {"unit": "ZZ", "indicator": "P01", "state": "ASSIGNED", "value": 5000} if i["indicator"] == "P01" else i
                for i in plan["items"]
            ]
            draft = await city.post(
                "/plans",
                json={
                    "year": 2017,
                    "title": plan["title"],
                    "doc_no": "郑人社〔2017〕99号",
                    "issued_on": "2017-07-01",
                    "effective_from": "2017-07-01",
                    "items": items,
                },
            )
            assert draft.status_code == 201, draft.text
        async with targets.account("city-reviewer", "CITY_REVIEWER", None, "plan.issue") as reviewer:
            issued = await reviewer.post(f"/plans/{draft.json()['id']}/issue", headers=Client.key())
            assert issued.status_code == 200, issued.text
        connection = await targets.connect()
        jobs = await connection.fetchval("SELECT count(*) FROM job WHERE kind = 'targets.plan_issued'")
        after, again = await run(), await run()
        left = await connection.fetchval("SELECT count(*) FROM service_event WHERE person_sealed IS NOT NULL")
        await connection.close()
    finally:
        await database.close()
    async with targets.staff("ZZ09") as staff, targets.city() as city:
        counted = await counts(staff)
        query = {"year": 2017, "month": "2017-07", "source": "REGISTER"}
        rows = {(r["unit"], r["indicator"]): r for r in (await city.get("/progress", params=query)).json()["items"]}

    assert (before, jobs, again, left) == (0, 1, 0, 0)
    assert after == 4, "three here, one of the other test"
    assert counted == {("ZZ09", "P01", "2017-05"): 2}
    assert (rows["ZZ", "P01"]["target"], rows["ZZ", "P01"]["actual"]) == (5000, 3)


async def test_an_event_that_is_taken_back_no_longer_counts(targets: Targets) -> None:
    body = course(21, "ZZ10")
    reason = {"reason": "结业证书系误录，已注销"}
    async with sender(targets) as service, sender(targets, "loans") as other, targets.staff("ZZ10") as staff:
        await service.post("/events", json=body)
        before = await counts(staff)
        path = f"/events/{body['event_id']}/retraction"
        foreign = await other.post(path, json=reason)
        done = await service.post(path, json=reason)
        again = await service.post(path, json=reason)
        repeated = await service.post("/events", json=body)
        after = await counts(staff)

    assert before == {("ZZ10", "I03", "2017-05"): 1}
    assert foreign.status_code == 404
    assert (done.status_code, done.json()["state"], again.text) == (200, "RETRACTED", done.text)
    assert (repeated.status_code, repeated.json()["state"]) == (200, "RETRACTED")
    assert after == {}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (
            {"subject": {"id_type": "RESIDENT_ID", "id_number": number(3)[:-1] + "0", "name": "王测试"}},
            "/subject/id_number",
        ),
        ({"unit": "ZZ"}, "/unit"),
        ({"unit": "XX99"}, "/unit"),
        ({"occurred_on": "2099-01-01"}, "/occurred_on"),
        ({"kind": "Loan Disbursed"}, "/kind"),
        ({"attributes": {"name": "王测试"}}, "/attributes/name"),
    ],
)
async def test_a_wrong_event_is_refused_by_its_field_and_nothing_is_stored(
    targets: Targets, change: dict[str, Any], pointer: str
) -> None:
    connection = await targets.connect()
    before = await connection.fetchval("SELECT count(*) FROM service_event")
    with captured_log() as log:
        async with sender(targets) as service:
            refused = await service.post("/events", json=course(3) | change)
    after = await connection.fetchval("SELECT count(*) FROM service_event")
    await connection.close()

    assert refused.status_code == 422, refused.text
    assert pointer in {error["pointer"] for error in refused.json()["errors"]}
    assert after == before
    assert number(3)[:-1] not in log.getvalue() + refused.text


@pytest.mark.parametrize(
    ("kind", "scopes", "code"),
    [
        ("STAFF", ("targets.service_event.write",), "NOT_A_SERVICE"),
        ("SERVICE", ("targets.event.write",), "SCOPE_MISSING"),
    ],
)
async def test_only_a_service_sends(targets: Targets, kind: str, scopes: tuple[str, ...], code: str) -> None:
    async with sender(targets, secrets.token_hex(4), kind, *scopes) as somebody:
        refused = await somebody.post("/events", json=course(4))
    assert (refused.status_code, refused.json()["code"]) == (403, code)


async def test_an_event_of_a_closed_month_is_in_the_live_series_and_not_in_the_snapshot(targets: Targets) -> None:
    """N11: a service cannot say more than when it happened; what was closed stays."""
    closed = await close(targets, "2017-04", reason="各单位月报尚未办理")
    async with sender(targets) as service, targets.city() as city:
        taken = await service.post("/events", json=course(31, "ZZ11", on="2017-04-20"))
        asked = {"year": 2017, "month": "2017-04", "source": "REGISTER"}
        live = (await city.get("/progress", params=asked)).json()["items"]
        then = (await city.get(f"/month-closes/{closed['id']}/progress", params={"source": "REGISTER"})).json()["items"]

    assert taken.json()["outcomes"] == [{"indicator": "I03", "counted": True, "reason": None}]
    figure = [
        next(row["actual"] for row in rows if (row["unit"], row["indicator"]) == ("ZZ11", "I03"))
        for rows in (live, then)
    ]
    assert figure == [1, 0]
