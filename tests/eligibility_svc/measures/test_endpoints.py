"""GET /measures, /measures/{code} and /facts over real HTTP, and the OpenAPI document."""

import httpx
import pytest

from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.repository import catalogue
from kit.testing import Caller, client
from tests.contracts.validity import assert_valid


async def test_the_catalogue_comes_whole(api: httpx.AsyncClient) -> None:
    body = (await api.get("/measures", params={"as_of": "2018-09-01"})).json()
    assert (body["as_of"], body["catalogue_version"]) == ("2018-09-01", catalogue().version)
    assert [item["code"] for item in body["items"]] == list(catalogue().measures)


async def test_the_catalogue_of_2017_is_that_of_the_first_notice(api: httpx.AsyncClient) -> None:
    items = (await api.get("/measures", params={"as_of": "2017-12-01"})).json()["items"]
    assert {item["citations"][0]["document"] for item in items} == {"郑政办文〔2017〕15号"}
    assert (await api.get("/measures", params={"as_of": "2017-03-09"})).json()["items"] == []


async def test_the_catalogue_is_filtered_by_subject_and_family(api: httpx.AsyncClient) -> None:
    query = {"as_of": "2018-09-01", "subject": "EMPLOYER", "family": "QUOTA"}
    items = (await api.get("/measures", params=query)).json()["items"]
    assert [item["code"] for item in items] == ["veteran-posts"]


async def test_a_measure_shows_criteria_parameters_and_clauses(api: httpx.AsyncClient) -> None:
    response = await api.get("/measures/startup-grant", params={"as_of": "2018-09-01"})
    body = response.json()
    assert (body["code"], body["family"], body["once"]) == ("startup-grant", "GRANT", "LIFE")
    assert body["in_force"] == {"from": "2018-05-27", "until": None}
    assert body["citations"] == [{"document": "郑政〔2018〕31号", "clause": "七"}]
    amount = body["parameters"][0]
    assert (amount["name"], amount["value"], amount["unit"]) == ("amount", "10000.00", "元")
    assert amount["values"][0]["citation"] == {"document": "郑政〔2018〕31号", "clause": "七"}
    (terms,) = body["terms"]
    assert terms["subject"] == "PERSON"
    assert [part["id"] for part in terms["requires"]["all"][1:]] == ["first-business", "open-three-months", "operating"]
    assert terms["requires"]["all"][2]["when"] == "months_after(business_opened_on, $operating_months) <= as_of"
    assert terms["benefit"]["formula"] == "$amount"
    assert response.headers["etag"]


async def test_an_open_amount_is_shown_as_open(api: httpx.AsyncClient) -> None:
    body = (await api.get("/measures/internship", params={"as_of": "2018-09-01"})).json()
    values = {parameter["name"]: parameter["value"] for parameter in body["parameters"]}
    assert values == {"basic_rate": None, "raised_rate": None, "retention_share": "50.00"}


async def test_an_edition_is_that_of_the_date(api: httpx.AsyncClient) -> None:
    earlier = (await api.get("/measures/one-job-per-household", params={"as_of": "2018-05-26"})).json()
    later = (await api.get("/measures/one-job-per-household", params={"as_of": "2018-05-27"})).json()
    assert earlier["in_force"] == {"from": "2017-03-10", "until": "2018-05-27"}
    assert later["in_force"] == {"from": "2018-05-27", "until": None}


@pytest.mark.parametrize(
    ("path", "query"),
    [("/measures/no-such-grant", {}), ("/measures/startup-grant", {"as_of": "2018-05-26"})],
)
async def test_a_measure_that_is_not_there_is_404(api: httpx.AsyncClient, path: str, query: dict[str, str]) -> None:
    response = await api.get(path, params=query)
    assert response.status_code == 404
    assert response.json()["code"] == "MEASURE_NOT_FOUND"


@pytest.mark.parametrize(
    "query", [{"as_of": "yesterday"}, {"as_of": "2018-02-30"}, {"subject": "HUMAN"}, {"family": "GIFT"}]
)
async def test_a_wrong_parameter_is_refused(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    response = await api.get("/measures", params=query)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == f"query:{next(iter(query))}"


async def test_the_vocabulary_comes_whole(api: httpx.AsyncClient) -> None:
    body = (await api.get("/facts")).json()
    assert [item["name"] for item in body["items"]] == [fact.name for fact in vocabulary().facts]
    days = next(item for item in body["items"] if item["name"] == "training_days")
    assert days == {
        "name": "training_days",
        "subjects": ["PERSON"],
        "label": "培训天数",
        "question": "您参加培训多少天？",
        "type": "COUNT",
        "unit": "天",
        "values": [],
        "is_sensitive": False,
        "gate": "is_in_training",
        "measures": ["poor-training-living"],
    }


async def test_the_vocabulary_of_one_subject(api: httpx.AsyncClient) -> None:
    items = (await api.get("/facts", params={"subject": "PARK"})).json()["items"]
    assert {item["name"] for item in items} == set(vocabulary().of("PARK"))
    recognised = next(item for item in items if item["name"] == "recognised_by")
    assert recognised["values"] == [
        {"code": "CITY", "label": "市级"},
        {"code": "COUNTY", "label": "县（市、区）级"},
    ]


@pytest.mark.parametrize("path", ["/facts", "/measures", "/measures/startup-grant"])
async def test_the_catalogue_needs_its_scope(eligibility_url: str, caller: Caller, path: str) -> None:
    url = f"{eligibility_url}/api/v1/eligibility"
    async with client(url) as anonymous:
        assert (await anonymous.get(path)).status_code == 401
    async with client(url, headers=caller.headers("eligibility.check.run")) as other:
        assert (await other.get(path)).status_code == 403


async def test_the_document_is_complete(eligibility_url: str) -> None:
    async with client(eligibility_url) as anyone:
        document = (await anyone.get("/openapi.json")).json()
    assert_valid(document)
    assert document["openapi"].startswith("3.1")
    operations = {
        operation["operationId"]: operation for path in document["paths"].values() for operation in path.values()
    }
    assert {"list_facts", "list_measures", "get_measure", "check_eligibility", "submit_application"} <= set(operations)
    for operation in operations.values():
        assert operation["summary"]
        assert any(scopes for need in operation["security"] for scopes in need.values())
        takes_input = operation.get("parameters") or operation.get("requestBody")
        assert {"401", "403", "500", *(["422"] if takes_input else [])} <= set(operation["responses"])
        assert {"200", "201", "202", "204"} & set(operation["responses"])
    check = operations["check_eligibility"]
    assert check["requestBody"]["content"]["application/json"]["examples"]
    assert check["responses"]["200"]["content"]["application/json"]["examples"]
    facts = document["components"]["schemas"]["CheckCreate"]["properties"]["facts"]
    assert set(facts["properties"]) == {fact.name for fact in vocabulary().facts}
