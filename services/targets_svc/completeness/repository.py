"""Which reports were in, in one read."""

from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.completeness.domain import Received
from targets_svc.reports.models import CellRow, ReportRow, RevisionRow


async def find_received(tx: AsyncSession, year: int, last_month: int, known_at: datetime) -> list[Received]:
    """Of each report the last revision handed in by an instant, with the indicators that have a figure."""
    of_report = ("unit", "year", "month")
    vintage = (
        select(RevisionRow.unit, RevisionRow.year, RevisionRow.month, func.max(RevisionRow.revision).label("revision"))
        .where(RevisionRow.year == year, RevisionRow.month <= last_month, RevisionRow.submitted_at <= known_at)
        .group_by(RevisionRow.unit, RevisionRow.year, RevisionRow.month)
        .subquery()
    )
    rows = await tx.execute(
        select(
            ReportRow.unit,
            ReportRow.month,
            ReportRow.first_submitted_at,
            func.array_remove(func.array_agg(CellRow.indicator), None),
        )
        .join(vintage, and_(*(getattr(ReportRow, name) == vintage.c[name] for name in of_report)))
        .outerjoin(
            CellRow,
            and_(
                *(getattr(CellRow, name) == vintage.c[name] for name in (*of_report, "revision")),
                CellRow.value.is_not(None),
            ),
        )
        .group_by(ReportRow.unit, ReportRow.month, ReportRow.first_submitted_at)
    )
    return [Received(unit, month, first, frozenset(filled)) for unit, month, first, filled in rows]
