"""Real-name events, their counts, and the check of the counts."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import StringConstraints

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import legal_day, now
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.idempotency import IdempotencyHonoured
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Year
from kit.jobs.queue import enqueue
from targets_svc.register import service
from targets_svc.register.errors import (
    AlreadyRetractedError,
    EventInvalidError,
    EventNotFoundError,
    NotPendingError,
    SourceReusedError,
    UnitNotYoursError,
    VerifierRecordedError,
)
from targets_svc.register.jobs import RECOUNT
from targets_svc.register.schemas import (
    CountList,
    EventCreate,
    EventRead,
    EventSearch,
    JobAccepted,
    LedgerEventList,
    LedgerEventRead,
    PendingList,
    RetractionCreate,
    RetractionRead,
    VerificationCreate,
    VerificationRead,
)
from targets_svc.register.service import Vault

router = Router(prefix="/api/v1/targets", tags=["实名登记"])


def _vault(request: Request) -> Vault:
    return Vault(request.app.state.settings.key_ring)


Keys = Annotated[Vault, Depends(_vault)]
Writer = Annotated[Principal, requires("targets.event.write")]


@router.post(
    "/events",
    operation_id="record_event",
    summary="登记一条实名事件",
    status_code=201,
    responses=problems(UnitNotYoursError, EventInvalidError, SourceReusedError)
    | {200: {"model": EventRead, "description": "同一来源编号、同一内容以前已登记，没有变化"}},
)
@sees_all_rows
async def record_event(
    body: EventCreate, principal: Writer, tx: Tx, _: IdempotencyHonoured, vault: Keys, response: Response
) -> EventRead:
    """同一人同一年度同一指标只计一次，计给发生最早的一条；后到的更早事件会取而代之。计数立即生效。"""
    at = now()
    receipt = await service.record_event(
        tx, vault, subject=principal.subject, own_unit=principal.unit, notice=body.notice(at), now=at
    )
    response.status_code = 201 if receipt.is_new else 200
    return EventRead.of(receipt)


@router.post(
    "/events/{event_id}/retraction",
    operation_id="retract_event",
    summary="撤销一条实名事件",
    responses=problems(EventNotFoundError, AlreadyRetractedError),
)
@sees_all_rows
async def retract_event(
    event_id: Annotated[UUID, Path(description="登记时返回的event_id")],
    body: RetractionCreate,
    principal: Writer,
    tx: Tx,
    _: IdempotencyHonoured,
) -> RetractionRead:
    """不实的登记予以撤销，须写明原因；同一人的下一条有效事件自动递补。"""
    done = await service.retract_event(
        tx, subject=principal.subject, own_unit=principal.unit, event_id=event_id, reason=body.reason, now=now()
    )
    return RetractionRead.of(done)


@router.post(
    "/events/{event_id}/verification",
    operation_id="verify_event",
    summary="核实一条待核实的实名事件",
    responses=problems(EventNotFoundError, NotPendingError, VerifierRecordedError),
)
@sees_all_rows
async def verify_event(
    event_id: Annotated[UUID, Path(description="登记时返回的event_id")],
    body: VerificationCreate,
    principal: Annotated[Principal, requires("targets.event.verify")],
    tx: Tx,
    _: IdempotencyHonoured,
) -> VerificationRead:
    """灵活就业不满3个月或收入低于最低工资标准的，登记后先不计数；经登记人以外的人核实属实后计数。不属实的请撤销。"""
    done = await service.verify_event(
        tx, subject=principal.subject, own_unit=principal.unit, event_id=event_id, basis=body.basis, now=now()
    )
    return VerificationRead.of(done)


@router.get("/events", operation_id="find_event", summary="按来源编号查找实名事件")
@sees_all_rows
async def find_event(
    principal: Annotated[Principal, requires("targets.event.read")],
    tx: Tx,
    source_system: Annotated[Code, Query(description="来源系统", examples=["hr-registration"])],
    source_ref: Annotated[
        str,
        StringConstraints(pattern=r"^[!-~]+$", max_length=100),
        Query(description="来源系统中的编号", examples=["JS-2017-000123"]),
    ],
) -> LedgerEventList:
    """批量上传或忘记编号的，凭来源编号找到事件，以便核实或撤销；没有的、其他单位的返回空列表。不含个人信息。"""
    found = await service.find_by_source(tx, source_system, source_ref, own_unit=principal.unit)
    return LedgerEventList(items=[LedgerEventRead.of(entry) for entry in found])


@router.post(
    "/event-searches",
    operation_id="search_events",
    summary="按证件查找一个人的实名事件",
    responses=problems(EventInvalidError),
)
@sees_all_rows
async def search_events(
    body: EventSearch, principal: Annotated[Principal, requires("targets.event.read")], tx: Tx, vault: Keys
) -> LedgerEventList:
    """答复本人“登记了什么、计在哪里、为何不计”。证件号码和姓名都相符才能查到；不相符的和没有登记的，答复完全相同。

    发生在后的排在前，最多500条；县（市、区）账号只见本单位登记的。查询内容不留存。
    """
    document = (body.id_type, body.id_number, body.name)
    found = await service.find_by_person(tx, vault, document, own_unit=principal.unit, today=legal_day(now()))
    return LedgerEventList(items=[LedgerEventRead.of(entry) for entry in found])


@router.get("/events/pending", operation_id="list_pending_events", summary="待核实的实名事件")
@sees_all_rows
async def list_pending_events(
    principal: Annotated[Principal, requires("targets.event.read")], tx: Tx, page: PageQuery
) -> PendingList:
    """按单位、登记先后排列；县（市、区）账号只见本单位。"""
    filters = {"own": principal.unit}
    rows = await service.list_pending(tx, own_unit=principal.unit, after=page.after(filters), limit=page.limit + 1)
    return PendingList.of_page(rows, page, filters)


@router.get("/events/counts", operation_id="list_event_counts", summary="实名登记计数")
async def list_event_counts(
    principal: Annotated[Principal, requires("targets.event.read")],
    tx: Tx,
    page: PageQuery,
    year: Annotated[Year, Query(description="年度")],
) -> CountList:
    """按单位、指标、月份的计数（不含为零的）；县（市、区）账号只见本单位。"""
    filters = {"year": year, "own": principal.unit}
    rows = await service.list_counts(
        tx, year=year, own_unit=principal.unit, after=page.after(filters), limit=page.limit + 1
    )
    return CountList.of_page(rows, page, filters, year)


@router.get(
    "/events/{event_id}",
    operation_id="get_event",
    summary="查看一条实名事件",
    responses=problems(EventNotFoundError),
)
@sees_all_rows
async def get_event(
    event_id: Annotated[UUID, Path(description="登记时返回的event_id")],
    principal: Annotated[Principal, requires("targets.event.read")],
    tx: Tx,
) -> LedgerEventRead:
    """现在是否计数、为何不计、被哪一条取代，以及核实和撤销的经过；不含个人信息。"""
    return LedgerEventRead.of(await service.read_event(tx, event_id, own_unit=principal.unit))


@router.post(
    "/register-checks",
    operation_id="start_register_check",
    summary="核对实名登记的计数",
    status_code=202,
    responses={202: {"headers": {"Location": {"description": "任务地址", "schema": {"type": "string"}}}}},
)
async def start_register_check(
    principal: Annotated[Principal, requires("targets.job.write")], tx: Tx, _: IdempotencyHonoured, response: Response
) -> JobAccepted:
    """从台账重新计数并与现有计数比较，只报告差异，不自动修改。每日凌晨2时也会自动进行。"""
    job_id = await enqueue(tx, RECOUNT, {}, owner=principal.subject)
    response.headers["Location"] = f"/api/v1/targets/jobs/{job_id}"
    return JobAccepted(id=job_id)
