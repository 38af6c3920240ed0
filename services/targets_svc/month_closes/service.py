"""Closing months and opening them again: one person applies, another decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day, now
from kit.dates import Month
from kit.ids import new_id
from kit.jobs.queue import enqueue
from targets_svc.completeness.domain import owed
from targets_svc.indicators.repository import load_indicators
from targets_svc.month_closes import repository
from targets_svc.month_closes.domain import Kind, State, check_close, check_decider, check_reopening
from targets_svc.month_closes.errors import (
    MonthClosedError,
    MonthCloseNotFoundError,
    NotCityAccountError,
    ProposalDecidedError,
    ProposalOpenError,
)
from targets_svc.month_closes.models import MonthCloseRow
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.plans.service import find_plan_for_period
from targets_svc.progress.repository import find_official_cells
from targets_svc.progress.service import ProgressTable, Question, tabulate, take_snapshot
from targets_svc.units.domain import limited_to
from targets_svc.units.repository import load_units

CLOSED = "targets.month_closed"
"""The job that follows a close: the closed month's levels become warnings."""


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who acts: the account and its unit (None for the city)."""

    subject: str
    unit: str | None

    def require_city(self) -> None:
        """Raises NotCityAccountError for a unit's account."""
        if limited_to(self.unit) is not None:
            raise NotCityAccountError


async def propose(
    tx: AsyncSession, clerk: Clerk, month: Month, kind: Kind, reason: str | None, at: datetime
) -> MonthCloseRow:
    """Applies to close a month, or to open it again; nothing changes until somebody else approves it.

    Raises:
        NotCityAccountError, PlanNotFoundError, ProposalOpenError, MonthCloseInvalidError, MonthClosedError,
        MonthNotClosedError.
    """
    clerk.require_city()
    await repository.lock_month(tx, month)
    missing = await _check(tx, month, kind, reason, at)
    if await repository.find_proposal(tx, month) is not None:
        raise ProposalOpenError
    row = MonthCloseRow(
        id=new_id(),
        year=month.year,
        month=month.number,
        kind=kind.value,
        state=State.PROPOSED.value,
        reason=reason,
        missing_units=missing,
        proposed_by=clerk.subject,
        proposed_at=at,
    )
    tx.add(row)
    await tx.flush()
    return row


async def approve(tx: AsyncSession, clerk: Clerk, close_id: UUID) -> MonthCloseRow:
    """Closes the month with a snapshot of what is known now, or opens it again; a close is followed by its job.

    Raises:
        NotCityAccountError, MonthCloseNotFoundError, ProposalDecidedError, CloseFourEyesError, and what
        `propose` raises about the month, because things may have changed since.
    """
    row, month = await _proposed(tx, clerk, close_id)
    check_decider(row.proposed_by, clerk.subject)
    at = now()  # after the lock: whatever was approved before is known, whatever comes after is not
    missing = await _check(tx, month, Kind(row.kind), row.reason, at)
    snapshot = await take_snapshot(tx, month, at) if row.kind == Kind.CLOSE else None
    _decide(row, clerk, State.APPROVED, at)
    row.missing_units = missing
    row.plan_version = snapshot.plan.version if snapshot else None
    await tx.flush()
    if snapshot:
        await repository.add_snapshot(tx, row.id, snapshot)
        await enqueue(tx, CLOSED, {"year": month.year}, owner=clerk.subject, dedupe_key=f"{CLOSED}:{row.id}")
    return row


async def reject(tx: AsyncSession, clerk: Clerk, close_id: UUID, reason: str) -> MonthCloseRow:
    """Ends an application without any other effect.

    Raises:
        NotCityAccountError, MonthCloseNotFoundError, ProposalDecidedError, CloseFourEyesError.
    """
    row, _ = await _proposed(tx, clerk, close_id)
    check_decider(row.proposed_by, clerk.subject)
    row.rejection_reason = reason
    _decide(row, clerk, State.REJECTED, now())
    await tx.flush()
    return row


async def withdraw(tx: AsyncSession, clerk: Clerk, close_id: UUID, reason: str) -> MonthCloseRow:
    """Takes back an application that nobody has decided.

    Raises:
        NotCityAccountError, MonthCloseNotFoundError, ProposalDecidedError.
    """
    row, _ = await _proposed(tx, clerk, close_id)
    row.state = State.WITHDRAWN.value
    row.withdraw(clerk.subject, now(), reason)
    await tx.flush()
    return row


async def find(tx: AsyncSession, close_id: UUID) -> MonthCloseRow:
    """An application.

    Raises:
        MonthCloseNotFoundError.
    """
    row = await repository.find_close(tx, close_id)
    if row is None:
        raise MonthCloseNotFoundError
    return row


async def list_closes(
    tx: AsyncSession,
    *,
    year: int | None,
    month: Month | None,
    state: State | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[MonthCloseRow]:
    """Applications of a year or a month, by month, the older first."""
    return await repository.list_closes(
        tx,
        year=month.year if month else year,
        month=month.number if month else None,
        state=state,
        after=after,
        limit=limit,
    )


async def read_closed(tx: AsyncSession, close_id: UUID, question: Question, own_unit: str | None) -> ProgressTable:
    """The table as it was when the month was closed, by any source and curve.

    Raises:
        MonthCloseNotFoundError: no such close, or not an approved one.
    """
    row = await find(tx, close_id)
    if row.plan_version is None:
        raise MonthCloseNotFoundError
    return tabulate(question, await repository.load_snapshot(tx, row), own_unit)


async def require_open(tx: AsyncSession, month: Month) -> None:
    """Holds the month open until the transaction ends.

    Raises:
        MonthClosedError.
    """
    await repository.hold_month(tx, month)
    if await repository.is_closed(tx, month):
        raise MonthClosedError


async def _check(tx: AsyncSession, month: Month, kind: Kind, reason: str | None, at: datetime) -> list[str]:
    is_closed = await repository.is_closed(tx, month)
    if kind is Kind.REOPEN:
        check_reopening(reason, is_closed=is_closed)
        return []
    plan = await find_plan_for_period(tx, month.year, month.last)
    if plan is None:
        raise PlanNotFoundError
    approved = {cell.unit for cell in await find_official_cells(tx, month.year, [month.number], at)}
    missing = sorted(owed(plan, load_indicators()).keys() - approved)
    names = [load_units()[unit].short_name for unit in missing]
    check_close(month, legal_day(at), names, reason, is_closed=is_closed)
    return missing


async def _proposed(tx: AsyncSession, clerk: Clerk, close_id: UUID) -> tuple[MonthCloseRow, Month]:
    clerk.require_city()
    seen = await find(tx, close_id)
    month = Month(seen.year, seen.month)
    await repository.lock_month(tx, month)
    await tx.refresh(seen)
    if seen.state != State.PROPOSED:
        raise ProposalDecidedError
    return seen, month


def _decide(row: MonthCloseRow, clerk: Clerk, state: State, at: datetime) -> None:
    row.state, row.decided_by, row.decided_at = state.value, clerk.subject, at
