"""Ranking lists of a month."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.service import ProgressTable, Question, read_progress
from targets_svc.rankings.domain import Placing, place
from targets_svc.units.domain import limited_to
from targets_svc.units.repository import load_units


async def rank_units(
    tx: AsyncSession, question: Question, *, indicator: str | None, own_unit: str | None, now: datetime
) -> tuple[ProgressTable, list[Placing]]:
    """The lists, each or that of one indicator; a unit's account sees its own place.

    Raises:
        PlanNotFoundError: no plan of that year.
    """
    table = await read_progress(tx, question, own_unit=None, now=now)
    own = limited_to(own_unit)
    placings = [
        placing
        for placing in place(table.rows, load_indicators(), load_units())
        if indicator in {None, placing.row.indicator} and own in {None, placing.row.unit}
    ]
    return table, placings
