"""A year's settlement, as far as the caller sees it."""

from datetime import date, datetime, time

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import BEIJING
from loans_svc.loans.domain import CITY
from loans_svc.loans.service.steps import Actor
from loans_svc.rules.repository import catalogue
from loans_svc.settlements import repository
from loans_svc.settlements.domain import Settlement, due_on


async def read_settlement(tx: AsyncSession, actor: Actor, year: int, unit: str | None, bank: str | None) -> Settlement:
    """Another unit's or bank's are empty, not forbidden."""
    due = due_on(catalogue().time_limits.values(), year)
    own = None if actor.unit == CITY else actor.unit
    if (own is not None and unit not in (None, own)) or (actor.bank is not None and bank not in (None, actor.bank)):
        return Settlement(year, due, [], [])
    since, until = (datetime.combine(date(each, 1, 1), time(), BEIJING) for each in (year, year + 1))
    return Settlement(year, due, *await repository.read_cells(tx, own or unit, actor.bank or bank, since, until))
