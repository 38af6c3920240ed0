"""Finding a borrower's own loans by document and name, and what is said of them."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.db.rows import all_rows
from loans_svc.loans.domain import CITY, Happening, Kind, State, identify, subsidy_event
from loans_svc.loans.errors import LoanInvalidError
from loans_svc.loans.models import LoanRow
from loans_svc.loans.repository import list_stories
from loans_svc.loans.service.application import Vault, holder_keys
from loans_svc.loans.service.history import grace_days
from loans_svc.loans.service.steps import Actor, quote_loan, tranche_order
from loans_svc.progress import repository
from loans_svc.progress.domain import Standing
from loans_svc.rules.domain import TimedStep
from loans_svc.subsidies.domain.balances import counts_as_overdue
from loans_svc.subsidies.domain.loan import Overdue
from loans_svc.time_limits.domain import Due
from loans_svc.time_limits.service import due_on_day

MOST_FOUND = 100
_LENT = frozenset({State.DISBURSED, State.COMPENSATED, State.WRITTEN_OFF, State.CLOSED})


@dataclass(frozen=True, slots=True)
class Progress:
    """A loan and how it stands."""

    loan: LoanRow
    standing: Standing


async def search_loans(
    tx: AsyncSession, vault: Vault, actor: Actor, serves_public: bool, who: tuple[str, str, str], today: date
) -> list[Progress]:
    """The loans of whoever has the document, so that she learns at any counter or kiosk how they stand.

    Whoever knows a number and not the name that goes with it finds nothing, as if there were none. A bank or district
    finds its own; who serves the public finds all.

    Args:
        who: kind of document, number and name as they were typed.

    Raises:
        LoanInvalidError: number or name cannot be one.
    """
    borrower, faults = identify(*who, today)
    if borrower is None:
        raise LoanInvalidError(errors=faults)
    unit = None if serves_public or actor.unit == CITY else actor.unit
    bank = None if serves_public else actor.bank
    async with all_rows(tx) if serves_public else contextlib.nullcontext():
        loans = await repository.list_loans_of(tx, holder_keys(vault, borrower), unit, bank, MOST_FOUND)
        stories = await list_stories(tx, [loan.id for loan in loans]) if loans else {}
        paid = await repository.read_paid(tx, [loan.id for loan in loans]) if loans else {}
    found = []
    for loan in loans:
        tranches, happenings = stories[loan.id]
        total = 0
        if State(loan.state) in _LENT:
            orders = tuple(tranche_order(row) for row in tranches)
            total = quote_loan(loan, orders, happenings, today).schedule.total_fen
        fen = paid.get(loan.id, 0)
        standing = Standing(
            State(loan.state),
            _due(loan, today),
            _matures_on(loan, happenings),
            _is_overdue(loan, happenings, today),
            fen,
            max(0, total - fen),
        )
        found.append(Progress(loan, standing))
    return found


def _due(loan: LoanRow, today: date) -> Due | None:
    match loan.state:
        case State.APPLIED:
            return due_on_day(TimedStep.DECISION, legal_day(loan.applied_at), today)
        case State.APPROVED if loan.decided_at is not None:
            return due_on_day(TimedStep.DISBURSEMENT, legal_day(loan.decided_at), today)
        case _:
            return None


def _matures_on(loan: LoanRow, happenings: Sequence[Happening]) -> date | None:
    extended = [one.until for one in happenings if one.kind is Kind.EXTENSION and one.until is not None]
    return max(extended, default=loan.matures_on)


def _is_overdue(loan: LoanRow, happenings: Sequence[Happening], today: date) -> bool:
    """Still unpaid, beyond the days of grace."""
    return loan.state == State.DISBURSED and any(
        isinstance(event, Overdue)
        and event.until is None
        and counts_as_overdue(event, grace_days(loan, happenings, event.effective_on), today)
        for event in map(subsidy_event, happenings)
    )
