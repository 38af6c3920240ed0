"""GET /measures and GET /measures/{code}."""

from typing import Annotated

from fastapi import Path, Query, Response

from eligibility_svc.facts.domain import Subject
from eligibility_svc.measures import examples
from eligibility_svc.measures.domain import Family
from eligibility_svc.measures.errors import MeasureNotFoundError
from eligibility_svc.measures.repository import catalogue
from eligibility_svc.measures.schemas import MeasureRead, MeasuresRead
from eligibility_svc.measures.service import find_edition, list_editions
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.http.etags import set_etag
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, LegalDate

router = Router(prefix="/api/v1/eligibility", tags=["措施目录"])
Reader = Annotated[Principal, requires("eligibility.catalogue.read")]
MeasurePath = Annotated[Code, Path(description="措施代码，见措施目录", examples=["startup-grant"])]
AsOf = Annotated[LegalDate | None, Query(description="按哪一天的政策，默认今天（北京时间）")]
OfSubject = Annotated[Subject | None, Query(description="只看该申请对象的措施")]
OfFamily = Annotated[Family | None, Query(description="GRANT待遇，QUOTA任务，SERVICE服务")]


@router.get("/measures", operation_id="list_measures", summary="措施目录", responses=examples.measures())
async def list_measures(
    _: Reader, as_of: AsOf = None, subject: OfSubject = None, family: OfFamily = None
) -> MeasuresRead:
    """当日施行的全部措施：条件、参数、待遇、依据条款。"""
    day, known = as_of or today(), catalogue()
    items = [MeasureRead.of(edition, known, day) for edition in list_editions(known, day, subject, family)]
    return MeasuresRead(as_of=day, catalogue_version=known.version, items=items)


@router.get(
    "/measures/{code}",
    operation_id="get_measure",
    summary="一项措施",
    responses=problems(MeasureNotFoundError) | examples.measure(),
)
async def get_measure(code: MeasurePath, _: Reader, response: Response, as_of: AsOf = None) -> MeasureRead:
    """措施在该日的条件、参数、待遇和依据条款。"""
    day, known = as_of or today(), catalogue()
    edition = find_edition(known, code, day)
    set_etag(response, f"{known.version}-{code}-{day}")
    return MeasureRead.of(edition, known, day)
