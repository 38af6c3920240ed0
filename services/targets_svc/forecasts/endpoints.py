"""GET /forecasts."""

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
from targets_svc.forecasts import service
from targets_svc.forecasts.schemas import ForecastRead
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.progress.endpoints import ask
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.service import Question

router = Router(prefix="/api/v1/targets", tags=["进度"])


@router.get(
    "/forecasts",
    operation_id="get_forecasts",
    summary="全年完成情况预测",
    response_model=ForecastRead,
    responses=problems(PlanNotFoundError, PeriodInvalidError) | NOT_MODIFIED,
)
@sees_all_rows
async def get_forecasts(
    principal: Annotated[Principal, requires("targets.progress.read")],
    tx: Tx,
    question: Annotated[Question, Depends(ask)],
    unit: Annotated[Code | None, Query(description="只要一个单位；默认全部", examples=["ZZ07"])] = None,
    indicator: Annotated[Code | None, Query(description="只要一项指标；默认全部", examples=["I01"])] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """每个累计指标按两种时序曲线各给一个预测、80%区间和结论；缺月或不足三个月的不预测。参数curve在此不起作用。"""
    found = await service.read_forecasts(
        tx, question, unit=unit, indicator=indicator, own_unit=principal.unit, now=now()
    )
    return answer_table(ForecastRead.of(found).model_dump_json().encode(), if_none_match)
