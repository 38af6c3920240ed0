"""The use case of statistics: what the caller may see of a year."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.loans.domain import CITY
from loans_svc.statistics import repository
from loans_svc.statistics.repository import Cell


async def read_statistics(
    tx: AsyncSession,
    own: tuple[str | None, str | None],
    year: int,
    unit: str | None,
    bank: str | None,
    group: str | None,
) -> Sequence[Cell]:
    """The year's cells, as far as the account sees them: another's are empty, not forbidden.

    Args:
        own: unit and bank of the account.
    """
    own_unit = None if own[0] == CITY else own[0]
    if (own_unit is not None and unit not in (None, own_unit)) or (own[1] is not None and bank not in (None, own[1])):
        return []
    return await repository.read_cells(tx, year, own_unit or unit, own[1] or bank, group)
