"""The use case of statistics: what the caller may see of a year."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import BEIJING
from loans_svc.loans.domain import CITY
from loans_svc.statistics import repository
from loans_svc.statistics.repository import Cell


async def read_statistics(
    tx: AsyncSession,
    own: tuple[str | None, str | None],
    year: int,
    narrowed: tuple[str | None, str | None, str | None],
    as_of: date,
    known_on: date,
) -> Sequence[Cell]:
    """The year's cells, as far as the account sees them: another's are empty, not forbidden.

    Args:
        own: unit and bank of the account.
        narrowed: unit, bank and group; None does not narrow.
        as_of: the figures at the end of this day.
        known_on: as they were known at the end of this day: the same then and ever after.
    """
    unit, bank, group = narrowed
    own_unit = None if own[0] == CITY else own[0]
    if (own_unit is not None and unit not in (None, own_unit)) or (own[1] is not None and bank not in (None, own[1])):
        return []
    known_before = datetime.combine(known_on + timedelta(days=1), time(), BEIJING)
    return await repository.read_cells(tx, year, (own_unit or unit, own[1] or bank, group), as_of, known_before)
