"""POST /checks."""

from typing import Annotated

from fastapi import Body, Response
from pydantic_core import to_json

from eligibility_svc.checks.examples import REQUESTS, answers
from eligibility_svc.checks.schemas import CheckCreate, CheckRead, wire
from eligibility_svc.checks.service import check_measures
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.parameters.repository import version_of_catalogue
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.http.routing import Router

router = Router(prefix="/api/v1/eligibility", tags=["资格查询"])
Checker = Annotated[Principal, requires("eligibility.check.run")]
CheckBody = Annotated[CheckCreate, Body(openapi_examples=REQUESTS)]


@router.post(
    "/checks",
    operation_id="check_eligibility",
    summary="查询可以享受哪些措施",
    response_model=CheckRead,
    responses={200: {"content": {"application/json": {"examples": answers()}}}},
)
async def check_eligibility(body: CheckBody, _: Checker) -> Response:
    """逐项说明每个条件是否满足、依据哪一条、还缺什么信息；不保存任何内容。未知不等于否。"""
    as_of = body.as_of or today()
    known = version_of_catalogue(body.catalogue_version)
    found = check_measures(body.subject, body.facts, as_of, body.measures, known)
    content = to_json(wire(as_of, found, known, vocabulary()))
    return Response(content, media_type="application/json")
