"""The mapping table: the rows that are shipped, and what two people have changed since."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from uuid import UUID

import yaml
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.event_mappings.domain import Change, CountRule, with_endings
from targets_svc.event_mappings.models import MappingChangeRow


@cache
def shipped_rules() -> tuple[CountRule, ...]:
    """The rows of the file, in its order."""
    data = yaml.safe_load(files(__package__).joinpath("data", "mappings.yaml").read_text(encoding="utf-8"))
    return tuple(
        CountRule(
            code=row["code"],
            sources=frozenset(row["sources"]),
            kind=row["kind"],
            indicator=row["indicator"],
            valid_from=row["from"],
            until=row.get("until"),
            where=row.get("where", {}),
            reference=row["reference"],
        )
        for row in data["mappings"]
    )


async def find_rules(tx: AsyncSession) -> tuple[CountRule, ...]:
    """All rows, shipped ones first, with the ends that were confirmed."""
    confirmed = select(MappingChangeRow).where(MappingChangeRow.confirmed_by.is_not(None))
    changes = (await tx.scalars(confirmed.order_by(MappingChangeRow.confirmed_at, MappingChangeRow.id))).all()
    added = tuple(rule_of(row) for row in changes if row.change == Change.ADD)
    last_days = {row.code: row.last_day for row in changes if row.change == Change.END and row.last_day is not None}
    return with_endings(shipped_rules() + added, last_days)


def rule_of(row: MappingChangeRow) -> CountRule:
    """The row that a change adds."""
    assert row.content is not None
    return CountRule(
        code=row.code,
        sources=frozenset(row.content["sources"]),
        kind=row.content["kind"],
        indicator=row.content["indicator"],
        valid_from=date.fromisoformat(row.content["valid_from"]),
        until=row.last_day,
        where=row.content["where"],
        reference=row.reference,
    )


async def list_changes(
    tx: AsyncSession, *, is_confirmed: bool | None, after: UUID | None, limit: int
) -> Sequence[MappingChangeRow]:
    """Changes, the latest proposal first."""
    query = select(MappingChangeRow).order_by(MappingChangeRow.id.desc()).limit(limit)
    if is_confirmed is not None:
        query = query.where(MappingChangeRow.confirmed_by.is_not(None) == is_confirmed)
    if is_confirmed is False:
        query = query.where(MappingChangeRow.withdrawn_by.is_(None))
    if after is not None:
        query = query.where(MappingChangeRow.id < after)
    return (await tx.scalars(query)).all()


async def find_change(tx: AsyncSession, change_id: UUID) -> MappingChangeRow | None:
    """One change."""
    return await tx.get(MappingChangeRow, change_id)


async def lock_open(tx: AsyncSession, change_id: UUID) -> MappingChangeRow | None:
    """A change that is neither confirmed nor withdrawn; another one cannot be locked, only read."""
    query = select(MappingChangeRow).where(
        MappingChangeRow.id == change_id,
        MappingChangeRow.confirmed_by.is_(None),
        MappingChangeRow.withdrawn_by.is_(None),
    )
    return (await tx.scalars(query.with_for_update())).one_or_none()
