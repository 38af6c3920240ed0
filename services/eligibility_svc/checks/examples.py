"""Examples of the contract: requests, and the answers that the catalogue really gives to them."""

from datetime import date
from typing import Any

from pydantic_core import from_json, to_json

from eligibility_svc.checks.schemas import wire
from eligibility_svc.checks.service import check_measures
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.repository import catalogue

REQUESTS: dict[str, Any] = {
    "person": {
        "summary": "个人：一次性创业（开业）补贴",
        "value": {
            "subject": "PERSON",
            "as_of": "2018-09-01",
            "facts": {
                "school_kind": "UNIVERSITY",
                "graduated_on": "2013-09-01",
                "is_first_business": True,
                "business_opened_on": "2018-06-01",
                "is_business_operating": True,
            },
            "measures": ["startup-grant"],
        },
    },
    "unknown": {
        "summary": "个人：还缺信息",
        "value": {
            "subject": "PERSON",
            "as_of": "2018-09-01",
            "facts": {"is_hardship_person": True},
            "measures": ["startup-grant"],
        },
    },
    "employer": {
        "summary": "用人单位：招用毕业生的社会保险补贴",
        "value": {
            "subject": "EMPLOYER",
            "as_of": "2018-09-01",
            "facts": {
                "enterprise_scale": "SMALL",
                "is_new_hire": True,
                "hire_kind": "GRADUATE_IN_YEAR",
                "contract_months": 12,
                "pays_social_insurance": True,
                "insurance_paid": "14400.00",
                "insurance_months": 18,
            },
            "measures": ["graduate-insurance"],
        },
    },
}


LISTS: dict[str, Any] = {
    "household": {
        "summary": "一家两口",
        "value": {
            "as_of": "2018-09-01",
            "checks": [
                {
                    "reference": "户主",
                    "subject": "PERSON",
                    "facts": {"is_hardship_person": True, "is_flexibly_insured": True},
                    "measures": ["hardship-insurance"],
                },
                {
                    "reference": "女儿",
                    "subject": "PERSON",
                    "facts": {"school_kind": "UNIVERSITY", "graduated_on": "2018-07-01", "is_job_seeking": True},
                    "measures": ["job-seeking-grant"],
                },
            ],
        },
    },
}


def list_answers() -> dict[str, Any]:
    """What the catalogue answers to `LISTS`."""
    return {name: {"summary": each["summary"], "value": _list_answer(each["value"])} for name, each in LISTS.items()}


def _list_answer(request: dict[str, Any]) -> dict[str, Any]:
    checks = [each | {"as_of": request["as_of"]} for each in request["checks"]]
    items = [
        {"reference": each["reference"], "subject": each["subject"], "results": _answer(each)["results"]}
        for each in checks
    ]
    return {"as_of": request["as_of"], "catalogue_version": catalogue().version, "items": items}


def answers() -> dict[str, Any]:
    """What the catalogue answers to `REQUESTS`, so that the document cannot drift from the service."""
    return {name: {"summary": each["summary"], "value": _answer(each["value"])} for name, each in REQUESTS.items()}


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    as_of = date.fromisoformat(request["as_of"])
    found = check_measures(request["subject"], request["facts"], as_of, request["measures"])
    example: dict[str, Any] = from_json(to_json(wire(as_of, found, catalogue(), vocabulary())))
    return example
