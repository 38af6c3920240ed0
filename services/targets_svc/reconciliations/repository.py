"""The terms of the bridge from the ledger, for all units at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.reconciliations.domain import Term, Terms

# What was known when the report was approved: received by then, and not retracted by then.
_KNOWN = "e.received_at <= cut.approved_at"
_LOST = f"s.event_id <> e.event_id AND r.event_id IS NULL AND NOT waits.waits AND {_KNOWN}"
_IS = {
    Term.REGISTERED: "s.event_id = e.event_id",
    Term.LATE_ARRIVALS: "s.event_id = e.event_id AND e.received_at > cut.approved_at",
    Term.DUP_REMOVED: f"{_LOST} AND s.unit = e.unit",
    Term.DISPLACED_ELSEWHERE: f"{_LOST} AND s.unit <> e.unit",
    Term.RETRACTED_AFTER_REPORT: f"r.retracted_at > cut.approved_at AND NOT waits.waits AND {_KNOWN}",
    Term.PENDING_VERIFICATION: f"waits.waits AND r.event_id IS NULL AND {_KNOWN}",
}
_CUT = """
    WITH approved AS (
        SELECT unit, max(revision) AS revision FROM report_revision
        WHERE year = :year AND month = :month AND state = 'APPROVED' GROUP BY unit),
    cut AS (
        SELECT unit, approved_at FROM report_revision JOIN approved USING (unit, revision)
        WHERE year = :year AND month = :month AND (CAST(:unit AS text) IS NULL OR unit = :unit))
"""
_LEDGER = """
    FROM event e
    JOIN cut ON cut.unit = e.unit
    LEFT JOIN slot s ON (s.person_id, s.year, s.indicator) = (e.person_id, e.year, e.indicator)
    LEFT JOIN event_retraction r ON r.event_id = e.event_id
    LEFT JOIN event_verification v ON v.event_id = e.event_id
    CROSS JOIN LATERAL (SELECT e.is_pending AND v.event_id IS NULL AS waits) waits
    WHERE e.year = :year AND e.event_date < make_date(:year, :month, 1) + interval '1 month'
"""
_COUNTED = ", ".join(f"count(*) FILTER (WHERE {condition}) AS {term.value}" for term, condition in _IS.items())
_TERMS = text(f"{_CUT} SELECT e.unit, e.indicator, {_COUNTED} {_LEDGER} GROUP BY e.unit, e.indicator")
_ENTRIES = {
    term: text(
        f"""
        {_CUT} SELECT e.event_id, e.event_date, e.source_system, e.source_ref, e.received_at, e.recorded_by,
            s.event_id AS held_by, s.unit AS held_by_unit, r.retracted_at, r.reason
        {_LEDGER} AND e.indicator = :indicator AND {condition}
            AND (CAST(:after AS uuid) IS NULL OR e.event_id > :after)
        ORDER BY e.event_id LIMIT :limit
        """
    )
    for term, condition in _IS.items()
}


async def find_terms(
    tx: AsyncSession, year: int, month: int, unit: str | None
) -> dict[tuple[str, str], tuple[int, Terms]]:
    """Count and terms by (unit, indicator), of units with an approved report of the month."""
    rows = await tx.execute(_TERMS, {"year": year, "month": month, "unit": unit})
    return {
        (row.unit, row.indicator): (
            row.registered,
            Terms(
                row.dup_removed,
                row.displaced_elsewhere,
                row.retracted_after_report,
                row.pending_verification,
                row.late_arrivals,
            ),
        )
        for row in rows
    }


async def list_entries(
    tx: AsyncSession, year: int, month: int, unit: str, indicator: str, term: Term, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """The events that a term counts, in the order of their arrival."""
    asked = {"year": year, "month": month, "unit": unit, "indicator": indicator, "after": after, "limit": limit}
    return (await tx.execute(_ENTRIES[term], asked)).all()
