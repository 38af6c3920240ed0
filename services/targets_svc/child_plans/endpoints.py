"""A unit's split of its targets among its streets and towns."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.http.idempotency import IdempotencyHonoured, IdempotencyRequired
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Year
from targets_svc.child_plans import service
from targets_svc.child_plans.errors import (
    ChildPlanFourEyesError,
    ChildPlanInvalidError,
    ChildPlanIssuedError,
    ChildPlanNotFoundError,
    NotLevelAboveError,
    ParentPlanChangedError,
)
from targets_svc.child_plans.schemas import (
    ChildPlanCreate,
    ChildPlanRead,
    ChildPlanVersionList,
    ChildPlanVersionRead,
    ChildProposalCreate,
    ChildProposalRead,
)
from targets_svc.plans.errors import ImpossibleProposalError, PlanNotFoundError
from targets_svc.withdrawals.errors import WithdrawnError
from targets_svc.withdrawals.schemas import WithdrawalCreate

router = Router(prefix="/api/v1/targets", tags=["计划"])
Reader = Annotated[Principal, requires("targets.plan.read")]
Drafter = Annotated[Principal, requires("targets.child_plan.write")]
Issuer = Annotated[Principal, requires("targets.plan.issue")]
Withdrawer = Annotated[Principal, requires_any("targets.child_plan.write", "targets.plan.issue")]
PlanId = Annotated[UUID, Path(description="方案编号")]


def _sees_drafts(principal: Principal) -> bool:
    return not principal.scopes.isdisjoint({"targets.child_plan.write", "targets.plan.issue"})


@router.post(
    "/child-plan-proposals",
    operation_id="propose_child_plan",
    summary="试算街道（乡镇）分解方案",
    responses=problems(ChildPlanNotFoundError, PlanNotFoundError, ImpossibleProposalError),
)
async def propose_child_plan(body: ChildProposalCreate, principal: Reader, tx: Tx) -> ChildProposalRead:
    """把本单位的全部任务按权重一次分解，每项之和恒等于任务数；只试算，不保存，结果可直接提交。"""
    items = await service.propose_split(
        tx,
        own_unit=principal.unit,
        unit=body.unit,
        year=body.year,
        weights=body.weights,
        quanta=body.quantum,
        floor=body.floor,
    )
    return ChildProposalRead.of(body, items)


@router.post(
    "/child-plans",
    operation_id="draft_child_plan",
    summary="提交街道（乡镇）分解方案",
    status_code=201,
    responses=problems(ChildPlanNotFoundError, PlanNotFoundError, ChildPlanInvalidError),
)
async def draft_child_plan(body: ChildPlanCreate, principal: Drafter, tx: Tx, _: IdempotencyHonoured) -> ChildPlanRead:
    """由本单位起草，整份提交，版本号自动编排；各街道（乡镇）之和须等于（或按AT_LEAST不小于）任务数。由上一级下达后生效。"""
    drafted = await service.draft_split(
        tx, subject=principal.subject, own_unit=principal.unit, draft=body.draft(), now=now()
    )
    return ChildPlanRead.of(drafted)


@router.post(
    "/child-plans/{id}/issue",
    operation_id="issue_child_plan",
    summary="下达街道（乡镇）分解方案",
    responses=problems(
        ChildPlanNotFoundError,
        ChildPlanIssuedError,
        WithdrawnError,
        ChildPlanFourEyesError,
        NotLevelAboveError,
        ParentPlanChangedError,
    ),
)
async def issue_child_plan(id: PlanId, principal: Issuer, tx: Tx, _: IdempotencyRequired) -> ChildPlanRead:
    """由市级下达，下达人不能是起草人；写明原因的不足额分解一并认可。下达后不能再改。"""
    issued = await service.issue_split(tx, subject=principal.subject, own_unit=principal.unit, plan_id=id, now=now())
    return ChildPlanRead.of(issued)


@router.post(
    "/child-plans/{id}/withdrawal",
    operation_id="withdraw_child_plan",
    summary="撤回（退回）尚未下达的街道（乡镇）分解方案",
    responses=problems(ChildPlanNotFoundError, ChildPlanIssuedError, WithdrawnError),
)
async def withdraw_child_plan(
    id: PlanId, body: WithdrawalCreate, principal: Withdrawer, tx: Tx, _: IdempotencyRequired
) -> ChildPlanRead:
    """本单位撤回，或市级退回，须写明原因；修改后作为新的一版提交。已下达的不能撤回，请提交新版本。"""
    done = await service.withdraw_split(
        tx, subject=principal.subject, own_unit=principal.unit, plan_id=id, reason=body.reason, now=now()
    )
    return ChildPlanRead.of(done)


@router.get(
    "/child-plans",
    operation_id="list_child_plans",
    summary="街道（乡镇）分解方案列表",
    responses=problems(ChildPlanNotFoundError),
)
async def list_child_plans(
    principal: Reader,
    tx: Tx,
    year: Annotated[Year, Query(description="年度")],
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
) -> ChildPlanVersionList:
    """按单位和版本排列；草案只有起草和下达的账号可见。县（市、区）账号只见本单位。"""
    rows = await service.list_splits(
        tx, year=year, unit=unit, own_unit=principal.unit, with_drafts=_sees_drafts(principal)
    )
    return ChildPlanVersionList(items=[ChildPlanVersionRead.model_validate(row) for row in rows])


@router.get(
    "/child-plans/{id}",
    operation_id="get_child_plan",
    summary="查看街道（乡镇）分解方案",
    responses=problems(ChildPlanNotFoundError),
)
async def get_child_plan(id: PlanId, principal: Reader, tx: Tx) -> ChildPlanRead:
    """各街道（乡镇）的任务、合计，以及与本单位任务数的差额。"""
    return ChildPlanRead.of(
        await service.read_split(tx, id, own_unit=principal.unit, with_drafts=_sees_drafts(principal))
    )
