"""An application from hand to hand, over real HTTP."""

from typing import Any

import pytest

from eligibility_svc.measures.repository import catalogue
from kit.clock import today
from tests.eligibility_svc.applications.conftest import FACTS, REFUSAL, Office

PAYMENT = {"paid_on": str(today()), "reference": "ZF-2018-000123"}
BOUNCED = {"reason": "银行退汇：账号与户名不符"}


async def problem(
    office: Office, who: str, application: dict[str, Any], step: str, body: Any = None
) -> tuple[int, str]:
    answer = await office(who, "POST", f"/applications/{application['id']}/{step}", body)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def test_an_application_keeps_its_check_with_version_facts_and_reasons(office: Office) -> None:
    application = await office.submit()
    check = application["check"]
    assert (application["state"], application["unit"]) == ("SUBMITTED", "ZZ07")
    assert (check["catalogue_version"], check["facts"]) == (catalogue().version, FACTS)
    assert (check["result"]["outcome"], check["result"]["benefit"]["amount"]) == ("ELIGIBLE", "10000.00")
    graduated = next(each for each in check["result"]["reasons"] if each["criterion"] == "recent-graduate")
    assert graduated["citation"] == {"document": "郑政〔2018〕31号", "clause": "七"}


async def test_from_acceptance_to_payment_four_hands_carry_it(office: Office) -> None:
    application = await office.submit()
    assert (await office.step("staff-ZZ07", application, "acceptance"))["state"] == "ACCEPTED"
    decided = await office.step("reviewer-ZZ07", application, "decision", {"decision": "GRANT"})
    assert (decided["state"], decided["decision"]["amount"]) == ("GRANTED", "10000.00")
    assert decided["decision"]["decided_by"] == "reviewer-ZZ07"
    assert decided["decision"]["catalogue_version"] == catalogue().version
    assert decided["decision"]["facts"] == FACTS
    paid = await office.step("staff-ZZ07", application, "payment", PAYMENT)
    assert paid["state"] == "PAID"
    assert paid["payment"] == PAYMENT | {"amount": "10000.00"}
    assert [step["step"] for step in paid["history"]] == ["SUBMIT", "ACCEPT", "GRANT", "PAY"]


async def test_who_accepts_does_not_decide_and_who_decides_does_not_pay(office: Office) -> None:
    mine = await office.step("almighty", await office.submit(), "acceptance")
    assert await problem(office, "almighty", mine, "decision", {"decision": "GRANT"}) == (409, "FOUR_EYES")
    assert await problem(office, "almighty", mine, "decision", REFUSAL) == (409, "FOUR_EYES")
    decided = await office.step("almighty", await office.accepted(), "decision", {"decision": "GRANT"})
    assert await problem(office, "almighty", decided, "payment", PAYMENT) == (409, "FOUR_EYES")


async def test_a_refusal_gives_its_reasons_and_the_way_to_a_human_review(office: Office) -> None:
    refused = await office.refused()
    assert (refused["state"], refused["decision"]["reason"]) == ("REFUSED", REFUSAL["reason"])
    assert refused["decision"]["result"]["reasons"]
    assert refused["review"]["href"].endswith(f"{refused['id']}/review-request")
    assert "人工复核" in refused["review"]["note_zh"]
    asked = await office.step("platform", refused, "review-request", {"reason": "确为首次创办，附证明"})
    assert asked["state"] == "REVIEW_REQUESTED"
    assert await problem(office, "reviewer-ZZ07", asked, "decision", {"decision": "GRANT"}) == (409, "FOUR_EYES")
    granted = await office.step("city-reviewer", asked, "decision", {"decision": "GRANT"})
    assert (granted["state"], granted["decision"]["is_review"]) == ("GRANTED", True)


async def test_a_review_is_given_once(office: Office) -> None:
    refused = await office.refused()
    reason = {"reason": "请再核实一次工商登记"}
    await office.step("platform", refused, "review-request", reason)
    upheld = await office.step("city-reviewer", refused, "decision", REFUSAL)
    assert (upheld["state"], upheld["review"]) == ("REFUSED", None)
    assert "行政复议" in upheld["next_step_zh"]
    assert await problem(office, "platform", refused, "review-request", reason) == (409, "APPLICATION_STATE_CONFLICT")


async def test_a_returned_application_comes_back_with_other_facts(office: Office) -> None:
    application = await office.accepted(facts=FACTS | {"business_opened_on": None})
    assert application["check"]["result"]["outcome"] == "UNDETERMINED"
    undetermined = await problem(office, "reviewer-ZZ07", application, "decision", {"decision": "GRANT"})
    assert undetermined == (409, "NOT_ENTITLED")
    returned = await office.step("reviewer-ZZ07", application, "return", {"reason": "请补充开业日期"})
    assert (returned["state"], returned["history"][-1]["reason"]) == ("RETURNED", "请补充开业日期")
    again = await office.step("platform", application, "resubmission", {"facts": FACTS})
    assert (again["state"], again["check"]["result"]["outcome"]) == ("SUBMITTED", "ELIGIBLE")
    await office.step("staff-ZZ07", application, "acceptance")
    assert (await office.step("reviewer-ZZ07", application, "decision", {"decision": "GRANT"}))["state"] == "GRANTED"


async def test_until_the_decision_it_may_be_withdrawn(office: Office) -> None:
    application = await office.accepted()
    assert (await office.step("platform", application, "withdrawal"))["state"] == "WITHDRAWN"
    assert await problem(office, "platform", await office.refused(), "withdrawal") == (
        409,
        "APPLICATION_STATE_CONFLICT",
    )


@pytest.mark.parametrize(
    ("who", "step", "body"),
    [
        ("reviewer-ZZ07", "decision", {"decision": "GRANT"}),
        ("staff-ZZ07", "payment", PAYMENT),
        ("platform", "review-request", {"reason": "请再核实一次"}),
        ("platform", "resubmission", {"facts": FACTS}),
        ("platform", "rating", {"score": 5}),
    ],
)
async def test_no_step_is_skipped(office: Office, who: str, step: str, body: Any) -> None:
    application = await office.submit()
    assert await problem(office, who, application, step, body) == (409, "APPLICATION_STATE_CONFLICT")


async def test_what_rules_still_have_to_set_is_not_granted(office: Office) -> None:
    application = await office.accepted(
        measure="project-library", facts={"is_in_project_library": True, "hukou_region": "ZHENGZHOU",
                                          "hukou_unit": "ZZ07"},
    )  # fmt: skip
    assert await problem(office, "reviewer-ZZ07", application, "decision", {"decision": "GRANT"}) == (
        409,
        "AMOUNT_OPEN",
    )


async def test_a_fixed_amount_is_not_changed_and_a_ceiling_not_exceeded(office: Office) -> None:
    fixed = await office.accepted()
    wrong = {"decision": "GRANT", "amount": "9999.99"}
    assert await problem(office, "reviewer-ZZ07", fixed, "decision", wrong) == (422, "APPLICATION_INVALID")
    park = {
        "measure": "incubator-build",
        "applicant": {"id_type": "USCC", "id_number": "91410100MA0000007G", "name": "测试孵化园有限公司"},
        "facts": {"is_private_investment": True, "is_recognised_park": True, "recognised_by": "CITY"},
        "unit": "ZZ07",
    }
    capped = await office.accepted(**park)
    for amount in (None, "400000.01", "0.00"):
        asked = {"decision": "GRANT"} | ({"amount": amount} if amount else {})
        assert await problem(office, "reviewer-ZZ07", capped, "decision", asked) == (422, "APPLICATION_INVALID")
    granted = await office.step("reviewer-ZZ07", capped, "decision", {"decision": "GRANT", "amount": "250000.00"})
    assert granted["decision"]["amount"] == "250000.00"
    assert (granted["applicant"]["id_number"], granted["applicant"]["name"]) == (
        "91410100MA0000007G",
        "测试孵化园有限公司",
    )


async def test_a_stale_version_is_refused_and_the_new_one_taken(office: Office) -> None:
    application = await office.submit()
    path = f"/applications/{application['id']}"
    etag = (await office("staff-ZZ07", "GET", path)).headers["etag"]
    accepted = await office("staff-ZZ07", "POST", f"{path}/acceptance", If_Match=etag)
    stale = await office("reviewer-ZZ07", "POST", f"{path}/decision", {"decision": "GRANT"}, If_Match=etag)
    assert (accepted.status_code, stale.status_code) == (200, 412)
    fresh = accepted.headers["etag"]
    decided = await office("reviewer-ZZ07", "POST", f"{path}/decision", {"decision": "GRANT"}, If_Match=fresh)
    assert decided.status_code == 200


async def test_a_repeat_with_the_same_key_has_one_effect(office: Office) -> None:
    body = {"measure": "startup-grant", "applicant": office.somebody(), "facts": FACTS, "as_of": "2018-09-01"}
    first = await office("kiosk", "POST", "/applications", body, Idempotency_Key="one-application")
    again = await office("kiosk", "POST", "/applications", body, Idempotency_Key="one-application")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    missing = await office.clients["kiosk"].post("/applications", json=body)
    assert (missing.status_code, missing.json()["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")


async def test_a_payment_lies_between_decision_and_today(office: Office) -> None:
    granted = await office.granted()
    for day in ("2018-09-01", "2199-01-01"):
        wrong = PAYMENT | {"paid_on": day}
        assert await problem(office, "staff-ZZ07", granted, "payment", wrong) == (422, "APPLICATION_INVALID")


async def test_a_rating_is_given_once_and_shown_to_the_supervisor_alone(office: Office) -> None:
    granted = await office.granted()
    answer = await office("platform", "POST", f"/applications/{granted['id']}/rating", {"score": 2})
    assert answer.json()["errors"][0]["code"] == "REASON"
    await office.step("platform", granted, "rating", {"score": 2, "reason": "等了两个月才有结果"})
    assert await problem(office, "platform", granted, "rating", {"score": 5}) == (409, "ALREADY_RATED")
    assert await problem(office, "staff-ZZ07", granted, "rating", {"score": 5}) == (403, "SCOPE_MISSING")
    for who in ("staff-ZZ07", "reviewer-ZZ07", "platform"):
        shown = await office(who, "GET", f"/applications/{granted['id']}")
        assert not any(word in shown.text for word in ('"rating"', '"score"', "两个月"))
        assert (await office(who, "GET", "/ratings")).status_code == 403
    ratings = (await office("city", "GET", "/ratings?unit=ZZ07")).json()["items"]
    found = next(each for each in ratings if each["application_id"] == granted["id"])
    assert (found["score"], found["reason"]) == (2, "等了两个月才有结果")


async def test_a_payment_that_came_back_is_made_again(office: Office) -> None:
    granted = await office.granted()
    assert await problem(office, "staff-ZZ07", granted, "payment-failure", BOUNCED) == (
        409,
        "APPLICATION_STATE_CONFLICT",
    )
    await office.step("staff-ZZ07", granted, "payment", PAYMENT)
    failed = await office.step("staff-ZZ07", granted, "payment-failure", BOUNCED)
    assert (failed["state"], failed["state_zh"], failed["payment"]) == ("PAYMENT_FAILED", "发放未成功", None)
    assert (await office.grant_of(granted))["paid_on"] is None
    found = (await office("staff-ZZ07", "GET", f"/applications?applicant_ref={granted['applicant']['ref']}")).json()
    assert [each["id"] for each in found["items"]] == [granted["id"]]
    waiting = (await office("staff-ZZ07", "GET", "/applications?state=PAYMENT_FAILED")).json()["items"]
    assert granted["id"] in {each["id"] for each in waiting}
    again = await office.step("staff-ZZ07", granted, "payment", PAYMENT | {"reference": "ZF-2018-000124"})
    assert (again["state"], again["payment"]["reference"]) == ("PAID", "ZF-2018-000124")
    assert [step["step"] for step in again["history"]][-3:] == ["PAY", "FAIL_PAYMENT", "PAY"]
    assert again["history"][-2]["reason"] == BOUNCED["reason"]


async def test_what_a_kiosk_took_in_goes_on_at_the_window(office: Office) -> None:
    """The session that submitted it ended minutes later."""
    application = await office.submit("session:first", facts=FACTS | {"business_opened_on": None})
    await office.step("staff-ZZ07", application, "return", {"reason": "请补充开业日期"})
    assert await problem(office, "session:second", application, "resubmission", {"facts": FACTS}) == (
        404,
        "APPLICATION_NOT_FOUND",
    )
    assert await problem(office, "staff-ZZ08", application, "resubmission", {"facts": FACTS}) == (
        404,
        "APPLICATION_NOT_FOUND",
    )
    again = await office.step("staff-ZZ07", application, "resubmission", {"facts": FACTS})
    assert again["state"] == "SUBMITTED"
    assert await problem(office, "staff-ZZ07", again, "withdrawal") == (409, "APPLICATION_STATE_CONFLICT")
    own = await office.submit("staff-ZZ07")
    assert (await office.step("staff-ZZ07", own, "withdrawal"))["state"] == "WITHDRAWN"


async def test_at_another_kiosk_the_applicant_asks_for_a_review_and_rates(office: Office) -> None:
    somebody = office.somebody()
    application = await office.submit("session:first", applicant=somebody)
    await office.step("staff-ZZ07", application, "acceptance")
    await office.step("reviewer-ZZ07", application, "decision", REFUSAL)
    asked = {"application_id": application["id"], "applicant": somebody, "reason": "确为首次创办，附证明"}
    for wrong in ({"name": "李测试"}, {"id_number": office.somebody()["id_number"]}):
        answer = await office("session:second", "POST", "/application-reviews", asked | {"applicant": somebody | wrong})
        assert (answer.status_code, answer.json()["code"]) == (404, "APPLICATION_NOT_FOUND")
    answer = await office("session:second", "POST", "/application-reviews", asked)
    assert (answer.status_code, answer.json()["state"]) == (200, "REVIEW_REQUESTED"), answer.text
    assert not any(said in answer.text for said in ("facts", "decision", somebody["id_number"]))
    again = await office("session:second", "POST", "/application-reviews", asked)
    assert (again.status_code, again.json()["code"]) == (409, "APPLICATION_STATE_CONFLICT")
    await office.step("city-reviewer", application, "decision", {"decision": "GRANT"})
    rated = {"application_id": application["id"], "applicant": somebody, "score": 4}
    assert (await office("session:second", "POST", "/application-ratings", rated)).status_code == 201
    twice = await office("session:second", "POST", "/application-ratings", rated)
    assert (twice.status_code, twice.json()["code"]) == (409, "ALREADY_RATED")


async def test_nobody_below_the_working_age_applies(office: Office) -> None:
    child = office.somebody() | {"id_number": "410199201106010018"}
    body = {"measure": "startup-grant", "applicant": child, "facts": FACTS, "as_of": "2018-09-01"}
    answer = await office("kiosk", "POST", "/applications", body)
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/applicant/id_number", "ID_HOLDER_TOO_YOUNG")
    ]
