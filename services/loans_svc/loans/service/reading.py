"""A loan as it stands, and its subsidy."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.loans import repository
from loans_svc.loans.domain import Happening, State
from loans_svc.loans.errors import NotDisbursedError
from loans_svc.loans.models import LoanRow, TrancheRow
from loans_svc.loans.service.steps import (
    Actor,
    LoanView,
    order_of,
    quote_loan,
    tranche_order,
    view,
    visible,
)
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.schedule import Line
from loans_svc.subsidies.service import Quote, compute_schedule


async def read_loan(tx: AsyncSession, actor: Actor, loan_id: UUID) -> LoanView:
    """A loan, if the caller may see it.

    Raises:
        LoanNotFoundError.
    """
    return await view(tx, await visible(tx, actor, loan_id, lock=False))


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


def stored_lines(
    loan: LoanRow, tranches: Sequence[TrancheRow], happenings: Sequence[Happening], known_on: date
) -> Sequence[Line]:
    """The bare lines of a disbursed loan as its events stand; none when its disbursement was taken back."""
    if loan.state == State.CANCELLED:
        return []
    order = order_of(loan, tuple(tranche_order(row) for row in tranches), happenings, known_on)
    return compute_schedule(order, catalogue()).lines
