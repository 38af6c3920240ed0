"""What a borrower has borrowed before, at whichever bank."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.db.rows import all_rows
from loans_svc.loans import repository
from loans_svc.loans.domain import Happening, History, Kind, rule_on, subsidy_event
from loans_svc.loans.models import LoanRow
from loans_svc.loans.service.steps import Actor, visible
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.balances import counts_as_overdue
from loans_svc.subsidies.domain.loan import Overdue


async def read_borrower_history(tx: AsyncSession, actor: Actor, loan_id: UUID, today: date) -> History:
    """Of the borrower of a loan that the caller may see.

    Raises:
        LoanNotFoundError.
    """
    return await read_history(tx, await visible(tx, actor, loan_id, lock=False), today)


async def read_history(tx: AsyncSession, loan: LoanRow, today: date) -> History:
    """The sums of the borrower's other loans; whose they are, and at which banks, is not said."""
    async with all_rows(tx):  # whoever lent to the borrower before
        others = await repository.list_borrowed(tx, loan.borrower_key, loan.id)
        stories = await repository.list_stories(tx, [one.id for one in others]) if others else {}
    happened = {one.id: stories[one.id][1] for one in others}
    return History(
        loans=len(others),
        overdue_loans=sum(_was_overdue(one, happened[one.id], today) for one in others),
        compensated_loans=sum(any(e.kind is Kind.COMPENSATION for e in happened[one.id]) for one in others),
        outstanding_fen=sum(one.outstanding_fen + one.receivable_fen for one in others),
    )


def _was_overdue(loan: LoanRow, happenings: Sequence[Happening], today: date) -> bool:
    return any(
        isinstance(event, Overdue) and counts_as_overdue(event, grace_days(loan, happenings, event.effective_on), today)
        for event in map(subsidy_event, happenings)
    )


def grace_days(loan: LoanRow, happenings: Sequence[Happening], day: date) -> int:
    """As agreed with the bank, else by the rule that holds for the loan on a day."""
    if loan.grace_days is not None:
        return loan.grace_days
    assert loan.rule_id is not None
    return catalogue().rules[rule_on(loan.rule_id, happenings, day)].parameters.grace_days
