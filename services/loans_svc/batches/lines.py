"""A line with the days that it was computed from, and what each payer bears of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Quarter
from kit.db.rows import all_rows
from loans_svc.batches.models import LineRow
from loans_svc.loans.models import LoanRow
from loans_svc.rules.domain import DayCount, Payer, PeriodScheme
from loans_svc.rules.repository import catalogue
from loans_svc.seals.repository import read_sum_before
from loans_svc.stories.domain import Stretch
from loans_svc.stories.repository import list_stretches
from loans_svc.subsidies.domain.calendar import period_of
from loans_svc.subsidies.domain.payers import split_by_payer
from loans_svc.subsidies.domain.schedule import Segment


@dataclass(frozen=True, slots=True)
class LineView:
    """A line, its loan, and its segments; a reversal has none."""

    row: LineRow
    loan: LoanRow
    segments: Sequence[Segment]


async def view_lines(tx: AsyncSession, rows: Sequence[LineRow]) -> list[LineView]:
    """The lines of one batch with their segments, in their order."""
    loans = {
        loan.id: loan for loan in await tx.scalars(select(LoanRow).where(LoanRow.id.in_({row.loan_id for row in rows})))
    }
    keys = [(row.loan_id, row.story) for row in rows if row.numerator is not None]
    place = next(((loan.bank, loan.unit) for loan in loans.values()), ("", ""))
    async with all_rows(tx):  # the segments have no policies: they are written by COPY
        stretches = await list_stretches(tx, *place, keys) if keys else {}
    views = []
    for row in rows:
        loan = loans[row.loan_id]
        own = [one for one in stretches.get((row.loan_id, row.story), ()) if one.tranche == row.tranche]
        views.append(LineView(row, loan, clip(loan, row.relates_to, own) if row.numerator is not None else []))
    return views


def clip(loan: LoanRow, relates_to: str, stretches: Sequence[Stretch]) -> list[Segment]:
    """The part of a loan's stretches that lies in a quarter."""
    if not loan.day_count or not loan.period_scheme:
        return []
    period = period_of(Quarter.parse(relates_to), PeriodScheme(loan.period_scheme))
    parts = (one.clipped(period.first, period.after, DayCount(loan.day_count)) for one in stretches)
    return [part for part in parts if part]


async def share_line(tx: AsyncSession, row: LineRow) -> Mapping[Payer, int]:
    """What each payer bears of a line, by running sums: every line and every payer's column is exact (S17).

    Empty where nobody is named to pay.
    """
    if row.payer_scheme is None:
        return {}
    before = await read_sum_before(tx, row.batch_id, row.number, row.payer_scheme)
    return part_between(before, row.amount_fen, catalogue().payer_schemes[row.payer_scheme].weights)


def part_between(before_fen: int, amount_fen: int, weights: Mapping[Payer, int]) -> dict[Payer, int]:
    """A line's part of its payers' sums, between the running sum before it and the one after it."""
    lower, upper = split_by_payer(before_fen, weights), split_by_payer(before_fen + amount_fen, weights)
    return {payer: upper[payer] - lower[payer] for payer in weights}
