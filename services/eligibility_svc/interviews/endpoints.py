"""POST /interviews."""

from typing import Annotated, Any

from fastapi import Body, Response
from pydantic_core import from_json, to_json

from eligibility_svc.interviews.schemas import InterviewCreate, InterviewRead, wire_interview
from eligibility_svc.interviews.service import conduct_interview
from eligibility_svc.measures.domain import Family
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.dates import parse_date
from kit.http.routing import Router

router = Router(prefix="/api/v1/eligibility", tags=["资格查询"])
Checker = Annotated[Principal, requires("eligibility.check.run")]

REQUESTS: dict[str, Any] = {
    "begin": {
        "summary": "开始：一项信息都还没有",
        "value": {"subject": "COMMUNITY", "as_of": "2018-09-01", "facts": {}},
    },
    "resume": {
        "summary": "继续：带上已回答的信息，本人不清楚的填null",
        "value": {
            "subject": "PARK",
            "as_of": "2018-09-01",
            "facts": {"is_private_investment": True, "is_recognised_park": None},
            "family": "GRANT",
        },
    },
}


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the service answers, so that the document cannot drift from it."""
    as_of, family = parse_date(request["as_of"]), request.get("family")
    found = conduct_interview(request["subject"], request["facts"], as_of, Family(family) if family else None)
    example: dict[str, Any] = from_json(to_json(wire_interview(as_of, found)))
    return example


ANSWERS = {name: {"summary": each["summary"], "value": _answer(each["value"])} for name, each in REQUESTS.items()}


@router.post(
    "/interviews",
    operation_id="conduct_interview",
    summary="下一个该问的问题",
    response_model=InterviewRead,
    responses={200: {"content": {"application/json": {"examples": ANSWERS}}}},
)
async def conduct(body: Annotated[InterviewCreate, Body(openapi_examples=REQUESTS)], _: Checker) -> Response:
    """每次带上全部已知信息，返回最能定论的下一个问题和目前的结果；不保存任何内容，可随时随地接着问。"""
    as_of = body.as_of or today()
    found = conduct_interview(body.subject, body.facts, as_of, body.family)
    return Response(to_json(wire_interview(as_of, found)), media_type="application/json")
