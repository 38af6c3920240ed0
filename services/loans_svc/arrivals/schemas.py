"""Arrivals on the wire."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, YuanOut
from loans_svc.arrivals.models import ArrivalRow
from loans_svc.arrivals.service import ArrivalOrder, ArrivalsView
from loans_svc.funds.schemas import BankRef
from loans_svc.loans.schemas import Reason
from loans_svc.rules.domain import Payer
from loans_svc.wire import PositiveYuan

_ID = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
_ARRIVAL: dict[str, Any] = {
    "payer_scheme": "ZZ2022_CITY_STATE",
    "payer": "CENTRE",
    "amount": "973.20",
    "arrived_on": "2025-08-20",
    "bank_ref": "DZ-2025-0820-01",
}


class ArrivalCreate(RequestModel):
    """What of one payer reached the bank."""

    payer_scheme: Annotated[Code, Field(description="分担比例代码，见批次的shares")]
    payer: Annotated[Payer, Field(strict=False, description="CENTRE中央；PROVINCE省；CITY市；DISTRICT县（市、区）")]
    amount: PositiveYuan
    arrived_on: LegalDate
    bank_ref: BankRef

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [_ARRIVAL]}}

    def order(self) -> ArrivalOrder:
        """For the use case."""
        return ArrivalOrder((self.payer_scheme, self.payer.value), self.amount, self.arrived_on, self.bank_ref)


class ArrivalRetraction(RequestModel):
    """Why it was none."""

    reason: Reason

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [{"reason": "误登为本批的到账"}]}}


class ArrivalRead(ResponseModel):
    """One record."""

    id: UUID
    payer_scheme: str
    payer: Payer
    amount: YuanOut
    arrived_on: date
    bank_ref: str | None
    retracts: UUID | None = Field(description="本条撤销的是哪一条")
    reason: str | None = Field(description="撤销的原因")
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, row: ArrivalRow) -> "ArrivalRead":
        """From the row."""
        same = {name: getattr(row, name) for name in cls.model_fields if name != "amount"}
        return cls(**same, amount=row.amount_fen)


class PayerStandingRead(ResponseModel):
    """How far one payer is."""

    payer_scheme: str
    payer: Payer
    due: YuanOut = Field(description="本批应付")
    arrived: YuanOut = Field(description="已到账")
    missing: YuanOut = Field(description="尚未到账")
    last_arrived_on: date | None
    days: int = Field(description="自批准至全部到账的天数；尚未全部到账的，至今天的天数")


class ArrivalsRead(ResponseModel):
    """Each payer of a batch, and all that was recorded, whole."""

    approved_on: date
    payers: list[PayerStandingRead]
    items: list[ArrivalRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "approved_on": "2025-07-10",
                    "payers": [
                        {
                            "payer_scheme": "ZZ2022_CITY_STATE",
                            "payer": "CENTRE",
                            "due": "973.20",
                            "arrived": "973.20",
                            "missing": "0.00",
                            "last_arrived_on": "2025-08-20",
                            "days": 41,
                        }
                    ],
                    "items": [
                        _ARRIVAL
                        | {
                            "id": _ID,
                            "retracts": None,
                            "reason": None,
                            "recorded_by": "bank-a",
                            "recorded_at": "2025-08-20T02:00:00Z",
                        }
                    ],
                }
            ]
        }
    }

    @classmethod
    def of(cls, view: ArrivalsView, approved_on: date) -> "ArrivalsRead":
        """From what the use case answers."""
        return cls(
            approved_on=approved_on,
            payers=[
                PayerStandingRead(
                    payer_scheme=one.place[0],
                    payer=Payer(one.place[1]),
                    due=one.due_fen,
                    arrived=one.arrived_fen,
                    missing=one.missing_fen,
                    last_arrived_on=one.last_on,
                    days=one.days,
                )
                for one in view.standings
            ],
            items=[ArrivalRead.of(row) for row in view.rows],
        )
