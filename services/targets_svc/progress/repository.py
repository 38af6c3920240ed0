"""What progress is computed from: official cells, the state of the reports, and nothing per unit."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.progress.domain.observation import OfficialCell
from targets_svc.reports.models import CellRow, RevisionRow


async def find_official_cells(
    tx: AsyncSession, year: int, months: Sequence[int], known_at: datetime
) -> list[OfficialCell]:
    """The figures that were official at an instant: of each report the last revision approved by then."""
    vintage = (
        select(RevisionRow.unit, RevisionRow.year, RevisionRow.month, func.max(RevisionRow.revision).label("revision"))
        .where(RevisionRow.year == year, RevisionRow.month.in_(months), RevisionRow.approved_at <= known_at)
        .group_by(RevisionRow.unit, RevisionRow.year, RevisionRow.month)
        .subquery()
    )
    rows = await tx.execute(
        select(
            CellRow.unit, CellRow.month, CellRow.indicator, CellRow.value, CellRow.numerator, CellRow.denominator
        ).join(
            vintage,
            and_(
                CellRow.unit == vintage.c.unit,
                CellRow.year == vintage.c.year,
                CellRow.month == vintage.c.month,
                CellRow.revision == vintage.c.revision,
            ),
        )
    )
    return [OfficialCell(*row) for row in rows]


async def find_waiting_units(tx: AsyncSession, year: int, month: int, known_at: datetime) -> frozenset[str]:
    """Units whose report had been handed in by an instant and was not yet approved then."""
    rows = await tx.scalars(
        select(RevisionRow.unit).where(
            RevisionRow.year == year,
            RevisionRow.month == month,
            RevisionRow.submitted_at <= known_at,
            or_(RevisionRow.approved_at.is_(None), RevisionRow.approved_at > known_at),
        )
    )
    return frozenset(rows)
