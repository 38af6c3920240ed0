"""Putting reports and register side by side."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from targets_svc.indicators.domain import IndicatorKind
from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.repository import find_official_cells
from targets_svc.reconciliations import repository
from targets_svc.reconciliations.domain import Bridge, Term, Terms
from targets_svc.reports.errors import ReportNotFoundError
from targets_svc.standards.domain import Standard
from targets_svc.standards.repository import find_standard
from targets_svc.units.domain import CITY, limited_to, may_see
from targets_svc.units.repository import load_units

_NOTHING = (0, Terms())


async def reconcile(
    tx: AsyncSession, month: Month, *, known_at: datetime | None, own_unit: str | None, now: datetime
) -> tuple[Standard, list[Bridge]]:
    """A bridge for each approved figure that the register counts, too, in the order of units and indicators.

    At an instant it is made of the reports that were approved, and of the events that were known by then.

    Cells without a single event are left out: where nothing is registered there is nothing to compare.
    """
    own, indicators = limited_to(own_unit), load_indicators()
    standard = await find_standard(tx, month.last, known_at)
    found = await repository.find_terms(tx, month.year, month.number, own, known_at)
    bridges = []
    for cell in await find_official_cells(tx, month.year, [month.number], known_at or now):
        indicator = indicators[cell.indicator]
        key = (cell.unit, cell.indicator)
        if cell.value is None or cell.unit == CITY or indicator.kind is not IndicatorKind.FLOW or key not in found:
            continue
        registered, terms = found[key]
        lost, lost_terms = found.get((cell.unit, indicator.attrition or ""), _NOTHING)
        figures = (cell.value, registered - lost, terms.less(lost_terms))
        bridges.append(Bridge(cell.unit, cell.indicator, *figures, standard.reconciliation))
    return standard, sorted(bridges, key=lambda bridge: (bridge.unit, indicators[bridge.indicator].sort_no))


async def list_entries(
    tx: AsyncSession,
    month: Month,
    unit: str,
    indicator: str,
    term: Term,
    *,
    known_at: datetime | None,
    own_unit: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The ledger's events that one term of a bridge counts.

    Raises:
        ReportNotFoundError: not a unit that the account sees.
    """
    if unit not in load_units() or not may_see(own_unit, unit):
        raise ReportNotFoundError
    return await repository.list_entries(tx, month.year, month.number, unit, indicator, term, known_at, after, limit)
