"""Closing months: application, approval, rejection, and the table as it was."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now
from kit.dates import Month
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.idempotency import IdempotencyHonoured, IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Year
from targets_svc.month_closes import service
from targets_svc.month_closes.domain import State
from targets_svc.month_closes.errors import (
    CloseFourEyesError,
    MonthClosedError,
    MonthCloseInvalidError,
    MonthCloseNotFoundError,
    MonthNotClosedError,
    NotCityAccountError,
    ProposalDecidedError,
    ProposalOpenError,
)
from targets_svc.month_closes.schemas import MonthCloseCreate, MonthCloseList, MonthCloseRead, RejectionCreate
from targets_svc.month_closes.service import Clerk
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.progress.schemas import ProgressRead
from targets_svc.progress.service import ProgressSource, Question
from targets_svc.reports.schemas import MonthString
from targets_svc.withdrawals.schemas import WithdrawalCreate

router = Router(prefix="/api/v1/targets", tags=["结账"])
Reader = Annotated[Principal, requires("targets.progress.read")]
Proposer = Annotated[Principal, requires("targets.month.propose")]
Approver = Annotated[Principal, requires("targets.month.approve")]
CloseId = Annotated[UUID, Path(description="结账记录编号")]
_REFUSED = (MonthCloseInvalidError, MonthClosedError, MonthNotClosedError, PlanNotFoundError, NotCityAccountError)
_DECIDED = (MonthCloseNotFoundError, ProposalDecidedError, CloseFourEyesError, NotCityAccountError)


def _clerk(principal: Principal) -> Clerk:
    return Clerk(principal.subject, principal.unit)


@router.post(
    "/month-closes",
    operation_id="propose_month_close",
    summary="申请结账或重开一个月",
    status_code=201,
    responses=problems(*_REFUSED, ProposalOpenError),
)
async def propose_month_close(
    body: MonthCloseCreate, principal: Proposer, tx: Tx, _: IdempotencyHonoured
) -> MonthCloseRead:
    """月末之后、各单位月报均已批准方可结账；确有未报的须写明原因。由另一人批准后生效。"""
    return MonthCloseRead.of(await service.propose(tx, _clerk(principal), body.month, body.kind, body.reason, now()))


@router.post(
    "/month-closes/{id}/approval",
    operation_id="approve_month_close",
    summary="批准结账或重开",
    responses=problems(*_DECIDED, *_REFUSED),
)
async def approve_month_close(id: CloseId, principal: Approver, tx: Tx, _: IdempotencyRequired) -> MonthCloseRead:
    """批准人不能是申请人。结账即保存当时的全部进度数据，此后不变；结账后按已结账数据更新预警。"""
    return MonthCloseRead.of(await service.approve(tx, _clerk(principal), id))


@router.post(
    "/month-closes/{id}/rejection",
    operation_id="reject_month_close",
    summary="驳回结账或重开的申请",
    responses=problems(*_DECIDED),
)
async def reject_month_close(
    id: CloseId, body: RejectionCreate, principal: Approver, tx: Tx, _: IdempotencyRequired
) -> MonthCloseRead:
    """驳回须写明原因；不改变任何数据，可以重新申请。"""
    return MonthCloseRead.of(await service.reject(tx, _clerk(principal), id, body.reason))


@router.post(
    "/month-closes/{id}/withdrawal",
    operation_id="withdraw_month_close",
    summary="撤回结账或重开的申请",
    responses=problems(MonthCloseNotFoundError, ProposalDecidedError, NotCityAccountError),
)
async def withdraw_month_close(
    id: CloseId, body: WithdrawalCreate, principal: Proposer, tx: Tx, _: IdempotencyRequired
) -> MonthCloseRead:
    """月份或原因填错的，批准之前可以撤回，须写明原因；之后可以重新申请。"""
    return MonthCloseRead.of(await service.withdraw(tx, _clerk(principal), id, body.reason))


@router.get("/month-closes", operation_id="list_month_closes", summary="结账记录")
async def list_month_closes(
    _: Reader,
    tx: Tx,
    page: PageQuery,
    year: Annotated[Year | None, Query(description="年度")] = None,
    month: Annotated[MonthString | None, Query(description="月份")] = None,
    state: Annotated[
        State | None, Query(description="PROPOSED待批准，APPROVED已批准，REJECTED已驳回，WITHDRAWN已撤回")
    ] = None,
) -> MonthCloseList:
    """按月份排列，含重开的记录；一个月以最后一条已批准的为准。"""
    filters = {"year": year, "month": month, "state": state}
    rows = await service.list_closes(
        tx,
        year=year,
        month=Month.parse(month) if month else None,
        state=state,
        after=page.after(filters),
        limit=page.limit + 1,
    )
    return MonthCloseList.of_page(rows, page, filters)


@router.get(
    "/month-closes/{id}",
    operation_id="get_month_close",
    summary="查看一条结账记录",
    responses=problems(MonthCloseNotFoundError),
)
async def get_month_close(id: CloseId, _: Reader, tx: Tx) -> MonthCloseRead:
    """申请、批准的人和时间，以及当时没有已批准月报的单位。"""
    return MonthCloseRead.of(await service.find(tx, id))


@router.get(
    "/month-closes/{id}/progress",
    operation_id="get_closed_progress",
    summary="结账时的完成进度",
    response_model=ProgressRead,
    responses=problems(MonthCloseNotFoundError),
)
@sees_all_rows
async def get_closed_progress(
    id: CloseId,
    principal: Reader,
    tx: Tx,
    source: Annotated[ProgressSource, Query(description="数据来源")] = ProgressSource.POLICY,
    curve: Annotated[Curve | None, Query(description="时序进度曲线；默认按当时的评价标准")] = None,
) -> ProgressRead:
    """结账之后的更正、补录和撤销不影响这里的数据。县（市、区）账号只见本单位和全市。"""
    row = await service.find(tx, id)
    question = Question(Month(row.year, row.month), source, curve, row.decided_at)
    return ProgressRead.of(await service.read_closed(tx, id, question, principal.unit))
