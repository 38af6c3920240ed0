"""Real-name events over HTTP: the worked case of §7.4 and §7.5, replays, rules, and who sees what."""

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from kit.testing import captured_log
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.register.people import counts, event, faults, number


async def retract(account: Client, event_id: str, reason: str = "查实为虚假登记") -> Any:
    return await account.post(f"/events/{event_id}/retraction", json={"reason": reason})


async def test_a_person_counts_once_for_the_earliest_job_of_the_year(targets: Targets) -> None:
    """§7.4: 金水 in May; an earlier job in 二七 arrives later and displaces it; retracted, 金水 has it back."""
    e1 = event(1, "ZZ07", "2017-05-10", received_at="2017-06-01T00:00:00Z")
    e2 = event(1, "ZZ08", "2017-03-20", received_at="2017-06-15T00:00:00Z")
    async with targets.staff("ZZ07") as jinshui, targets.staff("ZZ08") as erqi, targets.city() as city:
        first = await jinshui.post("/events", json=e1)
        assert (first.status_code, first.json()["counted"], first.json()["reason"]) == (201, True, None)
        assert await counts(city) == {("ZZ07", "I01", "2017-05"): 1}

        second = (await erqi.post("/events", json=e2)).json()
        assert second["counted"] is True
        assert await counts(city) == {("ZZ08", "I01", "2017-03"): 1}

        again = await jinshui.post("/events", json=e1)
        assert (again.status_code, again.json()["event_id"]) == (200, first.json()["event_id"])
        assert (again.json()["counted"], again.json()["reason"]) == (False, "DUP_YEAR")
        assert again.json()["held_by"] == {"event_id": second["event_id"], "unit": "ZZ08"}
        assert await counts(city) == {("ZZ08", "I01", "2017-03"): 1}

        done = (await retract(erqi, second["event_id"])).json()
        assert done["promoted"] == {"event_id": first.json()["event_id"], "unit": "ZZ07"}
        assert await counts(city) == {("ZZ07", "I01", "2017-05"): 1}
        assert (await jinshui.post("/events", json=e1)).json() == first.json()

        third = event(1, "ZZ07", "2017-08-01", indicator="I02")
        assert (await jinshui.post("/events", json=third)).json()["counted"] is True
        await retract(jinshui, first.json()["event_id"])
        assert await counts(city) == {("ZZ07", "I02", "2017-08"): 1}


async def test_the_same_person_counts_once_in_each_indicator(targets: Targets) -> None:
    """§7.5: registered unemployed and certified, too: once in I01, I01a and I01b."""
    async with targets.staff("ZZ11") as staff:
        answers = [
            (await staff.post("/events", json=event(2, "ZZ11", "2017-04-01", indicator=code))).json()["counted"]
            for code in ("I01", "I01a", "I01b", "I01N")
        ]
        twice = (await staff.post("/events", json=event(2, "ZZ11", "2017-04-02", indicator="I01a"))).json()
        own = await counts(staff)

    assert answers == [True] * 4
    assert (twice["counted"], twice["reason"]) == (False, "DUP_YEAR")
    assert own == {("ZZ11", code, "2017-04"): 1 for code in ("I01", "I01a", "I01b", "I01N")}


async def test_on_one_day_the_first_received_counts_and_both_units_see_the_conflict(targets: Targets) -> None:
    async with targets.staff("ZZ12") as one, targets.staff("ZZ13") as other:
        later = event(3, "ZZ12", "2017-02-01", received_at="2017-02-02T08:00:01Z")
        sooner = event(3, "ZZ13", "2017-02-01", received_at="2017-02-02T16:00:00+08:00")
        await one.post("/events", json=later)
        winner = (await other.post("/events", json=sooner)).json()
        loser = (await one.post("/events", json=later)).json()
        seen = (await one.get(f"/events/{loser['event_id']}")).json()
        hidden = await one.get(f"/events/{winner['event_id']}")

    assert winner["counted"] is True
    assert loser["held_by"] == {"event_id": winner["event_id"], "unit": "ZZ13"}
    assert (seen["counted"], seen["reason"], seen["held_by"]) == (False, "DUP_YEAR", loser["held_by"])
    assert (hidden.status_code, hidden.json()["code"]) == (404, "EVENT_NOT_FOUND")


async def test_a_source_reference_stands_for_one_content(targets: Targets) -> None:
    async with targets.staff("ZZ01") as staff:
        body = event(4, "ZZ01", "2017-01-05")
        first = await staff.post("/events", json=body)
        same = await staff.post("/events", json=body | {"received_at": "2017-01-06T00:00:00Z"})
        others = [
            await staff.post("/events", json=body | change)
            for change in (
                {"event_date": "2017-01-06"},
                {"indicator": "I05"},
                {"id_number": number(5)},
                {"name": "李测试"},
            )
        ]

    assert (same.status_code, same.json()["event_id"]) == (200, first.json()["event_id"])
    assert [(answer.status_code, answer.json()["code"]) for answer in others] == [(409, "SOURCE_REUSED")] * 4


async def test_a_retraction_is_made_once_with_a_reason_and_by_ones_own_unit(targets: Targets) -> None:
    async with targets.staff("ZZ02") as staff, targets.staff("ZZ03") as stranger:
        recorded = (await staff.post("/events", json=event(6, "ZZ02", "2017-01-05"))).json()["event_id"]
        answers = [
            await retract(staff, recorded, "假 "),
            await retract(stranger, recorded),
            await retract(staff, "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"),
            await retract(staff, recorded),
            await retract(staff, recorded),
        ]

    assert [answer.status_code for answer in answers] == [422, 404, 404, 200, 409]
    assert answers[3].json()["promoted"] is None
    assert answers[4].json()["code"] == "EVENT_RETRACTED"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"id_number": "410199199001010012"}, {("/id_number", "ID_CHECK_CHARACTER")}),
        ({"id_number": "410199199002290018"}, {("/id_number", "ID_BIRTH_DATE")}),
        ({"id_type": "PASSPORT", "id_number": "护照"}, {("/id_number", "PASSPORT_FORMAT")}),
        ({"id_type": "IDENTITY"}, {("/id_type", "NOT_ALLOWED")}),
        ({"name": "王\u200b测试"}, {("/name", "NAME_HIDDEN_CHARACTER")}),
        ({"event_date": "2018-01-05"}, {("/event_date", "N2_YEAR")}),
        ({"id_number": "410199201106010018"}, {("/event_date", "N2_AGE")}),
        ({"received_at": "2099-01-01T00:00:00Z"}, {("/received_at", "N2_RECEIVED")}),
        ({"indicator": "R01"}, {("/indicator", "N4_INDICATOR")}),
        ({"indicator": "P01"}, {("/indicator", "N4_INDICATOR")}),
        ({"year": 2016, "event_date": "2016-01-05"}, {("/year", "N4_YEAR")}),
        ({"source_ref": "no 1"}, {("/source_ref", "FORMAT")}),
        ({"source_ref": f"x{number(7)}"}, {("/source_ref", "SOURCE_REF_PERSONAL")}),
        (
            {"indicator": "I99", "event_date": "2016-01-05", "name": "?"},
            {("/indicator", "N4_INDICATOR"), ("/event_date", "N2_YEAR"), ("/name", "NAME_LENGTH")},
        ),
    ],
)
async def test_an_event_that_cannot_count_is_refused_with_every_fault(
    targets: Targets, change: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    async with targets.staff("ZZ04") as staff:
        refused = await staff.post("/events", json=event(7, "ZZ04", "2017-01-05") | change)

    assert faults(refused) == found


async def test_only_the_units_of_the_plan_are_counted_and_only_ones_own(targets: Targets) -> None:
    async with targets.staff("ZZ05") as staff, targets.account("importer", "STAFF", None) as importer:
        foreign = await staff.post("/events", json=event(8, "ZZ06", "2017-01-05"))
        city = await importer.post("/events", json=event(8, "ZZ", "2017-01-05"))
        unknown = await importer.post("/events", json=event(8, "ZZ16", "2017-01-05"))
        extra = await importer.post("/events", json=event(8, "ZZ00", "2017-01-05"))

    assert (foreign.status_code, foreign.json()["code"]) == (404, "UNIT_NOT_FOUND")
    assert faults(city) == faults(unknown) == {("/unit", "N4_UNIT")}
    assert extra.json()["counted"] is True


@pytest.mark.parametrize(
    "written",
    [
        lambda full: full[:6] + full[8:17],  # an old number: no century, no check character
        lambda full: "".join(chr(ord(c) + 0xFEE0) for c in full),  # as scanners give it
        lambda full: f" {full} ",
    ],
)
async def test_one_person_is_one_person_however_the_number_is_written(
    targets: Targets, written: Callable[[str], str]
) -> None:
    async with targets.staff("ZZ09") as staff:
        await staff.post("/events", json=event(901, "ZZ09", "2017-01-05"))
        again = await staff.post("/events", json=event(9, "ZZ09", "2017-02-05", id_number=written(number(901))))

    assert (again.status_code, again.json().get("reason")) == (201, "DUP_YEAR")


async def test_another_name_for_the_same_number_is_noticed(targets: Targets) -> None:
    async with targets.staff("ZZ10") as staff:
        first = (await staff.post("/events", json=event(10, "ZZ10", "2017-01-05"))).json()
        other = (await staff.post("/events", json=event(10, "ZZ10", "2017-02-05", name="李测试"))).json()

    assert first["warnings"] == []
    assert [(warning["pointer"], warning["code"]) for warning in other["warnings"]] == [("/name", "N12_NAME")]


async def test_nobody_is_named_in_a_log_an_error_or_a_readable_table(targets: Targets) -> None:
    canary, name = number(777), "金丝雀"
    async with targets.staff("ZZ14") as staff:
        with captured_log() as log:
            body = event(0, "ZZ14", "2017-01-05", id_number=canary, name=name)
            answers = [
                await staff.post("/events", json=body),
                await staff.post("/events", json=body | {"unit": "ZZ15"}),
                await staff.post("/events", json=body | {"event_date": "2015-01-05"}),
                await staff.post("/events", json=body | {"id_number": canary[:17] + "?"}),
                await staff.post("/events", json=body | {"name": name, "year": "x"}),
                await staff.post("/events", json=body | {"event_date": "2017-01-06"}),
                await staff.post("/events", json=body | {"source_ref": canary}),
            ]
            logged = log.getvalue()
    assert [answer.status_code for answer in answers] == [201, 404, 422, 422, 422, 409, 422]
    connection = await asyncpg.connect(targets.infrastructure.admin_url(targets.database))
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
            " WHERE table_schema = 'targets'"
        )
        stored = "".join([str(await connection.fetch(f"SELECT t::text FROM {table[0]} t")) for table in tables])
    finally:
        await connection.close()

    assert "request" in logged
    for text in (logged, stored, *(answer.text for answer in answers)):
        assert canary[:17] not in text
        assert name not in text
        assert name.encode().hex() not in text
        assert canary.encode().hex() not in text


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("targets_app", "SELECT * FROM identity_block"),
        ("targets_worker", "SELECT * FROM identity_block"),
        ("targets_worker", "INSERT INTO identity_block SELECT * FROM identity_block"),
        ("targets_app", "UPDATE event SET unit = 'ZZ01'"),
        ("targets_app", "DELETE FROM event"),
        ("targets_app", "DELETE FROM event_retraction"),
        ("targets_worker", "UPDATE event SET unit = 'ZZ01'"),
    ],
)
async def test_the_ledger_is_only_appended_to_and_identities_are_read_by_no_service(
    targets: Targets, role: str, statement: str
) -> None:
    connection = await targets.connect(role)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_counts_are_paged_by_unit_indicator_and_month(targets: Targets) -> None:
    async with targets.city() as city:
        whole = await counts(city)
        page = (await city.get("/events/counts", params={"year": 2017, "limit": 2})).json()
        rest = (await city.get("/events/counts", params={"year": 2017, "limit": 2, "cursor": page["next"]})).json()
        other = await city.get("/events/counts", params={"year": 2018, "cursor": page["next"]})
        missing = await city.get("/events/counts")

    keys = [(i["unit"], i["indicator"], i["month"]) for i in page["items"] + rest["items"]]
    assert keys == sorted(whole)[:4]
    assert (other.status_code, other.json()["code"]) == (400, "CURSOR_INVALID")
    assert missing.status_code == 422


async def test_an_event_is_found_by_what_its_source_calls_it(targets: Targets) -> None:
    asked = {"source_system": "hr", "source_ref": "WRONG-1"}
    async with targets.staff("ZZ04") as staff, targets.staff("ZZ05") as other, targets.city() as city:
        made = await staff.post("/events", json=event(700, "ZZ04", "2017-05-10", source_ref="WRONG-1"))
        (found,) = (await staff.get("/events", params=asked)).json()["items"]
        by_city = (await city.get("/events", params=asked)).json()["items"]
        by_other = (await other.get("/events", params=asked)).json()
        nothing = (await staff.get("/events", params=asked | {"source_ref": "WRONG-2"})).json()
        unasked = await staff.get("/events", params={"source_system": "hr"})
        await staff.post(f"/events/{found['event_id']}/retraction", json={"reason": "登记到了错误的单位"})
        (after,) = (await staff.get("/events", params=asked)).json()["items"]

    assert (found["event_id"], found["counted"]) == (made.json()["event_id"], True)
    assert by_city == [found]
    assert by_other == nothing == {"items": []}
    assert (unasked.status_code, unasked.json()["errors"][0]["pointer"]) == (422, "query:source_ref")
    assert (after["counted"], after["reason"]) == (False, "RETRACTED")
