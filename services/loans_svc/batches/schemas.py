"""Batches on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from kit.http.paging import Page
from kit.http.wire import Code, LegalDate, PercentOut, QuarterText, RequestModel, ResponseModel, YuanOut
from loans_svc.batches.domain import LineKind, State
from loans_svc.batches.explanation import Explanation
from loans_svc.batches.lines import LineView
from loans_svc.batches.models import BatchRow, BatchShareRow
from loans_svc.batches.service import BatchOrder, BatchView
from loans_svc.funds.schemas import BankRef
from loans_svc.loans.schemas import Reason, Unit
from loans_svc.rules.domain import Payer, Tranche, share_text
from loans_svc.seals.domain import FAULT_TEXTS, Break, Fault
from loans_svc.subsidies.domain.schedule import Segment
from loans_svc.subsidy_journal.domain import Account
from loans_svc.subsidy_journal.models import SubsidyTransferRow

_ID = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
_EXPLANATION: dict[str, Any] = {
    "line": {
        "number": 1,
        "loan_id": _ID,
        "kind": "CLAIM",
        "tranche": "STATE",
        "relates_to": "2025Q2",
        "amount": "1946.39",
        "days": 91,
        "rate": "3.8500",
        "share": "1",
        "reverses": None,
        "payer_scheme": "ZZ2022_CITY_STATE",
        "segments": [],
    },
    "sentences": [
        "2025年第二季度（2025-04-01至2025-06-30）：200000.00元×91天×年利率3.8500%÷360＝1946.39元（四舍五入到分）。"
    ],
    "payers": [
        {"payer": "CENTRE", "amount": "973.20"},
        {"payer": "PROVINCE", "amount": "486.60"},
        {"payer": "CITY", "amount": "486.59"},
    ],
    "rule": "R2022_HENAN_IND",
    "document": "郑州市2022年创业担保贷款贴息政策",
    "is_exact": True,
    "links": {
        "batch": f"/api/v1/loans/subsidy-batches/{_ID}",
        "loan": f"/api/v1/loans/loans/{_ID}",
        "rule": "/api/v1/loans/rules/R2022_HENAN_IND",
        "print": f"/api/v1/loans/subsidy-batches/{_ID}/lines/1/explanation.html",
    },
}


class BatchCreate(RequestModel):
    """Which bank, place and quarter."""

    bank: Code
    unit: Unit
    period: Annotated[QuarterText, Field(description="季度，须已结束")]
    state_scheme: Annotated[Code | None, Field(description="国家支持部分未指定分担比例的贷款，按此比例分担")] = None
    local_scheme: Annotated[Code | None, Field(description="地方支持部分未指定分担比例的贷款，按此比例分担")] = None

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [{"bank": "bank-a", "unit": "ZZ07", "period": "2025Q2", "state_scheme": "ZZ2022_CITY_STATE"}]
        }
    }

    def order(self) -> BatchOrder:
        """For the use case."""
        return BatchOrder(self.bank, self.unit, self.period, self.state_scheme, self.local_scheme)


class PaymentCreate(RequestModel):
    """When and by which payment the money went out."""

    paid_on: LegalDate
    payment_ref: BankRef

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"paid_on": "2025-07-18", "payment_ref": "ZF-2025-0718-01"}]}
    }


class BatchRejection(RequestModel):
    """Why it goes back."""

    reason: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"reason": "分担比例未指定，请重新建立批次"}]}
    }


class BatchAccepted(ResponseModel):
    """The batch and the job that computes it."""

    id: UUID
    job: UUID

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"id": _ID, "job": _ID}]}}


class PayerAmount(ResponseModel):
    """What one payer bears."""

    payer: Payer
    amount: YuanOut


class ShareRead(ResponseModel):
    """What the payers of one scheme bear."""

    payer_scheme: str | None = Field(description="分担比例代码；空表示没有指定，资金无法分配")
    total: YuanOut = Field(description="各行之和，冲回多于新增时为负")
    carried_in: YuanOut = Field(description="以前各批多拨、尚未扣回的（负数）")
    payable: YuanOut = Field(description="本批应付，不小于零")
    carried_out: YuanOut = Field(description="本批仍未扣回、结转下批的（负数）")
    payers: list[PayerAmount] = Field(description="按批合计一次分担，合计等于应付")

    @classmethod
    def of(cls, row: BatchShareRow) -> "ShareRead":
        """From the row."""
        return cls(
            payer_scheme=row.payer_scheme or None,
            total=row.total_fen,
            carried_in=row.carried_in_fen,
            payable=row.payable_fen,
            carried_out=row.carried_out_fen,
            payers=[PayerAmount(payer=payer, amount=row.payers[payer]) for payer in Payer if payer in row.payers],
        )


class BatchRead(ResponseModel):
    """A batch, who carried it, and who bears it."""

    id: UUID
    bank: str
    unit: str
    period: str
    sequence: int = Field(description="驳回后重建的次数，自1起")
    state: State
    loans: int
    lines: int
    zero_lines: int = Field(description="本期贴息为零、不单列的笔数")
    zero_reasons: dict[str, int] = Field(
        description="为零的原因及笔数：NO_BALANCE无可贴息余额，NO_RATE贴息利率为零，NO_SHARE财政比例为零，"
        "ROUNDED_TO_ZERO不足半分，NO_DAYS没有计息天数"
    )
    total: YuanOut
    payable: YuanOut
    shares: list[ShareRead]
    created_by: str
    created_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    paid_by: str | None
    paid_at: datetime | None
    paid_on: date | None
    payment_ref: str | None
    closed_by: str | None
    closed_at: datetime | None
    rejected_by: str | None
    rejected_at: datetime | None
    rejection_reason: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "id": _ID,
                    "bank": "bank-a",
                    "unit": "ZZ07",
                    "period": "2025Q2",
                    "sequence": 1,
                    "state": "COMPUTED",
                    "loans": 1,
                    "lines": 1,
                    "zero_lines": 0,
                    "zero_reasons": {},
                    "total": "1925.00",
                    "payable": "1925.00",
                    "shares": [],
                    "created_by": "loan-officer",
                    "created_at": "2025-07-02T02:00:00Z",
                    "submitted_by": None,
                    "submitted_at": None,
                    "reviewed_by": None,
                    "reviewed_at": None,
                    "approved_by": None,
                    "approved_at": None,
                    "paid_by": None,
                    "paid_at": None,
                    "paid_on": None,
                    "payment_ref": None,
                    "closed_by": None,
                    "closed_at": None,
                    "rejected_by": None,
                    "rejected_at": None,
                    "rejection_reason": None,
                }
            ]
        }
    }

    @classmethod
    def of(cls, view: BatchView) -> "BatchRead":
        """From what the use case answers."""
        batch = view.batch
        same = {name: getattr(batch, name) for name in cls.model_fields if name not in {"total", "payable", "shares"}}
        return cls(
            **same,
            total=batch.total_fen,
            payable=sum(share.payable_fen for share in view.shares),
            shares=[ShareRead.of(share) for share in view.shares],
        )


class BatchItemRead(ResponseModel):
    """A batch in a list: without its payers."""

    id: UUID
    bank: str
    unit: str
    period: str
    sequence: int
    state: State
    loans: int
    lines: int
    total: YuanOut
    created_by: str
    created_at: datetime
    paid_on: date | None
    payment_ref: str | None

    @classmethod
    def of(cls, row: BatchRow) -> "BatchItemRead":
        """From the row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields if name != "total"}, total=row.total_fen)


class BatchList(ResponseModel):
    """A page of batches."""

    items: list[BatchItemRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "id": _ID,
                            "bank": "bank-a",
                            "unit": "ZZ07",
                            "period": "2025Q2",
                            "sequence": 1,
                            "state": "PAID",
                            "loans": 1,
                            "lines": 1,
                            "total": "1925.00",
                            "created_by": "loan-officer",
                            "created_at": "2025-07-02T02:00:00Z",
                            "paid_on": "2025-07-18",
                            "payment_ref": "ZF-2025-0718-01",
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(cls, rows: Sequence[BatchRow], page: Page, filters: Mapping[str, Any]) -> "BatchList":
        """From one batch more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[BatchItemRead.of(row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )


class ClaimSegmentRead(ResponseModel):
    """A stretch of days on which nothing changes."""

    from_: date = Field(alias="from")
    to: date = Field(description="不含当日")
    days: int
    balance: YuanOut
    rate: PercentOut
    share: str

    model_config = ConfigDict(populate_by_name=True)

    @classmethod
    def of(cls, segment: Segment) -> "ClaimSegmentRead":
        return cls(
            from_=segment.start,
            to=segment.end,
            days=segment.days,
            balance=segment.balance_fen,
            rate=segment.rate_ppm,
            share=share_text(segment.share6),
        )


class LineReference(ResponseModel):
    """A line of a batch."""

    batch: UUID
    number: int


class ClaimLineRead(ResponseModel):
    """One signed line."""

    number: int = Field(description="本批中的行号，自1起")
    loan_id: UUID
    kind: LineKind = Field(
        description="CLAIM本期申领；REVERSAL冲回；REPOST以前各期更正或补记；WAIVER银行少报、经决定不付的部分"
    )
    tranche: Tranche
    relates_to: str = Field(description="所属季度")
    amount: YuanOut
    days: int | None
    rate: PercentOut | None = Field(description="期内有变化的为空，见分段")
    share: str | None
    reverses: LineReference | None = Field(description="所冲回的行")
    payer_scheme: str | None
    segments: list[ClaimSegmentRead]

    @classmethod
    def of(cls, view: LineView) -> "ClaimLineRead":
        """From the line and its days."""
        row = view.row
        reversed_line = None
        if row.reverses_batch is not None and row.reverses_number is not None:
            reversed_line = LineReference(batch=row.reverses_batch, number=row.reverses_number)
        return cls(
            number=row.number,
            loan_id=row.loan_id,
            kind=LineKind(row.kind),
            tranche=Tranche(row.tranche),
            relates_to=row.relates_to,
            amount=row.amount_fen,
            days=row.days,
            rate=row.rate_ppm,
            share=share_text(row.share6) if row.share6 is not None else None,
            reverses=reversed_line,
            payer_scheme=row.payer_scheme,
            segments=[ClaimSegmentRead.of(segment) for segment in view.segments],
        )


class ExplanationRead(ResponseModel):
    """A line sentence by sentence."""

    line: ClaimLineRead
    sentences: list[str] = Field(description="逐句算式，可据以手工复算")
    payers: list[PayerAmount] = Field(description="本行中各分担方的份额，逐行、逐方合计均不差分文")
    rule: str
    document: str = Field(description="依据的文件")
    is_exact: bool = Field(description="按分段重新计算，与入账的金额一致")
    links: dict[str, str] = Field(
        description="由此可查的地址：batch批次，loan贷款，rule规则，print打印页，reverses被冲回的行"
    )

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_EXPLANATION]}}

    @classmethod
    def of(cls, explanation: Explanation) -> "ExplanationRead":
        """From the use case's answer."""
        return cls(
            line=ClaimLineRead.of(explanation.view),
            sentences=explanation.sentences,
            payers=[PayerAmount(payer=payer, amount=fen) for payer, fen in explanation.payers.items()],
            rule=explanation.rule.rule_id,
            document=explanation.rule.document,
            is_exact=explanation.is_exact,
            links=_links(explanation),
        )


def _links(explanation: Explanation) -> dict[str, str]:
    """From the fen back to the rule: where each thing that the line rests on can be read."""
    row, root = explanation.view.row, "/api/v1/loans"
    found = {
        "batch": f"{root}/subsidy-batches/{row.batch_id}",
        "loan": f"{root}/loans/{row.loan_id}",
        "rule": f"{root}/rules/{explanation.rule.rule_id}",
        "print": f"{root}/subsidy-batches/{row.batch_id}/lines/{row.number}/explanation.html",
    }
    if row.reverses_batch is not None:
        found["reverses"] = f"{root}/subsidy-batches/{row.reverses_batch}/lines/{row.reverses_number}/explanation"
    return found


class BreakRead(ResponseModel):
    """The first place that is not as it was written."""

    fault: Fault
    line: int | None
    message: str


class VerificationRead(ResponseModel):
    """Whether all lines are as they were written, and the digest to compare with the printed claim."""

    is_intact: bool
    lines: int
    digest: str | None = Field(description="本批最后一个封印（SHA-256），与申报表上打印的对照")
    first_break: BreakRead | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [{"is_intact": True, "lines": 1, "digest": "9f86d081884c7d65" * 4, "first_break": None}]
        }
    }

    @classmethod
    def of(cls, batch: BatchRow, digest: str | None, found: Break | None) -> "VerificationRead":
        """From what was found."""
        wrong = found and BreakRead(fault=found.fault, line=found.number, message=f"{FAULT_TEXTS[found.fault]}。")
        return cls(is_intact=found is None, lines=batch.lines, digest=digest, first_break=wrong)


class TransferRead(ResponseModel):
    """From the credited to the debited account."""

    payer_scheme: str | None
    payer: Payer | None = Field(description="空表示与银行之间多拨的结转")
    debit: Account = Field(description="EXPENSE分担方支出；PAYABLE应付银行；TREASURY分担方国库；RECEIVABLE应收银行")
    credit: Account
    amount: YuanOut
    booked_on: date
    recorded_by: str


class TransferList(ResponseModel):
    """The journal of a batch; debits and credits are the two sides of each row."""

    items: list[TransferRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "payer_scheme": "ZZ2022_CITY_STATE",
                            "payer": "CENTRE",
                            "debit": "EXPENSE",
                            "credit": "PAYABLE",
                            "amount": "973.20",
                            "booked_on": "2025-07-10",
                            "recorded_by": "city",
                        }
                    ]
                }
            ]
        }
    }

    @classmethod
    def of(cls, rows: Sequence[SubsidyTransferRow]) -> "TransferList":
        """From the rows."""
        return cls(
            items=[
                TransferRead(
                    payer_scheme=row.payer_scheme or None,
                    payer=Payer(row.payer) if row.payer else None,
                    debit=Account(row.debit),
                    credit=Account(row.credit),
                    amount=row.amount_fen,
                    booked_on=row.booked_on,
                    recorded_by=row.recorded_by,
                )
                for row in rows
            ]
        )


class ClaimLineList(ResponseModel):
    """A page of lines."""

    items: list[ClaimLineRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "number": 1,
                            "loan_id": _ID,
                            "kind": "CLAIM",
                            "tranche": "STATE",
                            "relates_to": "2025Q2",
                            "amount": "1946.39",
                            "days": 91,
                            "rate": "3.8500",
                            "share": "1",
                            "reverses": None,
                            "payer_scheme": "ZZ2022_CITY_STATE",
                            "segments": [
                                {
                                    "from": "2025-04-01",
                                    "to": "2025-07-01",
                                    "days": 91,
                                    "balance": "200000.00",
                                    "rate": "3.8500",
                                    "share": "1",
                                }
                            ],
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(cls, views: Sequence[LineView], page: Page, filters: Mapping[str, Any]) -> "ClaimLineList":
        """From one line more than the page holds, if there are so many."""
        shown = views[: page.limit]
        last = shown[-1].row if len(views) > page.limit else None
        return cls(
            items=[ClaimLineRead.of(view) for view in shown],
            next=page.next([last.number], filters) if last else None,
        )
