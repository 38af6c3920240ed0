"""Loans on the wire. Number and name come in; they never go out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.clock import legal_day
from kit.errors import FieldError
from kit.http.paging import Page
from kit.http.problems import validation_failed
from kit.http.wire import Code, LegalDate, PercentOut, RequestModel, ResponseModel, Text, YuanOut
from kit.identifiers.documents import IdType
from kit.working_days import load_calendar
from loans_svc.funds.schemas import BankRef
from loans_svc.loans.domain import FIELDS, USCC, History, Kind, State, SupportedGroup
from loans_svc.loans.models import LoanEventRow, LoanRow
from loans_svc.loans.service.application import Application
from loans_svc.loans.service.decision import ApprovalView
from loans_svc.loans.service.disbursement import DisbursementOrder
from loans_svc.loans.service.eligibility import Question
from loans_svc.loans.service.happening import EventOrder
from loans_svc.loans.service.steps import LoanView
from loans_svc.rules.domain import BorrowerKind, DayCount, PeriodScheme, TimedStep, Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.loan import RepaymentOrder
from loans_svc.subsidies.schemas import QuoteRead, TrancheIn
from loans_svc.subsidies.service import Quote, TrancheOrder
from loans_svc.time_limits.domain import due_day
from loans_svc.wire import PositiveYuan, Rate

_LOAN_ID = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
Unit = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9]{2}$", max_length=8), Field(examples=["ZZ07"])]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Evidence = Annotated[Text, Field(description="凭证或依据的名称和编号；不得含证件号码")]
Reason = Annotated[str, StringConstraints(min_length=5, max_length=500), Field(description="原因，至少5个字")]


class HolderIn(RequestModel):
    """Whoever has a document and the name on it."""

    id_type: Annotated[Literal[*(kind.value for kind in IdType), USCC], Field(description="证件类别；企业填USCC")]  # type: ignore[valid-type]  # the enum's values and one more
    id_number: Annotated[str, StringConstraints(min_length=1, max_length=40), Field(repr=False)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100), Field(repr=False)]


class BorrowerIn(HolderIn):
    """Who borrows; stored sealed and never shown again."""

    is_woman: bool = False
    is_disabled: bool = False


class EligibilityIn(RequestModel):
    """What the eligibility service is asked about the borrower; the facts are not kept."""

    measure: Annotated[Code, Field(description="措施代码，见政策目录")]
    as_of: Annotated[LegalDate | None, Field(description="按哪一天的政策判断，默认今天")] = None
    facts: Annotated[
        dict[FactName, str | bool | int | None],
        Field(max_length=200, description="已知的事实，名称和取值见事实词表；缺少或为null表示未知"),
    ]


class LoanCreate(RequestModel):
    """An application."""

    borrower: BorrowerIn
    borrower_kind: Annotated[BorrowerKind, Field(strict=False)]
    group: Annotated[SupportedGroup, Field(strict=False, description="重点扶持人群（十类）")]
    unit: Annotated[Unit, Field(description="受理单位代码")]
    bank: Annotated[Code, Field(description="经办银行代码")]
    fund: Annotated[Code, Field(description="担保基金代码")] = "CITY"
    amount: PositiveYuan
    term_months: Annotated[int, Field(ge=1, le=120, description="期限（月）")]
    eligibility: Annotated[EligibilityIn, Field(description="向政策资格服务核对什么")]
    evidence: Evidence

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "borrower": {"id_type": "RESIDENT_ID", "id_number": "410199199001010011", "name": "王测试"},
                    "borrower_kind": "INDIVIDUAL",
                    "group": "RETURNING_MIGRANT",
                    "unit": "ZZ07",
                    "bank": "bank-a",
                    "amount": "200000.00",
                    "term_months": 36,
                    "eligibility": {
                        "measure": "rural-returnee-loan",
                        "as_of": "2025-01-02",
                        "facts": {"is_returning_migrant": True, "is_business_operating": True},
                    },
                    "evidence": "创业担保贷款申请表2025年第12号",
                }
            ]
        }
    }

    def application(self) -> Application:
        """For the use case."""
        return Application(
            unit=self.unit,
            bank=self.bank,
            fund=self.fund,
            group=self.group,
            borrower_kind=self.borrower_kind,
            id_type=self.borrower.id_type,
            id_number=self.borrower.id_number,
            name=self.borrower.name,
            is_woman=self.borrower.is_woman,
            is_disabled=self.borrower.is_disabled,
            amount_fen=self.amount,
            term_months=self.term_months,
            question=Question(self.eligibility.measure, self.eligibility.facts, self.eligibility.as_of),
            evidence=self.evidence,
        )


class ApprovalCreate(RequestModel):
    """On what the decision rests."""

    evidence: Evidence
    effect_evidence: Annotated[
        Text | None,
        Field(description="再次贷款的：认定以前贷款扶持效果明显的依据，如吸纳就业、按期还款的证明；首次贷款不填"),
    ] = None

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"evidence": "评审会纪要2025年第3号"}]}
    }


class LoanReason(RequestModel):
    """Why not."""

    reason: Reason

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [{"reason": "借款人已另行筹资"}]}}


class CancellationCreate(LoanReason):
    """Why not any more, and when the bank took the money back."""

    booked_on: Annotated[LegalDate | None, Field(description="银行入账日，不填为今天")] = None


class ReRuleCreate(RequestModel):
    """Which rule holds from which day on."""

    rule: Annotated[Code, Field(description="规则代码，生效日须在其有效期内")]
    effective_on: Annotated[LegalDate, Field(description="自这一天起按新规则贴息，以前的天数不变")]
    evidence: Evidence

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [{"rule": "R2023", "effective_on": "2025-01-01", "evidence": "存量贷款适用新政策的通知"}]
        }
    }


class DisbursementCreate(RequestModel):
    """The contract as the bank signed it; what is left out is as the rule and the application say."""

    principal: Annotated[PositiveYuan | None, Field(description="发放金额，不填为批准金额")] = None
    disbursed_on: LegalDate
    matures_on: Annotated[LegalDate | None, Field(description="到期日，不填按申请期限推算")] = None
    contract_rate: Rate
    signed_on: Annotated[LegalDate | None, Field(description="合同签订日，不填为发放日")] = None
    benchmark_rate: Annotated[
        Rate | None, Field(description="签订合同时的基准利率（LPR）；不填取基准利率表中签订日或以前最近公布的")
    ] = None
    rule: Annotated[Code | None, Field(description="规则代码；发放日只有一条规则适用时可不填")] = None
    day_count: Annotated[DayCount | None, Field(strict=False)] = None
    period_scheme: Annotated[PeriodScheme | None, Field(strict=False)] = None
    tranches: Annotated[list[TrancheIn], Field(max_length=2, default_factory=list)]
    booked_on: Annotated[LegalDate | None, Field(description="银行入账日，不填为今天")] = None
    bank_ref: BankRef
    evidence: Evidence

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "disbursed_on": "2025-01-10",
                    "contract_rate": "3.6000",
                    "benchmark_rate": "3.1000",
                    "bank_ref": "A-2025-000123",
                    "evidence": "借款合同2025年第12号",
                }
            ]
        }
    }

    def order(self) -> DisbursementOrder:
        """For the use case."""
        return DisbursementOrder(
            principal_fen=self.principal,
            disbursed_on=self.disbursed_on,
            matures_on=self.matures_on,
            contract_ppm=self.contract_rate,
            benchmark_ppm=self.benchmark_rate,
            signed_on=self.signed_on or self.disbursed_on,
            rule=self.rule,
            day_count=self.day_count,
            period_scheme=self.period_scheme,
            tranches=tuple(TrancheOrder(part.tranche, part.amount, part.payer_scheme) for part in self.tranches),
            booked_on=self.booked_on,
            bank_ref=self.bank_ref,
            evidence=self.evidence,
        )


class LoanEventCreate(RequestModel):
    """Something that happened to the loan."""

    kind: Annotated[
        Literal[
            "REPAYMENT", "OVERDUE", "STOP", "EXTENSION", "RATE_RESET", "COMPENSATION", "RECOVERY", "WRITE_OFF",
            "RETRACTION",
        ],
        Field(
            description="REPAYMENT归还本金；OVERDUE本金逾期；STOP停止贴息；EXTENSION展期；RATE_RESET利率调整；"
            "COMPENSATION代偿；RECOVERY追偿收回；WRITE_OFF核销；RETRACTION撤销登记有误的事项"
        ),
    ]  # fmt: skip
    effective_on: Annotated[LegalDate, Field(description="生效日，可以早于今天任意久")]
    booked_on: Annotated[LegalDate | None, Field(description="入账日，不填为今天")] = None
    amount: Annotated[PositiveYuan | None, Field(description="本金金额")] = None
    until: Annotated[LegalDate | None, Field(description="逾期结束日（不含当日），或展期后的到期日")] = None
    contract_rate: Annotated[Rate | None, Field(description="仅用于RATE_RESET")] = None
    benchmark_rate: Annotated[Rate | None, Field(description="仅用于RATE_RESET")] = None
    bank_ref: BankRef | None = None
    retracts: Annotated[
        UUID | None,
        Field(
            strict=False,
            description="RETRACTION：登记有误的事项编号；还款、逾期、停止贴息、展期、利率调整也可以填同类的原事项，撤销原事项并改记为本项，"
            "流水号可以相同",
        ),
    ] = None
    evidence: Evidence

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "kind": "REPAYMENT",
                    "effective_on": "2025-06-10",
                    "amount": "50000.00",
                    "bank_ref": "A-2025-000987",
                    "evidence": "还款回单2025年第987号",
                }
            ]
        }
    }

    def order(self) -> EventOrder:
        """For the use case.

        Raises:
            ValidationFailedError: a field that this kind needs is missing, or one that it does not know is there.
        """
        kind = Kind(self.kind)
        required, optional = FIELDS[kind]
        names = ("amount", "until", "contract_rate", "benchmark_rate", "bank_ref", "retracts")
        given = {name for name in names if getattr(self, name) is not None}
        validation_failed(
            [FieldError(f"/{name}", "REQUIRED", "此类事项必须填写这一项。") for name in sorted(required - given)]
            + [
                FieldError(f"/{name}", "NOT_APPLICABLE", "此类事项不用填写这一项，请删去。")
                for name in sorted(given - required - optional)
            ]
        )
        return EventOrder(
            kind=kind,
            effective_on=self.effective_on,
            booked_on=self.booked_on,
            amount_fen=self.amount,
            until=self.until,
            contract_ppm=self.contract_rate,
            benchmark_ppm=self.benchmark_rate,
            bank_ref=self.bank_ref,
            evidence=self.evidence,
            retracts=self.retracts,
        )


class LoanTrancheRead(ResponseModel):
    """A funded part."""

    tranche: Tranche
    amount: YuanOut = Field(description="可贴息本金")
    payer_scheme: str | None


class TermsRead(ResponseModel):
    """Frozen at disbursement."""

    principal: YuanOut
    disbursed_on: date
    matures_on: date
    contract_rate: PercentOut
    benchmark_rate: PercentOut
    effective_rate: PercentOut = Field(description="贴息年利率")
    rule: str
    day_count: DayCount
    period_scheme: PeriodScheme
    grace_days: int | None = Field(description="与银行约定的宽限期天数；没有约定的为空，按规则")
    repayment_order: RepaymentOrder | None = Field(description="与银行约定的还款冲减次序；没有约定的为空，按比例")
    subsidised_until: date = Field(description="贴息期限止（不含当日），按目前的事项")
    prior_loans: int = Field(description="借款人此前发放的贴息贷款笔数")
    prior_subsidised_days: int
    tranches: list[LoanTrancheRead]


class LoanEventRead(ResponseModel):
    """One event with its three dates."""

    id: UUID
    kind: Kind
    from_state: State | None
    to_state: State
    effective_on: date
    booked_on: date
    recorded_at: datetime
    recorded_by: str
    amount: YuanOut | None
    until: date | None
    contract_rate: PercentOut | None
    benchmark_rate: PercentOut | None
    bank_ref: str | None
    evidence: str
    rule: str | None = Field(description="仅RE_RULE：自生效日起适用的规则")
    retracts: UUID | None

    @classmethod
    def of(cls, row: LoanEventRow) -> "LoanEventRead":
        """From the row."""
        return cls(
            id=row.id,
            kind=Kind(row.kind),
            from_state=State(row.from_state) if row.from_state else None,
            to_state=State(row.to_state),
            effective_on=row.effective_on,
            booked_on=row.booked_on,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
            amount=row.amount_fen,
            until=row.until,
            contract_rate=row.contract_ppm,
            benchmark_rate=row.benchmark_ppm,
            bank_ref=row.bank_ref,
            evidence=row.evidence,
            rule=row.rule_id,
            retracts=row.retracts,
        )


class CitationRead(ResponseModel):
    """Where the criterion stands."""

    document: str
    clause: str


class CriterionRead(ResponseModel):
    """One criterion of the measure; of which facts it was decided is not kept."""

    criterion: str
    text: str
    outcome: Literal["MET", "UNMET", "UNKNOWN"]
    citation: CitationRead


class EligibilityRead(ResponseModel):
    """What the eligibility service answered when the loan was applied for."""

    measure: str
    name: str | None = None
    as_of: date
    catalogue_version: str
    outcome: Literal["ELIGIBLE", "NOT_ELIGIBLE", "UNDETERMINED"]
    message_zh: str | None = None
    reasons: list[CriterionRead] = Field(default_factory=list)
    missing_facts: list[str] = Field(default_factory=list, description="还能改变结果的未知事实")


def _due_on(loan: LoanRow) -> date | None:
    """By when the step that the loan waits for is to be done, in working days."""
    match loan.state:
        case State.APPLIED:
            step, since = TimedStep.DECISION, loan.applied_at
        case State.APPROVED if loan.decided_at is not None:
            step, since = TimedStep.DISBURSEMENT, loan.decided_at
        case _:
            return None
    return due_day(catalogue().time_limits.values(), step, legal_day(since), load_calendar())


class LoanRead(ResponseModel):
    """A loan; terms are empty until it is disbursed."""

    id: UUID
    unit: str
    bank: str
    fund: str
    group: SupportedGroup
    borrower_kind: BorrowerKind
    is_woman: bool
    is_disabled: bool
    amount: YuanOut
    term_months: int
    state: State
    due_on: date | None = Field(description="审批或发放的最后期限（工作日推算）；其他状态为空")
    eligibility: EligibilityRead
    outstanding: YuanOut = Field(description="未还本金")
    receivable: YuanOut = Field(description="代偿后尚未收回")
    applied_by: str
    decided_by: str | None
    disbursed_by: str | None
    cancelled_by: str | None
    terms: TermsRead | None
    events: list[LoanEventRead]

    @classmethod
    def of(cls, view: LoanView) -> "LoanRead":
        """From what the use case answers."""
        loan = view.loan
        return cls(
            id=loan.id,
            unit=loan.unit,
            bank=loan.bank,
            fund=loan.fund,
            group=SupportedGroup(loan.supported_group),
            borrower_kind=BorrowerKind(loan.borrower_kind),
            is_woman=loan.is_woman,
            is_disabled=loan.is_disabled,
            amount=loan.amount_fen,
            term_months=loan.term_months,
            state=State(loan.state),
            due_on=_due_on(loan),
            eligibility=EligibilityRead.model_validate(loan.eligibility),
            outstanding=loan.outstanding_fen,
            receivable=loan.receivable_fen,
            applied_by=loan.applied_by,
            decided_by=loan.decided_by,
            disbursed_by=loan.disbursed_by,
            cancelled_by=loan.cancelled_by,
            terms=_terms(loan, view) if loan.rule_id else None,
            events=[LoanEventRead.of(event) for event in view.events],
        )


def _terms(loan: LoanRow, view: LoanView) -> TermsRead:
    return TermsRead.model_validate(
        {
            "principal": loan.principal_fen,
            "disbursed_on": loan.disbursed_on,
            "matures_on": loan.matures_on,
            "contract_rate": loan.contract_ppm,
            "benchmark_rate": loan.benchmark_ppm,
            "effective_rate": loan.eff_ppm,
            "rule": loan.rule_id,
            "day_count": loan.day_count,
            "period_scheme": loan.period_scheme,
            "grace_days": loan.grace_days,
            "repayment_order": loan.repayment_order,
            "subsidised_until": loan.window_end,
            "prior_loans": loan.prior_loans,
            "prior_subsidised_days": loan.prior_days,
            "tranches": [
                {"tranche": part.tranche, "amount": part.amount_fen, "payer_scheme": part.payer_scheme}
                for part in view.tranches
            ],
        }
    )


_LOAN: dict[str, Any] = {
    "id": _LOAN_ID,
    "unit": "ZZ07",
    "bank": "bank-a",
    "fund": "CITY",
    "group": "RETURNING_MIGRANT",
    "borrower_kind": "INDIVIDUAL",
    "is_woman": False,
    "is_disabled": False,
    "amount": "200000.00",
    "term_months": 36,
    "state": "APPLIED",
    "due_on": "2025-01-17",
    "eligibility": {
        "measure": "rural-returnee-loan",
        "name": "农民工返乡创业贷款支持",
        "as_of": "2025-01-02",
        "catalogue_version": "0123456789abcdef",
        "outcome": "ELIGIBLE",
        "message_zh": "符合条件。",
        "reasons": [
            {
                "criterion": "returning-migrant",
                "text": "返乡农民工",
                "outcome": "MET",
                "citation": {"document": "郑政〔2018〕31号", "clause": "二十"},
            }
        ],
        "missing_facts": [],
    },
    "outstanding": "0.00",
    "receivable": "0.00",
    "applied_by": "loan-officer",
    "decided_by": None,
    "disbursed_by": None,
    "cancelled_by": None,
    "terms": None,
    "events": [
        {
            "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9e",
            "kind": "APPLICATION",
            "from_state": None,
            "to_state": "APPLIED",
            "effective_on": "2025-01-03",
            "booked_on": "2025-01-03",
            "recorded_at": "2025-01-03T02:00:00Z",
            "recorded_by": "loan-officer",
            "amount": "200000.00",
            "until": None,
            "contract_rate": None,
            "benchmark_rate": None,
            "bank_ref": None,
            "evidence": "创业担保贷款申请表2025年第12号",
            "rule": None,
            "retracts": None,
        }
    ],
}
LoanRead.model_config["json_schema_extra"] = {"examples": [_LOAN]}


class LoanItemRead(ResponseModel):
    """A loan in a list: without its events."""

    id: UUID
    unit: str
    bank: str
    fund: str
    group: SupportedGroup
    borrower_kind: BorrowerKind
    state: State
    due_on: date | None = Field(description="审批或发放的最后期限（工作日推算）；其他状态为空")
    amount: YuanOut = Field(description="申请（批准）金额")
    principal: YuanOut | None = Field(description="发放金额；未发放为空")
    disbursed_on: date | None
    matures_on: date | None
    rule: str | None
    outstanding: YuanOut
    receivable: YuanOut
    applied_at: datetime

    @classmethod
    def of(cls, loan: LoanRow) -> "LoanItemRead":
        """From the row."""
        return cls(
            id=loan.id,
            unit=loan.unit,
            bank=loan.bank,
            fund=loan.fund,
            group=SupportedGroup(loan.supported_group),
            borrower_kind=BorrowerKind(loan.borrower_kind),
            state=State(loan.state),
            due_on=_due_on(loan),
            amount=loan.amount_fen,
            principal=loan.principal_fen,
            disbursed_on=loan.disbursed_on,
            matures_on=loan.matures_on,
            rule=loan.rule_id,
            outstanding=loan.outstanding_fen,
            receivable=loan.receivable_fen,
            applied_at=loan.applied_at,
        )


class LoanList(ResponseModel):
    """A page of loans."""

    items: list[LoanItemRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "id": _LOAN_ID,
                            "unit": "ZZ07",
                            "bank": "bank-a",
                            "fund": "CITY",
                            "group": "RETURNING_MIGRANT",
                            "borrower_kind": "INDIVIDUAL",
                            "state": "DISBURSED",
                            "due_on": None,
                            "amount": "200000.00",
                            "principal": "200000.00",
                            "disbursed_on": "2025-01-10",
                            "matures_on": "2028-01-10",
                            "rule": "R2023",
                            "outstanding": "150000.00",
                            "receivable": "0.00",
                            "applied_at": "2025-01-03T02:00:00Z",
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(cls, loans: Sequence[LoanRow], page: Page, filters: Mapping[str, Any]) -> "LoanList":
        """From one loan more than the page holds, if there are so many."""
        last = loans[page.limit - 1] if len(loans) > page.limit else None
        return cls(
            items=[LoanItemRead.of(loan) for loan in loans[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )


_NEXT_STEPS = {
    "NOT_ELIGIBLE": "资格核对为不符合条件，请不予批准并写明原因；所填事实有误的，请重新登记申请。",
    "EFFECT_NOT_RECOGNISED": "借款人以前有过创业担保贷款，请认定扶持效果是否明显，写明认定依据后再批准。",
    "OVERDUE_HISTORY": "借款人以前的贷款有逾期或代偿，不能再次批准；逾期登记有误的，请先由银行撤销。",
    "LEVERAGE_EXCEEDED": "批准后超过担保基金的放大倍数，请补充基金，或待在保贷款归还后再批准。",
    "COMPENSATION_TOO_HIGH": "担保基金代偿率超过上限，暂停新增，请先追偿或补充基金。",
}


class HistoryRead(ResponseModel):
    """A borrower's other loans at all banks, in sums alone."""

    loans: int = Field(description="借款人已发放的其他创业担保贷款笔数，各银行合计，已撤销的不计")
    overdue_loans: int = Field(description="其中有过逾期的笔数，宽限期内归还的不计")
    compensated_loans: int = Field(description="其中由担保基金代偿的笔数")
    outstanding: YuanOut = Field(description="这些贷款尚欠银行和担保基金的本金")

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [{"loans": 1, "overdue_loans": 0, "compensated_loans": 0, "outstanding": "0.00"}]
        }
    }

    @classmethod
    def of(cls, history: History) -> "HistoryRead":
        """From what the use case answers."""
        return cls(
            loans=history.loans,
            overdue_loans=history.overdue_loans,
            compensated_loans=history.compensated_loans,
            outstanding=history.outstanding_fen,
        )


class ApprovalRead(ResponseModel):
    """APPROVED, or REFUSED by the law or the fund's limits with the reasons; then the loan waits as before."""

    outcome: Literal["APPROVED", "REFUSED"]
    obstacles: list[
        Literal[
            "NOT_ELIGIBLE", "EFFECT_NOT_RECOGNISED", "OVERDUE_HISTORY", "LEVERAGE_EXCEEDED", "COMPENSATION_TOO_HIGH"
        ]
    ] = Field(
        description="NOT_ELIGIBLE资格核对为不符合条件；EFFECT_NOT_RECOGNISED再次贷款尚未认定扶持效果明显；OVERDUE_HISTORY以前的贷款有逾期或代偿；"
        "LEVERAGE_EXCEEDED批准后超过放大倍数；COMPENSATION_TOO_HIGH代偿率过高，暂停新增"
    )
    next_steps_zh: list[str] = Field(description="逐项写明怎么办；已批准的为空")
    borrower_history: HistoryRead
    leverage: str | None = Field(description="加上本笔后的放大倍数，三位小数；基金没有存款时为空")
    leverage_limit: int
    room: YuanOut = Field(description="批准本笔之前还可批准的金额")
    loan: LoanRead

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "outcome": "REFUSED",
                    "obstacles": ["LEVERAGE_EXCEEDED"],
                    "next_steps_zh": [_NEXT_STEPS["LEVERAGE_EXCEEDED"]],
                    "borrower_history": {
                        "loans": 0,
                        "overdue_loans": 0,
                        "compensated_loans": 0,
                        "outstanding": "0.00",
                    },
                    "leverage": "5.020",
                    "leverage_limit": 5,
                    "room": "2000000.00",
                    "loan": _LOAN,
                }
            ]
        }
    }

    @classmethod
    def of(cls, approval: ApprovalView) -> "ApprovalRead":
        """From what the use case answers."""
        assessed = approval.fund.assessment
        return cls.model_validate(
            {
                "outcome": "REFUSED" if approval.obstacles else "APPROVED",
                "obstacles": [str(obstacle) for obstacle in approval.obstacles],
                "next_steps_zh": [_NEXT_STEPS[obstacle] for obstacle in approval.obstacles],
                "borrower_history": HistoryRead.of(approval.history),
                "leverage": assessed.leverage,
                "leverage_limit": assessed.leverage_limit,
                "room": assessed.room_fen,
                "loan": LoanRead.of(approval.view),
            }
        )


class ExplanationRead(ResponseModel):
    """The arithmetic sentence by sentence, as a finance auditor would write it."""

    loan_id: UUID
    rule: str
    document: str
    rate: str
    lines: list[str]
    total: YuanOut
    text: str = Field(description="以上各句合成一页，可直接打印")

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "loan_id": _LOAN_ID,
                    "rule": "R2023",
                    "document": "财金〔2023〕75号",
                    "rate": "合同利率3.6000%，上限为基准3.1000%＋0.5000%＝3.6000%（不超过上限）；贴息年利率3.6000%。",
                    "lines": [],
                    "total": "0.00",
                    "text": "贴息年利率3.6000%。\n合计0.00元。",
                }
            ]
        }
    }

    @classmethod
    def of(cls, loan: LoanRow, quote: Quote) -> "ExplanationRead":
        """From the schedule of a stored loan."""
        answer = QuoteRead.of(quote)
        lines = [line.explanation_zh for line in answer.lines]
        total = answer.model_dump(mode="json")["total"]
        return cls(
            loan_id=loan.id,
            rule=answer.rule,
            document=answer.document,
            rate=answer.rate_explanation_zh,
            lines=lines,
            total=answer.total,
            text="\n".join([answer.rate_explanation_zh, *lines, f"合计{total}元。"]),
        )
