"""GET /units."""

from typing import Annotated

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.routing import Router
from targets_svc.units.repository import load_units
from targets_svc.units.schemas import UnitList

router = Router(prefix="/api/v1/targets", tags=["单位与指标"])


@router.get("/units", operation_id="list_units", summary="责任单位目录")
async def list_units(_: Annotated[Principal, requires("targets.unit.read")]) -> UnitList:
    """按分解表的顺序列出全市、市本级和15个县（市、区）、开发区；代码长期不变。"""
    return UnitList.of(load_units().values())
