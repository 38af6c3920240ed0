"""Findings and publications in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from targets_svc.assessments.models import FindingRow, PublicationRow, RevocationRow


async def find_confirmed(tx: AsyncSession, year: int, at: datetime) -> dict[str, list[str]]:
    """References of the year's findings that were confirmed by an instant, and not revoked by then, by unit."""
    query = select(FindingRow.unit, FindingRow.reference).where(
        FindingRow.year == year,
        FindingRow.confirmed_at <= at,
        ~select(RevocationRow)
        .where(RevocationRow.finding_id == FindingRow.id, RevocationRow.confirmed_at <= at)
        .exists(),
    )
    found: dict[str, list[str]] = {}
    for unit, reference in await tx.execute(query.order_by(FindingRow.confirmed_at, FindingRow.id)):
        found.setdefault(unit, []).append(reference)
    return found


async def list_findings(
    tx: AsyncSession,
    *,
    unit: str | None,
    year: int | None,
    is_confirmed: bool | None,
    only_confirmed: bool,
    after: UUID | None,
    limit: int,
) -> list[tuple[FindingRow, RevocationRow | None]]:
    """Findings with what revokes them, the latest first."""
    query = _findings(only_confirmed=only_confirmed).order_by(FindingRow.id.desc()).limit(limit)
    if unit is not None:
        query = query.where(FindingRow.unit == unit)
    if year is not None:
        query = query.where(FindingRow.year == year)
    if only_confirmed:
        query = query.where(FindingRow.confirmed_by.is_not(None))
    if is_confirmed is not None:
        query = query.where(FindingRow.confirmed_by.is_not(None) == is_confirmed, FindingRow.withdrawn_by.is_(None))
    if after is not None:
        query = query.where(FindingRow.id < after)
    return [(finding, revocation) for finding, revocation in await tx.execute(query)]


async def read_finding(tx: AsyncSession, finding_id: UUID) -> tuple[FindingRow, RevocationRow | None] | None:
    """One finding with what revokes it."""
    row = (await tx.execute(_findings().where(FindingRow.id == finding_id))).one_or_none()
    return None if row is None else (row[0], row[1])


def _findings(*, only_confirmed: bool = False) -> Select[FindingRow, RevocationRow]:
    of_finding = and_(RevocationRow.finding_id == FindingRow.id, RevocationRow.withdrawn_by.is_(None))
    if only_confirmed:
        of_finding = and_(of_finding, RevocationRow.confirmed_by.is_not(None))
    return select(FindingRow, RevocationRow).outerjoin(RevocationRow, of_finding)


async def lock_finding(tx: AsyncSession, finding_id: UUID) -> FindingRow | None:
    """A finding that is neither confirmed nor withdrawn; another one cannot be locked, only read."""
    query = select(FindingRow).where(
        FindingRow.id == finding_id, FindingRow.confirmed_by.is_(None), FindingRow.withdrawn_by.is_(None)
    )
    return (await tx.scalars(query.with_for_update())).one_or_none()


async def lock_revocation(tx: AsyncSession, finding_id: UUID) -> RevocationRow | None:
    """The revocation of a finding that waits for a second person."""
    query = select(RevocationRow).where(
        RevocationRow.finding_id == finding_id,
        RevocationRow.confirmed_by.is_(None),
        RevocationRow.withdrawn_by.is_(None),
    )
    return (await tx.scalars(query.with_for_update())).one_or_none()


async def list_publications(
    tx: AsyncSession,
    *,
    year: int | None,
    is_published: bool | None,
    only_published: bool,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[PublicationRow]:
    """Publications without their content, the latest month first, and of a month the latest draft first."""
    key = (PublicationRow.year, PublicationRow.month, PublicationRow.id)
    query = select(PublicationRow).options(defer(PublicationRow.content)).limit(limit)
    query = query.order_by(*(column.desc() for column in key))
    if year is not None:
        query = query.where(PublicationRow.year == year)
    if only_published:
        query = query.where(PublicationRow.published_by.is_not(None))
    if is_published is not None:
        query = query.where(
            PublicationRow.published_by.is_not(None) == is_published, PublicationRow.withdrawn_by.is_(None)
        )
    if after is not None:
        query = query.where(tuple_(*key) < tuple_(after[0], after[1], UUID(after[2])))
    return (await tx.scalars(query)).all()


async def find_publication(tx: AsyncSession, publication_id: UUID) -> PublicationRow | None:
    """One publication."""
    return await tx.get(PublicationRow, publication_id)


async def lock_publication(tx: AsyncSession, publication_id: UUID) -> PublicationRow | None:
    """A publication that is neither published nor withdrawn; another one cannot be locked, only read."""
    query = select(PublicationRow).where(
        PublicationRow.id == publication_id,
        PublicationRow.published_by.is_(None),
        PublicationRow.withdrawn_by.is_(None),
    )
    return (await tx.scalars(query.with_for_update())).one_or_none()
