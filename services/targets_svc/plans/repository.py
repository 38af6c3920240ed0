"""Plans in the database, and the data files from which the first ones come."""

from collections.abc import Sequence
from importlib.resources import files
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from kit.ids import new_id
from targets_svc.plans.domain import ItemState, Plan, PlanItem
from targets_svc.plans.models import PlanItemRow, PlanRow

_ISSUED = "ISSUED"


def plan_files() -> list[str]:
    """The text of every plan file that comes with the service, by name."""
    folder = files(__package__).joinpath("data")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return [folder.joinpath(name).read_text(encoding="utf-8") for name in names]


async def find_versions(tx: AsyncSession, year: int) -> Sequence[PlanRow]:
    """The issued versions of a year, without their cells."""
    return (await tx.scalars(select(PlanRow).where(PlanRow.year == year, PlanRow.state == _ISSUED))).all()


# An issued version never changes (the role has no right to), so that a process reads each one once.
_loaded: dict[UUID, Plan] = {}
_MOST_KEPT = 100


async def load_plan(tx: AsyncSession, row: PlanRow) -> Plan:
    """An issued version with its cells."""
    if row.id not in _loaded:
        if len(_loaded) >= _MOST_KEPT:
            _loaded.clear()
        _loaded[row.id] = await _read_plan(tx, row)
    return _loaded[row.id]


async def _read_plan(tx: AsyncSession, row: PlanRow) -> Plan:
    found = await tx.execute(
        select(PlanItemRow.unit, PlanItemRow.indicator, PlanItemRow.state, PlanItemRow.value).where(
            PlanItemRow.plan_id == row.id
        )
    )
    items = tuple(PlanItem(unit, indicator, ItemState(state), value) for unit, indicator, state, value in found)
    return Plan(row.year, row.version, row.title, row.doc_no, row.issued_on, row.effective_from, items)


async def add_plan(tx: AsyncSession, plan: Plan) -> UUID:
    """Stores an issued version."""
    plan_id = new_id()
    await tx.execute(
        insert(PlanRow).values(
            id=plan_id,
            year=plan.year,
            version=plan.version,
            title=plan.title,
            doc_no=plan.doc_no,
            issued_on=plan.issued_on,
            effective_from=plan.effective_from,
            state=_ISSUED,
        )
    )
    cells = [
        {"unit": i.unit, "plan_id": plan_id, "indicator": i.indicator, "state": i.state.value, "value": i.value}
        for i in plan.items
    ]
    await tx.execute(insert(PlanItemRow), cells)
    return plan_id
