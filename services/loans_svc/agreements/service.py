"""Two people enter what was agreed with a bank."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import FieldError, ValidationFailedError
from kit.ids import new_id
from loans_svc.agreements import repository
from loans_svc.agreements.domain import Terms, begins_a_period
from loans_svc.agreements.errors import AgreementConfirmedError, AgreementFourEyesError, AgreementNotFoundError
from loans_svc.agreements.models import AgreementRow
from loans_svc.rules.domain import PeriodScheme


@dataclass(frozen=True, slots=True)
class AgreementOrder:
    """Terms of a bank from a day on."""

    bank: str
    valid_from: date
    terms: Terms
    evidence: str


async def enter_agreement(tx: AsyncSession, order: AgreementOrder, by: str, now: datetime) -> AgreementRow:
    """An agreement that counts when a second person has confirmed it.

    Raises:
        ValidationFailedError: it does not begin with a period (S14).
    """
    scheme = order.terms.period_scheme
    if not begins_a_period(order.valid_from, scheme):
        days = "1月、4月、7月或10月的1日" if scheme is PeriodScheme.CAL else "3月、6月、9月或12月的21日"
        raise ValidationFailedError(
            errors=[FieldError("/valid_from", "NOT_A_PERIOD_START", f"协议应自一期的首日起执行：{days}。")]
        )
    row = AgreementRow(
        id=new_id(),
        bank=order.bank,
        valid_from=order.valid_from,
        day_count=order.terms.day_count.value,
        period_scheme=scheme.value,
        grace_days=order.terms.grace_days,
        repayment_order=order.terms.repayment_order.value,
        evidence=order.evidence,
        entered_by=by,
        entered_at=now,
    )
    tx.add(row)
    await tx.flush()
    return row


async def confirm_agreement(tx: AsyncSession, agreement_id: UUID, by: str, now: datetime) -> AgreementRow:
    """Puts an agreement into force; loans disbursed before keep what was frozen on them.

    Raises:
        AgreementNotFoundError, AgreementConfirmedError, AgreementFourEyesError.
    """
    if await repository.find_agreement(tx, agreement_id) is None:
        raise AgreementNotFoundError
    row = await repository.find_agreement(tx, agreement_id, lock=True)
    if row is None or row.confirmed_by is not None:
        raise AgreementConfirmedError
    if row.entered_by == by:
        raise AgreementFourEyesError
    row.confirmed_by, row.confirmed_at = by, now
    await tx.flush()
    return row
