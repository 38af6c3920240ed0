"""Putting reports and register side by side."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from targets_svc.indicators.domain import IndicatorKind
from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.repository import find_official_cells
from targets_svc.reconciliations import repository
from targets_svc.reconciliations.domain import Bridge, Terms
from targets_svc.units.domain import CITY, limited_to

_NOTHING = (0, Terms())


async def reconcile(tx: AsyncSession, month: Month, *, own_unit: str | None, now: datetime) -> list[Bridge]:
    """A bridge for each approved figure that the register counts, too, in the order of units and indicators.

    Cells without a single event are left out: where nothing is registered there is nothing to compare.
    """
    own, indicators = limited_to(own_unit), load_indicators()
    found = await repository.find_terms(tx, month.year, month.number, own)
    bridges = []
    for cell in await find_official_cells(tx, month.year, [month.number], now):
        indicator = indicators[cell.indicator]
        key = (cell.unit, cell.indicator)
        if cell.value is None or cell.unit == CITY or indicator.kind is not IndicatorKind.FLOW or key not in found:
            continue
        registered, terms = found[key]
        lost, lost_terms = found.get((cell.unit, indicator.attrition or ""), _NOTHING)
        bridges.append(Bridge(cell.unit, cell.indicator, cell.value, registered - lost, terms.less(lost_terms)))
    return sorted(bridges, key=lambda bridge: (bridge.unit, indicators[bridge.indicator].sort_no))
