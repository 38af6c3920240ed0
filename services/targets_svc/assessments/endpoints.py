"""Assessments, what vetoes them, and their publication."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.errors import FieldError
from kit.http.etags import NOT_MODIFIED, IfNoneMatch, answer_table
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Instant, Year
from targets_svc.assessments import service
from targets_svc.assessments.errors import (
    AssessmentFourEyesError,
    FindingConfirmedError,
    FindingNotConfirmedError,
    FindingNotFoundError,
    PublicationNotFoundError,
    PublicationPublishedError,
    RevocationNotFoundError,
    RevocationOpenError,
    RuleSetNotFoundError,
)
from targets_svc.assessments.schemas import (
    AssessmentRead,
    FindingCreate,
    FindingList,
    FindingRead,
    PublicationCreate,
    PublicationList,
    PublicationRead,
    PublicationSummary,
    RevocationCreate,
)
from targets_svc.assessments.service import assess_units
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.schemas import MonthOrNumber
from targets_svc.withdrawals.errors import WithdrawnError
from targets_svc.withdrawals.schemas import WithdrawalCreate

router = Router(prefix="/api/v1/targets", tags=["考核"])
Reader = Annotated[Principal, requires("targets.progress.read")]
Writer = Annotated[Principal, requires("targets.assessment.write")]
Confirmer = Annotated[Principal, requires("targets.assessment.publish")]
Withdrawer = Annotated[Principal, requires_any("targets.assessment.write", "targets.assessment.publish")]
FindingId = Annotated[UUID, Path(description="查实记录编号")]
PublicationId = Annotated[UUID, Path(description="考核结果编号")]


@router.get(
    "/assessments",
    operation_id="get_assessments",
    summary="目标任务考核得分",
    response_model=AssessmentRead,
    responses=problems(PlanNotFoundError, RuleSetNotFoundError, PeriodInvalidError) | NOT_MODIFIED,
)
@sees_all_rows
async def get_assessments(
    principal: Reader,
    tx: Tx,
    year: Annotated[Year | None, Query(description="年度；默认最近已结束月份所在年度")] = None,
    month: Annotated[MonthOrNumber | None, Query(description="截至该月；默认最近已结束的月份")] = None,
    rule_set: Annotated[Code | None, Query(description="考核规则；默认按完成比例", examples=["PROPORTIONAL"])] = None,
    known_at: Annotated[Instant | None, Query(description="当时已知的数据；默认现在")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """每一分都有来由：逐项列出规则、任务数、完成数、权重和得分，另列加分和扣分。规则不同，等次可能不同，规则和版本随结果给出。
    优秀不超过县（市、区）数的30%，同分跨越名额的均不评优秀。县（市、区）账号只见本单位。"""
    asked = choose_month(year, month, today())
    found = await assess_units(tx, asked, rule_set=rule_set, known_at=known_at, own_unit=principal.unit, now=now())
    answer = AssessmentRead.of(found)
    cells = answer.model_dump_json(exclude={"known_at"}).encode()
    return answer_table(answer.model_dump_json().encode(), if_none_match, cells=cells)


@router.post(
    "/assessment-findings",
    operation_id="enter_assessment_finding",
    summary="登记查实造假",
    status_code=201,
    responses=problems(FindingNotFoundError),
)
async def enter_assessment_finding(
    body: FindingCreate, principal: Writer, tx: Tx, _: IdempotencyRequired
) -> FindingRead:
    """由另一人确认后，该单位该年度的考核按否决处理。"""
    return FindingRead.of(await service.enter_finding(tx, **body.model_dump(), by=principal.subject, at=now()))


@router.post(
    "/assessment-findings/{id}/confirmation",
    operation_id="confirm_assessment_finding",
    summary="确认查实造假",
    responses=problems(FindingNotFoundError, FindingConfirmedError, WithdrawnError, AssessmentFourEyesError),
)
async def confirm_assessment_finding(
    id: FindingId, principal: Confirmer, tx: Tx, _: IdempotencyRequired
) -> FindingRead:
    """确认人不能是登记人；确认后不再修改，有误的由两人撤销；此前拟定的考核结果不受影响。"""
    return FindingRead.of(await service.confirm_finding(tx, id, principal.subject, now()))


@router.post(
    "/assessment-findings/{id}/withdrawal",
    operation_id="withdraw_assessment_finding",
    summary="撤回（退回）尚未确认的查实造假",
    responses=problems(FindingNotFoundError, FindingConfirmedError, WithdrawnError),
)
async def withdraw_assessment_finding(
    id: FindingId, body: WithdrawalCreate, principal: Withdrawer, tx: Tx, _: IdempotencyRequired
) -> FindingRead:
    """登记人撤回，或确认人退回，须写明原因；县（市、区）始终看不到。"""
    return FindingRead.of(await service.withdraw_finding(tx, id, body.reason, principal.subject, now()))


@router.post(
    "/assessment-findings/{id}/revocation",
    operation_id="enter_assessment_revocation",
    summary="提出撤销已确认的查实造假",
    status_code=201,
    responses=problems(FindingNotFoundError, FindingNotConfirmedError, WithdrawnError, RevocationOpenError),
)
async def enter_assessment_revocation(
    id: FindingId, body: RevocationCreate, principal: Writer, tx: Tx, _: IdempotencyRequired
) -> FindingRead:
    """复查认定有误的，写明依据和原因，由另一人确认后不再否决；确认之前仍按否决处理。"""
    done = await service.enter_revocation(tx, id, **body.model_dump(), by=principal.subject, at=now())
    return FindingRead.of(*done)


@router.post(
    "/assessment-findings/{id}/revocation/confirmation",
    operation_id="confirm_assessment_revocation",
    summary="确认撤销查实造假",
    responses=problems(FindingNotFoundError, RevocationNotFoundError, AssessmentFourEyesError),
)
async def confirm_assessment_revocation(
    id: FindingId, principal: Confirmer, tx: Tx, _: IdempotencyRequired
) -> FindingRead:
    """确认人不能是提出人；此后的考核不再计入这一查实。已发布的考核结果不变，需要更正的请重新拟定后另行发布。"""
    return FindingRead.of(*await service.confirm_revocation(tx, id, principal.subject, now()))


@router.post(
    "/assessment-findings/{id}/revocation/withdrawal",
    operation_id="withdraw_assessment_revocation",
    summary="撤回（退回）尚未确认的撤销",
    responses=problems(FindingNotFoundError, RevocationNotFoundError),
)
async def withdraw_assessment_revocation(
    id: FindingId, body: WithdrawalCreate, principal: Withdrawer, tx: Tx, _: IdempotencyRequired
) -> FindingRead:
    """提出人撤回，或确认人退回，须写明原因；查实造假继续有效。"""
    return FindingRead.of(await service.withdraw_revocation(tx, id, body.reason, principal.subject, now()))


@router.get(
    "/assessment-findings",
    operation_id="list_assessment_findings",
    summary="查实造假记录",
    responses=problems(FindingNotFoundError),
)
async def list_assessment_findings(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
    year: Annotated[Year | None, Query(description="年度")] = None,
    confirmed: Annotated[bool | None, Query(description="true已确认，false待确认；默认全部，含已撤回的")] = None,
) -> FindingList:
    """新的在前；县（市、区）账号只见本单位已确认的。"""
    filters = {"unit": unit, "year": year, "confirmed": confirmed, "own": principal.unit}
    after = page.after(filters)
    rows = await service.list_findings(
        tx,
        own_unit=principal.unit,
        unit=unit,
        year=year,
        is_confirmed=confirmed,
        after=UUID(after[0]) if after else None,
        limit=page.limit + 1,
    )
    return FindingList.of_page(rows, page, filters)


@router.post(
    "/assessment-publications",
    operation_id="draw_up_assessment",
    summary="拟定考核结果",
    status_code=201,
    responses=problems(PlanNotFoundError, RuleSetNotFoundError, PeriodInvalidError),
)
async def draw_up_assessment(
    body: PublicationCreate, principal: Writer, tx: Tx, _: IdempotencyRequired
) -> PublicationRead:
    """以此刻已知的数据算定各单位得分、等次和每一分的来由，原样保存；由另一人发布，其后数据变化不影响。"""
    at, month = now(), body.month
    if month.first > today():
        raise PeriodInvalidError(errors=[FieldError("/month", "MONTH_IN_FUTURE", "不能拟定尚未到来的月份，请核对")])
    found = await assess_units(tx, month, rule_set=body.rule_set, known_at=None, own_unit=None, now=at)
    content = AssessmentRead.of(found).model_dump(mode="json")
    row = await service.draw_up(tx, found, content, principal.subject, at)
    return PublicationRead.of_row(row, None)


@router.post(
    "/assessment-publications/{id}/publication",
    operation_id="publish_assessment",
    summary="发布考核结果",
    responses=problems(PublicationNotFoundError, PublicationPublishedError, WithdrawnError, AssessmentFourEyesError),
)
async def publish_assessment(
    id: PublicationId, principal: Confirmer, tx: Tx, _: IdempotencyRequired
) -> PublicationSummary:
    """发布人不能是拟定人；发布后不再修改，各单位可见本单位的结果。"""
    return PublicationSummary.of(await service.publish(tx, id, principal.subject, now()))


@router.post(
    "/assessment-publications/{id}/withdrawal",
    operation_id="withdraw_assessment_publication",
    summary="撤回（退回）尚未发布的考核结果",
    responses=problems(PublicationNotFoundError, PublicationPublishedError, WithdrawnError),
)
async def withdraw_assessment_publication(
    id: PublicationId, body: WithdrawalCreate, principal: Withdrawer, tx: Tx, _: IdempotencyRequired
) -> PublicationSummary:
    """拟定人撤回，或发布人退回，须写明原因。已发布的不能撤回，请重新拟定后另行发布。"""
    return PublicationSummary.of(await service.withdraw_publication(tx, id, body.reason, principal.subject, now()))


@router.get("/assessment-publications", operation_id="list_assessment_publications", summary="考核结果列表")
async def list_assessment_publications(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    year: Annotated[Year | None, Query(description="年度")] = None,
    published: Annotated[bool | None, Query(description="true已发布，false待发布；默认全部，含已撤回的")] = None,
) -> PublicationList:
    """新的在前；同一月份以最后发布的为准。县（市、区）账号只见已发布的。"""
    filters = {"year": year, "published": published, "own": principal.unit}
    rows = await service.list_publications(
        tx,
        own_unit=principal.unit,
        year=year,
        is_published=published,
        after=page.after(filters),
        limit=page.limit + 1,
    )
    return PublicationList.of_page(rows, page, filters)


@router.get(
    "/assessment-publications/{id}",
    operation_id="get_assessment_publication",
    summary="查看考核结果",
    responses=problems(PublicationNotFoundError),
)
async def get_assessment_publication(id: PublicationId, principal: Reader, tx: Tx) -> PublicationRead:
    """拟定时的全部得分和来由，一字不改；县（市、区）账号只见本单位。"""
    row = await service.read_publication(tx, id, principal.unit)
    return PublicationRead.of_row(row, principal.unit)
