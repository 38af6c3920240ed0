"""Each loan that changed is told again by the engine; kept is from which day on the new telling differs."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.loans.domain import Happening, State
from loans_svc.loans.models import LoanRow, TrancheRow
from loans_svc.loans.repository import list_stories
from loans_svc.loans.service.steps import order_of, tranche_order
from loans_svc.rules.domain import DayCount, PeriodScheme
from loans_svc.rules.repository import catalogue
from loans_svc.stories import repository
from loans_svc.stories.domain import Stretch, first_difference, renewal_day, stretches_of
from loans_svc.subsidies.domain.calendar import day_number, year_basis
from loans_svc.subsidies.service import compute_schedule

_LOANS_AT_ONCE = 250


async def refresh_stories(tx: AsyncSession, bank: str, unit: str, today: date) -> int:
    """Tells again what has changed of a bank's loans in a district; how many loans that were."""
    await repository.lock_stories(tx, bank, unit)
    stale = await repository.list_stale(tx, bank, unit, today)
    for start in range(0, len(stale), _LOANS_AT_ONCE):
        await _tell(tx, bank, unit, stale[start : start + _LOANS_AT_ONCE], today)
        await asyncio.sleep(0)  # else the job's heartbeat could not say that it lives
    return len(stale)


async def _tell(tx: AsyncSession, bank: str, unit: str, loans: Sequence[UUID], today: date) -> None:
    rows = await repository.list_loans(tx, loans)
    happened = await list_stories(tx, loans)
    told = await repository.list_told(tx, bank, unit, loans)
    stories: list[Mapping[str, Any]] = []
    segments: list[tuple[Any, ...]] = []
    changes: list[tuple[UUID, int, date]] = []
    for loan in rows:
        tranches, happenings = happened[loan.id]
        version, before = told.get(loan.id, (0, []))
        stretches, renew_on = tell(loan, tranches, happenings, today)
        version += 1
        stories.append({"loan_id": loan.id, "version": version, "loan_version": loan.row_version, "renew_on": renew_on})
        segments += _segments(loan, tranches, version, stretches)
        changed_from = first_difference(before, stretches)
        if changed_from is not None:
            changes.append((loan.id, version, changed_from))
    await repository.replace_tellings(tx, bank, unit, stories, segments)
    await repository.add_changes(tx, bank, unit, changes)
    for loan in rows:
        tx.expunge(loan)


def tell(
    loan: LoanRow, tranches: Sequence[TrancheRow], happenings: Sequence[Happening], today: date
) -> tuple[list[Stretch], date | None]:
    """The segments of a disbursed loan as its events stand, and when time alone changes them."""
    if loan.state == State.CANCELLED:
        return [], None
    order = order_of(loan, tuple(tranche_order(row) for row in tranches), happenings, today)
    lines = compute_schedule(order, catalogue()).lines
    by_rule = catalogue().rules[order.rule].parameters.grace_days
    grace_days = by_rule if order.grace_days is None else order.grace_days
    return stretches_of(lines), renewal_day(order.events, grace_days, today)


def _segments(
    loan: LoanRow, tranches: Sequence[TrancheRow], version: int, stretches: Sequence[Stretch]
) -> list[tuple[Any, ...]]:
    assert loan.day_count is not None
    assert loan.period_scheme is not None
    day_count, scheme = DayCount(loan.day_count), PeriodScheme(loan.period_scheme)
    payers = {row.tranche: row.payer_scheme for row in tranches}
    return [
        (
            loan.bank,
            loan.unit,
            loan.id,
            one.tranche.value,
            one.from_on,
            one.to_on,
            day_number(one.from_on, day_count),
            day_number(one.to_on, day_count),
            day_count is DayCount.THIRTY_E_360,
            year_basis(day_count),
            scheme.value,
            payers.get(one.tranche),
            version,
            one.principal_fen,
            one.balance_fen,
            one.overdue_fen,
            one.rate_ppm,
            one.share6,
        )
        for one in stretches
    ]
