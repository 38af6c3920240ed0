"""POST /checks."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Body, Request, Response
from pydantic_core import to_json

from eligibility_svc.checks.domain import Answer
from eligibility_svc.checks.examples import LISTS, REQUESTS, answers, list_answers
from eligibility_svc.checks.lists import check_list
from eligibility_svc.checks.rendering import renderer_of
from eligibility_svc.checks.schemas import CheckCreate, CheckListCreate, CheckListRead, CheckRead, wire
from eligibility_svc.checks.service import decider_of, read_check
from eligibility_svc.grants.service import count_register
from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.parameters.repository import version_of_catalogue
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.db.engine import Database
from kit.errors import ScopeMissingError
from kit.http.routing import Router

router = Router(prefix="/api/v1/eligibility", tags=["资格查询"])
Checker = Annotated[Principal, requires("eligibility.check.run")]
CheckListBody = Annotated[CheckListCreate, Body(openapi_examples=LISTS)]
CheckBody = Annotated[CheckCreate, Body(openapi_examples=REQUESTS)]


@router.post(
    "/checks",
    operation_id="check_eligibility",
    summary="查询可以享受哪些措施",
    response_model=CheckRead,
    responses={200: {"content": {"application/json": {"examples": answers()}}}},
)
async def check_eligibility(body: CheckBody, principal: Checker, request: Request) -> Response:
    """逐项说明每个条件是否满足、依据哪一条、还缺什么信息；不保存任何内容。未知不等于否。"""
    as_of = body.as_of or today()
    known = await version_of_catalogue(request.app.state.database, body.catalogue_version)
    facts = read_check(known, body.subject, body.facts, body.measures)
    if body.applicant_ref is None:
        content = renderer_of(known).check(body.subject, facts, as_of, body.measures)
    else:
        found = decider_of(known).check(body.subject, facts, as_of, body.measures)
        counted = await _with_register(request, principal, body.applicant_ref, found, known, as_of)
        content = to_json(wire(as_of, counted, known, known.words))
    return Response(content, media_type="application/json")


@router.post(
    "/check-lists",
    operation_id="check_eligibility_of_several",
    summary="一次查询几个人或几种情形",
    response_model=CheckListRead,
    responses={200: {"content": {"application/json": {"examples": list_answers()}}}},
)
async def check_eligibility_of_several(body: CheckListBody, _: Checker, request: Request) -> Response:
    """如一家人逐个查询，或招用的人属于几类时每类查一次；每次最多50个，按提交的顺序返回，不保存任何内容。"""
    as_of = body.as_of or today()
    known = await version_of_catalogue(request.app.state.database, body.catalogue_version)
    return Response(check_list(known, as_of, body.checks), media_type="application/json")


async def _with_register(
    request: Request, principal: Principal, ref: UUID, found: tuple[Answer, ...], known: Catalogue, as_of: date
) -> tuple[Answer, ...]:
    """A transaction for those checks alone that need one."""
    if "eligibility.grant.read" not in principal.scopes:
        raise ScopeMissingError("计入已给予的待遇需要权限 eligibility.grant.read，请联系管理员开通或不填申请人代号。")
    database: Database = request.app.state.database
    async with database.transaction() as tx:
        return await count_register(tx, ref, found, known, as_of)
