"""By what progress is judged, and how two people change it."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.idempotency import IdempotencyRequired
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, LegalDate, Year
from targets_svc.standards import service
from targets_svc.standards.errors import (
    CourseInvalidError,
    CourseUnknownError,
    StandardFourEyesError,
    StandardInvalidError,
    StandardNotFoundError,
    StandardPublishedError,
)
from targets_svc.standards.schemas import CourseRead, StandardCreate, StandardList, StandardRead
from targets_svc.withdrawals.errors import WithdrawnError
from targets_svc.withdrawals.schemas import WithdrawalCreate

router = Router(prefix="/api/v1/targets", tags=["评价标准"])
Reader = Annotated[Principal, requires("targets.progress.read")]
Writer = Annotated[Principal, requires("targets.standard.write")]
Publisher = Annotated[Principal, requires("targets.standard.publish")]
Withdrawer = Annotated[Principal, requires_any("targets.standard.write", "targets.standard.publish")]
StandardId = Annotated[UUID, Path(description="评价标准编号")]


@router.get("/standards", operation_id="list_standards", summary="评价标准的各个版本")
async def list_standards(
    principal: Reader,
    tx: Tx,
    as_of: Annotated[LegalDate | None, Query(description="只要月末在该日的月份所适用的一版")] = None,
) -> StandardList:
    """预警级别、时序曲线、期限、对账和校验的允许误差。整份一版，公布后不再修改；草案只有起草和公布的账号可见。"""
    with_drafts = not principal.scopes.isdisjoint({"targets.standard.write", "targets.standard.publish"})
    rows = await service.list_versions(tx, with_drafts=with_drafts)
    return StandardList.of(rows, (await service.find_standard(tx, as_of)).version if as_of else None)


@router.get(
    "/seasonal-courses",
    operation_id="propose_seasonal_course",
    summary="按往年实绩推算时序曲线",
    responses=problems(CourseInvalidError, CourseUnknownError),
)
@sees_all_rows
async def propose_seasonal_course(
    _: Reader,
    tx: Tx,
    indicator: Annotated[Code, Query(description="累计指标", examples=["I01"])],
    first: Annotated[Year, Query(alias="from", description="第一个年度", examples=[2015])],
    last: Annotated[Year, Query(alias="to", description="最后一个年度", examples=[2016])],
) -> CourseRead:
    """各年各月全市累计数占全年的比例，逐月取平均；只推算，不保存，结果可填入新一版评价标准的seasonal。"""
    return CourseRead.of(indicator, first, last, await service.propose_course(tx, indicator, first, last, now()))


@router.post(
    "/standards",
    operation_id="draw_up_standard",
    summary="起草新一版评价标准",
    status_code=201,
    responses=problems(StandardInvalidError),
)
async def draw_up_standard(body: StandardCreate, principal: Writer, tx: Tx, _: IdempotencyRequired) -> StandardRead:
    """整份提交，可取现行一版修改。由另一人公布后，月末在适用日期及以后的月份按新标准计算；已结账的月份和以前的预警不变。"""
    content = body.content.model_dump(mode="json")
    row = await service.draw_up(tx, content, body.effective_from, body.reference, principal.subject, now())
    return StandardRead.model_validate(row)


@router.post(
    "/standards/{id}/publication",
    operation_id="publish_standard",
    summary="公布评价标准",
    responses=problems(
        StandardNotFoundError, StandardPublishedError, WithdrawnError, StandardFourEyesError, StandardInvalidError
    ),
)
async def publish_standard(id: StandardId, principal: Publisher, tx: Tx, _: IdempotencyRequired) -> StandardRead:
    """公布人不能是起草人；公布后不再修改。各项结果注明所用的版本，以公布之前的时间为known_at仍按原标准重现。"""
    return StandardRead.model_validate(await service.publish(tx, id, principal.subject, now()))


@router.post(
    "/standards/{id}/withdrawal",
    operation_id="withdraw_standard",
    summary="撤回（退回）尚未公布的评价标准",
    responses=problems(StandardNotFoundError, StandardPublishedError, WithdrawnError),
)
async def withdraw_standard(
    id: StandardId, body: WithdrawalCreate, principal: Withdrawer, tx: Tx, _: IdempotencyRequired
) -> StandardRead:
    """起草人撤回，或公布人退回，须写明原因；版本号不再使用。"""
    return StandardRead.model_validate(await service.withdraw(tx, id, body.reason, principal.subject, now()))
