"""GET /indicators."""

from typing import Annotated

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.routing import Router
from targets_svc.indicators.repository import load_indicators
from targets_svc.indicators.schemas import IndicatorList

router = Router(prefix="/api/v1/targets", tags=["单位与指标"])


@router.get("/indicators", operation_id="list_indicators", summary="指标目录")
async def list_indicators(_: Annotated[Principal, requires("targets.unit.read")]) -> IndicatorList:
    """分解表的10项指标，以及只下达到市级的3项比率和待明确的创业担保贷款。"""
    return IndicatorList.of(load_indicators().values())
