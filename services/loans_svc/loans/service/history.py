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
    assert loan.rule_id is not None
    for one in happenings:
        event = subsidy_event(one)
        if isinstance(event, Overdue):
            rule = catalogue().rules[rule_on(loan.rule_id, happenings, one.effective_on)]
            if counts_as_overdue(event, rule.parameters.grace_days, today):
                return True
    return False
