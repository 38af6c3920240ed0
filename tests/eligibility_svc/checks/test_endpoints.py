"""POST /checks over real HTTP: the worked answers as a client sees them, and everything that can be wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from eligibility_svc.checks.examples import REQUESTS, answers
from eligibility_svc.checks.schemas import CheckRead
from eligibility_svc.measures.repository import catalogue
from kit.clock import today
from kit.testing import Caller, captured_log, client

FOUNDER = REQUESTS["person"]["value"]
SECRET = "410199199001010011"


class StrictRead(CheckRead):
    """`CheckRead`, and not a field more."""

    model_config = CheckRead.model_config | {"extra": "forbid"}


async def check(api: httpx.AsyncClient, **body: Any) -> Any:
    response = await api.post("/checks", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def refusal(api: httpx.AsyncClient, body: Any) -> list[dict[str, str]]:
    response = await api.post("/checks", json=body)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert SECRET not in response.text
    errors: list[dict[str, str]] = response.json()["errors"]
    return errors


async def test_an_answer_has_every_field_of_the_contract(api: httpx.AsyncClient) -> None:
    body = await check(api, **FOUNDER)
    assert (body["as_of"], body["catalogue_version"]) == ("2018-09-01", catalogue().version)
    (result,) = body["results"]
    assert (result["measure"], result["name"]) == ("startup-grant", "一次性创业（开业）补贴")
    assert result["outcome"] == "ELIGIBLE"
    expected = {"status": "FIXED", "amount": "10000.00", "payer": None, "per": "ONCE"}
    assert {name: result["benefit"][name] for name in expected} == expected
    assert result["missing_facts"] == []
    assert result["overlaps"] == []
    graduated = next(reason for reason in result["reasons"] if reason["criterion"] == "recent-graduate")
    assert graduated == {
        "criterion": "recent-graduate",
        "text": "普通高校、职业学校、技工院校毕业5年内，或留学毕业5年内",
        "role": "REQUIREMENT",
        "outcome": "MET",
        "facts": {"school_kind": "UNIVERSITY", "graduated_on": "2013-09-01"},
        "parameters": {"graduate_years": {"label": "毕业后可申请的年数", "value": 5, "unit": "年"}},
        "citation": {"document": "郑政〔2018〕31号", "clause": "七"},
    }
    assert result["message_zh"] == "您符合条件，可得10000.00元。"


async def test_a_criterion_that_lacks_time_says_when(api: httpx.AsyncClient) -> None:
    facts = FOUNDER["facts"] | {"graduated_on": "2018-07-01", "business_opened_on": "2018-06-02"}
    (result,) = (await check(api, **(FOUNDER | {"facts": facts})))["results"]
    late = next(reason for reason in result["reasons"] if reason["criterion"] == "open-three-months")
    assert (result["outcome"], late["outcome"], late["met_on"]) == ("NOT_ELIGIBLE", "UNMET", "2018-09-02")
    assert result["eligible_on"] == "2018-09-02"
    assert result["message_zh"] == "时间未到，2018年9月2日起符合条件。"


async def test_before_its_notice_a_measure_is_not_in_force(api: httpx.AsyncClient) -> None:
    (result,) = (await check(api, **(FOUNDER | {"as_of": "2017-12-01"})))["results"]
    assert result["outcome"] == "NOT_ELIGIBLE"
    assert [reason["criterion"] for reason in result["reasons"]] == ["NOT_IN_FORCE"]


async def test_what_is_missing_comes_in_the_order_of_asking(api: httpx.AsyncClient) -> None:
    (result,) = (await check(api, **REQUESTS["unknown"]["value"]))["results"]
    assert result["outcome"] == "UNDETERMINED"
    assert result["missing_facts"] == ["is_first_business", "business_opened_on", "is_business_operating"]
    assert result["message_zh"] == "还缺3项信息，暂时无法判断。"


async def test_null_is_unknown(api: httpx.AsyncClient) -> None:
    facts = {"is_hardship_person": True, "is_first_business": None}
    (result,) = (await check(api, **(FOUNDER | {"facts": facts})))["results"]
    assert result["missing_facts"][0] == "is_first_business"


@pytest.mark.parametrize("subject", ["PERSON", "EMPLOYER", "UNIVERSITY", "PARK", "INTERMEDIARY", "TRAINING_BODY",
                                     "LOAN_OFFICE", "COMMUNITY", "GOVERNMENT"])  # fmt: skip
async def test_without_measures_all_of_the_subject_are_answered(api: httpx.AsyncClient, subject: str) -> None:
    body = await check(api, subject=subject, as_of="2018-09-01", facts={})
    assert [result["measure"] for result in body["results"]] == list(catalogue().of_subject(subject))


@pytest.mark.parametrize("name", REQUESTS)
async def test_the_examples_of_the_document_are_what_the_service_answers(api: httpx.AsyncClient, name: str) -> None:
    assert await check(api, **REQUESTS[name]["value"]) == answers()[name]["value"]


@pytest.mark.parametrize(
    "body",
    [
        {"subject": "PERSON", "facts": {"is_hardship_person": True}, "as_of": "2018-09-01"},
        {"subject": "PERSON", "facts": FOUNDER["facts"] | {"business_opened_on": "2018-08-01"}, "as_of": "2018-09-01"},
        {"subject": "PERSON", "facts": {}, "as_of": "2017-12-01"},
        {"subject": "GOVERNMENT", "facts": {"is_county_level": True, "poor_willing": 3}, "as_of": "2018-09-01"},
        {"subject": "PARK", "facts": {"is_private_investment": True, "is_recognised_park": True}},
        REQUESTS["employer"]["value"] | {"measures": None},
        {"subject": "EMPLOYER", "facts": {"founder_kind": "VETERAN", "is_in_incubator": True,
         "incubator_entered_on": "2018-01-01", "monthly_running_costs": [{"month": "2018-01", "amount": "5000.00"}]}},
    ],
)  # fmt: skip
async def test_an_answer_is_exactly_what_the_document_describes(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    response = await api.post("/checks", json=body)
    described = StrictRead.model_validate_json(response.content)
    assert described.model_dump(mode="json", exclude_unset=True) == response.json()


async def test_the_date_is_today_in_beijing_unless_given(api: httpx.AsyncClient) -> None:
    body = await check(api, subject="COMMUNITY", facts={"is_newly_recognised": True})
    assert body["as_of"] in {str(today()), str((datetime.now(UTC) + timedelta(hours=8)).date())}


async def test_nothing_of_an_answer_may_be_cached(api: httpx.AsyncClient) -> None:
    response = await api.post("/checks", json=FOUNDER)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"


async def test_an_unknown_fact_names_the_nearest(api: httpx.AsyncClient) -> None:
    (error,) = await refusal(api, {"subject": "PERSON", "facts": {"graduated_at": SECRET}})
    assert (error["pointer"], error["code"]) == ("/facts/graduated_at", "UNKNOWN_FACT")
    assert "graduated_on" in error["message"]


async def test_unknown_measures_and_those_of_others_are_refused_together(api: httpx.AsyncClient) -> None:
    body = {"subject": "PERSON", "facts": {"is_enrolled": SECRET}, "measures": ["startup-grnt", "job-fair"]}
    errors = await refusal(api, body)
    assert [(error["pointer"], error["code"]) for error in errors] == [
        ("/facts/is_enrolled", "TYPE"),
        ("/measures/0", "UNKNOWN_MEASURE"),
        ("/measures/1", "MEASURE_OF_ANOTHER_SUBJECT"),
    ]
    assert "startup-grant" in errors[1]["message"]
    assert "高等院校" in errors[2]["message"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"subject": "HUMAN"}, "/subject"),
        ({"subject": None}, "/subject"),
        ({"as_of": "2018-02-30"}, "/as_of"),
        ({"as_of": "1899-12-31"}, "/as_of"),
        ({"as_of": 20180901}, "/as_of"),
        ({"facts": [SECRET]}, "/facts"),
        ({"facts": None}, "/facts"),
        ({"facts": {f"x{number}": SECRET for number in range(201)}}, "/facts"),
        ({"facts": {SECRET: SECRET}}, "/facts"),
        ({"measures": []}, "/measures"),
        ({"measures": "startup-grant"}, "/measures"),
        ({"measures": [SECRET + "/"]}, "/measures/0"),
        ({"measures": ["a"] * 101}, "/measures"),
        ({"id_number": SECRET}, "/id_number"),
    ],
)
async def test_what_is_wrong_is_said_at_its_pointer(
    api: httpx.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    errors = await refusal(api, FOUNDER | change)
    assert [error["pointer"] for error in errors] == [pointer]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"subject": "PERSON", "facts": {"is_enrolled": true, "is_enrolled": false}}', 400),
        (b'{"subject": "PERSON", "facts": {"training_days": NaN}}', 400),
        (b'{"subject": "PERSON", "facts": {"training_days": 1e400}}', 400),
        (b'{"subject": "PERSON", "facts": {"school_kind": "\\ud800"}}', 400),
        (b'{"subject": "PERSON", "facts": {"training_days": ' + b"[" * 100 + b"]" * 100 + b"}}", 400),
        (b'{"subject": "PERSON", "facts": {"training_days": ' + b"9" * 4000 + b"}}", 422),
        (b"", 422),
    ],
)
async def test_hostile_bodies_are_refused(api: httpx.AsyncClient, content: bytes, status: int) -> None:
    response = await api.post("/checks", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_check_needs_its_scope(eligibility_url: str, caller: Caller) -> None:
    url = f"{eligibility_url}/api/v1/eligibility"
    async with client(url) as anonymous:
        assert (await anonymous.post("/checks", json=FOUNDER)).status_code == 401
    async with client(url, headers=caller.headers("eligibility.catalogue.read")) as reader:
        assert (await reader.post("/checks", json=FOUNDER)).status_code == 403


async def test_no_fact_is_logged(api: httpx.AsyncClient) -> None:
    facts = FOUNDER["facts"] | {"birth_date": "1977-07-17", "is_destitute": True}
    with captured_log() as log:
        await check(api, **(FOUNDER | {"facts": facts}))
        await refusal(api, {"subject": "PERSON", "facts": {"birth_date": SECRET}})
    written = log.getvalue()
    assert "/checks" in written
    assert not any(told in written for told in ("1977-07-17", "is_destitute", SECRET, "UNIVERSITY"))


async def test_several_checks_are_answered_in_one_call_as_each_would_be(api: httpx.AsyncClient) -> None:
    household = [
        {"subject": "PERSON", "facts": {"is_hardship_person": True}},
        {"subject": "PERSON", "facts": {"school_kind": "UNIVERSITY"}, "measures": ["startup-park-place"]},
        {"subject": "EMPLOYER", "facts": {"hire_kind": "HARDSHIP"}},
    ]
    asked = [each | {"reference": f"第{number}人"} for number, each in enumerate(household, 1)]
    answer = await api.post("/check-lists", json={"as_of": "2018-09-01", "checks": asked})
    assert answer.status_code == 200, answer.text
    single = [(await api.post("/checks", json=each | {"as_of": "2018-09-01"})).json() for each in household]
    assert [item["results"] for item in answer.json()["items"]] == [each["results"] for each in single]
    assert [(item["reference"], item["subject"]) for item in answer.json()["items"]] == [
        ("第1人", "PERSON"), ("第2人", "PERSON"), ("第3人", "EMPLOYER")
    ]  # fmt: skip
    assert answer.json()["catalogue_version"] == single[0]["catalogue_version"]


async def test_what_is_wrong_with_any_of_several_checks_is_told_at_once(api: httpx.AsyncClient) -> None:
    wrong = [
        {"subject": "PERSON", "facts": {"is_poor_houshold": True}},
        {"subject": "PERSON", "facts": {}},
        {"subject": "PERSON", "facts": {"training_days": -1}, "measures": ["job-fair"]},
    ]
    answer = await api.post("/check-lists", json={"checks": wrong})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [
        "/checks/0/facts/is_poor_houshold", "/checks/2/facts/training_days", "/checks/2/measures/0"
    ]  # fmt: skip
    for many in (0, 51):
        answer = await api.post("/check-lists", json={"checks": wrong[1:2] * many})
        assert answer.status_code == 422


async def test_a_refusal_names_the_condition_and_a_service_says_where_to_go(api: httpx.AsyncClient) -> None:
    facts = {
        "is_poor_household": True,
        "is_in_training": True,
        "training_place": "OUTSIDE_HENAN",
        "school_kind": "UNIVERSITY",
    }
    body = {"subject": "PERSON", "as_of": "2018-09-01", "facts": facts}
    found = {each["measure"]: each for each in (await api.post("/checks", json=body)).json()["results"]}
    assert found["poor-training-travel"]["message_zh"] == "目前不满足“到郑州市外河南省内参加培训”这一条件。"
    place = found["startup-park-place"]
    assert (place["message_zh"], place["next_step_zh"]) == (
        "您可以享受这项服务。", "请到就近的人社服务窗口办理，咨询电话12333。"
    )  # fmt: skip
    assert place["notes"] == [
        {"text": "提供创业场地、补贴和指导服务", "citation": {"document": "郑政〔2018〕31号", "clause": "七"}}
    ]
    body |= {"facts": {"is_disabled": False, "is_in_rehabilitation": False}, "measures": ["rehabilitation-help"]}
    (none,) = (await api.post("/checks", json=body)).json()["results"]
    assert none["message_zh"] == "几项条件至少要满足一项，目前均不满足。"
