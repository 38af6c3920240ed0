"""Examples of the contract; the check in them is what the catalogue really answers."""

from datetime import date
from typing import Any

from eligibility_svc.applications.assessment import assess

FACTS: dict[str, Any] = {
    "school_kind": "UNIVERSITY",
    "graduated_on": "2015-07-01",
    "is_first_business": True,
    "business_opened_on": "2018-05-01",
    "is_business_operating": True,
    "hukou_region": "ZHENGZHOU",
    "hukou_unit": "ZZ07",
}
APPLICATION: dict[str, Any] = {
    "measure": "startup-grant",
    "applicant": {"id_type": "RESIDENT_ID", "id_number": "410199199001010011", "name": "王测试"},
    "facts": FACTS,
    "as_of": "2018-09-01",
}
ABOUT_A_PERSON: dict[str, Any] = {
    "measure": "graduate-insurance",
    "applicant": {"id_type": "USCC", "id_number": "91410100MA0000007G", "name": "测试科技有限公司"},
    "persons": [{"id_type": "RESIDENT_ID", "id_number": "410199199512310024", "name": "李测试"}],
    "facts": {
        "enterprise_scale": "SMALL",
        "is_new_hire": True,
        "hire_kind": "GRADUATE_IN_YEAR",
        "contract_months": 24,
        "pays_social_insurance": True,
        "insurance_paid": "4800.00",
        "insurance_months": 6,
    },
    "as_of": "2018-12-01",
    "unit": "ZZ07",
}
_ID = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c00"
_REF = "5f0c2a9e-8b1d-4c3e-9f7a-1b2c3d4e5f60"
_FOUND = assess("startup-grant", "PERSON", FACTS, date(2018, 9, 1), ())
_CHECK = {"catalogue_version": _FOUND.catalogue_version, "facts": FACTS, "result": _FOUND.result}

READ: dict[str, Any] = {
    "id": _ID,
    "measure": "startup-grant",
    "name": _FOUND.answer.name,
    "subject": "PERSON",
    "unit": "ZZ07",
    "state": "PAID",
    "state_zh": "已发放",
    "as_of": "2018-09-01",
    "submitted_at": "2018-09-01T02:00:00Z",
    "submitted_by": "platform",
    "applicant": {"ref": _REF, "id_type": "RESIDENT_ID", "id_number": "**************0011", "name": "王**"},
    "persons": [],
    "check": _CHECK,
    "decision": _CHECK
    | {
        "decision": "GRANT",
        "decided_at": "2018-09-05T01:00:00Z",
        "decided_by": "reviewer-ZZ07",
        "is_review": False,
        "reason": None,
        "amount": "10000.00",
    },
    "payment": {"paid_on": "2018-09-20", "amount": "10000.00", "reference": "ZF-2018-000123"},
    "review": None,
    "history": [
        {"step": step, "state": state, "at": at, "reason": None}
        for step, state, at in (
            ("SUBMIT", "SUBMITTED", "2018-09-01T02:00:00Z"),
            ("ACCEPT", "ACCEPTED", "2018-09-03T01:00:00Z"),
            ("GRANT", "GRANTED", "2018-09-05T01:00:00Z"),
            ("PAY", "PAID", "2018-09-20T03:00:00Z"),
        )
    ],
    "next_step_zh": "补贴已发放，请查收；欢迎您对本次服务作出评价。",
}
LISTED: dict[str, Any] = {
    "items": [
        {
            "id": _ID,
            "measure": "startup-grant",
            "unit": "ZZ07",
            "state": "SUBMITTED",
            "as_of": "2018-09-01",
            "submitted_at": "2018-09-01T02:00:00Z",
            "applicant_ref": _REF,
        }
    ],
    "next": None,
}
FOUND: dict[str, Any] = {
    "items": [
        {
            "id": _ID,
            "measure": "startup-grant",
            "name": _FOUND.answer.name,
            "unit": "ZZ07",
            "state": "ACCEPTED",
            "state_zh": "已受理",
            "submitted_at": "2018-09-01T02:00:00Z",
            "is_own": True,
            "next_step_zh": "申请已受理，请等待办理结果。",
        }
    ]
}
RATED: dict[str, Any] = {"application_id": _ID, "message_zh": "感谢您的评价，我们会认真改进服务。"}
RATINGS: dict[str, Any] = {
    "items": [
        {
            "application_id": _ID,
            "unit": "ZZ07",
            "measure": "startup-grant",
            "score": 2,
            "reason": "等了两个月才有结果",
            "rated_at": "2018-11-05T01:00:00Z",
        }
    ],
    "next": None,
}
