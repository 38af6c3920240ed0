"""What was granted counts: never twice, whoever decides at the same time."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.eligibility_svc.applications.conftest import FACTS, Office, connected

GRANT = {"decision": "GRANT"}


async def test_a_grant_for_life_is_in_the_register_and_refused_afterwards(office: Office) -> None:
    person = office.somebody()
    granted = await office.granted(applicant=person)
    ref = granted["applicant"]["ref"]
    listed = (await office("city", "GET", f"/grants?applicant_ref={ref}&measure=startup-grant")).json()["items"]
    assert [(each["application_id"], each["amount"], each["unit"]) for each in listed] == [
        (granted["id"], "10000.00", "ZZ07")
    ]
    assert (await office("staff-ZZ08", "GET", f"/grants?applicant_ref={ref}")).json()["items"] == []
    again = await office.accepted(applicant=person)
    result = again["check"]["result"]
    assert (result["outcome"], result["reasons"][-1]["criterion"]) == ("NOT_ELIGIBLE", "ALREADY_GRANTED")
    assert result["message_zh"] == "这项待遇已经享受过，不能重复享受。"
    answer = await office("second-reviewer-ZZ07", "POST", f"/applications/{again['id']}/decision", GRANT)
    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_GRANTED")


async def test_two_deciders_at_once_grant_once(office: Office) -> None:
    for _ in range(4):
        person = office.somebody()
        first, second = [await office.accepted(applicant=person) for _ in range(2)]
        answers = await asyncio.gather(
            office("reviewer-ZZ07", "POST", f"/applications/{first['id']}/decision", GRANT),
            office("second-reviewer-ZZ07", "POST", f"/applications/{second['id']}/decision", GRANT),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert refused.json()["code"] == "ALREADY_GRANTED"
        ref = first["applicant"]["ref"]
        assert len((await office("city", "GET", f"/grants?applicant_ref={ref}")).json()["items"]) == 1


async def test_two_deciders_of_one_application_decide_once(office: Office) -> None:
    application = await office.accepted()
    path = f"/applications/{application['id']}/decision"
    deciders = ("reviewer-ZZ07", "second-reviewer-ZZ07", "city-reviewer")
    answers = await asyncio.gather(*(office(who, "POST", path, GRANT) for who in deciders))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_the_table_itself_holds_one_slot_once_and_four_eyes(
    office: Office, eligibility_database: str, infrastructure: Any
) -> None:
    granted = await office.granted()
    connection = await connected(infrastructure, eligibility_database)
    try:
        columns = "applicant_ref, measure, once_key, unit, as_of, amount_fen, payer, entered_by"
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(
                f'INSERT INTO "grant" (grant_id, {columns}, application_id, granted_at)'
                f' SELECT $1, {columns}, $2, now() FROM "grant" WHERE application_id = $3',
                uuid4(), uuid4(), UUID(granted["id"]),
            )  # fmt: skip
        for change in ("decided_by = accepted_by", "reviewed_by = decided_by", "accepted_by = NULL",
                       "state = 'PAID', paid_by = decided_by"):  # fmt: skip
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(
                    f"UPDATE application SET {change} WHERE application_id = $1",
                    UUID(granted["id"]),
                )
    finally:
        await connection.close()


async def test_running_costs_add_up_over_the_years(office: Office) -> None:
    firm = {"id_type": "USCC", "id_number": "92410105MA0000015G", "name": "测试商行"}

    def costs(months: int, as_of: str, unit: str = "ZZ07") -> dict[str, Any]:
        listed = [{"month": f"{2018 + n // 12}-{n % 12 + 1:02d}", "amount": "5000.00"} for n in range(months)]
        facts = {"founder_kind": "VETERAN", "is_in_incubator": True, "incubator_entered_on": "2018-01-01",
                 "monthly_running_costs": listed}  # fmt: skip
        return {
            "measure": "incubator-running-cost",
            "applicant": firm,
            "facts": facts,
            "as_of": as_of,
            "unit": unit,
        }

    given = []
    for months, as_of in ((6, "2018-07-15"), (12, "2019-01-15"), (24, "2020-01-15")):
        given.append((await office.granted(**costs(months, as_of)))["decision"]["amount"])
    # What one district gave counts in the next, whose people cannot see the entry.
    moved = await office.step("staff-ZZ08", await office.submit(**costs(36, "2021-01-15", "ZZ08")), "acceptance")
    done = await office.step("reviewer-ZZ08", moved, "decision", {"decision": "GRANT"})
    given.append(done["decision"]["amount"])
    seen = (await office("staff-ZZ08", "GET", f"/grants?applicant_ref={done['applicant']['ref']}")).json()["items"]
    assert [one["unit"] for one in seen] == ["ZZ08"]
    # 6 × 2 500; then the year's cap of 20 000 is full; then one cap for each further year, three in all.
    assert given == ["15000.00", "5000.00", "20000.00", "20000.00"]
    more = await office.submit(**costs(40, "2021-05-15"))
    assert (more["check"]["result"]["outcome"], more["check"]["result"]["reasons"][-1]["text"]) == (
        "NOT_ELIGIBLE",
        "应得60000.00元，以前已经全部发放",
    )


async def test_a_measure_that_may_be_given_again_is_given_again(office: Office) -> None:
    person = office.somebody()
    facts = FACTS | {"is_poor_household": True, "is_in_training": True, "training_days": 12}
    for _ in range(2):
        granted = await office.granted(measure="poor-training-living", applicant=person, facts=facts)
        assert granted["decision"]["amount"] == "360.00"


async def test_a_check_counts_the_register_when_it_is_told_who_asks(office: Office) -> None:
    granted = await office.granted()
    asked = {"subject": "PERSON", "as_of": "2018-09-02", "facts": FACTS}
    known = asked | {"applicant_ref": granted["applicant"]["ref"]}
    before = (await office("platform", "POST", "/checks", asked)).json()["results"]
    after = (await office("platform", "POST", "/checks", known)).json()["results"]
    changed = [one["measure"] for one, other in zip(before, after, strict=True) if one != other]
    assert changed == ["startup-grant"]
    refused = next(result for result in after if result["measure"] == "startup-grant")
    assert (refused["outcome"], refused["reasons"][-1]["criterion"]) == ("NOT_ELIGIBLE", "ALREADY_GRANTED")
    stranger = asked | {"applicant_ref": str(uuid4())}
    assert (await office("platform", "POST", "/checks", stranger)).json()["results"] == before
    assert (await office("kiosk", "POST", "/checks", known)).status_code == 403
    assert (await office("kiosk", "POST", "/checks", asked | {"applicant_ref": "somebody"})).status_code == 422
