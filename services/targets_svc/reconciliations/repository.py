"""The terms of the bridge from the ledger, for all units at once."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.reconciliations.domain import Terms

# What was known when the report was approved: received by then, and not retracted by then.
_TERMS = text(
    """
    WITH approved AS (
        SELECT unit, max(revision) AS revision FROM report_revision
        WHERE year = :year AND month = :month AND state = 'APPROVED' GROUP BY unit),
    cut AS (
        SELECT unit, approved_at FROM report_revision JOIN approved USING (unit, revision)
        WHERE year = :year AND month = :month AND (CAST(:unit AS text) IS NULL OR unit = :unit))
    SELECT e.unit, e.indicator,
        count(*) FILTER (WHERE s.event_id = e.event_id) AS registered,
        count(*) FILTER (WHERE s.event_id = e.event_id AND e.received_at > cut.approved_at) AS late,
        count(*) FILTER (WHERE s.event_id <> e.event_id AND r.event_id IS NULL AND NOT waits.waits AND s.unit = e.unit
            AND e.received_at <= cut.approved_at) AS dup,
        count(*) FILTER (WHERE s.event_id <> e.event_id AND r.event_id IS NULL AND NOT waits.waits AND s.unit <> e.unit
            AND e.received_at <= cut.approved_at) AS displaced,
        count(*) FILTER (WHERE r.retracted_at > cut.approved_at AND NOT waits.waits
            AND e.received_at <= cut.approved_at) AS retracted,
        count(*) FILTER (WHERE waits.waits AND r.event_id IS NULL AND e.received_at <= cut.approved_at) AS pending
    FROM event e
    JOIN cut ON cut.unit = e.unit
    LEFT JOIN slot s ON (s.person_id, s.year, s.indicator) = (e.person_id, e.year, e.indicator)
    LEFT JOIN event_retraction r ON r.event_id = e.event_id
    LEFT JOIN event_verification v ON v.event_id = e.event_id
    CROSS JOIN LATERAL (SELECT e.is_pending AND v.event_id IS NULL AS waits) waits
    WHERE e.year = :year AND e.event_date < make_date(:year, :month, 1) + interval '1 month'
    GROUP BY e.unit, e.indicator
    """
)


async def find_terms(
    tx: AsyncSession, year: int, month: int, unit: str | None
) -> dict[tuple[str, str], tuple[int, Terms]]:
    """Count and terms by (unit, indicator), of units with an approved report of the month."""
    rows = await tx.execute(_TERMS, {"year": year, "month": month, "unit": unit})
    return {
        (row.unit, row.indicator): (row.registered, Terms(row.dup, row.displaced, row.retracted, row.pending, row.late))
        for row in rows
    }
