"""GET /facts."""

from typing import Annotated

from fastapi import Query

from eligibility_svc.facts.domain import Subject
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.facts.schemas import FactsRead
from eligibility_svc.measures.repository import catalogue
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.routing import Router

router = Router(prefix="/api/v1/eligibility", tags=["事实词表"])
Reader = Annotated[Principal, requires("eligibility.catalogue.read")]
OfSubject = Annotated[Subject | None, Query(description="只看该申请对象的事实")]


@router.get("/facts", operation_id="list_facts", summary="事实词表")
async def list_facts(_: Reader, subject: OfSubject = None) -> FactsRead:
    """整表返回：名称、中文名、提问方式、类型、单位、取值、是否敏感、哪些措施用到它。"""
    return FactsRead.of(vocabulary(), catalogue().uses(), catalogue().version, subject)
