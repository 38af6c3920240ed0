"""Plans in the database, and the data files from which the first ones come."""

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from kit.ids import new_id
from targets_svc.plans.domain import ItemState, Plan, PlanItem
from targets_svc.plans.models import PlanItemRow, PlanRow

_DRAFT, _ISSUED = "DRAFT", "ISSUED"
# Put together once: it stands before nearly every answer of the service.
_VERSIONS = select(PlanRow).where(PlanRow.year == bindparam("year"), PlanRow.state == _ISSUED)


def plan_files() -> list[str]:
    """The text of every plan file that comes with the service, by name."""
    folder = files(__package__).joinpath("data")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return [folder.joinpath(name).read_text(encoding="utf-8") for name in names]


async def find_versions(tx: AsyncSession, year: int) -> Sequence[PlanRow]:
    """The issued versions of a year, without their cells."""
    return (await tx.scalars(_VERSIONS, {"year": year})).all()


async def find_latest_issued(tx: AsyncSession) -> Sequence[PlanRow]:
    """Of each year the version issued last, the latest year first."""
    last = select(PlanRow.year, func.max(PlanRow.version)).where(PlanRow.state == _ISSUED).group_by(PlanRow.year)
    query = select(PlanRow).where(tuple_(PlanRow.year, PlanRow.version).in_(last))
    return (await tx.scalars(query.order_by(PlanRow.year.desc()))).all()


async def find_all_versions(tx: AsyncSession, year: int) -> Sequence[PlanRow]:
    """The versions of a year in their order, drafts among them."""
    return (await tx.scalars(select(PlanRow).where(PlanRow.year == year).order_by(PlanRow.version))).all()


async def find_row(tx: AsyncSession, plan_id: UUID) -> PlanRow | None:
    """A version by its id."""
    return await tx.get(PlanRow, plan_id)


async def lock_draft(tx: AsyncSession, plan_id: UUID) -> PlanRow | None:
    """A draft, locked until the transaction ends; None when there is none of this id any more."""
    query = select(PlanRow).where(PlanRow.id == plan_id, PlanRow.state == _DRAFT).with_for_update()
    return (await tx.execute(query)).scalar_one_or_none()


async def lock_year(tx: AsyncSession, year: int) -> int:
    """The number of the year's next version; who asks at the same time waits."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('targets.plan', :year))"), {"year": year})
    return 1 + (await tx.scalar(select(func.max(PlanRow.version)).where(PlanRow.year == year)) or 0)


# An issued version never changes (the role has no right to), so that a process reads each one once.
_loaded: dict[UUID, Plan] = {}
_MOST_KEPT = 100


async def load_plan(tx: AsyncSession, row: PlanRow) -> Plan:
    """A version with its cells."""
    if row.state != _ISSUED:
        return await _read_plan(tx, row)
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


async def add_draft(tx: AsyncSession, plan: Plan, by: str, at: datetime) -> UUID:
    """Stores a version that nobody has issued yet."""
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
            state=_DRAFT,
            created_by=by,
            created_at=at,
        )
    )
    cells = [
        {"unit": i.unit, "plan_id": plan_id, "indicator": i.indicator, "state": i.state.value, "value": i.value}
        for i in plan.items
    ]
    await tx.execute(insert(PlanItemRow), cells)
    return plan_id


async def sign(tx: AsyncSession, plan_id: UUID, by: str, at: datetime) -> None:
    """Makes a draft an issued version."""
    signed = update(PlanRow).where(PlanRow.id == plan_id).values(state=_ISSUED, issued_by=by, issued_at=at)
    await tx.execute(signed)
