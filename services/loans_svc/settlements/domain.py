"""What a year's batches come to, and by when that is to be reported (loans design §1.6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from loans_svc.rules.domain import TimeLimits


@dataclass(frozen=True, slots=True)
class Cell:
    """Of one bank in one district, what one payer bears of the batches approved in a year; fen."""

    bank: str
    unit: str
    payer_scheme: str
    payer: str
    batches: int
    approved_fen: int
    paid_fen: int
    arrived_fen: int

    @property
    def missing_fen(self) -> int:
        return self.approved_fen - self.arrived_fen


@dataclass(frozen=True, slots=True)
class Debt:
    """What a bank still owes of a district's subsidy at the year's end, because more was taken back than claimed."""

    bank: str
    unit: str
    payer_scheme: str
    owed_fen: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """A year's table, whole."""

    year: int
    due_on: date | None
    cells: list[Cell]
    debts: list[Debt]


def due_on(limits: Iterable[TimeLimits], year: int) -> date | None:
    """So many days after the year's end; None where nothing was fixed then."""
    after = date(year + 1, 1, 1)
    days = next((row.settlement_days for row in limits if row.validity.covers(after)), None)
    return None if days is None else after + timedelta(days=days - 1)
