"""The register in the database."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.grants.domain import Before, Grant
from eligibility_svc.grants.models import ApplicantRow, GrantPersonRow, GrantRow


async def find_applicant(tx: AsyncSession, refs: Collection[UUID]) -> ApplicantRow | None:
    """The applicant known under any of these pseudonyms (one for each held key)."""
    return (await tx.scalars(select(ApplicantRow).where(ApplicantRow.applicant_ref.in_(refs)).limit(1))).first()


async def load_applicant(tx: AsyncSession, ref: UUID) -> ApplicantRow:
    """An applicant that exists."""
    return (await tx.scalars(select(ApplicantRow).where(ApplicantRow.applicant_ref == ref))).one()


async def lock_applicant(tx: AsyncSession, ref: UUID) -> None:
    """Decisions on one applicant come one after the other, so that each sees what the other granted."""
    await tx.execute(select(ApplicantRow.applicant_ref).where(ApplicantRow.applicant_ref == ref).with_for_update())


async def add_applicant(tx: AsyncSession, **values: Any) -> None:
    """A new applicant; somebody else may just have added the same one."""
    await tx.execute(upsert(ApplicantRow).values(**values).on_conflict_do_nothing())


async def grants_of(tx: AsyncSession, applicant_ref: UUID) -> list[Grant]:
    """Everything granted to an applicant in the whole city, and not revoked."""
    rows = await tx.execute(
        select(GrantRow.measure, GrantRow.as_of, GrantRow.amount_fen)
        .where(GrantRow.applicant_ref == applicant_ref, GrantRow.revoked_by.is_(None))
        .order_by(GrantRow.grant_id)
    )
    return [Grant(*row) for row in rows]


async def add_grant(tx: AsyncSession, **values: Any) -> bool:
    """Enters a grant; False when its slot is taken."""
    added = await tx.scalar(upsert(GrantRow).values(**values).on_conflict_do_nothing().returning(GrantRow.grant_id))
    return added is not None


async def granted_before(
    tx: AsyncSession, applicant_ref: UUID, measure: str, persons: Sequence[Collection[UUID]]
) -> list[Before]:
    """What an applicant was granted for each person, who is known under any of its pseudonyms."""
    if not persons:
        return []
    rows = await tx.execute(
        select(GrantPersonRow.person_ref, GrantPersonRow.months)
        .join(GrantRow, GrantRow.grant_id == GrantPersonRow.grant_id)
        .where(
            GrantRow.revoked_by.is_(None),
            GrantPersonRow.applicant_ref == applicant_ref,
            GrantPersonRow.measure == measure,
            GrantPersonRow.person_ref.in_([ref for refs in persons for ref in refs]),
        )
    )
    found = [(row.person_ref, row.months or 0) for row in rows]
    mine = [[months for ref, months in found if ref in refs] for refs in persons]
    return [Before(len(each), sum(each)) for each in mine]


async def add_persons(
    tx: AsyncSession,
    applicant_ref: UUID,
    measure: str,
    persons: Iterable[tuple[UUID, int | None]],
    grant_id: UUID,
) -> None:
    """Enters whom a grant is about, and for how many months where these are limited."""
    tx.add_all(
        GrantPersonRow(
            applicant_ref=applicant_ref,
            measure=measure,
            person_ref=person,
            grant_id=grant_id,
            months=months,
        )
        for person, months in persons
    )
    await tx.flush()


async def find_grant(tx: AsyncSession, grant_id: UUID, *, unit: str | None, is_locked: bool = False) -> GrantRow | None:
    """A grant among those of a unit (None: of the whole city); locked until the end of the transaction."""
    query = select(GrantRow).where(GrantRow.grant_id == grant_id)
    if unit is not None:
        query = query.where(GrantRow.unit == unit)
    return (await tx.scalars(query.with_for_update() if is_locked else query)).one_or_none()


async def application_of(tx: AsyncSession, grant_id: UUID) -> UUID | None:
    """By which application it was granted; None for an earlier grant, or none at all."""
    return await tx.scalar(select(GrantRow.application_id).where(GrantRow.grant_id == grant_id))


async def load_grant(tx: AsyncSession, application_id: UUID) -> GrantRow:
    """The grant of an application that was granted."""
    return (await tx.scalars(select(GrantRow).where(GrantRow.application_id == application_id))).one()


async def list_grants(
    tx: AsyncSession,
    *,
    unit: str | None,
    applicant_ref: UUID | None,
    measure: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[GrantRow]:
    """Grants, the latest first, beginning after a position."""
    query = select(GrantRow).order_by(GrantRow.grant_id.desc()).limit(limit)
    if unit is not None:
        query = query.where(GrantRow.unit == unit)
    if applicant_ref is not None:
        query = query.where(GrantRow.applicant_ref == applicant_ref)
    if measure is not None:
        query = query.where(GrantRow.measure == measure)
    if after is not None:
        query = query.where(GrantRow.grant_id < UUID(after[0]))
    return list(await tx.scalars(query))
