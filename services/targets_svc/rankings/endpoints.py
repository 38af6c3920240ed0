"""GET /rankings."""

from typing import Annotated

from fastapi import Depends, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.etags import NOT_MODIFIED, IfNoneMatch, answer_table
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.progress.endpoints import ask
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.service import Question
from targets_svc.rankings import service
from targets_svc.rankings.schemas import RankingRead

router = Router(prefix="/api/v1/targets", tags=["进度"])


@router.get(
    "/rankings",
    operation_id="get_rankings",
    summary="各县（市、区）完成率排名",
    response_model=RankingRead,
    responses=problems(PlanNotFoundError, PeriodInvalidError) | NOT_MODIFIED,
)
@sees_all_rows
async def get_rankings(
    principal: Annotated[Principal, requires("targets.progress.read")],
    tx: Tx,
    question: Annotated[Question, Depends(ask)],
    indicator: Annotated[Code | None, Query(description="只要一项指标；默认全部", examples=["I01"])] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """只排已下达任务且数据已批准的县（市、区）；未报的列在末位。县（市、区）账号只见本单位的名次。"""
    ranked = await service.rank_units(tx, question, indicator=indicator, own_unit=principal.unit, now=now())
    return answer_table(RankingRead.of(*ranked).model_dump_json().encode(), if_none_match)
