"""The workflow of monthly reports."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now
from kit.dates import Month
from kit.db.engine import Tx
from kit.http.errors import (
    IfMatchRequiredError,
    VersionStaleError,
)
from kit.http.etags import IfMatch, set_etag
from kit.http.idempotency import IdempotencyHonoured, IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Instant
from targets_svc.month_closes.errors import MonthClosedError
from targets_svc.reports import service
from targets_svc.reports.domain import Actor, State
from targets_svc.reports.errors import (
    FourEyesError,
    NotCityLevelError,
    NothingOfficialError,
    NotSubmitterError,
    ReportInvalidError,
    ReportNotFoundError,
    TransitionRefusedError,
)
from targets_svc.reports.schemas import (
    DraftWrite,
    MonthString,
    ReasonWrite,
    ReportList,
    ReportRead,
    RevisionList,
    RevisionSummary,
)
from targets_svc.reports.service import ReportView
from targets_svc.withdrawals.schemas import WithdrawalCreate

router = Router(prefix="/api/v1/targets", tags=["月报"])


def _actor(principal: Principal) -> Actor:
    return Actor(principal.subject, principal.kind, principal.unit)


def _month(month: Annotated[MonthString, Path(description="报表月份")]) -> Month:
    return Month.parse(month)


MonthPath = Annotated[Month, Depends(_month)]
Reader = Annotated[Principal, requires("targets.report.read")]
Writer = Annotated[Principal, requires("targets.report.write")]
Submitter = Annotated[Principal, requires("targets.report.submit")]
Reviewer = Annotated[Principal, requires("targets.report.review")]
Approver = Annotated[Principal, requires("targets.report.approve")]
Returner = Annotated[Principal, requires_any("targets.report.review", "targets.report.approve")]
UnitPath = Annotated[Code, Path(description="单位代码", examples=["ZZ07"])]
KnownAt = Annotated[Instant | None, Query(description="当时正式的数据；默认现在")]
_STEP = (ReportNotFoundError, VersionStaleError, TransitionRefusedError, MonthClosedError)


def _answer(view: ReportView, response: Response) -> ReportRead:
    set_etag(response, view.report.row_version)
    if view.is_new:
        response.status_code = 201
    return ReportRead.of_view(view)


@router.put(
    "/reports/{unit}/{month}",
    operation_id="save_report_draft",
    summary="填写或修改月报草稿",
    responses=problems(*_STEP, IfMatchRequiredError, ReportInvalidError)
    | {201: {"model": ReportRead, "description": "新建了草稿"}},
)
async def save_report_draft(
    unit: UnitPath,
    month: MonthPath,
    body: DraftWrite,
    principal: Writer,
    tx: Tx,
    _: IdempotencyHonoured,
    response: Response,
    if_match: IfMatch = None,
) -> ReportRead:
    """数据为自1月起的累计数（或按basis声明为当月数），整份替换。已有草稿的修改须带If-Match；被退回的报表修改后成为同一版的草稿。"""
    view = await service.save_draft(
        tx, _actor(principal), unit, month, body.entries(), if_match, now(), basis=body.basis
    )
    return _answer(view, response)


@router.post(
    "/reports/{unit}/{month}/submission",
    operation_id="submit_report",
    summary="报送月报",
    responses=problems(*_STEP, ReportInvalidError),
)
async def submit_report(
    unit: UnitPath,
    month: MonthPath,
    principal: Submitter,
    tx: Tx,
    _: IdempotencyHonoured,
    response: Response,
    if_match: IfMatch = None,
) -> ReportRead:
    """校验全部规则；有误时逐项指出，指针指向已存的草稿。首次报送时间决定是否逾期，退回不重置。"""
    return _answer(await service.submit_report(tx, _actor(principal), unit, month, if_match, now()), response)


@router.post(
    "/reports/{unit}/{month}/review",
    operation_id="review_report",
    summary="审核月报",
    responses=problems(*_STEP, FourEyesError),
)
async def review_report(
    unit: UnitPath,
    month: MonthPath,
    principal: Reviewer,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> ReportRead:
    """审核人不能是报送人。"""
    return _answer(await service.review_report(tx, _actor(principal), unit, month, if_match, now()), response)


@router.post(
    "/reports/{unit}/{month}/approval",
    operation_id="approve_report",
    summary="批准月报",
    responses=problems(*_STEP, FourEyesError, NotCityLevelError, ReportInvalidError),
)
async def approve_report(
    unit: UnitPath,
    month: MonthPath,
    principal: Approver,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> ReportRead:
    """由市级批准，批准人不能是报送人或审核人；批准后成为正式数据，只能通过更正产生新版本。"""
    return _answer(await service.approve_report(tx, _actor(principal), unit, month, if_match, now()), response)


@router.post(
    "/reports/{unit}/{month}/return",
    operation_id="return_report",
    summary="退回月报",
    responses=problems(*_STEP),
)
async def return_report(
    unit: UnitPath,
    month: MonthPath,
    body: ReasonWrite,
    principal: Returner,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> ReportRead:
    """退回须写明原因（至少5个字）。需要 targets.report.review 或 targets.report.approve 权限之一。"""
    view = await service.return_report(tx, _actor(principal), unit, month, body.reason, if_match, now())
    return _answer(view, response)


@router.post(
    "/reports/{unit}/{month}/withdrawal",
    operation_id="withdraw_report",
    summary="撤回月报",
    responses=problems(*_STEP, NotSubmitterError),
)
async def withdraw_report(
    unit: UnitPath,
    month: MonthPath,
    principal: Submitter,
    tx: Tx,
    _: IdempotencyHonoured,
    response: Response,
    if_match: IfMatch = None,
) -> ReportRead:
    """审核之前，报送人可以撤回，报表回到草稿。"""
    return _answer(await service.withdraw_report(tx, _actor(principal), unit, month, if_match, now()), response)


@router.post(
    "/reports/{unit}/{month}/correction",
    operation_id="correct_report",
    summary="更正已批准的月报",
    responses=problems(*_STEP),
)
async def correct_report(
    unit: UnitPath,
    month: MonthPath,
    body: ReasonWrite,
    principal: Writer,
    tx: Tx,
    _: IdempotencyHonoured,
    response: Response,
    if_match: IfMatch = None,
) -> ReportRead:
    """以批准数据为底稿开出新的一版；新版批准之前，原版仍是正式数据。"""
    view = await service.correct_report(tx, _actor(principal), unit, month, body.reason, if_match, now())
    return _answer(view, response)


@router.post(
    "/reports/{unit}/{month}/correction/withdrawal",
    operation_id="withdraw_report_correction",
    summary="撤回更正",
    responses=problems(*_STEP),
)
async def withdraw_report_correction(
    unit: UnitPath,
    month: MonthPath,
    body: WithdrawalCreate,
    principal: Writer,
    tx: Tx,
    _: IdempotencyHonoured,
    response: Response,
    if_match: IfMatch = None,
) -> ReportRead:
    """误开的更正，在草稿或被退回时可以撤回，须写明原因；原批准的数据不变，以后可以再次更正。"""
    view = await service.withdraw_correction(tx, _actor(principal), unit, month, body.reason, if_match, now())
    return _answer(view, response)


@router.get(
    "/reports/{unit}/{month}",
    operation_id="get_report",
    summary="查看月报",
    responses=problems(ReportNotFoundError, NothingOfficialError),
)
async def get_report(
    unit: UnitPath, month: MonthPath, principal: Reader, tx: Tx, response: Response, known_at: KnownAt = None
) -> ReportRead:
    """已有批准数据的，返回批准的一版，办理中的更正在open_revision；尚无批准数据的，返回办理中的一版。"""
    return _answer(await service.read_report(tx, _actor(principal), unit, month, known_at, now()), response)


@router.get(
    "/reports/{unit}/{month}/revisions",
    operation_id="list_report_revisions",
    summary="月报的各个版本",
    responses=problems(ReportNotFoundError),
)
async def list_report_revisions(unit: UnitPath, month: MonthPath, principal: Reader, tx: Tx) -> RevisionList:
    """各版由谁、何时、为何办理；要看某版的数据，以其approved_at为known_at查看月报。"""
    rows = await service.list_revisions(tx, _actor(principal), unit, month)
    return RevisionList(items=[RevisionSummary.model_validate(row) for row in rows])


@router.get("/reports", operation_id="list_reports", summary="月报列表", responses=problems(ReportNotFoundError))
async def list_reports(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
    month: Annotated[MonthString | None, Query(description="月份")] = None,
    state: Annotated[State | None, Query(description="最新一版的状态")] = None,
) -> ReportList:
    """按单位、月份排列；县（市、区）账号只见本单位。"""
    filters = {"unit": unit, "month": month, "state": state, "own": principal.unit}
    rows = await service.list_reports(
        tx,
        _actor(principal),
        unit=unit,
        month=Month.parse(month) if month else None,
        state=state,
        after=page.after(filters),
        limit=page.limit + 1,
    )
    return ReportList.of_page(rows, page, filters, now())
