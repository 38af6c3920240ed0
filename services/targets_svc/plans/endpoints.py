"""GET /plans/{year} and POST /decomposition-proposals."""

from typing import Annotated

from fastapi import Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.db.engine import Tx
from kit.http.etags import set_etag
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import LegalDate, Year
from targets_svc.plans import service
from targets_svc.plans.errors import ImpossibleProposalError, PlanNotFoundError
from targets_svc.plans.schemas import PlanRead, ProposalCreate, ProposalRead

router = Router(prefix="/api/v1/targets", tags=["计划"])
Reader = Annotated[Principal, requires("targets.plan.read")]
AsOf = Annotated[LegalDate | None, Query(description="查询该日有效的版本；默认今天")]


@router.get(
    "/plans/{year}", operation_id="get_plan", summary="年度目标任务分解表", responses=problems(PlanNotFoundError)
)
async def get_plan(year: Year, _: Reader, tx: Tx, response: Response, as_of: AsOf = None) -> PlanRead:
    """整表返回。`——`为NOT_ASSIGNED（不是0），待明确为PENDING；合计只由各单位数值相加，不另存。"""
    plan = await service.find_plan(tx, year, as_of or today())
    set_etag(response, f"{plan.year}-{plan.version}")
    return PlanRead.of(plan)


@router.post(
    "/decomposition-proposals",
    operation_id="propose_decomposition",
    summary="按权重试算分解方案",
    responses=problems(ImpossibleProposalError),
)
async def propose_decomposition(body: ProposalCreate, _: Reader) -> ProposalRead:
    """只试算，不保存。各部分之和恒等于总数：先给最低数，再按权重以quantum为单位最大余数法分配，零头给权重最大者。"""
    return ProposalRead(parts=service.propose_parts(body.total, body.weights, body.quantum, body.floor))
