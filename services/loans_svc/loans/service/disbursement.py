"""A disbursement freezes the terms and turns the promise into a guarantee."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.dates import add_months
from kit.db.rows import all_rows
from kit.errors import FieldError
from loans_svc.agreements.repository import find_terms
from loans_svc.benchmarks.service import benchmark_on
from loans_svc.funds import domain as fund_moves
from loans_svc.funds import service as funds
from loans_svc.funds.service import Booking
from loans_svc.loans import repository
from loans_svc.loans.domain import (
    Kind,
    State,
    find_rule,
)
from loans_svc.loans.errors import (
    LoanFourEyesError,
    LoanInvalidError,
)
from loans_svc.loans.models import LoanRow
from loans_svc.loans.service.steps import (
    Actor,
    LoanView,
    advance,
    begin,
    day_faults,
    event_values,
    quote_loan,
    view,
)
from loans_svc.loans.service.telling import tell_disbursement
from loans_svc.rules.domain import BorrowerKind, DayCount, PeriodScheme, Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.loan import PriorUse
from loans_svc.subsidies.service import TrancheOrder


@dataclass(frozen=True, slots=True)
class DisbursementOrder:
    """The contract as the bank signed it; None means as agreed with the bank, as the rule says, or as applied for."""

    principal_fen: int | None
    disbursed_on: date
    matures_on: date | None
    contract_ppm: int
    benchmark_ppm: int | None
    signed_on: date
    rule: str | None
    day_count: DayCount | None
    period_scheme: PeriodScheme | None
    tranches: tuple[TrancheOrder, ...]
    booked_on: date | None
    bank_ref: str
    evidence: str


async def disburse_loan(
    tx: AsyncSession, actor: Actor, loan_id: UUID, order: DisbursementOrder, if_match: str | None, now: datetime
) -> LoanView:
    """Freezes rule, benchmark and rate on the loan, cuts its tranches, and turns the promise into a guarantee.

    Raises:
        LoanNotFoundError, VersionStaleError, TransitionRefusedError, LoanFourEyesError, ReferenceUsedError.
        LoanInvalidError: dates, amount, rule or tranches; pointers of the wire.
        ValidationFailedError: no benchmark is given and the table has none.
    """
    loan, target = await begin(tx, actor, loan_id, Kind.DISBURSEMENT, if_match)
    if loan.decided_by == actor.subject:
        raise LoanFourEyesError
    day = legal_day(now)
    principal = order.principal_fen or loan.amount_fen
    faults = [*day_faults(order.disbursed_on, order.booked_on, day, "/disbursed_on")]
    if principal > loan.amount_fen:
        faults.append(FieldError("/principal", "EXCEEDS_APPROVAL", "发放金额不能超过批准的金额，请核对。"))
    if order.signed_on > order.disbursed_on:
        faults.append(FieldError("/signed_on", "AFTER_DISBURSEMENT", "合同签订日不能晚于发放日，请核对。"))
    rule, fault = find_rule(catalogue(), order.rule, BorrowerKind(loan.borrower_kind), order.disbursed_on)
    faults += [fault] if fault else []
    if faults or rule is None:
        raise LoanInvalidError(errors=faults)
    benchmark = order.benchmark_ppm
    if benchmark is None:
        benchmark = await benchmark_on(tx, order.signed_on)
    prior = await _prior_use(tx, loan, order.disbursed_on)
    agreed = await find_terms(tx, loan.bank, order.disbursed_on)
    loan.disbursed_on = order.disbursed_on
    loan.matures_on = order.matures_on or add_months(order.disbursed_on, loan.term_months)
    loan.principal_fen, loan.outstanding_fen = principal, principal
    loan.contract_ppm, loan.benchmark_ppm = order.contract_ppm, benchmark
    loan.rule_id = rule.rule_id
    usual = agreed or rule.parameters
    loan.day_count = (order.day_count or usual.day_count).value
    loan.period_scheme = (order.period_scheme or usual.period_scheme).value
    if agreed is not None:
        loan.grace_days, loan.repayment_order = agreed.grace_days, agreed.repayment_order.value
    loan.prior_loans, loan.prior_days, loan.prior_first_on = prior.loans, prior.days, prior.first_disbursed_on
    loan.disbursed_by, loan.disbursed_at = actor.subject, now
    quote = quote_loan(loan, order.tranches, (), day)
    loan.eff_ppm, loan.window_end = quote.schedule.effective_ppm, quote.schedule.window.end
    schemes = {part.tranche: part.payer_scheme for part in order.tranches} or {Tranche.STATE: rule.payer_scheme_id}
    booked = order.booked_on or day
    event = event_values(
        loan, Kind.DISBURSEMENT, State(loan.state), target, order.disbursed_on, booked, actor, now, order.evidence
    )
    event |= {"amount_fen": principal, "bank_ref": order.bank_ref}
    await advance(tx, loan, event)
    await tell_disbursement(tx, event["id"])
    await repository.add_tranches(
        tx,
        [
            {
                "loan_id": loan.id,
                "tranche": part.tranche.value,
                "amount_fen": part.amount_fen,
                "payer_scheme": schemes.get(part.tranche),
            }
            for part in quote.loan.tranches
        ],
    )
    booking = Booking(event["id"], booked, actor.subject, now)
    await funds.post(tx, loan.fund, fund_moves.guarantee(principal, loan.amount_fen), booking)
    return await view(tx, loan)


async def _prior_use(tx: AsyncSession, loan: LoanRow, disbursed_on: date) -> PriorUse:
    """What the borrower's earlier loans used of the subsidised term, overlapping days counted once (S13)."""
    async with all_rows(tx):  # whoever lent to the borrower before
        terms = await repository.list_earlier_terms(tx, loan.borrower_key, disbursed_on)
    if not terms:
        return PriorUse()
    days, reached = 0, terms[0][0]
    for first, end in terms:
        stop = min(end, disbursed_on)
        days += max(0, (stop - max(first, reached)).days)
        reached = max(reached, stop)
    return PriorUse(days, terms[0][0], len(terms))
