"""Who did what to an application, and who looked at whom and why, stands in the trail; nobody can change it."""

from typing import Any

import asyncpg
import pytest

from tests.eligibility_svc.applications.conftest import FACTS, Office


async def entries(office: Office, **filters: str) -> list[dict[str, Any]]:
    asked = "&".join(f"{name}={value}" for name, value in filters.items())
    answer = await office("auditor", "GET", f"/audit-entries?limit=100&{asked}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_every_step_leaves_an_entry_and_a_question_leaves_none(office: Office) -> None:
    before = await entries(office)
    ours = await office.submit()
    await office.step("staff-ZZ07", ours, "acceptance")
    await office("platform", "POST", "/checks", {"subject": "PERSON", "as_of": "2018-09-01", "facts": FACTS})
    refused = await office("staff-ZZ07", "POST", f"/applications/{ours['id']}/acceptance")
    assert refused.status_code == 409
    new = [entry for entry in await entries(office) if entry not in before]
    assert [(entry["actor"], entry["action"]) for entry in reversed(new)] == [
        ("platform", "submit_application"),
        ("staff-ZZ07", "accept_application"),
    ]
    assert new[-1]["detail"] == {"id": ours["id"]}
    assert new[0]["object"] == f"/api/v1/eligibility/applications/{ours['id']}/acceptance"
    verified = (await office("auditor", "GET", "/audit-verification")).json()
    assert (verified["is_whole"], verified["fault"]) == (True, None)
    for who in ("platform", "staff-ZZ07", "city"):
        assert (await office(who, "GET", "/audit-entries")).status_code == 403


async def test_a_whole_number_is_shown_to_an_office_for_a_reason_that_stays(office: Office) -> None:
    person = office.somebody()
    ours = await office.submit(applicant=person)
    path = f"/applications/{ours['id']}/unmasking"
    reason = {"reason": "发放前与身份证原件核对"}
    shown = await office("staff-ZZ07", "POST", path, reason)
    assert (shown.status_code, shown.json()["applicant"]) == (200, person)
    assert shown.headers["cache-control"] == "no-store"
    (entry,) = await entries(office, object=f"/api/v1/eligibility{path}")
    assert (entry["actor"], entry["action"], entry["detail"]) == ("staff-ZZ07", "unmask_applicant", reason)
    assert person["id_number"] not in str(await entries(office))
    assert (await office("staff-ZZ08", "POST", path, reason)).status_code == 404
    assert (await office("platform", "POST", path, reason)).status_code == 403
    for wrong in ({"reason": "看"}, {"reason": f"核对{person['id_number']}"}):
        refused = await office("staff-ZZ07", "POST", path, wrong)
        assert refused.status_code == 422
        assert person["id_number"] not in refused.text
    assert len(await entries(office, object=f"/api/v1/eligibility{path}")) == 1, "what was refused was not shown"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE eligibility.audit_entry SET actor = 'somebody'",
        "DELETE FROM eligibility.audit_entry",
        "TRUNCATE eligibility.audit_entry",
        "DELETE FROM eligibility.audit_head",
    ],
)
async def test_who_serves_requests_cannot_change_what_was_recorded(
    office: Office, infrastructure: Any, eligibility_database: str, statement: str
) -> None:
    await office.submit()
    for role in ("eligibility_app", "eligibility_worker"):
        connection = await asyncpg.connect(infrastructure.plain_url(role, eligibility_database))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
        await connection.close()
