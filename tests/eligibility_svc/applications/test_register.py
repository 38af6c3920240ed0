"""The register beside applications: grants of the time before count, and revoked ones count no more."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.eligibility_svc.applications.conftest import REVOCATION, Office, connected, nobodys_number
from tests.eligibility_svc.applications.test_per_person import SMALL_FIRM
from tests.eligibility_svc.applications.test_workflow import PAYMENT

GRANT = {"decision": "GRANT"}


def earlier(person: dict[str, str], **changes: Any) -> dict[str, Any]:
    known = {"id_type": person["id_type"], "id_number": person["id_number"]}
    body = {"measure": "startup-grant", "applicant": known, "as_of": "2016-07-02", "amount": "5000.00"}
    return body | {"unit": "ZZ07", "reference": "郑创补〔2016〕17号"} | changes


async def test_what_was_given_before_the_register_counts(office: Office) -> None:
    person = office.somebody()
    entered = await office("staff-ZZ07", "POST", "/grants", earlier(person))
    assert entered.status_code == 201, entered.text
    body = entered.json()
    assert (body["origin"], body["application_id"], body["amount"], body["reference"], body["unit"]) == (
        "ENTERED", None, "5000.00", "郑创补〔2016〕17号", "ZZ07",
    )  # fmt: skip
    assert person["id_number"] not in entered.text
    read = await office("staff-ZZ07", "GET", entered.headers["location"].removeprefix("/api/v1/eligibility"))
    assert read.json() == body
    assert (await office("staff-ZZ08", "GET", f"/grants/{body['id']}")).status_code == 404
    # Another district decides on the same person: the slot is the city's.
    accepted = await office.step("staff-ZZ08", await office.submit(applicant=person, unit="ZZ08"), "acceptance")
    result = accepted["check"]["result"]
    assert (result["outcome"], result["reasons"][-1]["criterion"]) == ("NOT_ELIGIBLE", "ALREADY_GRANTED")
    answer = await office("reviewer-ZZ08", "POST", f"/applications/{accepted['id']}/decision", GRANT)
    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_GRANTED")
    again = await office("staff-ZZ08", "POST", "/grants", earlier(person, unit="ZZ08"))
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_GRANTED")


async def test_months_paid_before_the_register_are_taken_off(office: Office) -> None:
    graduate = office.somebody()
    about = {"id_type": graduate["id_type"], "id_number": graduate["id_number"], "months": 8}
    body = earlier(SMALL_FIRM, measure="graduate-insurance", amount="6400.00", persons=[about])
    entered = await office("staff-ZZ07", "POST", "/grants", body)
    assert entered.status_code == 201, entered.text
    facts = {
        "enterprise_scale": "SMALL", "is_new_hire": True, "hire_kind": "GRADUATE_IN_YEAR", "contract_months": 24,
        "pays_social_insurance": True, "insurance_paid": "4800.00", "insurance_months": 6,
    }  # fmt: skip
    claim = {"measure": "graduate-insurance", "applicant": SMALL_FIRM, "persons": [graduate], "facts": facts}
    submitted = await office.submit(**claim, as_of="2018-12-01", unit="ZZ07")
    assert submitted["check"]["result"]["benefit"]["amount"] == "3200.00"  # 4 of 6 months are left
    revoked = await office("reviewer-ZZ07", "POST", f"/grants/{entered.json()['id']}/revocation", REVOCATION)
    assert revoked.status_code == 200, revoked.text
    submitted = await office.submit(**claim, as_of="2018-12-01", unit="ZZ07")
    assert submitted["check"]["result"]["benefit"]["amount"] == "4800.00"


async def test_a_revoked_grant_ends_its_application_and_frees_its_slot(office: Office) -> None:
    person = office.somebody()
    granted = await office.granted(applicant=person)
    paid = await office.step("staff-ZZ07", granted, "payment", PAYMENT)
    assert paid["state"] == "PAID"
    grant = await office.grant_of(granted)
    path = f"/grants/{grant['id']}/revocation"
    own = await office("reviewer-ZZ07", "POST", path, REVOCATION)
    assert (own.status_code, own.json()["code"]) == (409, "FOUR_EYES")
    assert (await office("reviewer-ZZ08", "POST", path, REVOCATION)).status_code == 404
    bare = await office("second-reviewer-ZZ07", "POST", path, {"reason": "错"})
    assert bare.status_code == 422
    revoked = await office("second-reviewer-ZZ07", "POST", path, REVOCATION)
    assert revoked.status_code == 200, revoked.text
    assert (revoked.json()["revocation_reason"], revoked.json()["revoked_at"] is not None) == (
        REVOCATION["reason"],
        True,
    )
    twice = await office("city-reviewer", "POST", path, REVOCATION)
    assert (twice.status_code, twice.json()["code"]) == (409, "GRANT_REVOKED")
    ended = (await office("platform", "GET", f"/applications/{granted['id']}")).json()
    assert (ended["state"], ended["state_zh"], ended["history"][-1]["reason"]) == (
        "REVOKED", "已撤销", REVOCATION["reason"],
    )  # fmt: skip
    assert (await office.granted(applicant=person))["state"] == "GRANTED"


async def test_two_who_revoke_at_once_revoke_once(office: Office) -> None:
    grant = await office.grant_of(await office.granted())
    path = f"/grants/{grant['id']}/revocation"
    answers = await asyncio.gather(
        *(office(who, "POST", path, REVOCATION) for who in ("second-reviewer-ZZ07", "city-reviewer", "city-reviewer"))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_one_who_pays_and_one_who_revokes_at_once_wait_for_each_other(office: Office) -> None:
    """Both lock application and grant; in two orders they would lock each other out, and one would be told to wait."""
    for _ in range(6):
        granted = await office.granted()
        grant = await office.grant_of(granted)
        paid, revoked = await asyncio.gather(
            office("staff-ZZ07", "POST", f"/applications/{granted['id']}/payment", PAYMENT),
            office("second-reviewer-ZZ07", "POST", f"/grants/{grant['id']}/revocation", REVOCATION),
        )
        assert (paid.status_code in {200, 409}, revoked.status_code) == (True, 200), (paid.text, revoked.text)
        ended = (await office("platform", "GET", f"/applications/{granted['id']}")).json()
        assert (ended["state"], ended["payment"] is not None) == ("REVOKED", paid.status_code == 200)


async def test_a_person_written_in_two_ways_is_one(office: Office) -> None:
    number = next(each for each in map(nobodys_number, range(900, 999)) if each.endswith("X"))
    persons = [{"id_type": "RESIDENT_ID", "id_number": each, "months": 3} for each in (number, number.lower())]
    body = earlier(SMALL_FIRM, measure="graduate-insurance", persons=persons)
    answer = await office("staff-ZZ07", "POST", "/grants", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "DUPLICATE"), answer.text


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"measure": "veteran-posts"}, "/measure", "NOT_A_GRANT"),
        ({"measure": "no-such-grant"}, "/measure", "NOT_A_GRANT"),
        ({"as_of": "2199-01-01"}, "/as_of", "FUTURE"),
        ({"amount": "0.00"}, "/amount", None),
        ({"unit": "ZZ08"}, "/unit", "FOREIGN_UNIT"),
        ({"unit": "ZZ99"}, "/unit", "UNKNOWN_UNIT"),
        ({"reference": " "}, "/reference", None),
        ({"applicant": {"id_type": "RESIDENT_ID", "id_number": "410199199001010012"}}, "/applicant/id_number", None),
        ({"applicant": {"id_type": "USCC", "id_number": "91410100MA0000007G"}}, "/applicant/id_type",
         "ID_TYPE_OF_ANOTHER_SUBJECT"),
        ({"persons": [{"id_type": "RESIDENT_ID", "id_number": nobodys_number(7)}]}, "/persons", "NOT_EXPECTED"),
        ({"measure": "graduate-insurance", "applicant": {"id_type": "USCC", "id_number": "91410100MA0000007G"}},
         "/persons", "PERSONS"),
        ({"measure": "graduate-insurance", "applicant": {"id_type": "USCC", "id_number": "91410100MA0000007G"},
          "persons": [{"id_type": "RESIDENT_ID", "id_number": nobodys_number(7)}]}, "/persons/0/months", "MONTHS"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_at_its_place(
    office: Office, change: dict[str, Any], pointer: str, code: str | None
) -> None:
    answer = await office("staff-ZZ07", "POST", "/grants", earlier(office.somebody()) | change)
    assert answer.status_code == 422, answer.text
    found = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert pointer in found
    assert code in (None, found[pointer])
    assert "410199199001010012" not in answer.text


async def test_the_city_names_the_unit(office: Office) -> None:
    body = earlier(office.somebody())
    del body["unit"]
    answer = await office("city", "POST", "/grants", body)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/unit"]
    assert (await office("city", "POST", "/grants", body | {"unit": "ZZ00"})).json()["unit"] == "ZZ00"
    assert (
        await office("staff-ZZ07", "POST", "/grants", body | {"applicant": earlier(office.somebody())["applicant"]})
    ).json()["unit"] == "ZZ07"


async def test_the_table_itself_holds_four_eyes_and_the_proof(
    office: Office, eligibility_database: str, infrastructure: Any
) -> None:
    entered = (await office("almighty", "POST", "/grants", earlier(office.somebody()))).json()
    own = await office("almighty", "POST", f"/grants/{entered['id']}/revocation", REVOCATION)
    assert (own.status_code, own.json()["code"]) == (409, "FOUR_EYES")
    connection = await connected(infrastructure, eligibility_database)
    try:
        for change, constraint in (
            (
                "revoked_by = entered_by, revoked_at = now(), revocation_sealed = 'x', once_key = NULL",
                "revoked_by_another",
            ),
            ("revoked_by = 'x', revoked_at = now(), revocation_sealed = 'x'", "revoked_takes_no_slot"),
            ("revoked_by = 'x', once_key = NULL", "revoked_as_a_whole"),
            ("reference_sealed = NULL", "has_a_proof"),
        ):
            with pytest.raises(asyncpg.CheckViolationError, match=constraint):
                await connection.execute(f'UPDATE "grant" SET {change} WHERE grant_id = $1', entered["id"])
    finally:
        await connection.close()
