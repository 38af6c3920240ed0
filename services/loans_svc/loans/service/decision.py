"""Approval, rejection and cancellation, by a second person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.errors import FieldError
from loans_svc.funds import domain as fund_moves
from loans_svc.funds import service as funds
from loans_svc.funds.service import Booking, FundView
from loans_svc.loans import repository
from loans_svc.loans.domain import (
    History,
    Kind,
    State,
    repeat_obstacles,
)
from loans_svc.loans.errors import (
    LoanFourEyesError,
    LoanInvalidError,
)
from loans_svc.loans.service.eligibility import NOT_ELIGIBLE
from loans_svc.loans.service.history import read_history
from loans_svc.loans.service.steps import (
    Actor,
    LoanView,
    advance,
    begin,
    day_faults,
    event_values,
    view,
)
from loans_svc.loans.service.telling import take_disbursement_back
from loans_svc.rules.repository import catalogue


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """A decision: refused by the law or the fund's limits is an answer, not an error; the loan then waits as before."""

    view: LoanView
    fund: FundView
    history: History
    obstacles: Sequence[str]


async def approve_loan(
    tx: AsyncSession,
    actor: Actor,
    loan_id: UUID,
    evidence: str,
    effect: str | None,
    if_match: str | None,
    now: datetime,
) -> ApprovalView:
    """Approves and reserves the fund's guarantee in one transaction, or says why that can't be (S27, S28).

    Args:
        effect: on what it rests that the borrower's earlier loans had a clear effect; None where nobody found that.

    Raises:
        LoanNotFoundError, VersionStaleError, TransitionRefusedError, LoanFourEyesError.
    """
    loan, target = await begin(tx, actor, loan_id, Kind.APPROVAL, if_match)
    if loan.applied_by == actor.subject:
        raise LoanFourEyesError
    day = legal_day(now)
    history = await read_history(tx, loan, day)
    obstacles: list[str] = [NOT_ELIGIBLE] if loan.eligibility.get("outcome") == NOT_ELIGIBLE else []
    obstacles += repeat_obstacles(history, catalogue().repeat_rule_on(day), effect is not None)
    if obstacles:
        return ApprovalView(await view(tx, loan), await funds.read_fund(tx, loan.fund, day), history, obstacles)
    event = event_values(loan, Kind.APPROVAL, State(loan.state), target, day, day, actor, now, evidence)
    if effect is not None:
        event["evidence"] = f"{evidence}；扶持效果认定：{effect}"
    fund = await funds.reserve(tx, loan.fund, loan.amount_fen, Booking(event["id"], day, actor.subject, now))
    if not fund.assessment.may_approve:
        return ApprovalView(await view(tx, loan), fund, history, fund.assessment.obstacles)
    loan.decided_by, loan.decided_at = actor.subject, now
    await advance(tx, loan, event | {"amount_fen": loan.amount_fen})
    return ApprovalView(await view(tx, loan), fund, history, ())


async def reject_loan(
    tx: AsyncSession, actor: Actor, loan_id: UUID, reason: str, if_match: str | None, now: datetime
) -> LoanView:
    """Rejects an application, with the reason.

    Raises:
        LoanNotFoundError, VersionStaleError, TransitionRefusedError, LoanFourEyesError.
    """
    loan, target = await begin(tx, actor, loan_id, Kind.REJECTION, if_match)
    if loan.applied_by == actor.subject:
        raise LoanFourEyesError
    day = legal_day(now)
    loan.decided_by, loan.decided_at = actor.subject, now
    await advance(tx, loan, event_values(loan, Kind.REJECTION, State(loan.state), target, day, day, actor, now, reason))
    return await view(tx, loan)


async def cancel_loan(
    tx: AsyncSession,
    actor: Actor,
    loan_id: UUID,
    reason: str,
    booked_on: date | None,
    if_match: str | None,
    now: datetime,
) -> LoanView:
    """Takes back an application, an approval or a disbursement; the fund's promise or guarantee ends with it.

    Raises:
        LoanNotFoundError, VersionStaleError, TransitionRefusedError, LoanFourEyesError.
        LoanInvalidError: booked in the future or before the disbursement.
    """
    loan, target = await begin(tx, actor, loan_id, Kind.CANCELLATION, if_match)
    if actor.subject in (loan.applied_by, loan.disbursed_by):
        raise LoanFourEyesError
    day, before = legal_day(now), State(loan.state)
    booked = booked_on or day
    faults = [*day_faults(day, booked, day, "")]
    if loan.disbursed_on is not None and booked < loan.disbursed_on:
        faults.append(FieldError("/booked_on", "BEFORE_DISBURSEMENT", "入账日不能早于发放日，请核对。"))
    if faults:
        raise LoanInvalidError(errors=faults)
    event = event_values(loan, Kind.CANCELLATION, before, target, booked, booked, actor, now, reason)
    moves = {
        State.APPROVED: fund_moves.release(loan.amount_fen),
        State.DISBURSED: fund_moves.relieve(loan.outstanding_fen),
    }
    if moves.get(before):
        await funds.post(tx, loan.fund, moves[before], Booking(event["id"], booked, actor.subject, now))
    loan.outstanding_fen = 0
    loan.cancelled_by, loan.cancelled_at = actor.subject, now
    await advance(tx, loan, event | {"amount_fen": loan.principal_fen})
    disbursement = await repository.find_disbursement(tx, loan.id)
    if disbursement is not None:
        await take_disbursement_back(tx, disbursement)
    return await view(tx, loan)
