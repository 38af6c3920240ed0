"""Reward years in the database."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.reward_years.domain import CITY, Lending
from loans_svc.reward_years.models import CountedRow, RewardYearRow, WeightsRow

# Of the year itself, and of closed years before it what reached us after their close; counted once for each place.
_LENDING = text(
    """
    WITH money AS (
        SELECT e.id, l.bank, l.fund, l.unit,
               CASE e.kind WHEN 'DISBURSEMENT' THEN e.amount_fen ELSE -e.amount_fen END AS amount_fen,
               EXTRACT(year FROM CASE e.kind WHEN 'DISBURSEMENT' THEN e.effective_on ELSE e.booked_on END) AS year
        FROM loan_event e JOIN loan l ON l.id = e.loan_id
        WHERE e.kind IN ('DISBURSEMENT', 'CANCELLATION') AND e.amount_fen IS NOT NULL
          AND (CAST(:unit AS text) = :city OR l.unit = :unit)
    )
    SELECT m.id, m.bank, m.fund, m.unit, m.amount_fen FROM money m
    WHERE (m.year = :year OR (m.year < :year AND EXISTS (
            SELECT FROM reward_year r WHERE r.unit = :unit AND r.year = m.year AND r.state = 'CLOSED')))
      AND NOT EXISTS (
            SELECT FROM reward_counted c JOIN reward_year r ON r.id = c.reward_year
            WHERE c.event_id = m.id AND r.unit = :unit)
    """
)


async def read_lending(tx: AsyncSession, unit: str, year: int) -> tuple[list[UUID], list[Lending]]:
    """Event ids and what they lent or took back, as far as no closed year of the place has counted it."""
    rows = (await tx.execute(_LENDING, {"unit": unit, "city": CITY, "year": year})).all()
    return [row.id for row in rows], [Lending(row.bank, row.fund, row.unit, row.amount_fen) for row in rows]


async def find_weights(tx: AsyncSession, year: int) -> WeightsRow | None:
    """The confirmed weights of a year: the latest that began by then."""
    return await tx.scalar(
        select(WeightsRow)
        .where(WeightsRow.from_year <= year, WeightsRow.confirmed_at.is_not(None))
        .order_by(WeightsRow.from_year.desc(), WeightsRow.confirmed_at.desc())
        .limit(1)
    )


async def list_weights(tx: AsyncSession) -> Sequence[WeightsRow]:
    """All, the newest proposal first."""
    return (await tx.scalars(select(WeightsRow).order_by(WeightsRow.id.desc()))).all()


async def lock_weights(tx: AsyncSession, weights_id: UUID) -> WeightsRow | None:
    """One proposal."""
    return await tx.scalar(select(WeightsRow).where(WeightsRow.id == weights_id).with_for_update())


async def find_year(tx: AsyncSession, unit: str, year: int, *, lock: bool = False) -> RewardYearRow | None:
    """The pool of a year and place; a closed one can't be locked, only read."""
    query = select(RewardYearRow).where(RewardYearRow.unit == unit, RewardYearRow.year == year)
    return await tx.scalar(query.with_for_update() if lock else query, execution_options={"populate_existing": True})


async def find_year_by_id(tx: AsyncSession, year_id: UUID, *, lock: bool = False) -> RewardYearRow | None:
    """Likewise by its id."""
    query = select(RewardYearRow).where(RewardYearRow.id == year_id)
    return await tx.scalar(query.with_for_update() if lock else query, execution_options={"populate_existing": True})


async def list_years(
    tx: AsyncSession, unit: str | None, year: int | None, state: str | None, before: UUID | None, limit: int
) -> Sequence[RewardYearRow]:
    """The newest first; None does not narrow.

    Args:
        before: the last one of the page before.
    """
    columns = {RewardYearRow.unit: unit, RewardYearRow.year: year, RewardYearRow.state: state}
    query = select(RewardYearRow).where(*(column == value for column, value in columns.items() if value is not None))
    if before is not None:
        query = query.where(RewardYearRow.id < before)
    return (await tx.scalars(query.order_by(RewardYearRow.id.desc()).limit(limit))).all()


async def add_year(tx: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when another transaction has just added the same year and place."""
    added = await tx.scalar(upsert(RewardYearRow).values(**values).on_conflict_do_nothing().returning(RewardYearRow.id))
    return added is not None


async def add_counted(tx: AsyncSession, year_id: UUID, events: Sequence[UUID]) -> None:
    """What a year that is being closed has counted."""
    if events:
        await tx.execute(insert(CountedRow), [{"reward_year": year_id, "event_id": event} for event in events])
