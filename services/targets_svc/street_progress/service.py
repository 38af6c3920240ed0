"""The table of a unit's streets and towns."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from targets_svc.child_plans.repository import find_issued, load_items
from targets_svc.indicators.repository import load_indicators
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.register.errors import UnitNotYoursError
from targets_svc.standards.repository import find_standard
from targets_svc.street_progress import repository
from targets_svc.street_progress.domain import Cell, Course, StreetRow, build_rows, net, without_street
from targets_svc.units.domain import CITY, may_see
from targets_svc.units.repository import load_units


@dataclass(frozen=True, slots=True)
class StreetTable:
    """The answer, and by what it was made.

    Attributes:
        names: of the streets that the split lists, by code.
        split_version: the unit's last issued split; None without one.
    """

    unit: str
    month: Month
    curve: Curve
    split_version: int | None
    standard_version: int
    names: dict[str, str]
    rows: list[StreetRow]


async def read_street_progress(
    tx: AsyncSession, unit: str, month: Month, *, curve: Curve | None, own_unit: str | None
) -> StreetTable:
    """Every street of the unit's last issued split, and every other that the register names.

    Raises:
        UnitNotYoursError: no such unit, or not one that the account sees.
    """
    if unit == CITY or unit not in load_units() or not may_see(own_unit, unit):
        raise UnitNotYoursError("单位代码不存在，或您无权查看；请核对单位代码。")
    standard = await find_standard(tx, month.last)
    split = await find_issued(tx, unit, month.year)
    items = await load_items(tx, split) if split else []
    names = {part["code"]: part["name"] for part in split.parts} if split else {}
    counts = await repository.count_by_street(tx, unit, month.year, month.number)
    counts |= without_street(await repository.count_of_unit(tx, unit, month.year, month.number), counts)
    course = Course(month.number, curve or standard.curve, standard)
    known = load_indicators()
    targets: dict[Cell, int] = {(item.part, item.indicator): item.value for item in items}
    rows = build_rows(targets, net(counts, known), known, names, course)
    return StreetTable(unit, month, course.curve, split.version if split else None, standard.version, names, rows)
