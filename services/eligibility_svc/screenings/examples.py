"""Examples and the form of the uploads for the document."""

from typing import Any

from eligibility_svc.checks.examples import answers
from eligibility_svc.screenings.schemas import ScreeningCreate

_ID, _JOB = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d", "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9e"
ACCEPTED: dict[str, Any] = {"id": _ID, "job_id": _JOB}
READ: dict[str, Any] = {
    "id": _ID,
    "job": {
        "id": _JOB,
        "kind": "eligibility.screen",
        "state": "SUCCEEDED",
        "progress": {"done": 1, "total": 1},
        "result": {"screening_id": _ID},
        "problem": None,
        "created_at": "2018-09-01T01:00:00Z",
        "finished_at": "2018-09-01T01:00:09Z",
    },
    "problem": None,
    "subject": "PERSON",
    "as_of": "2018-09-01",
    "ending_by": "2018-10-01",
    "catalogue_version": "0123456789abcdef",
    "created_at": "2018-09-01T01:00:00Z",
    "finished_at": "2018-09-01T01:00:09Z",
    "screened": 1,
    "rejected": 1,
    "rejections": [{"row_no": 2, "column": "培训天数", "code": "COUNT", "message": "应填不小于0且不超过十亿的整数"}],
    "counts": [
        {
            "measure": "poor-training-living",
            "district": "ZZ01",
            "eligible": 1,
            "not_eligible": 0,
            "undetermined": 0,
            "no_application": 1,
            "confirm": 0,
            "one_fact": 0,
            "ending": 0,
        }
    ],
}
LISTED: dict[str, Any] = {
    "items": [
        {
            name: READ[name]
            for name in (
                "id", "subject", "as_of", "created_at", "finished_at", "screened", "rejected", "problem",
            )
        }
    ],
    "next": None,
}  # fmt: skip
PAGE: dict[str, Any] = {
    "items": [
        {
            "row_no": 1,
            "reference": "A-0001",
            "district": "ZZ01",
            "outcome": "ELIGIBLE",
            "amount": "360.00",
            "unmet": [],
            "unknown": [],
            "missing_facts": 0,
            "is_ending": False,
        }
    ],
    "next": None,
}
ROW: dict[str, Any] = answers()["person"]["value"] | {"row_no": 1, "reference": "A-0001"}
_REQUEST = ScreeningCreate.model_json_schema(ref_template="#/components/schemas/{model}")
FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file", "request"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "csv、xlsx或parquet"},
                    "request": _REQUEST,
                },
                "additionalProperties": False,
            },
            "encoding": {"request": {"contentType": "application/json"}},
            "example": {
                "file": "档案号,建档立卡,参加培训,培训天数\nA-0001,是,是,12\n",
                "request": {
                    "subject": "PERSON",
                    "as_of": "2018-09-01",
                    "columns": {
                        "建档立卡": "is_poor_household",
                        "参加培训": "is_in_training",
                        "培训天数": "training_days",
                    },
                    "reference": "档案号",
                },
            },
        }
    },
}
