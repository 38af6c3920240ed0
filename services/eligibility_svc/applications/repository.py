"""Applications in the database; a step locks the application's row."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.applications.models import ApplicationRow, ApplicationStepRow, RatingRow


def _application(application_id: UUID, unit: str | None, created_by: str | None) -> Select[ApplicationRow]:
    query = select(ApplicationRow).where(ApplicationRow.application_id == application_id)
    if unit is not None:
        query = query.where(ApplicationRow.unit == unit)
    if created_by is not None:
        query = query.where(ApplicationRow.created_by == created_by)
    return query


async def find_application(
    tx: AsyncSession, application_id: UUID, unit: str | None, created_by: str | None, *, is_locked: bool = False
) -> ApplicationRow | None:
    """An application among the rows of a unit, or of who submitted it; locked until the end of the transaction."""
    query = _application(application_id, unit, created_by)
    return (await tx.scalars(query.with_for_update() if is_locked else query)).one_or_none()


async def load_steps(tx: AsyncSession, application: ApplicationRow) -> list[ApplicationStepRow]:
    """Every step, in order."""
    return list(
        await tx.scalars(
            select(ApplicationStepRow)
            .where(
                ApplicationStepRow.unit == application.unit,
                ApplicationStepRow.application_id == application.application_id,
            )
            .order_by(ApplicationStepRow.position)
        )
    )


async def count_steps(tx: AsyncSession, application: ApplicationRow) -> int:
    """How many steps there are."""
    return (
        await tx.scalar(
            select(func.count())
            .select_from(ApplicationStepRow)
            .where(
                ApplicationStepRow.unit == application.unit,
                ApplicationStepRow.application_id == application.application_id,
            )
        )
    ) or 0


async def list_applications(
    tx: AsyncSession,
    *,
    unit: str | None,
    created_by: str | None,
    state: str | None,
    measure: str | None,
    applicant_ref: UUID | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[ApplicationRow]:
    """Applications, the latest first, beginning after a position."""
    query = select(ApplicationRow).order_by(ApplicationRow.application_id.desc()).limit(limit)
    wanted = {
        ApplicationRow.unit: unit,
        ApplicationRow.created_by: created_by,
        ApplicationRow.state: state,
        ApplicationRow.measure: measure,
        ApplicationRow.applicant_ref: applicant_ref,
    }
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(ApplicationRow.application_id < UUID(after[0]))
    return list(await tx.scalars(query))


async def applications_of(
    tx: AsyncSession, applicant_refs: Collection[UUID], unit: str | None, limit: int
) -> list[ApplicationRow]:
    """What one applicant applied for at a unit (None: anywhere), whoever submitted it, the latest first."""
    query = select(ApplicationRow).where(ApplicationRow.applicant_ref.in_(applicant_refs))
    if unit is not None:
        query = query.where(ApplicationRow.unit == unit)
    return list(await tx.scalars(query.order_by(ApplicationRow.application_id.desc()).limit(limit)))


async def add_rating(tx: AsyncSession, **values: Any) -> bool:
    """Enters a rating; False when there is one already."""
    added = await tx.scalar(
        upsert(RatingRow).values(**values).on_conflict_do_nothing().returning(RatingRow.application_id)
    )
    return added is not None


async def list_ratings(
    tx: AsyncSession, *, unit: str | None, after: Sequence[Any] | None, limit: int
) -> list[RatingRow]:
    """Ratings, those of the latest applications first."""
    query = select(RatingRow).order_by(RatingRow.application_id.desc()).limit(limit)
    if unit is not None:
        query = query.where(RatingRow.unit == unit)
    if after is not None:
        query = query.where(RatingRow.application_id < UUID(after[0]))
    return list(await tx.scalars(query))
