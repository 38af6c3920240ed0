"""Splits in the database."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.child_plans.domain import PartItem
from targets_svc.child_plans.models import ChildPlanItemRow, ChildPlanRow

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('targets.child_plan' || :unit, :year))")


async def lock_next_version(tx: AsyncSession, unit: str, year: int) -> int:
    """The number of the unit's next version; who asks at the same time waits."""
    await tx.execute(_LOCK, {"unit": unit, "year": year})
    last = await tx.scalar(
        select(func.max(ChildPlanRow.version)).where(ChildPlanRow.unit == unit, ChildPlanRow.year == year)
    )
    return 1 + (last or 0)


async def add(tx: AsyncSession, row: ChildPlanRow, items: Sequence[PartItem]) -> None:
    """Stores a draft."""
    tx.add(row)
    await tx.flush()
    cells = [
        {"unit": row.unit, "plan_id": row.id, "part": i.part, "indicator": i.indicator, "value": i.value} for i in items
    ]
    await tx.execute(insert(ChildPlanItemRow), cells)


async def find(tx: AsyncSession, plan_id: UUID) -> ChildPlanRow | None:
    """A version by its id."""
    return (await tx.scalars(select(ChildPlanRow).where(ChildPlanRow.id == plan_id))).one_or_none()


async def lock_draft(tx: AsyncSession, plan_id: UUID) -> ChildPlanRow | None:
    """A draft, to be signed or withdrawn; what is issued cannot be locked."""
    query = select(ChildPlanRow).where(ChildPlanRow.id == plan_id, ChildPlanRow.state == "DRAFT")
    return (await tx.scalars(query.with_for_update())).one_or_none()


async def load_items(tx: AsyncSession, row: ChildPlanRow) -> list[PartItem]:
    """The cells of a version, in no particular order."""
    found = await tx.execute(
        select(ChildPlanItemRow.part, ChildPlanItemRow.indicator, ChildPlanItemRow.value).where(
            ChildPlanItemRow.unit == row.unit, ChildPlanItemRow.plan_id == row.id
        )
    )
    return [PartItem(*cell) for cell in found]


async def find_issued(tx: AsyncSession, unit: str, year: int) -> ChildPlanRow | None:
    """The unit's last issued version of a year."""
    query = select(ChildPlanRow).where(
        ChildPlanRow.unit == unit, ChildPlanRow.year == year, ChildPlanRow.state == "ISSUED"
    )
    return (await tx.scalars(query.order_by(ChildPlanRow.version.desc()).limit(1))).one_or_none()


async def list_versions(tx: AsyncSession, *, year: int, unit: str | None, with_drafts: bool) -> Sequence[ChildPlanRow]:
    """The versions of a year by unit and number."""
    query = select(ChildPlanRow).where(ChildPlanRow.year == year).order_by(ChildPlanRow.unit, ChildPlanRow.version)
    if unit is not None:
        query = query.where(ChildPlanRow.unit == unit)
    if not with_drafts:
        query = query.where(ChildPlanRow.state == "ISSUED")
    return (await tx.scalars(query)).all()
