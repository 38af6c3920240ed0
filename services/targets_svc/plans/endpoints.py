"""Plans: the version in force, all versions and their differences, drafts and their issue, proposals."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.http.etags import set_etag
from kit.http.idempotency import IdempotencyHonoured, IdempotencyRequired
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import LegalDate, Year
from targets_svc.plans import service
from targets_svc.plans.errors import (
    ImpossibleProposalError,
    PlanFourEyesError,
    PlanInvalidError,
    PlanIssuedError,
    PlanNotFoundError,
)
from targets_svc.plans.schemas import (
    DifferenceList,
    DifferenceRead,
    PlanCreate,
    PlanDraftRead,
    PlanRead,
    PlanVersionList,
    PlanVersionRead,
    ProposalCreate,
    ProposalRead,
)
from targets_svc.withdrawals.errors import WithdrawnError
from targets_svc.withdrawals.schemas import WithdrawalCreate

router = Router(prefix="/api/v1/targets", tags=["计划"])
Reader = Annotated[Principal, requires("targets.plan.read")]
Writer = Annotated[Principal, requires("targets.plan.write")]
Issuer = Annotated[Principal, requires("targets.plan.issue")]
Withdrawer = Annotated[Principal, requires_any("targets.plan.write", "targets.plan.issue")]
DraftId = Annotated[UUID, Path(description="草案编号")]
Version = Annotated[int | None, Query(ge=1, le=10_000, description="按版本号查询，不论是否有效；与as_of不并用")]
AsOf = Annotated[LegalDate | None, Query(description="查询该日有效的版本；默认今天")]


def _sees_drafts(principal: Principal) -> bool:
    return not principal.scopes.isdisjoint({"targets.plan.write", "targets.plan.issue"})


@router.get("/plans", operation_id="list_plans", summary="有计划的年度")
async def list_plans(_: Reader, tx: Tx) -> PlanVersionList:
    """每个年度已下达的最新一版，新的年度在前。"""
    return PlanVersionList(items=[PlanVersionRead.model_validate(row) for row in await service.list_years(tx)])


@router.get(
    "/plans/{year}", operation_id="get_plan", summary="年度目标任务分解表", responses=problems(PlanNotFoundError)
)
async def get_plan(
    year: Year, principal: Reader, tx: Tx, response: Response, as_of: AsOf = None, version: Version = None
) -> PlanRead:
    """整表返回。`——`为NOT_ASSIGNED（不是0），待明确为PENDING；合计只由各单位数值相加，不另存。"""
    if version is None:
        plan = await service.find_plan(tx, year, as_of or today())
    else:
        plan = await service.find_version(tx, year, version, with_drafts=_sees_drafts(principal))
    set_etag(response, f"{plan.year}-{plan.version}")
    return PlanRead.of(plan)


@router.get(
    "/plans/{year}/versions",
    operation_id="list_plan_versions",
    summary="年度计划的各个版本",
)
async def list_plan_versions(year: Year, principal: Reader, tx: Tx) -> PlanVersionList:
    """按版本号排列。草案只有起草和下达计划的账号可见。"""
    rows = await service.list_versions(tx, year, with_drafts=_sees_drafts(principal))
    return PlanVersionList(items=[PlanVersionRead.model_validate(row) for row in rows])


@router.get(
    "/plans/{year}/versions/{version}",
    operation_id="get_plan_version",
    summary="查看一个版本及下达前须留意之处",
    responses=problems(PlanNotFoundError),
)
async def get_plan_version(
    year: Year,
    version: Annotated[int, Path(ge=1, le=10_000, description="版本号")],
    principal: Reader,
    tx: Tx,
) -> PlanDraftRead:
    """谁起草、谁下达，以及与原计划、上年计划相比须留意之处，供下达人核对；各单元格用年度计划的version参数查看。"""
    return PlanDraftRead.of(await service.read_version(tx, year, version, with_drafts=_sees_drafts(principal)))


@router.get(
    "/plans/{year}/differences",
    operation_id="compare_plan_versions",
    summary="两个版本的差异",
    responses=problems(PlanNotFoundError),
)
async def compare_plan_versions(
    year: Year,
    principal: Reader,
    tx: Tx,
    first: Annotated[int, Query(alias="from", ge=1, le=10_000, description="原版本号", examples=[1])],
    second: Annotated[int, Query(alias="to", ge=1, le=10_000, description="新版本号", examples=[2])],
) -> DifferenceList:
    """逐格列出两个版本不同之处，含状态变化；相同的不列。"""
    found = await service.compare_versions(tx, year, first, second, with_drafts=_sees_drafts(principal))
    items = [DifferenceRead.of(difference) for difference in found]
    return DifferenceList(year=year, from_version=first, to_version=second, items=items)


@router.post(
    "/plans",
    operation_id="draft_plan",
    summary="起草计划新版本",
    status_code=201,
    responses=problems(PlanInvalidError),
)
async def draft_plan(body: PlanCreate, principal: Writer, tx: Tx, _: IdempotencyHonoured) -> PlanDraftRead:
    """整份提交，版本号自动编排。草案须由另一人下达后才生效；有误时逐项指出，不保存任何内容。"""
    drafted = await service.draft_plan(tx, body.plan(), body.body_totals or {}, principal.subject, now())
    return PlanDraftRead.of(drafted)


@router.post(
    "/plans/{id}/issue",
    operation_id="issue_plan",
    summary="下达计划",
    responses=problems(
        PlanNotFoundError,
        PlanIssuedError,
        WithdrawnError,
        PlanFourEyesError,
    ),
)
async def issue_plan(id: DraftId, principal: Issuer, tx: Tx, _: IdempotencyRequired) -> PlanVersionRead:
    """下达人不能是起草人。下达后不能再改，调整须另立新版本；自生效日期起按新版本计算。"""
    return PlanVersionRead.model_validate(await service.issue_draft(tx, id, principal.subject, now()))


@router.post(
    "/plans/{id}/withdrawal",
    operation_id="withdraw_plan",
    summary="撤回（退回）尚未下达的计划草案",
    responses=problems(PlanNotFoundError, PlanIssuedError, WithdrawnError),
)
async def withdraw_plan(
    id: DraftId, body: WithdrawalCreate, principal: Withdrawer, tx: Tx, _: IdempotencyRequired
) -> PlanVersionRead:
    """起草人撤回，或下达人退回，须写明原因；版本号不再使用。已下达的不能撤回，调整须另立新版本。"""
    return PlanVersionRead.model_validate(await service.withdraw_draft(tx, id, body.reason, principal.subject, now()))


@router.post(
    "/decomposition-proposals",
    operation_id="propose_decomposition",
    summary="按权重试算分解方案",
    responses=problems(ImpossibleProposalError),
)
async def propose_decomposition(body: ProposalCreate, _: Reader) -> ProposalRead:
    """只试算，不保存。各部分之和恒等于总数：先给最低数，再按权重以quantum为单位最大余数法分配，零头给权重最大者。"""
    return ProposalRead(parts=service.propose_parts(body.total, body.weights, body.quantum, body.floor))
