"""Imports in the database."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from targets_svc.annex.domain.grid import Grid, Span, grid_of
from targets_svc.plan_imports.domain.conflicts import Conflict
from targets_svc.plan_imports.models import PlanImportRow
from targets_svc.plans.domain import Severity


async def add_import(tx: AsyncSession, row: PlanImportRow, grid: Grid, found: tuple[Conflict, ...]) -> None:
    """Stores a file's sheet and what was found in it."""
    row.sheet = grid.name
    row.rows = [list(values) for values in grid.rows]
    row.spans = [[span.top, span.left, span.bottom, span.right] for span in grid.spans]
    row.conflicts = [list(conflict) for conflict in found]
    tx.add(row)
    await tx.flush()


async def find_row(tx: AsyncSession, import_id: UUID, actor: str) -> PlanImportRow | None:
    """An actor's own import."""
    query = select(PlanImportRow).where(PlanImportRow.id == import_id, PlanImportRow.created_by == actor)
    return (await tx.execute(query)).scalar_one_or_none()


async def list_imports(tx: AsyncSession, actor: str, after: UUID | None, limit: int) -> Sequence[PlanImportRow]:
    """An actor's own imports without their sheets, the latest first."""
    query = (
        select(PlanImportRow)
        .options(defer(PlanImportRow.rows), defer(PlanImportRow.spans))
        .where(PlanImportRow.created_by == actor)
        .order_by(PlanImportRow.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(PlanImportRow.id < after)
    return (await tx.scalars(query)).all()


async def find_import(tx: AsyncSession, import_id: UUID, actor: str) -> tuple[Grid, list[Conflict]] | None:
    """The sheet and the conflicts of an actor's own import."""
    row = await find_row(tx, import_id, actor)
    if row is None:
        return None
    return grid_of(row.sheet, row.rows, [Span(*span) for span in row.spans]), conflicts_of(row)


def conflicts_of(row: PlanImportRow) -> list[Conflict]:
    """What was found in the file."""
    return [
        Conflict(at, column, rule, message, Severity(severity), unit, indicator)
        for at, column, rule, message, severity, unit, indicator in row.conflicts
    ]
