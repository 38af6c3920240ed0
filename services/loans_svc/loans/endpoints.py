"""The life of a loan."""

from dataclasses import asdict
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.http.errors import (
    VersionStaleError,
)
from kit.http.etags import IfMatch, set_etag
from kit.http.idempotency import IdempotencyRequired
from kit.http.onward import OnwardService, OnwardUnavailableError
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, LegalDate
from loans_svc.funds.errors import FundNotFoundError, FundShortError
from loans_svc.loans.domain import State, SupportedGroup
from loans_svc.loans.errors import (
    LoanFourEyesError,
    LoanInvalidError,
    LoanNotFoundError,
    NotDisbursedError,
    ReferenceUsedError,
    TransitionRefusedError,
    UnitNotYoursError,
)
from loans_svc.loans.repository import LoanFilter
from loans_svc.loans.schemas import (
    ApprovalCreate,
    ApprovalRead,
    CancellationCreate,
    DisbursementCreate,
    ExplanationRead,
    HistoryRead,
    LoanCreate,
    LoanEventCreate,
    LoanList,
    LoanRead,
    LoanReason,
    ReRuleCreate,
)
from loans_svc.loans.service import application, decision, disbursement, happening, history, reading, reruling
from loans_svc.loans.service.application import Vault
from loans_svc.loans.service.eligibility import Ask
from loans_svc.loans.service.steps import Actor, LoanView
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.schemas import QUOTE_EXAMPLE, QuoteRead, QuoteRequest
from loans_svc.subsidies.service import quote_subsidy

router = Router(prefix="/api/v1/loans", tags=["担保贷款"])

# Computed, so that the document can't show lines that the service would not give: a loan of half a year.
_LINES_ASKED = QuoteRequest.model_validate(
    {name: value for name, value in QUOTE_EXAMPLE.items() if name not in ("from", "to")}
    | {"matures_on": "2023-06-20", "borrower_kind": "INDIVIDUAL", "payer_scheme": "ZZ2022_CITY_STATE"}
)
_LINES_EXAMPLE = QuoteRead.of(quote_subsidy(_LINES_ASKED.to_order(_LINES_ASKED.benchmark_rate or 0), catalogue()))


def _vault(request: Request) -> Vault:
    return Vault(request.app.state.settings.key_ring)


def _asking(request: Request) -> Ask:
    eligibility: OnwardService = request.app.state.onward["eligibility"]
    return partial(eligibility.post_for, request)


def _actor(principal: Principal) -> Actor:
    return Actor(principal.subject, principal.unit, principal.bank)


def _answer(view: LoanView, response: Response) -> LoanRead:
    set_etag(response, view.loan.row_version)
    return LoanRead.of(view)


Keys = Annotated[Vault, Depends(_vault)]
Asking = Annotated[Ask, Depends(_asking)]
LoanPath = Annotated[UUID, Path(description="贷款编号")]
Applicant = Annotated[Principal, requires("loans.loan.apply")]
Reader = Annotated[Principal, requires("loans.loan.read")]
Decider = Annotated[Principal, requires("loans.loan.decide")]
Disburser = Annotated[Principal, requires("loans.loan.disburse")]
Recorder = Annotated[Principal, requires("loans.event.write")]
_STEP = (LoanNotFoundError, VersionStaleError, TransitionRefusedError, LoanFourEyesError)


@router.post(
    "/loans",
    operation_id="apply_for_loan",
    summary="登记贷款申请",
    status_code=201,
    responses=problems(UnitNotYoursError, LoanInvalidError, OnwardUnavailableError),
)
async def apply_for_loan(
    body: LoanCreate, principal: Applicant, tx: Tx, _: IdempotencyRequired, vault: Keys, ask: Asking, response: Response
) -> LoanRead:
    """借款人证件和姓名加密保存，不再显示。

    系统随即向政策资格服务核对，结果、理由和目录版本随申请保存，所填事实不保存。不符合条件是结果，不是错误：申请仍予登记，由审批人处理。
    """
    view = await application.apply_for_loan(tx, vault, _actor(principal), body.application(), ask, now())
    return _answer(view, response)


@router.post(
    "/loans/{loan_id}/approval",
    operation_id="approve_loan",
    summary="批准贷款并占用担保额度",
    responses=problems(*_STEP),
)
async def approve_loan(
    loan_id: LoanPath,
    body: ApprovalCreate,
    principal: Decider,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> ApprovalRead:
    """审批人不能是申请登记人。不符合条件、再次贷款的条件不满足、担保基金额度不足或代偿率过高时不予批准，结果中写明原因，贷款仍待审批。

    借款人以前有过创业担保贷款的，须认定扶持效果明显（effect_evidence）才能再次批准。
    """
    answer = await decision.approve_loan(
        tx, _actor(principal), loan_id, body.evidence, body.effect_evidence, if_match, now()
    )
    set_etag(response, answer.view.loan.row_version)
    return ApprovalRead.of(answer)


@router.post(
    "/loans/{loan_id}/rejection", operation_id="reject_loan", summary="不予批准贷款", responses=problems(*_STEP)
)
async def reject_loan(
    loan_id: LoanPath,
    body: LoanReason,
    principal: Decider,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> LoanRead:
    """须写明原因；审批人不能是申请登记人。"""
    view = await decision.reject_loan(tx, _actor(principal), loan_id, body.reason, if_match, now())
    return _answer(view, response)


@router.post(
    "/loans/{loan_id}/disbursement",
    operation_id="disburse_loan",
    summary="登记贷款发放",
    responses=problems(*_STEP, ReferenceUsedError, LoanInvalidError),
)
async def disburse_loan(
    loan_id: LoanPath,
    body: DisbursementCreate,
    principal: Disburser,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> LoanRead:
    """发放登记人不能是审批人。贴息规则、基准利率和贴息年利率自此固定在贷款上，不随以后的政策变化。"""
    view = await disbursement.disburse_loan(tx, _actor(principal), loan_id, body.order(), if_match, now())
    return _answer(view, response)


@router.post(
    "/loans/{loan_id}/cancellation",
    operation_id="cancel_loan",
    summary="撤销申请、批准或发放",
    responses=problems(*_STEP, LoanInvalidError),
)
async def cancel_loan(
    loan_id: LoanPath,
    body: CancellationCreate,
    principal: Decider,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> LoanRead:
    """由申请登记人、发放登记人以外的人办理；占用的担保额度随之释放，已发放的不再贴息。"""
    view = await decision.cancel_loan(tx, _actor(principal), loan_id, body.reason, body.booked_on, if_match, now())
    return _answer(view, response)


@router.post(
    "/loans/{loan_id}/events",
    operation_id="record_loan_event",
    summary="登记贷款事项",
    status_code=201,
    responses=problems(
        LoanNotFoundError,
        TransitionRefusedError,
        ReferenceUsedError,
        LoanInvalidError,
        FundNotFoundError,
        FundShortError,
    ),
)
async def record_loan_event(
    loan_id: LoanPath, body: LoanEventCreate, principal: Recorder, tx: Tx, _: IdempotencyRequired, response: Response
) -> LoanRead:
    """还款、逾期、停止贴息、展期、利率调整、代偿、追偿、核销，按生效日计算，先后到达的次序不影响结果。

    登记有误的，用RETRACTION撤销后重新登记，或以正确的同类事项改记（retracts填原事项）；已登记的事项不修改、不删除。逾期归还的，先改记逾期、填写结束日（until），再登记还款。逾期因银行系统故障等原因不应计算的，同样凭证明用RETRACTION撤销该逾期。
    """
    return _answer(await happening.record_event(tx, _actor(principal), loan_id, body.order(), now()), response)


@router.post(
    "/loans/{loan_id}/re-ruling",
    operation_id="re_rule_loan",
    summary="存量贷款改按新的贴息规则",
    responses=problems(*_STEP, LoanInvalidError),
)
async def re_rule_loan(
    loan_id: LoanPath,
    body: ReRuleCreate,
    principal: Decider,
    tx: Tx,
    _: IdempotencyRequired,
    response: Response,
    if_match: IfMatch = None,
) -> LoanRead:
    """由发放登记人以外的人办理。生效日以前的天数仍按原规则；已拨付的各期有变化的，在下一批中冲回重拨。改错的用RETRACTION撤销。"""
    view = await reruling.re_rule_loan(
        tx, _actor(principal), loan_id, body.rule, body.effective_on, body.evidence, if_match, now()
    )
    return _answer(view, response)


@router.get("/loans", operation_id="list_loans", summary="查询贷款")
async def list_loans(
    principal: Reader,
    tx: Tx,
    page: PageQuery,
    unit: Annotated[Code | None, Query(description="单位代码")] = None,
    bank: Annotated[Code | None, Query(description="银行代码")] = None,
    fund: Annotated[Code | None, Query(description="担保基金代码")] = None,
    group: Annotated[SupportedGroup | None, Query(description="重点扶持人群")] = None,
    state: Annotated[State | None, Query(description="状态")] = None,
    disbursed_from: Annotated[LegalDate | None, Query(description="发放日不早于")] = None,
    disbursed_to: Annotated[LegalDate | None, Query(description="发放日早于（不含当日）")] = None,
    matures_from: Annotated[LegalDate | None, Query(description="原到期日不早于")] = None,
    matures_to: Annotated[LegalDate | None, Query(description="原到期日早于（不含当日）")] = None,
    is_overdue: Annotated[bool | None, Query(description="true只列有逾期尚未结束的，供催收；宽限期内的也列出")] = None,
) -> LoanList:
    """新的申请在前。银行只见本行的贷款，县（市、区）只见本单位的；市级、财政和审计可见全部。"""
    asked = LoanFilter(
        unit, bank, fund, group, state, disbursed_from, disbursed_to, matures_from, matures_to, is_overdue
    )
    filters = asdict(asked) | {"own": [principal.unit, principal.bank]}
    after = page.after(filters)
    before = UUID(after[0]) if after else None
    found = await reading.list_loans(tx, _actor(principal), asked, before, page.limit + 1)
    return LoanList.of_page(found, page, filters)


@router.get("/loans/{loan_id}", operation_id="get_loan", summary="查看贷款", responses=problems(LoanNotFoundError))
async def get_loan(loan_id: LoanPath, principal: Reader, tx: Tx, response: Response) -> LoanRead:
    """银行只见本行的贷款，县（市、区）只见本单位的。"""
    return _answer(await reading.read_loan(tx, _actor(principal), loan_id), response)


@router.get(
    "/loans/{loan_id}/borrower-history",
    operation_id="get_borrower_history",
    summary="查看借款人以前的贷款情况",
    responses=problems(LoanNotFoundError),
)
async def get_borrower_history(loan_id: LoanPath, principal: Reader, tx: Tx) -> HistoryRead:
    """审批前查看：同一借款人在各银行的其他创业担保贷款，只有合计，不显示是哪家银行、哪笔贷款。"""
    return HistoryRead.of(await history.read_borrower_history(tx, _actor(principal), loan_id, today()))


@router.get(
    "/loans/{loan_id}/subsidy-lines",
    operation_id="list_loan_subsidy_lines",
    summary="查看贷款的逐期贴息",
    responses=problems(LoanNotFoundError, NotDisbursedError)
    | {200: {"content": {"application/json": {"example": _LINES_EXAMPLE.model_dump(mode="json", by_alias=True)}}}},
)
async def list_loan_subsidy_lines(loan_id: LoanPath, principal: Reader, tx: Tx) -> QuoteRead:
    """按固定的规则和目前已登记的事项逐期计算，精确到分；尚未到来的各期按现状预计。"""
    _, quote = await reading.compute_subsidy(tx, _actor(principal), loan_id, today())
    return QuoteRead.of(quote)


@router.get(
    "/loans/{loan_id}/explanation",
    operation_id="explain_loan",
    summary="贴息算式的逐句说明",
    responses=problems(LoanNotFoundError, NotDisbursedError),
)
async def explain_loan(loan_id: LoanPath, principal: Reader, tx: Tx) -> ExplanationRead:
    """每期一句，写明本金、天数、利率、比例和依据，可直接打印。"""
    loan, quote = await reading.compute_subsidy(tx, _actor(principal), loan_id, today())
    return ExplanationRead.of(loan, quote)
