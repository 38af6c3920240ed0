"""GET /progress."""

import hashlib
from typing import Annotated

from fastapi import Depends, Header, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
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
    curve: Annotated[Curve, Query(description="时序进度：LINEAR按月平均，SEASONAL按季节")] = Curve.LINEAR,
    as_of: Annotated[LegalDate | None, Query(description="按该日有效的计划版本计算；默认所查月份的最后一天")] = None,
) -> Question:
    """What every question about progress may say."""
    return Question(choose_month(year, month, today()), source, curve, known_at, as_of)


@router.get(
    "/progress",
    operation_id="get_progress",
    summary="目标任务完成进度",
    response_model=ProgressRead,
    responses=problems(PlanNotFoundError, PeriodInvalidError) | {304: {"description": "与If-None-Match的版本相同"}},
)
async def get_progress(
    principal: Annotated[Principal, requires("targets.progress.read")],
    tx: Tx,
    question: Annotated[Question, Depends(ask)],
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", description="上次得到的ETag；数据未变时返回304", max_length=1000)
    ] = None,
) -> Response:
    """整表返回：计划的每个单元格一行，全市合计在单位ZZ。只有批准的数据计入；县（市、区）账号只见本单位和全市。"""
    table = await read_progress(tx, question, own_unit=principal.unit, now=now())
    return _answer(render(table), if_none_match)


def _answer(body: bytes, if_none_match: str | None) -> Response:
    """The table, or 304 when the caller has exactly this one; its ETag is the hash of its cells."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    # May be kept by the caller alone, and asked for again each time.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
