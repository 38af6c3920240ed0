"""Events that wait for their verification (N10): over HTTP, and against a retraction at the same moment."""

import asyncio
import random
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from targets_svc.register import service
from targets_svc.register.errors import NotPendingError
from targets_svc.register.evidence import Evidence, JobForm, find_evidence_errors, minimum_wage, retires_on, waits
from tests.targets_svc.conftest import Targets
from tests.targets_svc.register.people import counts, event
from tests.targets_svc.register.test_exactness import NOW, notice, opened

SHORT = {"job_form": "FLEXIBLE", "job_months": 2, "monthly_pay": "2500.00"}
BASIS = {"basis": "已核对连续三个月缴费记录"}


async def test_a_pending_event_counts_once_somebody_else_has_verified_it(targets: Targets) -> None:
    async with (
        targets.staff("ZZ07") as staff,
        targets.account("checker", "REVIEWER", "ZZ07", "event.verify") as checker,
        targets.account("staff-ZZ07", "REVIEWER", "ZZ07", "event.verify") as oneself,
        targets.account("stranger", "REVIEWER", "ZZ08", "event.verify") as stranger,
    ):
        waiting = (await staff.post("/events", json=event(1, "ZZ07", "2017-05-10", **SHORT))).json()
        later = (await staff.post("/events", json=event(1, "ZZ07", "2017-06-10"))).json()
        before = await counts(staff)
        listed = (await checker.get("/events/pending")).json()
        hidden = (await stranger.get("/events/pending")).json()
        path = f"/events/{waiting['event_id']}/verification"
        refused = [(await account.post(path, json=BASIS)).status_code for account in (staff, oneself, stranger)]
        seen = [(await checker.get(path.removesuffix("/verification"))).json()]
        done = await checker.post(path, json=BASIS)
        seen += [(await checker.get(path.removesuffix("/verification"))).json()]
        after = await counts(staff)
        again = await checker.post(path, json=BASIS)
        never = await checker.post(f"/events/{later['event_id']}/verification", json=BASIS)
        rest = (await checker.get("/events/pending")).json()
        retracted = await staff.post(f"/events/{waiting['event_id']}/retraction", json={"reason": "查实为虚假登记"})
        seen += [(await checker.get(path.removesuffix("/verification"))).json()]

    assert [(one["counted"], one["reason"], one["basis"], one["retraction_reason"]) for one in seen] == [
        (False, "PENDING", None, None),
        (True, None, BASIS["basis"], None),
        (False, "RETRACTED", BASIS["basis"], "查实为虚假登记"),
    ]
    assert (waiting["counted"], waiting["reason"], waiting["warnings"][0]["code"]) == (False, "PENDING", "N10_PENDING")
    assert before == {("ZZ07", "I01", "2017-06"): 1}
    assert [(row["event_id"], row["job_months"], row["monthly_pay"]) for row in listed["items"]] == [
        (waiting["event_id"], 2, "2500.00")
    ]
    assert (hidden["items"], rest["items"]) == ([], [])
    assert refused == [403, 409, 404]
    assert (done.status_code, done.json()["counted"]) == (200, True)
    assert after == {("ZZ07", "I01", "2017-05"): 1}
    assert [(answer.status_code, answer.json()["code"]) for answer in (again, never)] == [
        (409, "EVENT_NOT_PENDING")
    ] * 2
    assert retracted.json()["promoted"]["event_id"] == later["event_id"]


async def test_a_verification_and_a_retraction_at_once_leave_no_wrong_cell(targets: Targets) -> None:
    choose = random.Random(7)
    flexible = Evidence(unemployed_on=date(2016, 12, 1), job_form=JobForm.FLEXIBLE)

    async with opened(targets, connections=4) as register:

        async def verify(event_id: UUID) -> bool:
            try:
                async with register.database.transaction() as tx:
                    await service.verify_event(
                        tx, subject="checker", own_unit=None, event_id=event_id, basis="核对属实", now=NOW
                    )
            except NotPendingError:
                return False
            return True

        for n in range(12):
            given = notice(choose, f"pending-{n}", people=3)
            receipt = await register.record(replace(given, evidence=flexible))
            await asyncio.gather(verify(receipt.event_id), register.retract(receipt.event_id))
        checked = await register.check()

    assert checked["is_sound"], checked


@pytest.mark.parametrize(
    ("birth", "is_male", "day"),
    [
        (date(1957, 5, 10), True, date(2017, 5, 10)),
        (date(1962, 5, 10), False, date(2017, 5, 10)),
        (date(1964, 12, 31), True, date(2024, 12, 31)),
        (date(1965, 1, 15), True, date(2025, 2, 15)),  # 60 years and 1 month
        (date(1965, 5, 15), True, date(2025, 7, 15)),
        (date(1976, 9, 1), True, date(2039, 9, 1)),  # 63 years
        (date(1970, 1, 15), False, date(2025, 2, 15)),
        (date(1981, 9, 1), False, date(2039, 9, 1)),  # 58 years
    ],
)
def test_the_legal_age_is_that_of_its_day(birth: date, is_male: bool, day: date) -> None:
    assert retires_on(birth, is_male=is_male) == day


def test_limits_are_dated_and_hold_on_their_day() -> None:
    enough = Evidence(job_form=JobForm.FLEXIBLE, job_months=3, monthly_pay=1600_00)

    assert [minimum_wage(date(2017, *day)) for day in ((9, 30), (10, 1))] == [1600_00, 1720_00]
    assert [waits(date(2017, *day), enough) for day in ((9, 30), (10, 1))] == [False, True]
    assert waits(date(2017, 5, 1), Evidence(job_form=JobForm.FLEXIBLE))
    assert not waits(date(2017, 5, 1), Evidence(job_form=JobForm.EMPLOYEE))
    certificate = Evidence(certified_on=date(2017, 5, 1), certified_until=date(2017, 5, 1))
    assert [list(find_evidence_errors("I01b", date(2017, 5, day), certificate)) == [] for day in (1, 2)] == [
        True,
        False,
    ]
