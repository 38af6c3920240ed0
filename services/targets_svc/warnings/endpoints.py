"""Warnings, the units' answers, and the supervision list."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.http.errors import VersionStaleError
from kit.http.etags import IfMatch, set_etag
from kit.http.idempotency import IdempotencyHonoured
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Year
from targets_svc.annex.endpoints import WORKBOOK
from targets_svc.annex.schemas import XLSX
from targets_svc.progress.domain.arithmetic import Level
from targets_svc.progress.domain.period import choose_month
from targets_svc.warnings import service
from targets_svc.warnings.errors import AnswerInvalidError, WarningEndedError, WarningNotFoundError
from targets_svc.warnings.schemas import (
    AcknowledgementCreate,
    SupervisionList,
    TargetWarningRead,
    WarningHistoryRead,
    WarningList,
    WarningState,
)
from targets_svc.warnings.workbook import supervision_workbook

router = Router(prefix="/api/v1/targets", tags=["预警督办"])
Reader = Annotated[Principal, requires("targets.warning.read")]
Answerer = Annotated[Principal, requires("targets.warning.acknowledge")]
WarningId = Annotated[UUID, Path(description="预警编号")]
UnitQuery = Annotated[Code | None, Query(description="单位代码")]
YearQuery = Annotated[Year | None, Query(description="年度；默认最近已结束月份所在年度")]


@router.get("/warnings", operation_id="list_warnings", summary="预警列表", responses=problems(WarningNotFoundError))
async def list_warnings(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    unit: UnitQuery = None,
    indicator: Annotated[Code | None, Query(description="指标代码")] = None,
    level: Annotated[Level | None, Query(description="级别")] = None,
    state: Annotated[WarningState | None, Query(description="OPEN未解除，ENDED已解除")] = None,
    year: Annotated[Year | None, Query(description="年度；默认全部")] = None,
) -> WarningList:
    """新的在前。落后于时序进度即预警：蓝、黄、橙、红；升级立即生效，降级须该级别经过一个已结账的月份。县（市、区）账号只见本单位。"""
    filters = {"unit": unit, "of": indicator, "level": level, "state": state, "year": year, "own": principal.unit}
    after = page.after(filters)
    rows = await service.list_warnings(
        tx,
        own_unit=principal.unit,
        unit=unit,
        indicator=indicator,
        level=level,
        state=state,
        year=year,
        after=UUID(after[0]) if after else None,
        limit=page.limit + 1,
    )
    return WarningList.of_page(rows, page, filters)


@router.get(
    "/warnings/{id}",
    operation_id="get_warning",
    summary="查看预警及其全部经过",
    responses=problems(WarningNotFoundError),
)
async def get_warning(id: WarningId, principal: Reader, tx: Tx, response: Response) -> WarningHistoryRead:
    """何时开出、升级、反馈、降级、解除，每一步当时的数据和经办人。"""
    warning, events = await service.read_warning(tx, id, principal.unit)
    set_etag(response, warning.row.row_version)
    return WarningHistoryRead.of_history(warning, events)


@router.post(
    "/warnings/{id}/acknowledgement",
    operation_id="acknowledge_warning",
    summary="反馈预警",
    responses=problems(WarningNotFoundError, WarningEndedError, AnswerInvalidError, VersionStaleError),
)
async def acknowledge_warning(
    id: WarningId,
    body: AcknowledgementCreate,
    principal: Answerer,
    tx: Tx,
    _: IdempotencyHonoured,
    response: Response,
    if_match: IfMatch = None,
) -> TargetWarningRead:
    """由被预警单位写明整改措施和完成日期；可再次反馈，以最后一次为准，经过全部保留。升级后须重新反馈。"""
    warning = await service.acknowledge(
        tx,
        subject=principal.subject,
        own_unit=principal.unit,
        warning_id=id,
        action_plan=body.action_plan,
        due_on=body.due_on,
        if_match=if_match,
        now=now(),
    )
    set_etag(response, warning.row.row_version)
    return TargetWarningRead.of(warning)


@router.get(
    "/supervision-list", operation_id="get_supervision_list", summary="督办单", responses=problems(WarningNotFoundError)
)
async def get_supervision_list(
    principal: Reader, tx: Tx, year: YearQuery = None, unit: UnitQuery = None
) -> SupervisionList:
    """黄色及以上未解除的预警，先重后轻，同级先看差距，再看任务数。县（市、区）账号只见本单位。"""
    asked, at = year or choose_month(None, None, today()).year, now()
    found = await service.supervise(tx, year=asked, unit=unit, own_unit=principal.unit, now=at)
    return SupervisionList.of(asked, found, at)


@router.get(
    "/supervision-list.xlsx",
    operation_id="get_supervision_workbook",
    summary="督办单（Excel，可打印）",
    response_class=Response,
    responses=WORKBOOK | problems(WarningNotFoundError),
)
async def get_supervision_workbook(
    principal: Reader, tx: Tx, year: YearQuery = None, unit: UnitQuery = None
) -> Response:
    """A4横向，每页重复表头，留有签发、签收栏。"""
    answer = await get_supervision_list(principal, tx, year, unit)
    name = {"Content-Disposition": f'attachment; filename="supervision-{answer.year}.xlsx"'}
    return Response(supervision_workbook(answer), media_type=XLSX, headers=name)
