"""What progress is computed from: official cells, the state of the reports, the standards, and nothing per unit.

The statements are text: a dashboard asks again and again, and putting an expression together costs more than the
answer.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.progress.domain.observation import Cell, OfficialCell

_CELLS = """
    FROM report_cell c JOIN (
        SELECT unit, year, month, max(revision) AS revision FROM report_revision
        WHERE year = :year AND month = ANY(:months) AND approved_at <= :known_at
        GROUP BY unit, year, month) official USING (unit, year, month, revision)
"""
_OFFICIAL = text("SELECT c.unit, c.month, c.indicator, c.value, c.numerator, c.denominator" + _CELLS)
_FIGURES = text(
    f"""
    SELECT c.unit, c.month, c.indicator, c.value, c.numerator, c.denominator, false {_CELLS}
    UNION ALL
    SELECT unit, 0, indicator, (SELECT sum(n) FROM unnest(counts[1:CAST(:month AS int)]) n), NULL, NULL, true
    FROM rollup WHERE :counted AND year = :year
    UNION ALL (
    SELECT CAST(id AS text), 0, '', NULL, NULL, NULL, NULL FROM standard
    WHERE effective_from <= :last_day AND published_at <= :known_at
    ORDER BY effective_from DESC, version DESC LIMIT 1)
    """  # noqa: S608  constants of this module
)
_WAITING = text(
    """
    SELECT unit FROM report_revision
    WHERE year = :year AND month = :month AND submitted_at <= :known_at
        AND (approved_at IS NULL OR approved_at > :known_at)
    """
)


async def find_official_cells(
    tx: AsyncSession, year: int, months: Sequence[int], known_at: datetime
) -> list[OfficialCell]:
    """The figures that were official at an instant: of each report the last revision approved by then."""
    rows = await tx.execute(_OFFICIAL, {"year": year, "months": list(months), "known_at": known_at})
    return [OfficialCell(*row) for row in rows]


async def find_figures(
    tx: AsyncSession, year: int, month: int, last_day: date, known_at: datetime, *, with_counts: bool
) -> tuple[list[OfficialCell], dict[Cell, int], UUID | None]:
    """`find_official_cells` of a month and of the one before, the register's live counts to that month, and the
    published version of the standards that holds for it, in one round trip.
    """
    asked = {"year": year, "month": month, "months": [month - 1, month], "known_at": known_at, "counted": with_counts}
    rows = (await tx.execute(_FIGURES, asked | {"last_day": last_day})).all()
    cells = [OfficialCell(*row[:6]) for row in rows if row[6] is False]
    standard = next((UUID(row[0]) for row in rows if row[6] is None), None)
    return cells, {(row[0], row[2]): int(row[3]) for row in rows if row[6]}, standard


async def find_waiting_units(tx: AsyncSession, year: int, month: int, known_at: datetime) -> frozenset[str]:
    """Units whose report had been handed in by an instant and was not yet approved then."""
    return frozenset(await tx.scalars(_WAITING, {"year": year, "month": month, "known_at": known_at}))
