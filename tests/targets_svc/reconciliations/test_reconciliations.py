"""A report against the register, over HTTP: every term from a ledger row."""

from datetime import UTC, datetime
from typing import Any

from targets_svc.reconciliations.domain import Term
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.register.people import event
from tests.targets_svc.reports.flow import approve, carry, draft, figures, plan_of, step

MONTH = "2017-06"
EARLY = {"received_at": "2017-06-20T00:00:00Z"}


async def test_each_event_stands_in_its_term(targets: Targets) -> None:
    plan = await plan_of(targets)
    async with targets.staff("ZZ04") as staff, targets.staff("ZZ05") as other, targets.city() as city:
        for n in range(1, 6):
            assert (await staff.post("/events", json=event(n, "ZZ04", "2017-05-10", **EARLY))).status_code == 201
        await staff.post("/events", json=event(1, "ZZ04", "2017-06-01", **EARLY))  # the unit's own repeat
        await other.post("/events", json=event(2, "ZZ05", "2017-03-01", **EARLY))  # another unit was earlier
        false = await staff.post("/events", json=event(6, "ZZ04", "2017-04-01", **EARLY))
        await staff.post("/events", json=event(7, "ZZ04", "2017-07-01", **EARLY))  # after the month
        await approve(targets, "ZZ04", MONTH, figures(plan, "ZZ04", I01=9))
        await staff.post("/events", json=event(8, "ZZ04", "2017-06-30"))  # known after the report
        await staff.post(f"/events/{false.json()['event_id']}/retraction", json={"reason": "查实为虚假登记"})
        seen = (await staff.get("/reconciliations", params={"month": MONTH})).json()
        by_city = (await city.get("/reconciliations", params={"year": 2017, "month": "6"})).json()
        by_other = (await other.get("/reconciliations", params={"month": MONTH})).json()
        ledger = f"/reconciliations/ZZ04/{MONTH}/I01/events"
        entries = {term: (await staff.get(ledger, params={"term": term})).json()["items"] for term in Term}
        first = (await city.get(ledger, params={"limit": 2})).json()
        second = (await city.get(ledger, params={"limit": 2, "cursor": first["next"]})).json()
        foreign = await other.get(ledger)
        before = (await staff.get("/reconciliations/ZZ04/2017-05/I01/events")).json()["items"]
    assert seen == by_city
    assert by_other == {"month": MONTH, "standard_version": 1, "items": []}
    (bridge,) = seen["items"]
    assert (bridge["unit"], bridge["indicator"], bridge["reported"], bridge["registered"]) == ("ZZ04", "I01", 9, 5)
    assert (bridge["difference"], bridge["relative"], bridge["verdict"]) == (4, "44.44", "FLAG")
    assert bridge["terms"] == {
        "dup_removed": 1,
        "displaced_elsewhere": 1,
        "retracted_after_report": 1,
        "pending_verification": 0,
        "late_arrivals": 1,
        "unexplained": 2,
    }
    assert len(entries.pop(Term.REGISTERED)) == bridge["registered"]
    assert {term.lower(): len(items) for term, items in entries.items()} == {
        name: count for name, count in bridge["terms"].items() if name != "unexplained"
    }
    (displaced,), (retracted,) = entries[Term.DISPLACED_ELSEWHERE], entries[Term.RETRACTED_AFTER_REPORT]
    assert (displaced["held_by_unit"], retracted["reason"]) == ("ZZ05", "查实为虚假登记")
    assert len({item["event_id"] for item in first["items"] + second["items"]}) == 4
    assert (foreign.status_code, before) == (404, [])


async def test_a_bridge_is_sayable_again_as_it_was_known(targets: Targets) -> None:
    """Each step changes the bridge; afterwards every earlier answer comes out again, with its ledger rows."""
    plan, month = await plan_of(targets), {"month": "2017-08"}
    seen: list[tuple[str, Any, dict[str, int]]] = []

    async with targets.staff("ZZ06") as staff, targets.staff("ZZ05") as other, targets.city() as city:

        async def look(account: Client, known_at: str | None = None) -> tuple[Any, dict[str, int]]:
            asked = month | ({"known_at": known_at} if known_at else {})
            table = (await account.get("/reconciliations", params=asked)).json()
            path = "/reconciliations/ZZ06/2017-08/I01/events"
            answers = {term: await account.get(path, params=asked | {"term": term}) for term in Term}
            return table, {term.value: len(answer.json()["items"]) for term, answer in answers.items()}

        async def remember() -> None:
            seen.append((datetime.now(UTC).isoformat(), *await look(staff)))

        first = [await staff.post("/events", json=event(n, "ZZ06", "2017-05-10", **EARLY)) for n in range(31, 35)]
        waits = event(35, "ZZ06", "2017-05-10", job_form="FLEXIBLE", **EARLY)
        waiting = (await staff.post("/events", json=waits)).json()["event_id"]
        await remember()
        await approve(targets, "ZZ06", "2017-08", figures(plan, "ZZ06", I01=6))
        await remember()
        await staff.post(f"/events/{first[0].json()['event_id']}/retraction", json={"reason": "查实为虚假登记"})
        await remember()
        await other.post("/events", json=event(32, "ZZ05", "2017-03-01"))
        await remember()
        async with targets.account("verifier", "REVIEWER", "ZZ06", "event.verify") as verifier:
            await verifier.post(f"/events/{waiting}/verification", json={"basis": "已核对社会保险缴费记录"})
        await remember()
        await step(staff, "ZZ06", "2017-08", "correction", reason="八月数据漏报，更正")
        corrected = figures(plan, "ZZ06", I01=4)
        etag = (await staff.get("/reports/ZZ06/2017-08")).headers["etag"]
        await draft(targets, "ZZ06", "2017-08", corrected, etag)
        assert (await carry(targets, "ZZ06", "2017-08")).status_code == 200
        await remember()
        again = [(at, *await look(city, at)) for at, _, _ in seen]

    assert again == seen
    tables = [table["items"] for _, table, _ in seen]
    assert tables[0] == []
    assert [bridge["difference"] for (bridge,) in tables[1:]] == [2, 3, 4, 3, 1]
    assert len({str(table) for table in tables}) == len(tables), "each step shows"
