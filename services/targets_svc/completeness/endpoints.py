"""GET /completeness."""

from typing import Annotated

from fastapi import Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.etags import NOT_MODIFIED, IfNoneMatch, answer_table
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Instant, Year
from targets_svc.completeness.schemas import CompletenessRead
from targets_svc.completeness.service import read_completeness
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.schemas import MonthOrNumber

router = Router(prefix="/api/v1/targets", tags=["月报"])


@router.get(
    "/completeness",
    operation_id="get_completeness",
    summary="月报完整率和及时率",
    response_model=CompletenessRead,
    responses=problems(PlanNotFoundError, PeriodInvalidError) | NOT_MODIFIED,
)
@sees_all_rows
async def get_completeness(
    principal: Annotated[Principal, requires("targets.progress.read")],
    tx: Tx,
    year: Annotated[Year | None, Query(description="年度；默认最近已结束月份所在年度")] = None,
    month: Annotated[MonthOrNumber | None, Query(description="自1月统计至该月；默认最近已结束的月份")] = None,
    known_at: Annotated[Instant | None, Query(description="当时已知的数据；默认现在")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """每个有任务的单位每月应报一份；从未报送的既不完整也不及时。县（市、区）账号只见本单位，全市合计人人可见。"""
    asked = choose_month(year, month, today())
    found = await read_completeness(tx, asked, known_at=known_at, own_unit=principal.unit, now=now())
    return answer_table(CompletenessRead.of(found).model_dump_json().encode(), if_none_match)
