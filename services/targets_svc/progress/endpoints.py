"""GET /progress."""

from typing import Annotated

from fastapi import Depends, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.etags import NOT_MODIFIED, IfNoneMatch, answer_table
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Instant, LegalDate, Year
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.schemas import MonthOrNumber, ProgressRead, render
from targets_svc.progress.service import ProgressSource, Question, read_progress

router = Router(prefix="/api/v1/targets", tags=["进度"])


def ask(
    year: Annotated[Year | None, Query(description="年度；默认最近已结束月份所在年度")] = None,
    month: Annotated[
        MonthOrNumber | None, Query(description="月份，如2017-06，或与year并用的1至12；默认最近已结束的月份")
    ] = None,
    known_at: Annotated[Instant | None, Query(description="当时已知的数据；默认现在")] = None,
    source: Annotated[
        ProgressSource, Query(description="REPORT月报，REGISTER实名登记，POLICY各指标规定的来源")
    ] = ProgressSource.POLICY,
    curve: Annotated[
        Curve | None, Query(description="时序进度：LINEAR按月平均，SEASONAL按季节；默认按评价标准")
    ] = None,
    as_of: Annotated[LegalDate | None, Query(description="按该日有效的计划版本计算；默认所查月份的最后一天")] = None,
) -> Question:
    """What every question about progress may say."""
    return Question(choose_month(year, month, today()), source, curve, known_at, as_of)


@router.get(
    "/progress",
    operation_id="get_progress",
    summary="目标任务完成进度",
    response_model=ProgressRead,
    responses=problems(PlanNotFoundError, PeriodInvalidError) | NOT_MODIFIED,
)
@sees_all_rows
async def get_progress(
    principal: Annotated[Principal, requires("targets.progress.read")],
    tx: Tx,
    question: Annotated[Question, Depends(ask)],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """整表返回：计划的每个单元格一行，全市合计在单位ZZ。只有批准的数据计入；县（市、区）账号只见本单位和全市。"""
    table = await read_progress(tx, question, own_unit=principal.unit, now=now())
    return answer_table(render(table), if_none_match)
