"""Settlements on the wire."""

from datetime import date
from typing import Any

from pydantic import Field

from kit.http.wire import ResponseModel, YuanOut
from loans_svc.rules.domain import Payer
from loans_svc.settlements.domain import Settlement

_CELL: dict[str, Any] = {
    "bank": "bank-a",
    "unit": "ZZ07",
    "payer_scheme": "ZZ2022_CITY_STATE",
    "payer": "CENTRE",
    "batches": 4,
    "approved": "3892.80",
    "paid": "3892.80",
    "arrived": "2919.60",
    "missing": "973.20",
}


class SettlementCellRead(ResponseModel):
    """One bank, district and payer."""

    bank: str
    unit: str
    payer_scheme: str
    payer: Payer
    batches: int = Field(description="当年批准的批次数")
    approved: YuanOut = Field(description="当年批准应由该分担方承担的")
    paid: YuanOut = Field(description="其中已登记支付的")
    arrived: YuanOut = Field(description="其中已到达银行的")
    missing: YuanOut = Field(description="尚未到达的")


class SettlementDebtRead(ResponseModel):
    """What a bank still owes."""

    bank: str
    unit: str
    payer_scheme: str
    owed: YuanOut = Field(description="冲回多于申领、留待以后各期扣回的")


class SettlementTotalsRead(ResponseModel):
    """Sums of all items."""

    approved: YuanOut
    paid: YuanOut
    arrived: YuanOut
    missing: YuanOut
    owed: YuanOut


class SettlementRead(ResponseModel):
    """A year's table, whole."""

    year: int
    due_on: date | None = Field(description="年终清算报送的最后期限；没有规定的为空")
    items: list[SettlementCellRead]
    debts: list[SettlementDebtRead]
    totals: SettlementTotalsRead

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2025,
                    "due_on": "2026-01-20",
                    "items": [_CELL],
                    "debts": [],
                    "totals": {name: _CELL[name] for name in ("approved", "paid", "arrived", "missing")}
                    | {"owed": "0.00"},
                }
            ]
        }
    }

    @classmethod
    def of(cls, found: Settlement) -> "SettlementRead":
        """From what the use case answers."""
        return cls(
            year=found.year,
            due_on=found.due_on,
            items=[
                SettlementCellRead(
                    bank=one.bank,
                    unit=one.unit,
                    payer_scheme=one.payer_scheme,
                    payer=Payer(one.payer),
                    batches=one.batches,
                    approved=one.approved_fen,
                    paid=one.paid_fen,
                    arrived=one.arrived_fen,
                    missing=one.missing_fen,
                )
                for one in found.cells
            ],
            debts=[
                SettlementDebtRead(bank=one.bank, unit=one.unit, payer_scheme=one.payer_scheme, owed=one.owed_fen)
                for one in found.debts
            ],
            totals=SettlementTotalsRead(
                approved=sum(one.approved_fen for one in found.cells),
                paid=sum(one.paid_fen for one in found.cells),
                arrived=sum(one.arrived_fen for one in found.cells),
                missing=sum(one.missing_fen for one in found.cells),
                owed=sum(one.owed_fen for one in found.debts),
            ),
        )
