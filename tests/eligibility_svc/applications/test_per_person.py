"""Claims of an employer about persons: who they are, and that each counts once or for so many months."""

import asyncio
from typing import Any

from tests.eligibility_svc.applications.conftest import Office

GRANT = {"decision": "GRANT"}
FIRM = {"id_type": "USCC", "id_number": "93410122MA00000A9N", "name": "测试合作社"}
SMALL_FIRM = {"id_type": "USCC", "id_number": "91410100MA0000007G", "name": "测试公司"}


def insurance(months: int, paid: str, *persons: dict[str, str]) -> dict[str, Any]:
    facts = {"enterprise_scale": "SMALL", "is_new_hire": True, "hire_kind": "GRADUATE_IN_YEAR", "contract_months": 24,
             "pays_social_insurance": True, "insurance_paid": paid, "insurance_months": months}  # fmt: skip
    return {
        "measure": "graduate-insurance",
        "applicant": SMALL_FIRM,
        "facts": facts,
        "unit": "ZZ07",
        "persons": list(persons),
    }


def hiring(*persons: dict[str, str], count: int | None = None) -> dict[str, Any]:
    facts = {"organisation_kind": "COOPERATIVE", "is_registered": True, "hire_kind": "POOR_HOUSEHOLD",
             "steady_work_months": 12, "hired_persons": count or len(persons)}  # fmt: skip
    return {
        "measure": "poor-labour-hiring",
        "applicant": FIRM,
        "facts": facts,
        "unit": "ZZ07",
        "persons": list(persons),
    }


async def test_a_graduate_is_insured_for_twelve_months_over_all_claims(office: Office) -> None:
    graduate, another = office.somebody(), office.somebody()
    first = await office.granted(**insurance(8, "8000.00", graduate))
    assert first["decision"]["amount"] == "8000.00"
    assert first["persons"] == [
        {"id_type": "RESIDENT_ID", "id_number": first["persons"][0]["id_number"], "name": "王**"}
    ]
    assert graduate["id_number"] not in str(first)
    second = await office.granted(**insurance(6, "6000.00", graduate))
    assert second["decision"]["amount"] == "4000.00", "four months are left"
    third = await office.accepted(**insurance(1, "1000.00", graduate))
    assert third["check"]["result"]["reasons"][-1]["text"] == "同一人员最长补贴12个月，以前已经补贴12个月"
    answer = await office("reviewer-ZZ07", "POST", f"/applications/{third['id']}/decision", GRANT)
    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_GRANTED")
    assert (await office.granted(**insurance(12, "12000.00", another)))["decision"]["amount"] == "12000.00"


async def test_two_deciders_at_once_do_not_exceed_the_months(office: Office) -> None:
    graduate = office.somebody()
    claims = [await office.accepted(**insurance(9, "9000.00", graduate)) for _ in range(2)]
    answers = await asyncio.gather(
        *(
            office(who, "POST", f"/applications/{claim['id']}/decision", GRANT)
            for who, claim in zip(("reviewer-ZZ07", "second-reviewer-ZZ07"), claims, strict=True)
        )
    )
    assert sorted(answer.json()["decision"]["amount"] for answer in answers) == ["3000.00", "9000.00"]


async def test_a_worker_is_rewarded_once(office: Office) -> None:
    one, two, three = (office.somebody() for _ in range(3))
    assert (await office.granted(**hiring(one, two)))["decision"]["amount"] == "2000.00"
    again = await office.accepted(**hiring(three, two))
    assert again["check"]["result"]["reasons"][-1]["text"] == "第2名人员以前已经享受，每人只能享受一次"
    returned = await office.step("reviewer-ZZ07", again, "return", {"reason": "其中一人以前已经享受"})
    facts = hiring(three)["facts"]
    corrected = {"facts": facts, "persons": [three]}
    assert returned["state"] == "RETURNED"
    assert (await office.step("platform", again, "resubmission", corrected))["check"]["result"]["outcome"] == "ELIGIBLE"
    await office.step("staff-ZZ07", again, "acceptance")
    granted = await office.step("reviewer-ZZ07", again, "decision", GRANT)
    assert granted["decision"]["amount"] == "1000.00"


async def test_persons_are_named_where_they_count_and_nowhere_else(office: Office) -> None:
    one, two = office.somebody(), office.somebody()
    wrong = one | {"id_number": "410199199001010012"}
    for body, pointer, code in (
        (insurance(6, "1.00"), "/persons", "PERSONS"),
        (insurance(6, "1.00", one, two), "/persons", "PERSONS"),
        (insurance(6, "1.00", wrong), "/persons/0/id_number", None),
        (insurance(6, "1.00", SMALL_FIRM), "/persons/0/id_type", "ID_TYPE_OF_ANOTHER_SUBJECT"),
        (hiring(one, one), "/persons", "DUPLICATE"),
        (hiring(one, count=2), "/persons", "PERSONS"),
        ({"measure": "startup-grant", "applicant": one, "facts": {}, "persons": [two]}, "/persons", "NOT_EXPECTED"),
    ):
        answer = await office("platform", "POST", "/applications", body)
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["pointer"] == pointer
        assert code is None or error["code"] == code


async def test_a_waived_fee_is_granted_without_an_amount_and_nought_is_not_granted(office: Office) -> None:
    waived = await office.granted(
        measure="loan-fee-waiver", facts={"loan_kind": "STARTUP_GUARANTEE", "loan_security": "REAL_ESTATE"}, unit="ZZ07"
    )
    assert (waived["state"], waived["decision"]["amount"]) == ("GRANTED", None)
    nought = {"is_poor_household": True, "is_in_training": True, "training_days": 0}
    made = await office.accepted(measure="poor-training-living", facts=nought, unit="ZZ07")
    answer = await office("reviewer-ZZ07", "POST", f"/applications/{made['id']}/decision", GRANT)
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_ENTITLED")


async def test_the_travel_grant_is_given_once(office: Office) -> None:
    person = office.somebody()
    facts = {"is_poor_household": True, "is_in_training": True, "training_place": "HENAN_OTHER"}
    body = {"measure": "poor-training-travel", "applicant": person, "facts": facts, "unit": "ZZ07"}
    assert (await office.granted(**body))["decision"]["amount"] == "300.00"
    again = await office.submit(**body)
    assert again["check"]["result"]["reasons"][-1]["criterion"] == "ALREADY_GRANTED"
