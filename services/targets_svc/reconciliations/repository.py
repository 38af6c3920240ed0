"""The terms of the bridge from the ledger, for all units at once, as things stand or were known at an instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.reconciliations.domain import Term, Terms

# What was known when the report was approved: received by then, and not retracted by then.
_KNOWN = "e.received_at <= cut.approved_at"
_LOST = f"s.event_id <> e.event_id AND e.retracted_at IS NULL AND NOT e.waits AND {_KNOWN}"
_IS = {
    Term.REGISTERED: "s.event_id = e.event_id",
    Term.LATE_ARRIVALS: "s.event_id = e.event_id AND e.received_at > cut.approved_at",
    Term.DUP_REMOVED: f"{_LOST} AND s.unit = e.unit",
    Term.DISPLACED_ELSEWHERE: f"{_LOST} AND s.unit <> e.unit",
    Term.RETRACTED_AFTER_REPORT: f"e.retracted_at > cut.approved_at AND NOT e.waits AND {_KNOWN}",
    Term.PENDING_VERIFICATION: f"e.waits AND e.retracted_at IS NULL AND {_KNOWN}",
}
_THEN = "coalesce(CAST(:known_at AS timestamptz), 'infinity')"
_CUT = f"""
    WITH approved AS (
        SELECT unit, max(revision) AS revision FROM report_revision
        WHERE year = :year AND month = :month AND approved_at <= {_THEN} GROUP BY unit),
    cut AS (
        SELECT unit, approved_at FROM report_revision JOIN approved USING (unit, revision)
        WHERE year = :year AND month = :month AND (CAST(:unit AS text) IS NULL OR unit = :unit)),
    known AS (
        SELECT e.event_id, e.person_id, e.indicator, e.unit, e.event_date, e.received_at, e.source_system, e.source_ref,
            e.recorded_by, r.retracted_at, r.reason, e.is_pending AND v.event_id IS NULL AS waits
        FROM event e
        LEFT JOIN event_retraction r ON r.event_id = e.event_id AND r.retracted_at <= {_THEN}
        LEFT JOIN event_verification v ON v.event_id = e.event_id AND v.verified_at <= {_THEN}
        WHERE e.year = :year AND e.received_at <= {_THEN}
            AND (CAST(:indicator AS text) IS NULL OR e.indicator = :indicator))
"""  # noqa: S608  constants of this module
# The slots say who counts now; at an instant it has to be found again.
_HOLDERS = {
    False: ", holder AS (SELECT person_id, indicator, event_id, unit FROM slot WHERE year = :year)",
    True: """, holder AS (
        SELECT DISTINCT ON (person_id, indicator) person_id, indicator, event_id, unit FROM known
        WHERE retracted_at IS NULL AND NOT waits
        ORDER BY person_id, indicator, event_date, received_at, source_system, source_ref)""",
}
_LEDGER = """
    FROM known e
    JOIN cut ON cut.unit = e.unit
    LEFT JOIN holder s ON (s.person_id, s.indicator) = (e.person_id, e.indicator)
    WHERE e.event_date < make_date(:year, :month, 1) + interval '1 month'
"""
_COUNTED = ", ".join(f"count(*) FILTER (WHERE {condition}) AS {term.value}" for term, condition in _IS.items())
_TERMS = {
    is_past: text(f"{_CUT} {holders} SELECT e.unit, e.indicator, {_COUNTED} {_LEDGER} GROUP BY e.unit, e.indicator")
    for is_past, holders in _HOLDERS.items()
}
_ENTRIES = {
    (is_past, term): text(
        f"""
        {_CUT} {holders} SELECT e.event_id, e.event_date, e.source_system, e.source_ref, e.received_at, e.recorded_by,
            s.event_id AS held_by, s.unit AS held_by_unit, e.retracted_at, e.reason
        {_LEDGER} AND {condition}
            AND (CAST(:after AS uuid) IS NULL OR e.event_id > :after)
        ORDER BY e.event_id LIMIT :limit
        """
    )
    for is_past, holders in _HOLDERS.items()
    for term, condition in _IS.items()
}


async def find_terms(
    tx: AsyncSession, year: int, month: int, unit: str | None, known_at: datetime | None
) -> dict[tuple[str, str], tuple[int, Terms]]:
    """Count and terms by (unit, indicator), of units with an approved report of the month."""
    asked = {"year": year, "month": month, "unit": unit, "indicator": None, "known_at": known_at}
    rows = await tx.execute(_TERMS[known_at is not None], asked)
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
    tx: AsyncSession,
    year: int,
    month: int,
    unit: str,
    indicator: str,
    term: Term,
    known_at: datetime | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The events that a term counts, in the order of their arrival."""
    cell = {"year": year, "month": month, "unit": unit, "indicator": indicator, "known_at": known_at}
    return (await tx.execute(_ENTRIES[known_at is not None, term], cell | {"after": after, "limit": limit})).all()
