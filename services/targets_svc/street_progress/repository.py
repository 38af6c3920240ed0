"""Counts of the register by street, from the events that hold a slot; the index knows those that name a street."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.street_progress.domain import Cell

_BY_STREET = text(
    """
    SELECT e.evidence ->> 'street', e.indicator, count(*)
    FROM event e JOIN slot s ON s.event_id = e.event_id
        AND (s.person_id, s.year, s.indicator) = (e.person_id, e.year, e.indicator)
    WHERE e.unit = :unit AND e.year = :year AND e.evidence ->> 'street' IS NOT NULL
        AND e.event_date < make_date(:year, :month, 1) + interval '1 month'
    GROUP BY 1, 2
    """
)
_OF_UNIT = text(
    "SELECT indicator, (SELECT sum(n) FROM unnest(counts[1:CAST(:month AS int)]) n) FROM rollup"
    " WHERE unit = :unit AND year = :year"
)


async def count_by_street(tx: AsyncSession, unit: str, year: int, month: int) -> dict[Cell, int]:
    """Cumulative counts of the unit's streets."""
    rows = await tx.execute(_BY_STREET, {"unit": unit, "year": year, "month": month})
    return {(street, indicator): n for street, indicator, n in rows}


async def count_of_unit(tx: AsyncSession, unit: str, year: int, month: int) -> dict[str, int]:
    """Cumulative counts of the unit, street or not."""
    rows = await tx.execute(_OF_UNIT, {"unit": unit, "year": year, "month": month})
    return {indicator: int(n) for indicator, n in rows}
