"""Settlements straight from batches and arrivals: nothing is kept twice."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.settlements.domain import Cell, Debt

_APPROVED = """
    SELECT b.* FROM subsidy_batch b
    WHERE b.state IN ('APPROVED', 'PAID', 'CLOSED') AND b.approved_at >= :since AND b.approved_at < :until
      AND (CAST(:unit AS text) IS NULL OR b.unit = :unit) AND (CAST(:bank AS text) IS NULL OR b.bank = :bank)
"""
_NEWEST = "s.revision = (SELECT max(n.revision) FROM batch_share n WHERE n.batch_id = s.batch_id)"
_CELLS = text(
    f"""
    SELECT b.bank, b.unit, s.payer_scheme, p.key AS payer, count(*) AS batches,
           CAST(sum(CAST(p.value AS bigint)) AS bigint) AS approved_fen,
           CAST(coalesce(sum(CAST(p.value AS bigint)) FILTER (WHERE b.state <> 'APPROVED'), 0) AS bigint) AS paid_fen,
           CAST(coalesce(sum(a.fen), 0) AS bigint) AS arrived_fen
    FROM ({_APPROVED}) b JOIN batch_share s ON s.batch_id = b.id AND {_NEWEST}
    CROSS JOIN LATERAL jsonb_each_text(s.payers) p
    LEFT JOIN LATERAL (
        SELECT sum(a.amount_fen) AS fen FROM payer_arrival a
        WHERE a.batch_id = b.id AND a.payer_scheme = s.payer_scheme AND a.payer = p.key AND a.retracts IS NULL
          AND NOT EXISTS (SELECT FROM payer_arrival r WHERE r.retracts = a.id)) a ON true
    WHERE CAST(p.value AS bigint) > 0
    GROUP BY b.bank, b.unit, s.payer_scheme, p.key ORDER BY b.bank, b.unit, s.payer_scheme, p.key
    """  # noqa: S608  fragments of this file
)
# What the last batch of a bank and district that was approved by then carried on.
_DEBTS = text(
    f"""
    SELECT b.bank, b.unit, s.payer_scheme, -s.carried_out_fen AS owed_fen
    FROM (SELECT DISTINCT ON (b.bank, b.unit) b.* FROM subsidy_batch b
          WHERE b.state IN ('APPROVED', 'PAID', 'CLOSED') AND b.approved_at < :until
            AND (CAST(:unit AS text) IS NULL OR b.unit = :unit) AND (CAST(:bank AS text) IS NULL OR b.bank = :bank)
          ORDER BY b.bank, b.unit, b.period DESC, b.sequence DESC) b
    JOIN batch_share s ON s.batch_id = b.id AND {_NEWEST} AND s.carried_out_fen < 0
    ORDER BY b.bank, b.unit, s.payer_scheme
    """  # noqa: S608  fragments of this file
)


async def read_cells(
    tx: AsyncSession, unit: str | None, bank: str | None, since: datetime, until: datetime
) -> tuple[list[Cell], list[Debt]]:
    """Of batches approved from one instant until before another; None does not narrow."""
    given: dict[str, Any] = {"unit": unit, "bank": bank, "since": since, "until": until}
    cells = [Cell(*row) for row in await tx.execute(_CELLS, given)]
    del given["since"]
    return cells, [Debt(*row) for row in await tx.execute(_DEBTS, given)]
