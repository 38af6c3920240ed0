"""GET /plans/{year}/annex.xlsx."""

from typing import Annotated, Any

from fastapi import Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import today
from kit.db.engine import Tx
from kit.http.etags import set_etag
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import LegalDate, Year
from targets_svc.annex.domain.layout import lay_out
from targets_svc.annex.schemas import XLSX, annex_workbook
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans import service
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.units.repository import load_units

router = Router(prefix="/api/v1/targets", tags=["计划"])
WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"description": "Excel工作簿", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}},
}


@router.get(
    "/plans/{year}/annex.xlsx",
    operation_id="get_plan_annex",
    summary="年度目标任务分解表（Excel）",
    response_class=Response,
    responses=WORKBOOK | problems(PlanNotFoundError),
)
async def get_plan_annex(
    year: Year,
    _: Annotated[Principal, requires("targets.plan.read")],
    tx: Tx,
    as_of: Annotated[LegalDate | None, Query(description="该日有效的版本；默认今天")] = None,
) -> Response:
    """按文件附件的版式：标题、两级表头、单位：人、各单位一行、合计为公式。未下达任务为`——`，待明确照写。"""
    plan = await service.find_plan(tx, year, as_of or today())
    content = annex_workbook(lay_out(plan, load_indicators(), load_units()), plan)
    name = {"Content-Disposition": f'attachment; filename="plan-{year}-v{plan.version}.xlsx"'}
    response = Response(content, media_type=XLSX, headers=name)
    set_etag(response, f"{plan.year}-{plan.version}")
    return response
