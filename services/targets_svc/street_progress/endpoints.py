"""GET /street-progress."""

from typing import Annotated

from fastapi import Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.etags import NOT_MODIFIED, IfNoneMatch, answer_table
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Year
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.schemas import MonthOrNumber
from targets_svc.register.errors import UnitNotYoursError
from targets_svc.street_progress.schemas import StreetProgressRead
from targets_svc.street_progress.service import read_street_progress

router = Router(prefix="/api/v1/targets", tags=["进度"])


@router.get(
    "/street-progress",
    operation_id="get_street_progress",
    summary="街道（乡镇）完成进度",
    response_model=StreetProgressRead,
    responses=problems(UnitNotYoursError, PeriodInvalidError) | NOT_MODIFIED,
)
@sees_all_rows
async def get_street_progress(
    principal: Annotated[Principal, requires("targets.progress.read")],
    tx: Tx,
    unit: Annotated[Code, Query(description="单位代码", examples=["ZZ12"])],
    year: Annotated[Year | None, Query(description="年度；默认最近已结束月份所在年度")] = None,
    month: Annotated[
        MonthOrNumber | None, Query(description="月份，如2017-06，或与year并用的1至12；默认最近已结束的月份")
    ] = None,
    curve: Annotated[
        Curve | None, Query(description="时序进度：LINEAR按月平均，SEASONAL按季节；默认按评价标准")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """最近下达的分解方案对照实名登记中注明街道（乡镇）的计数；未注明的单列，各行之和等于本单位的登记计数。县（市、区）账号只见本单位。"""
    asked = choose_month(year, month, today())
    table = await read_street_progress(tx, unit, asked, curve=curve, own_unit=principal.unit)
    return answer_table(StreetProgressRead.of(table).model_dump_json().encode(), if_none_match)
