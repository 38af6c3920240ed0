"""Agreements in the database."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.agreements.domain import Terms
from loans_svc.agreements.models import AgreementRow
from loans_svc.rules.domain import DayCount, PeriodScheme
from loans_svc.subsidies.domain.loan import RepaymentOrder


async def list_agreements(
    tx: AsyncSession, bank: str | None, before: UUID | None, limit: int
) -> Sequence[AgreementRow]:
    """The newest entry first; None does not narrow."""
    query = select(AgreementRow)
    if bank is not None:
        query = query.where(AgreementRow.bank == bank)
    if before is not None:
        query = query.where(AgreementRow.id < before)
    return (await tx.scalars(query.order_by(AgreementRow.id.desc()).limit(limit))).all()


async def find_agreement(tx: AsyncSession, agreement_id: UUID, *, lock: bool = False) -> AgreementRow | None:
    """One; locked, the row policy hides what is confirmed."""
    query = select(AgreementRow).where(AgreementRow.id == agreement_id)
    return await tx.scalar(query.with_for_update() if lock else query, execution_options={"populate_existing": True})


async def find_terms(tx: AsyncSession, bank: str, day: date) -> Terms | None:
    """What holds for a loan that the bank disburses on a day; None where nothing was agreed."""
    row = await tx.scalar(
        select(AgreementRow)
        .where(AgreementRow.bank == bank, AgreementRow.valid_from <= day, AgreementRow.confirmed_by.is_not(None))
        .order_by(AgreementRow.valid_from.desc(), AgreementRow.confirmed_at.desc())
        .limit(1)
    )
    if row is None:
        return None
    return Terms(
        DayCount(row.day_count), PeriodScheme(row.period_scheme), row.grace_days, RepaymentOrder(row.repayment_order)
    )
