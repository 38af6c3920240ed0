"""Statistics straight from the stored loans: nothing is kept twice."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Money that was taken back by a cancellation was not lent. What a repayment or compensation left is owed now.
_CELLS = text(
    """
    SELECT unit, bank, supported_group, count(*) AS loans, count(DISTINCT borrower_key) AS borrowers,
           count(*) FILTER (WHERE is_woman) AS women, count(*) FILTER (WHERE is_disabled) AS disabled,
           CAST(sum(principal_fen) AS bigint) AS amount_fen, CAST(sum(outstanding_fen) AS bigint) AS outstanding_fen,
           CAST(sum(receivable_fen) AS bigint) AS receivable_fen,
           CAST(coalesce(sum(compensated), 0) AS bigint) AS compensated_fen
    FROM loan
    LEFT JOIN LATERAL (
        SELECT sum(e.amount_fen) AS compensated FROM loan_event e
        WHERE e.loan_id = loan.id AND e.kind = 'COMPENSATION'
          AND NOT EXISTS (SELECT FROM loan_event r WHERE r.retracts = e.id)) c ON true
    WHERE disbursed_on >= make_date(:year, 1, 1) AND disbursed_on < make_date(:year + 1, 1, 1) AND state <> 'CANCELLED'
      AND (CAST(:unit AS text) IS NULL OR unit = :unit) AND (CAST(:bank AS text) IS NULL OR bank = :bank)
      AND (CAST(:group AS text) IS NULL OR supported_group = :group)
    GROUP BY unit, bank, supported_group
    ORDER BY unit, bank, supported_group
    """
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One district, bank and group; money in fen."""

    unit: str
    bank: str
    group: str
    loans: int
    borrowers: int
    women: int
    disabled: int
    amount_fen: int
    outstanding_fen: int
    receivable_fen: int
    compensated_fen: int


async def read_cells(
    tx: AsyncSession, year: int, unit: str | None, bank: str | None, group: str | None
) -> Sequence[Cell]:
    """Cells in which anything was lent; None does not narrow."""
    rows = await tx.execute(_CELLS, {"year": year, "unit": unit, "bank": bank, "group": group})
    return [Cell(*row) for row in rows]
