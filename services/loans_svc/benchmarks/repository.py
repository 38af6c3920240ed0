"""Benchmark rates in the database."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.benchmarks.models import BenchmarkRow


async def list_rates(tx: AsyncSession) -> Sequence[BenchmarkRow]:
    """All, the newest publication first."""
    found = await tx.scalars(select(BenchmarkRow).order_by(BenchmarkRow.published_on.desc(), BenchmarkRow.id.desc()))
    return found.all()


async def find_rate_on(tx: AsyncSession, day: date) -> BenchmarkRow | None:
    """The confirmed rate published last on or before a day."""
    return await tx.scalar(
        select(BenchmarkRow)
        .where(BenchmarkRow.published_on <= day, BenchmarkRow.confirmed_by.is_not(None))
        .order_by(BenchmarkRow.published_on.desc())
        .limit(1)
    )


async def find_rate(tx: AsyncSession, rate_id: UUID, *, lock: bool = False) -> BenchmarkRow | None:
    """One entry; a confirmed one can't be locked, only read."""
    query = select(BenchmarkRow).where(BenchmarkRow.id == rate_id)
    return await tx.scalar(query.with_for_update() if lock else query)
