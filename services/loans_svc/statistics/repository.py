"""Statistics straight from the stored loans: nothing is kept twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# All from the events, so that any earlier state can be told again: what had been recorded by then, and stood.
# Money that was taken back by a cancellation was not lent.
_CELLS = text(
    """
    WITH lent AS (
        SELECT l.id, l.unit, l.bank, l.supported_group, l.borrower_key, l.is_woman, l.is_disabled, d.amount_fen
        FROM loan l JOIN loan_event d ON d.loan_id = l.id AND d.kind = 'DISBURSEMENT'
        WHERE l.disbursed_on >= make_date(:year, 1, 1) AND l.disbursed_on < make_date(:year + 1, 1, 1)
          AND l.disbursed_on < :after AND d.recorded_at < :known_before
          AND (CAST(:unit AS text) IS NULL OR l.unit = :unit) AND (CAST(:bank AS text) IS NULL OR l.bank = :bank)
          AND (CAST(:group AS text) IS NULL OR l.supported_group = :group)
    ), figures AS (
        SELECT lent.*, coalesce(m.repaid, 0) AS repaid, coalesce(m.compensated, 0) AS compensated,
               coalesce(m.settled, 0) AS settled, coalesce(m.is_cancelled, false) AS is_cancelled
        FROM lent LEFT JOIN LATERAL (
            SELECT sum(e.amount_fen) FILTER (WHERE e.kind = 'REPAYMENT') AS repaid,
                   sum(e.amount_fen) FILTER (WHERE e.kind = 'COMPENSATION') AS compensated,
                   sum(e.amount_fen) FILTER (WHERE e.kind IN ('RECOVERY', 'WRITE_OFF')) AS settled,
                   bool_or(e.kind = 'CANCELLATION') AS is_cancelled
            FROM loan_event e
            WHERE e.loan_id = lent.id AND e.effective_on < :after AND e.recorded_at < :known_before
              AND NOT EXISTS (
                  SELECT FROM loan_event r WHERE r.retracts = e.id AND r.recorded_at < :known_before)) m ON true
    )
    SELECT unit, bank, supported_group, count(*) AS loans, count(DISTINCT borrower_key) AS borrowers,
           count(*) FILTER (WHERE is_woman) AS women, count(*) FILTER (WHERE is_disabled) AS disabled,
           CAST(sum(amount_fen) AS bigint) AS amount_fen,
           CAST(sum(amount_fen - repaid - compensated) AS bigint) AS outstanding_fen,
           CAST(sum(compensated - settled) AS bigint) AS receivable_fen,
           CAST(sum(compensated) AS bigint) AS compensated_fen
    FROM figures WHERE NOT is_cancelled
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
    tx: AsyncSession,
    year: int,
    narrowed: tuple[str | None, str | None, str | None],
    as_of: date,
    known_before: datetime,
) -> Sequence[Cell]:
    """Cells in which anything was lent.

    Args:
        narrowed: unit, bank and group; None does not narrow.
        as_of: what took effect later does not count.
        known_before: what was recorded later was not known.
    """
    unit, bank, group = narrowed
    given = {"year": year, "unit": unit, "bank": bank, "group": group, "known_before": known_before}
    rows = await tx.execute(_CELLS, given | {"after": as_of + timedelta(days=1)})
    return [Cell(*row) for row in rows]
