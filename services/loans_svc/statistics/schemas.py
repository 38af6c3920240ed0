"""Statistics on the wire."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field

from kit.http.wire import PercentOut, ResponseModel, YuanOut
from kit.money import div_half_up
from loans_svc.loans.domain import SupportedGroup
from loans_svc.statistics.repository import Cell

_CELL: dict[str, Any] = {
    "unit": "ZZ07",
    "bank": "bank-a",
    "group": "RETURNING_MIGRANT",
    "loans": 2,
    "borrowers": 2,
    "women": 1,
    "disabled": 0,
    "amount": "400000.00",
    "outstanding": "350000.00",
    "receivable": "0.00",
    "compensated": "0.00",
    "compensation_rate": "0.0000",
}


class CellRead(ResponseModel):
    """One district, bank and group."""

    unit: str
    bank: str
    group: SupportedGroup
    loans: int = Field(description="当年发放笔数，已撤销的不计")
    borrowers: int = Field(description="借款人数")
    women: int = Field(description="其中借款人为女性的笔数")
    disabled: int = Field(description="其中借款人为残疾人的笔数")
    amount: YuanOut = Field(description="当年发放额")
    outstanding: YuanOut = Field(description="这些贷款的未还本金")
    receivable: YuanOut = Field(description="这些贷款代偿后尚未收回的金额")
    compensated: YuanOut = Field(description="担保基金为这些贷款代偿的金额，已撤销的不计")
    compensation_rate: PercentOut = Field(description="代偿额÷发放额，百分数")


class TotalsRead(ResponseModel):
    """Sums of all items. Borrowers are not summed: one may stand in several items."""

    loans: int
    women: int
    disabled: int
    amount: YuanOut
    outstanding: YuanOut
    receivable: YuanOut
    compensated: YuanOut
    compensation_rate: PercentOut | None = Field(description="代偿额÷发放额，百分数；没有发放时为空")


class StatisticsRead(ResponseModel):
    """A year's table, whole."""

    year: int
    as_of: date = Field(description="截至这一天日终的数")
    known_on: date = Field(description="按这一天日终已登记的事项")
    items: list[CellRead]
    totals: TotalsRead

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "year": 2025,
                    "as_of": "2025-12-31",
                    "known_on": "2026-01-05",
                    "items": [_CELL],
                    "totals": {name: _CELL[name] for name in TotalsRead.model_fields},
                }
            ]
        }
    }

    @classmethod
    def of(cls, year: int, as_of: date, known_on: date, cells: Sequence[Cell]) -> "StatisticsRead":
        """From what the use case answers."""
        lent, paid = sum(cell.amount_fen for cell in cells), sum(cell.compensated_fen for cell in cells)
        return cls(
            year=year,
            as_of=as_of,
            known_on=known_on,
            items=[
                CellRead(
                    unit=cell.unit,
                    bank=cell.bank,
                    group=SupportedGroup(cell.group),
                    loans=cell.loans,
                    borrowers=cell.borrowers,
                    women=cell.women,
                    disabled=cell.disabled,
                    amount=cell.amount_fen,
                    outstanding=cell.outstanding_fen,
                    receivable=cell.receivable_fen,
                    compensated=cell.compensated_fen,
                    compensation_rate=div_half_up(cell.compensated_fen * 1_000_000, cell.amount_fen),
                )
                for cell in cells
            ],
            totals=TotalsRead(
                loans=sum(cell.loans for cell in cells),
                women=sum(cell.women for cell in cells),
                disabled=sum(cell.disabled for cell in cells),
                amount=lent,
                compensated=paid,
                compensation_rate=div_half_up(paid * 1_000_000, lent) if lent else None,
                outstanding=sum(cell.outstanding_fen for cell in cells),
                receivable=sum(cell.receivable_fen for cell in cells),
            ),
        )
