"""Who sees what, and where a number never stands."""

from typing import Any

import asyncpg
import pytest

from kit.testing import captured_log
from tests.eligibility_svc.applications.conftest import FACTS, Office, connected

NUMBER, NAME = "410199199001010011", "欧阳测试"
PERSON = {"id_type": "RESIDENT_ID", "id_number": NUMBER, "name": NAME}


@pytest.fixture(scope="session")
async def ours(office: Office) -> dict[str, Any]:
    return await office.submit(applicant=PERSON)


async def test_number_and_name_are_masked_for_everybody(office: Office, ours: dict[str, Any]) -> None:
    for who in ("platform", "staff-ZZ07", "reviewer-ZZ07", "city"):
        shown = (await office(who, "GET", f"/applications/{ours['id']}")).json()["applicant"]
        assert (shown["id_number"], shown["name"]) == ("**************0011", "欧阳**")


async def test_another_units_application_is_not_found(office: Office, ours: dict[str, Any]) -> None:
    path = f"/applications/{ours['id']}"
    for who, method, where, body in (
        ("staff-ZZ08", "GET", path, None),
        ("staff-ZZ08", "POST", f"{path}/acceptance", None),
        ("staff-ZZ08", "POST", f"{path}/return", {"reason": "不是本单位的申请"}),
        ("staff-ZZ08", "GET", "/applications?unit=ZZ07", None),
        ("kiosk", "GET", path, None),
        ("kiosk", "POST", f"{path}/withdrawal", None),
        ("kiosk", "POST", f"{path}/rating", {"score": 5}),
    ):
        answer = await office(who, method, where, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "APPLICATION_NOT_FOUND"), (who, where)


async def test_who_has_the_document_learns_how_it_stands_at_any_counter(office: Office) -> None:
    person = office.somebody()
    application = await office.submit(applicant=person)
    other = await office.submit(applicant=person, unit="ZZ08")

    async def found(who: str, **changes: str) -> dict[str, Any]:
        answer = await office(who, "POST", "/application-searches", {"applicant": person | changes})
        assert answer.status_code == 200, answer.text
        assert person["id_number"] not in answer.text
        return {each["id"]: each for each in answer.json()["items"]}

    at_kiosk = await found("kiosk")
    assert list(at_kiosk) == [other["id"], application["id"]]
    shown = at_kiosk[application["id"]]
    assert (shown["state_zh"], shown["is_own"], shown["next_step_zh"]) == (
        "待受理", False, "申请已提交，请等待受理；作出决定前您可以撤回。",
    )  # fmt: skip
    assert all(each["is_own"] for each in (await found("platform")).values())
    assert (list(await found("staff-ZZ08")), list(await found("staff-ZZ07"))) == ([other["id"]], [application["id"]])
    assert set(await found("city")) == {other["id"], application["id"]}
    assert await found("kiosk", name="李测试") == {}
    assert await found("kiosk", **{key: office.somebody()[key] for key in ("id_number",)}) == {}
    wrong = await office("kiosk", "POST", "/application-searches", {"applicant": person | {"id_number": "41019"}})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/applicant/id_number")


async def test_a_list_holds_what_the_account_may_see(office: Office, ours: dict[str, Any]) -> None:
    async def listed(who: str, query: str = "") -> set[str]:
        found, cursor = set[str](), ""
        while True:
            page = (await office(who, "GET", f"/applications?limit=100{query}{cursor}")).json()
            assert NUMBER not in str(page)
            found |= {item["id"] for item in page["items"]}
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    other = await office.submit(facts=FACTS | {"hukou_unit": "ZZ08"})
    assert ours["id"] in await listed("staff-ZZ07", "&state=SUBMITTED&measure=startup-grant")
    assert ours["id"] not in await listed("staff-ZZ07", "&state=PAID")
    assert ours["id"] not in await listed("staff-ZZ08")
    assert other["id"] in await listed("staff-ZZ08", "&unit=ZZ08")
    assert {ours["id"], other["id"]} <= await listed("city") & await listed("platform")
    assert not {ours["id"], other["id"]} & await listed("kiosk")


async def test_pages_follow_each_other_without_gap(office: Office) -> None:
    for _ in range(3):
        await office.submit("kiosk")
    first = (await office("kiosk", "GET", "/applications?limit=2")).json()
    second = (await office("kiosk", "GET", f"/applications?limit=2&cursor={first['next']}")).json()
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(set(ids), reverse=True)
    assert (await office("kiosk", "GET", f"/applications?state=PAID&cursor={first['next']}")).status_code == 400


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"id_number": "410199199001010012"}, "/applicant/id_number", None),
        ({"id_number": "410199900101001"}, "/applicant/id_number", None),
        ({"id_type": "HMT_RESIDENCE"}, "/applicant/id_number", "ID_TYPE_MISMATCH"),
        ({"id_type": "USCC"}, "/subject", "SUBJECT"),
        ({"name": "王\u202e测试"}, "/applicant/name", "NAME_HIDDEN_CHARACTER"),
    ],
)
async def test_a_wrong_applicant_is_refused_without_repeating_it(
    office: Office, change: dict[str, str], pointer: str, code: str | None
) -> None:
    body = {"measure": "startup-grant", "applicant": PERSON | change, "facts": FACTS, "as_of": "2018-09-01"}
    answer = await office("platform", "POST", "/applications", body)
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [error["pointer"] for error in errors] == [pointer]
    assert code in {None, errors[0]["code"]}
    assert (PERSON | change)["id_number"] not in answer.text


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"measure": "veteran-support"}, ["/measure"]),
        ({"measure": "startup-grnt"}, ["/measure"]),
        ({"as_of": "2199-01-01"}, ["/as_of"]),
        ({"unit": "ZZ99"}, ["/unit"]),
        ({"subject": "PARK"}, ["/subject"]),
        ({"facts": {"graduated_at": "2018-01-01", "is_enrolled": 1}}, ["/facts/graduated_at", "/facts/is_enrolled"]),
        ({"amount": "10000.00"}, ["/amount"]),
        ({"state": "GRANTED"}, ["/state"]),
    ],
)
async def test_what_is_wrong_is_said_at_its_pointer(
    office: Office, change: dict[str, Any], pointers: list[str]
) -> None:
    body = {"measure": "startup-grant", "applicant": PERSON, "facts": FACTS, "as_of": "2018-09-01"}
    answer = await office("platform", "POST", "/applications", body | change)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, pointers)


async def test_number_name_and_facts_stand_in_no_log(office: Office) -> None:
    with captured_log() as log:
        application = await office.submit(applicant=PERSON)
        await office.step("staff-ZZ07", application, "acceptance")
        await office.step("reviewer-ZZ07", application, "decision", {"decision": "REFUSE", "reason": "名下已有企业"})
    written = log.getvalue()
    assert "/applications/{id}/acceptance" in written
    assert not any(told in written for told in (NUMBER, NAME, "测试", "UNIVERSITY", "名下已有企业"))


async def test_in_the_tables_number_name_facts_and_reasons_are_sealed(
    office: Office, ours: dict[str, Any], eligibility_database: str, infrastructure: Any
) -> None:
    connection = await connected(infrastructure, eligibility_database)
    try:
        for table in ("applicant", "application", "application_step"):
            rows = await connection.fetch(f"SELECT t::text FROM {table} t")
            assert rows
            for row in rows:
                assert not any(told in row[0] for told in (NUMBER, NAME, "UNIVERSITY"))
                assert not any(told.encode().hex() in row[0] for told in (NUMBER, NAME, "UNIVERSITY"))
        for statement in ("UPDATE application_step SET step = 'PAY'", "DELETE FROM application_step",
                          "DELETE FROM application", 'DELETE FROM "grant"', "UPDATE rating SET score = 5"):  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_each_call_needs_its_scope(office: Office, ours: dict[str, Any]) -> None:
    path = f"/applications/{ours['id']}"
    for who, method, where, body in (
        ("city", "POST", "/applications", None),
        ("platform", "POST", f"{path}/acceptance", None),
        ("platform", "POST", f"{path}/return", {"reason": "请补充材料"}),
        ("staff-ZZ07", "POST", f"{path}/decision", {"decision": "GRANT"}),
        ("reviewer-ZZ07", "POST", f"{path}/payment", None),
        ("reviewer-ZZ07", "POST", f"{path}/withdrawal", None),
        ("kiosk", "GET", "/grants", None),
    ):
        assert (await office(who, method, where, body)).status_code == 403, (who, where)
