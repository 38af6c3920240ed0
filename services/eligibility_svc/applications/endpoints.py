"""The workflow of applications: 网上受理、网上办理、网上反馈."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from eligibility_svc.applications import course, ratings, service
from eligibility_svc.applications.course import Actor, ApplicationView
from eligibility_svc.applications.domain import State, Step
from eligibility_svc.applications.errors import (
    AlreadyGrantedError,
    AlreadyRatedError,
    AmountOpenError,
    ApplicationInvalidError,
    ApplicationNotFoundError,
    FourEyesError,
    NotEntitledError,
    StepRefusedError,
)
from eligibility_svc.applications.schemas import (
    ApplicationCreate,
    ApplicationList,
    ApplicationRead,
    ApplicationSearch,
    DecisionCreate,
    OwnRatingCreate,
    OwnReviewCreate,
    PaymentCreate,
    ProgressList,
    ProgressRead,
    RatedRead,
    RatingCreate,
    RatingList,
    ReasonCreate,
    ResubmissionCreate,
    UnmaskedRead,
    UnmaskingCreate,
)
from eligibility_svc.applications.vault import Vault
from kit.audit.recording import note_for_audit
from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.clock import now
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.errors import (
    VersionStaleError,
)
from kit.http.etags import IfMatch, set_etag
from kit.http.idempotency import IdempotencyHonoured, IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code

router = Router(prefix="/api/v1/eligibility", tags=["申请办理"])

_OFFICE = frozenset({"STAFF", "REVIEWER", "CITY", "CITY_REVIEWER"})
_STEP = (ApplicationNotFoundError, StepRefusedError, VersionStaleError)


def _vault(request: Request) -> Vault:
    return Vault(request.app.state.settings.key_ring)


def actor(principal: Principal) -> Actor:
    return Actor(principal.subject, principal.unit, principal.kind in _OFFICE)


Keys = Annotated[Vault, Depends(_vault)]
Writer = Annotated[Principal, requires("eligibility.application.write")]
Reader = Annotated[Principal, requires("eligibility.application.read")]
Accepter = Annotated[Principal, requires("eligibility.application.accept")]
Returner = Annotated[Principal, requires_any("eligibility.application.accept", "eligibility.application.decide")]
Decider = Annotated[Principal, requires("eligibility.application.decide")]
Payer = Annotated[Principal, requires("eligibility.application.pay")]
Rater = Annotated[Principal, requires("eligibility.rating.write")]
Supervisor = Annotated[Principal, requires("eligibility.rating.read")]
Unmasker = Annotated[Principal, requires("eligibility.pii.unmask")]
IdPath = Annotated[UUID, Path(alias="id", description="申请编号")]


def _answer(view: ApplicationView, response: Response) -> ApplicationRead:
    set_etag(response, view.row.row_version)
    return ApplicationRead.of(view)


@router.post(
    "/applications",
    operation_id="submit_application",
    summary="提交申请",
    status_code=201,
    responses=problems(ApplicationInvalidError),
)
@sees_all_rows
async def submit_application(
    body: ApplicationCreate, principal: Writer, tx: Tx, _: IdempotencyRequired, vault: Keys, response: Response
) -> ApplicationRead:
    """核对结果和理由随申请保存；核对为不符合的申请也会收下，由人作决定。以前已给予的待遇一并计入。"""
    view = await service.submit_application(tx, vault, actor(principal), body.submission(), now())
    response.headers["Location"] = f"/api/v1/eligibility/applications/{view.row.application_id}"
    return _answer(view, response)


@router.post(
    "/applications/{id}/resubmission",
    operation_id="resubmit_application",
    summary="补正后重新提交",
    responses=problems(*_STEP),
)
async def resubmit_application(
    id_: IdPath,
    body: ResubmissionCreate,
    principal: Writer,
    tx: Tx,
    _: IdempotencyHonoured,
    vault: Keys,
    response: Response,
    if_match: IfMatch = None,
) -> ApplicationRead:
    """被退回的申请，以新的信息整体替换后重新提交。"""
    persons = None if body.persons is None else [each.applicant() for each in body.persons]
    view = await service.resubmit_application(tx, vault, actor(principal), id_, body.facts, persons, if_match, now())
    return _answer(view, response)


@router.post(
    "/applications/{id}/acceptance", operation_id="accept_application", summary="受理", responses=problems(*_STEP)
)
async def accept_application(
    id_: IdPath,
    principal: Accepter,
    tx: Tx,
    _: IdempotencyHonoured,
    vault: Keys,
    response: Response,
    if_match: IfMatch = None,
) -> ApplicationRead:
    """受理人不能是作决定的人。"""
    view = await service.take_step(tx, vault, actor(principal), id_, Step.ACCEPT, None, if_match, now())
    return _answer(view, response)


@router.post(
    "/applications/{id}/return",
    operation_id="return_application",
    summary="退回补正",
    responses=problems(*_STEP),
)
async def return_application(
    id_: IdPath,
    body: ReasonCreate,
    principal: Returner,
    tx: Tx,
    _: IdempotencyHonoured,
    vault: Keys,
    response: Response,
    if_match: IfMatch = None,
) -> ApplicationRead:
    """退回须写明原因。需要 eligibility.application.accept 或 eligibility.application.decide 权限之一。"""
    view = await service.take_step(tx, vault, actor(principal), id_, Step.RETURN, body.reason, if_match, now())
    return _answer(view, response)


@router.post(
    "/applications/{id}/decision",
    operation_id="decide_application",
    summary="准予或不予批准",
    responses=problems(
        *_STEP,
        FourEyesError,
        NotEntitledError,
        AlreadyGrantedError,
        AmountOpenError,
        ApplicationInvalidError,
    ),
)
async def decide_application(
    id_: IdPath,
    body: DecisionCreate,
    principal: Decider,
    tx: Tx,
    _: IdempotencyRequired,
    vault: Keys,
    response: Response,
    if_match: IfMatch = None,
) -> ApplicationRead:
    """决定人不能是受理人，复核后的决定由第三人作出。决定保存目录版本、事实和理由；一次性待遇不会重复给予。"""
    view = await service.decide_application(
        tx, vault, actor(principal), id_, body.decision, body.reason, body.amount, if_match, now()
    )
    return _answer(view, response)


@router.post(
    "/applications/{id}/withdrawal",
    operation_id="withdraw_application",
    summary="撤回申请",
    responses=problems(*_STEP),
)
async def withdraw_application(
    id_: IdPath,
    principal: Writer,
    tx: Tx,
    _: IdempotencyHonoured,
    vault: Keys,
    response: Response,
    if_match: IfMatch = None,
) -> ApplicationRead:
    """作出决定以前可以撤回。"""
    view = await service.take_step(tx, vault, actor(principal), id_, Step.WITHDRAW, None, if_match, now())
    return _answer(view, response)


@router.post(
    "/applications/{id}/review-request",
    operation_id="request_application_review",
    summary="申请人工复核",
    responses=problems(*_STEP),
)
async def request_application_review(
    id_: IdPath,
    body: ReasonCreate,
    principal: Writer,
    tx: Tx,
    _: IdempotencyHonoured,
    vault: Keys,
    response: Response,
    if_match: IfMatch = None,
) -> ApplicationRead:
    """对不予批准的决定有异议时申请，由未经手的人重新决定；每份申请可复核一次。"""
    view = await service.take_step(tx, vault, actor(principal), id_, Step.REQUEST_REVIEW, body.reason, if_match, now())
    return _answer(view, response)


@router.post(
    "/applications/{id}/payment",
    operation_id="record_application_payment",
    summary="登记发放",
    responses=problems(*_STEP, FourEyesError, ApplicationInvalidError),
)
async def record_application_payment(
    id_: IdPath,
    body: PaymentCreate,
    principal: Payer,
    tx: Tx,
    _: IdempotencyRequired,
    vault: Keys,
    response: Response,
    if_match: IfMatch = None,
) -> ApplicationRead:
    """登记人不能是作决定的人；金额为准予的金额。"""
    view = await service.record_payment(tx, vault, actor(principal), id_, body.paid_on, body.reference, if_match, now())
    return _answer(view, response)


@router.post(
    "/applications/{id}/payment-failure",
    operation_id="record_application_payment_failure",
    summary="登记发放未成功",
    responses=problems(*_STEP),
)
async def record_application_payment_failure(
    id_: IdPath,
    body: ReasonCreate,
    principal: Payer,
    tx: Tx,
    _: IdempotencyRequired,
    vault: Keys,
    response: Response,
    if_match: IfMatch = None,
) -> ApplicationRead:
    """退汇，或发放登记有误。待遇仍然有效，核对账户后重新发放、重新登记。"""
    view = await service.record_payment_failure(tx, vault, actor(principal), id_, body.reason, if_match, now())
    return _answer(view, response)


@router.post(
    "/applications/{id}/rating",
    operation_id="rate_application",
    summary="好差评",
    status_code=201,
    responses=problems(ApplicationNotFoundError, StepRefusedError, AlreadyRatedError),
)
async def rate_application(
    id_: IdPath, body: RatingCreate, principal: Rater, tx: Tx, _: IdempotencyHonoured, vault: Keys
) -> RatedRead:
    """办结后由申请人评价一次；经办人看不到谁作了怎样的评价。"""
    await ratings.rate_application(tx, vault, actor(principal), id_, body.score, body.reason, now())
    return RatedRead(application_id=id_, message_zh="感谢您的评价，我们会认真改进服务。")


@router.get("/ratings", operation_id="list_ratings", summary="评价列表")
async def list_ratings(
    principal: Supervisor,
    tx: Tx,
    page: PageQuery,
    vault: Keys,
    unit: Annotated[Code | None, Query(description="受理单位")] = None,
) -> RatingList:
    """供市级监督使用，被评价的单位和人员看不到。"""
    filters = {"unit": unit}
    rows = await ratings.list_ratings(tx, vault, unit=unit, after=page.after(filters), limit=page.limit + 1)
    return RatingList.of_page(rows, page, filters)


@router.get(
    "/applications/{id}",
    operation_id="get_application",
    summary="查看申请",
    responses=problems(ApplicationNotFoundError),
)
async def get_application(id_: IdPath, principal: Reader, tx: Tx, vault: Keys, response: Response) -> ApplicationRead:
    """提交方看自己提交的，单位看本单位的，市级看全部；证件号码和姓名脱敏。"""
    return _answer(await course.read_application(tx, vault, actor(principal), id_), response)


@router.post(
    "/applications/{id}/unmasking",
    operation_id="unmask_applicant",
    summary="查看未脱敏的证件号码和姓名",
    responses=problems(ApplicationNotFoundError),
)
async def unmask_applicant(
    id_: IdPath, body: UnmaskingCreate, principal: Unmasker, tx: Tx, vault: Keys, request: Request
) -> UnmaskedRead:
    """每次查看都与理由一起记入审计记录。"""
    note_for_audit(request, reason=body.reason)
    view = await course.read_application(tx, vault, actor(principal), id_)
    submitted = await course.submitted_of(tx, vault, view.row)
    return UnmaskedRead.of(view.applicant, course.persons_of(submitted))


@router.get(
    "/applications",
    operation_id="list_applications",
    summary="申请列表",
    responses=problems(ApplicationNotFoundError),
)
async def list_applications(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    state: Annotated[State | None, Query(description="状态")] = None,
    measure: Annotated[Code | None, Query(description="措施代码")] = None,
    unit: Annotated[Code | None, Query(description="受理单位")] = None,
    applicant_ref: Annotated[UUID | None, Query(description="申请人代号，见申请的applicant.ref")] = None,
) -> ApplicationList:
    """最近提交的在前；范围同查看申请。"""
    filters: dict[str, Any] = {"state": state, "measure": measure, "unit": unit, "applicant_ref": applicant_ref}
    filters |= {"own": principal.unit, "by": principal.subject}
    rows = await course.list_applications(
        tx,
        actor(principal),
        unit=unit,
        state=state,
        measure=measure,
        applicant_ref=applicant_ref,
        after=page.after(filters),
        limit=page.limit + 1,
    )
    return ApplicationList.of_page(rows, page, filters)


@router.post(
    "/application-searches",
    operation_id="search_applications",
    summary="按证件查询办理进度",
    responses=problems(ApplicationInvalidError),
)
async def search_applications(body: ApplicationSearch, principal: Reader, tx: Tx, vault: Keys) -> ProgressList:
    """证件号码和姓名都相符才能查到，不论当初从哪个渠道提交。窗口账号只查到本单位受理的。查询内容不留存。"""
    who = actor(principal)
    rows = await course.search_applications(tx, vault, who, body.applicant.applicant())
    return ProgressList(items=[ProgressRead.of(row, who.subject) for row in rows])


@router.post(
    "/application-reviews",
    operation_id="request_own_application_review",
    summary="申请人凭证件申请人工复核",
    responses=problems(ApplicationInvalidError, ApplicationNotFoundError, StepRefusedError),
)
@sees_all_rows
async def request_own_application_review(
    body: OwnReviewCreate, principal: Writer, tx: Tx, _: IdempotencyHonoured, vault: Keys
) -> ProgressRead:
    """证件和姓名都相符即可，不论当初从哪个渠道提交，如自助终端；每份申请可复核一次。"""
    who = actor(principal)
    row = await service.request_own_review(
        tx, vault, who, body.application_id, body.applicant.applicant(), body.reason, now()
    )
    return ProgressRead.of(row, who.subject)


@router.post(
    "/application-ratings",
    operation_id="rate_own_application",
    summary="申请人凭证件评价",
    status_code=201,
    responses=problems(ApplicationInvalidError, ApplicationNotFoundError, StepRefusedError, AlreadyRatedError),
)
@sees_all_rows
async def rate_own_application(
    body: OwnRatingCreate, _who: Rater, tx: Tx, _: IdempotencyHonoured, vault: Keys
) -> RatedRead:
    """证件和姓名都相符即可，不论当初从哪个渠道提交，如自助终端；每份申请评价一次。"""
    applicant = body.applicant.applicant()
    await ratings.rate_own_application(tx, vault, body.application_id, applicant, body.score, body.reason, now())
    return RatedRead(application_id=body.application_id, message_zh="感谢您的评价，我们会认真改进服务。")
