"""What the register holds of a person, told to whom number and name are shown."""

from dataclasses import replace
from typing import Any

import pytest

from kit.identifiers.full_width import fold_full_width
from kit.testing import captured_log, serving, settings_of
from targets_svc.main import create_app
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.register.people import event, faults, number
from tests.targets_svc.register.test_rotated_keys import rotated


async def record(account: Client, row: dict[str, Any]) -> dict[str, Any]:
    answer = await account.post("/events", json=row)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def found(account: Client, n: int, name: str = "王测试", **changes: str) -> list[tuple[str, bool, str | None]]:
    """(source reference, counted, reason) of each event."""
    document = {"id_type": "RESIDENT_ID", "id_number": number(n), "name": name} | changes
    answer = await account.post("/event-searches", json=document)
    assert answer.status_code == 200, answer.text
    return [(item["source_ref"], item["counted"], item["reason"]) for item in answer.json()["items"]]


async def test_a_person_is_told_what_counts_and_why_another_does_not(targets: Targets) -> None:
    """Two districts, a retracted event and a pending one; each district is told of its own, the city of all."""
    async with targets.staff("ZZ07") as jinshui, targets.staff("ZZ08") as erqi, targets.city() as city:
        first = await record(jinshui, event(1, "ZZ07", "2017-03-10", source_ref="first"))
        await record(erqi, event(1, "ZZ08", "2017-05-10", source_ref="second"))
        false = await record(jinshui, event(1, "ZZ07", "2017-04-10", indicator="I03", source_ref="false"))
        await jinshui.post(f"/events/{false['event_id']}/retraction", json={"reason": "劳动合同系伪造，查实撤销"})
        work = {"job_form": "FLEXIBLE", "job_months": 1, "monthly_pay": "500.00"}
        await record(erqi, event(1, "ZZ08", "2017-08-01", source_ref="waits", **work))
        await record(erqi, event(2, "ZZ08", "2017-08-01", source_ref="another"))

        everything = [
            ("waits", False, "PENDING"),
            ("second", False, "DUP_YEAR"),
            ("false", False, "RETRACTED"),
            ("first", True, None),
        ]
        assert await found(city, 1) == everything
        assert await found(jinshui, 1) == everything[2:]
        assert await found(erqi, 1) == everything[:2]
        document = {"id_type": "RESIDENT_ID", "id_number": number(1), "name": "王测试"}
        holder = (await erqi.post("/event-searches", json=document)).json()["items"][1]["held_by"]
    assert holder == {"event_id": first["event_id"], "unit": "ZZ07"}


async def test_number_and_name_must_belong_together_and_nothing_is_told_of_a_number_alone(targets: Targets) -> None:
    async with targets.staff("ZZ07") as staff:
        await record(staff, event(11, "ZZ07", "2017-03-10", source_ref="a", name="李测试"))
        await record(staff, event(11, "ZZ07", "2017-03-11", source_ref="b", name="李侧试"))  # misspelt: N12
        known = [("b", False, "DUP_YEAR"), ("a", True, None)]
        assert await found(staff, 11, "李测试") == await found(staff, 11, "李侧试") == known
        assert await found(staff, 11, " 李测试 ") == known, "as a person writes it"
        wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number(11))
        assert fold_full_width(wide) == number(11)
        assert await found(staff, 11, "李测试", id_number=wide) == known
        strange = await staff.post("/event-searches", json={"id_type": "RESIDENT_ID", "id_number": number(11),
                                                            "name": "王测试"})  # fmt: skip
        nobody = await staff.post("/event-searches", json={"id_type": "RESIDENT_ID", "id_number": number(12),
                                                           "name": "王测试"})  # fmt: skip
        assert (strange.status_code, strange.content) == (nobody.status_code, nobody.content) == (200, b'{"items":[]}')
        passport = await staff.post("/event-searches", json={"id_type": "PASSPORT", "id_number": "E12345678",
                                                             "name": "李测试"})  # fmt: skip
        assert passport.json() == {"items": []}


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"id_number": "410199199001010012"}, {"/id_number"}),
        ({"name": "王"}, {"/name"}),
        ({"id_number": "1", "name": "123"}, {"/id_number", "/name"}),
        ({"id_type": "CARD"}, {"/id_type"}),
        ({"unit": "ZZ07"}, {"/unit"}),
    ],
)
async def test_what_can_be_nobody_is_refused_by_its_fields(
    targets: Targets, changes: dict[str, str], pointers: set[str]
) -> None:
    document = {"id_type": "RESIDENT_ID", "id_number": number(21), "name": "王测试"} | changes
    async with targets.staff("ZZ07") as staff:
        with captured_log() as log:
            answer = await staff.post("/event-searches", json=document)
    assert {pointer for pointer, _ in faults(answer)} == pointers
    assert number(21) not in log.getvalue() + answer.text


async def test_who_was_registered_under_an_older_key_is_found(targets: Targets) -> None:
    environment = targets.infrastructure.service_environment("targets", targets.database)
    environment["JIUYE_FIELD_KEYS"] = rotated(environment["JIUYE_FIELD_KEYS"])
    async with targets.staff("ZZ07") as staff:
        await record(staff, event(31, "ZZ07", "2017-03-10", source_ref="old"))
    with serving(create_app(settings_of(environment))) as url:
        async with replace(targets, url=url).staff("ZZ07") as staff:
            assert await found(staff, 31) == [("old", True, None)]
            await record(staff, event(31, "ZZ07", "2017-03-12", source_ref="new"))
            assert await found(staff, 31) == [("new", False, "DUP_YEAR"), ("old", True, None)]


async def test_without_the_scope_nobody_is_looked_for(targets: Targets) -> None:
    async with targets.account("admin", "ADMIN") as admin:
        document = {"id_type": "RESIDENT_ID", "id_number": number(1), "name": "王测试"}
        answer = await admin.post("/event-searches", json=document)
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")
