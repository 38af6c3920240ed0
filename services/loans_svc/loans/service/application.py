"""An application: the borrower sealed, the answer of the eligibility check kept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.crypto.fields import FieldCipher
from kit.crypto.keys import KeyRing
from kit.crypto.lookup import LookupHash
from kit.db.rows import all_rows
from kit.errors import FieldError
from kit.identifiers.names import name_key
from kit.ids import new_id
from loans_svc.funds.repository import find_fund
from loans_svc.loans import repository
from loans_svc.loans.domain import (
    Borrower,
    Kind,
    State,
    SupportedGroup,
    identify,
    may_see,
)
from loans_svc.loans.errors import (
    LoanInvalidError,
    UnitNotYoursError,
)
from loans_svc.loans.models import LoanRow
from loans_svc.loans.service.eligibility import Ask, Question, ask_eligibility
from loans_svc.loans.service.steps import (
    Actor,
    LoanView,
    event_values,
    view,
)
from loans_svc.rules.domain import BorrowerKind


class Vault:
    """The keys of the borrowers: what is sealed, and by what a borrower is found again."""

    def __init__(self, keys: KeyRing) -> None:
        self.cipher = FieldCipher(keys)
        self.hash = LookupHash(keys)


def holder_keys(vault: Vault, borrower: Borrower) -> list[UUID]:
    """What number and name together give under each held key, the current one first; neither alone gives it."""
    said = f"{borrower.number}\0{name_key(borrower.name)}"
    return list(vault.hash.person_keys(f"{borrower.id_type}+NAME", said).values())


@dataclass(frozen=True, slots=True)
class Application:
    """What is applied for, and what the eligibility service is to be asked."""

    unit: str
    bank: str
    fund: str
    group: SupportedGroup
    borrower_kind: BorrowerKind
    id_type: str
    id_number: str
    name: str
    is_woman: bool
    is_disabled: bool
    amount_fen: int
    term_months: int
    question: Question
    evidence: str


async def apply_for_loan(
    tx: AsyncSession, vault: Vault, actor: Actor, application: Application, ask: Ask, now: datetime
) -> LoanView:
    """Stores an application with what the eligibility service says of it; that somebody is not eligible is stored, too.

    Args:
        ask: the eligibility service, in the name of the caller.

    Raises:
        UnitNotYoursError: another unit's or bank's.
        LoanInvalidError: number, name or fund, all faults at once; then what is asked.
        OnwardUnavailableError, ScopeMissingError: nobody could be asked; nothing is stored.
    """
    if not may_see(actor.unit, actor.bank, application.unit, application.bank):
        raise UnitNotYoursError
    borrower, faults = identify(application.id_type, application.id_number, application.name, legal_day(now))
    if await find_fund(tx, application.fund) is None:
        faults.append(FieldError("/fund", "UNKNOWN_CODE", "没有这个担保基金，请核对基金代码。"))
    if faults or borrower is None:
        raise LoanInvalidError(errors=faults)
    eligibility = await ask_eligibility(ask, application.question, application.borrower_kind)
    keys = vault.hash.person_keys(borrower.id_type, borrower.number)
    async with all_rows(tx):  # whoever lent to the borrower before
        known = await repository.find_borrower_key(tx, list(keys.values()))
    loan = LoanRow(
        id=new_id(),
        unit=application.unit,
        bank=application.bank,
        fund=application.fund,
        supported_group=application.group.value,
        borrower_kind=application.borrower_kind.value,
        borrower_key=known or vault.hash.person_key(borrower.id_type, borrower.number),
        holder_key=holder_keys(vault, borrower)[0],
        is_woman=application.is_woman,
        is_disabled=application.is_disabled,
        amount_fen=application.amount_fen,
        term_months=application.term_months,
        eligibility=eligibility,
        state=State.APPLIED.value,
        row_version=1,
        applied_by=actor.subject,
        applied_at=now,
        outstanding_fen=0,
        receivable_fen=0,
        prior_loans=0,
        prior_days=0,
    )
    seal = vault.cipher.encrypt
    await repository.add_loan(
        tx,
        loan,
        {
            "id_type": borrower.id_type,
            "id_number_sealed": seal(borrower.number, column="loan_borrower.id_number", row_id=loan.id),
            "name_sealed": seal(borrower.name, column="loan_borrower.name", row_id=loan.id),
        },
    )
    day = legal_day(now)
    event = event_values(loan, Kind.APPLICATION, None, State.APPLIED, day, day, actor, now, application.evidence)
    await repository.add_event(tx, event | {"amount_fen": application.amount_fen})
    return await view(tx, loan)
