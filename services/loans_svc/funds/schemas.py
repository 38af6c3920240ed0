"""Funds on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.http.paging import Page
from kit.http.wire import LegalDate, PercentOut, RequestModel, ResponseModel, Text, YuanOut
from kit.money import div_half_up
from loans_svc.funds.domain import Account, FundObstacle
from loans_svc.funds.models import DepositRow, TransferRow
from loans_svc.funds.service import FundView
from loans_svc.wire import PositiveYuan

BankRef = Annotated[
    str,
    StringConstraints(pattern=r"^[!-~]+$", max_length=100),
    Field(description="银行流水号，可见ASCII字符，同一银行不能重复；不得含个人信息"),
]

FUND_EXAMPLE: dict[str, Any] = {
    "id": "CITY",
    "name": "市级创业担保贷款担保基金",
    "balance": "50000000.00",
    "outstanding": "248000000.00",
    "reserved": "0.00",
    "leverage": "4.960",
    "leverage_limit": 5,
    "due_last_year": "10000000.00",
    "repaid_last_year": "8000000.00",
    "repayment_rate": "80.0000",
    "room": "2000000.00",
    "compensated_12_months": "0.00",
    "compensation_rate": "0.0000",
    "is_compensation_high": False,
    "receivable": "0.00",
    "written_off": "0.00",
    "obstacles": [],
}
_DEPOSIT: dict[str, Any] = {
    "amount": "50000000.00",
    "received_on": "2025-01-02",
    "bank_ref": "CZ-2025-0001",
    "evidence": "财政拨款凭证2025年第1号",
}
_DEPOSIT_READ: dict[str, Any] = _DEPOSIT | {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "fund": "CITY",
    "recorded_by": "loan-officer",
    "recorded_at": "2025-01-02T02:00:00Z",
    "confirmed_by": None,
    "confirmed_at": None,
    "withdrawn_by": None,
    "withdrawn_at": None,
    "withdrawal_reason": None,
}


def _rate(part_fen: int, whole_fen: int) -> int | None:
    """In ppm, half up; of nothing there is none."""
    return div_half_up(part_fen * 1_000_000, whole_fen) if whole_fen else None


class FundRead(ResponseModel):
    """How far a fund is pledged."""

    id: str
    name: str
    balance: YuanOut = Field(description="基金银行存款")
    outstanding: YuanOut = Field(description="在保贷款本金余额")
    reserved: YuanOut = Field(description="已批准、尚未发放的贷款")
    leverage: str | None = Field(description="（在保余额＋已批未放）÷存款，三位小数；没有存款时为空")
    leverage_limit: int = Field(description="放大倍数上限；上年到期贷款还款率达到规定标准的可提高")
    due_last_year: YuanOut = Field(description="上年到期贷款的本金（含展期后到期的）")
    repaid_last_year: YuanOut = Field(description="其中截至上年末借款人已归还的")
    repayment_rate: PercentOut | None = Field(description="上年到期贷款还款率，百分数；没有到期贷款时为空")
    room: YuanOut = Field(description="还可批准的金额")
    compensated_12_months: YuanOut = Field(description="近12个月代偿")
    compensation_rate: PercentOut | None = Field(description="近12个月代偿÷在保余额，百分数；没有在保余额时为空")
    is_compensation_high: bool = Field(description="代偿率达到提醒线")
    receivable: YuanOut = Field(description="代偿后应向借款人追偿的金额")
    written_off: YuanOut
    obstacles: list[FundObstacle] = Field(description="目前不能再批准贷款的原因")

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [FUND_EXAMPLE]}}

    @classmethod
    def of(cls, view: FundView) -> "FundRead":
        """From what the use case answers."""
        position, assessed = view.position, view.assessment
        out = position.outstanding_fen
        return cls(
            id=view.fund.id,
            name=view.fund.name,
            balance=position.balance_fen,
            outstanding=out,
            reserved=position.reserved_fen,
            leverage=assessed.leverage,
            leverage_limit=assessed.leverage_limit,
            due_last_year=position.due_fen,
            repaid_last_year=position.repaid_due_fen,
            repayment_rate=_rate(position.repaid_due_fen, position.due_fen),
            room=assessed.room_fen,
            compensated_12_months=position.compensated_fen,
            compensation_rate=_rate(position.compensated_fen, out),
            is_compensation_high=assessed.is_compensation_high,
            receivable=view.receivable_fen,
            written_off=view.written_off_fen,
            obstacles=list(assessed.obstacles),
        )


class FundList(ResponseModel):
    """All funds, whole."""

    items: list[FundRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [FUND_EXAMPLE]}]}}

    @classmethod
    def of(cls, views: Sequence[FundView]) -> "FundList":
        """From what the use case answers."""
        return cls(items=[FundRead.of(view) for view in views])


class DepositCreate(RequestModel):
    """Money that came in."""

    amount: PositiveYuan
    received_on: LegalDate
    bank_ref: BankRef
    evidence: Annotated[Text, Field(description="凭证名称和编号")]

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_DEPOSIT]}}


class DepositWithdrawal(RequestModel):
    """Why it was an error."""

    reason: Annotated[str, StringConstraints(min_length=5, max_length=500), Field(description="原因，至少5个字")]

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [{"reason": "金额多记了一位"}]}}


class DepositRead(ResponseModel):
    """A deposit and who carried it."""

    id: UUID
    fund: str
    amount: YuanOut
    received_on: date
    bank_ref: str
    evidence: str
    recorded_by: str
    recorded_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    withdrawn_by: str | None = Field(description="撤销人；已撤销的不计入基金存款")
    withdrawn_at: datetime | None
    withdrawal_reason: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_DEPOSIT_READ]}}

    @classmethod
    def of(cls, row: DepositRow) -> "DepositRead":
        """From the row."""
        return cls(
            id=row.id,
            fund=row.fund,
            amount=row.amount_fen,
            received_on=row.received_on,
            bank_ref=row.bank_ref,
            evidence=row.evidence,
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
            confirmed_by=row.confirmed_by,
            confirmed_at=row.confirmed_at,
            withdrawn_by=row.withdrawn_by,
            withdrawn_at=row.withdrawn_at,
            withdrawal_reason=row.withdrawal_reason,
        )


class DepositList(ResponseModel):
    """A page of deposits."""

    items: list[DepositRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_DEPOSIT_READ], "next": None}]}
    }

    @classmethod
    def of_page(cls, rows: Sequence[DepositRow], page: Page, filters: Mapping[str, Any]) -> "DepositList":
        """From one deposit more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[DepositRead.of(row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )


class FundTransferRead(ResponseModel):
    """From the credited to the debited account."""

    id: UUID
    debit: Account
    credit: Account
    amount: YuanOut
    cause: UUID = Field(description="所据的贷款事项或注资的编号")
    loan_id: UUID | None = Field(description="所属贷款；注资为空")
    booked_on: date
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, row: TransferRow, loan_id: UUID | None) -> "FundTransferRead":
        """From the row."""
        return cls(
            id=row.id,
            debit=Account(row.debit),
            credit=Account(row.credit),
            amount=row.amount_fen,
            cause=row.cause,
            loan_id=loan_id,
            booked_on=row.booked_on,
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )


class FundTransferList(ResponseModel):
    """A page of a fund's journal."""

    items: list[FundTransferRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                            "debit": "RESERVED",
                            "credit": "CONTINGENT",
                            "amount": "200000.00",
                            "cause": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9e",
                            "loan_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9f",
                            "booked_on": "2025-01-06",
                            "recorded_by": "loan-reviewer",
                            "recorded_at": "2025-01-06T02:00:00Z",
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(
        cls, rows: Sequence[tuple[TransferRow, UUID | None]], page: Page, filters: Mapping[str, Any]
    ) -> "FundTransferList":
        """From one entry more than the page holds, if there are so many."""
        last = rows[page.limit - 1][0] if len(rows) > page.limit else None
        return cls(
            items=[FundTransferRead.of(row, loan) for row, loan in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )
