"""A loan as it stands, and its subsidy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.loans import repository
from loans_svc.loans.domain import CITY, State
from loans_svc.loans.errors import NotDisbursedError
from loans_svc.loans.models import LoanRow
from loans_svc.loans.repository import LoanFilter
from loans_svc.loans.service.steps import (
    Actor,
    LoanView,
    quote_loan,
    tranche_order,
    view,
    visible,
)
from loans_svc.subsidies.service import Quote


async def read_loan(tx: AsyncSession, actor: Actor, loan_id: UUID) -> LoanView:
    """A loan, if the caller may see it.

    Raises:
        LoanNotFoundError.
    """
    return await view(tx, await visible(tx, actor, loan_id, lock=False))


async def list_loans(
    tx: AsyncSession, actor: Actor, asked: LoanFilter, before: UUID | None, limit: int
) -> Sequence[LoanRow]:
    """The loans that the caller may see; another unit's or bank's are empty, not forbidden."""
    unit = None if actor.unit == CITY else actor.unit
    if (unit is not None and asked.unit not in (None, unit)) or (
        actor.bank is not None and asked.bank not in (None, actor.bank)
    ):
        return []
    own = replace(asked, unit=unit or asked.unit, bank=actor.bank or asked.bank)
    return await repository.list_loans(tx, own, before, limit)


async def compute_subsidy(tx: AsyncSession, actor: Actor, loan_id: UUID, known_on: date) -> tuple[LoanRow, Quote]:
    """The subsidy of a stored loan by its frozen rule, from the events that stand.

    Raises:
        LoanNotFoundError, NotDisbursedError.
    """
    loan = await visible(tx, actor, loan_id, lock=False)
    if loan.rule_id is None:
        raise NotDisbursedError
    if loan.state == State.CANCELLED:
        raise NotDisbursedError("这笔贷款的发放已经撤销，没有贴息。")
    tranches = tuple(tranche_order(row) for row in await repository.list_tranches(tx, loan.id))
    return loan, quote_loan(loan, tranches, await repository.list_happenings(tx, loan.id), known_on)
