"""What happens to a disbursed loan, told at any time and in any order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.errors import FieldError
from loans_svc.funds import service as funds
from loans_svc.funds.service import Booking
from loans_svc.loans import repository
from loans_svc.loans.domain import (
    RETRACTABLE,
    Effect,
    Happening,
    Kind,
    State,
    effect_of,
    effect_of_retraction,
    settling,
)
from loans_svc.loans.errors import (
    LoanInvalidError,
    TransitionRefusedError,
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
    tranche_order,
    view,
)


@dataclass(frozen=True, slots=True)
class EventOrder:
    """Something that happened, on any day, told in any order."""

    kind: Kind
    effective_on: date
    booked_on: date | None
    amount_fen: int | None
    until: date | None
    contract_ppm: int | None
    benchmark_ppm: int | None
    bank_ref: str | None
    evidence: str
    retracts: UUID | None


async def record_event(tx: AsyncSession, actor: Actor, loan_id: UUID, order: EventOrder, now: datetime) -> LoanView:
    """Appends what happened, however late it is told; what is owed, the term and the fund follow.

    Raises:
        LoanNotFoundError, TransitionRefusedError, ReferenceUsedError, FundShortError.
        LoanInvalidError: with this event the loan's story can't be true; pointers of the wire.
    """
    loan, target = await begin(tx, actor, loan_id, order.kind, None)
    day = legal_day(now)
    faults = [*day_faults(order.effective_on, order.booked_on, day, "/effective_on")]
    if faults:
        raise LoanInvalidError(errors=faults)
    after = await repository.list_happenings(tx, loan.id)
    effect, events = Effect(), []
    for one in _parts(order):
        to_state = target if one is order else State(loan.state)  # nothing that is replaced moves the state
        event = _event_of(loan, one, to_state, actor, now)
        own, after = await _effect(tx, loan, one, order.kind, event["id"], after)
        effect += own
        events.append((event, own))
    _check_amounts(loan, effect, "/retracts" if order.kind is Kind.RETRACTION else "/amount")
    tranches = [tranche_order(row) for row in await repository.list_tranches(tx, loan.id)]
    loan.window_end = quote_loan(loan, tuple(tranches), after, day).schedule.window.end
    loan.outstanding_fen += effect.outstanding_fen
    loan.receivable_fen += effect.receivable_fen
    for event, own in events:
        await advance(tx, loan, event)
        if own.transfers:
            await funds.post(tx, loan.fund, own.transfers, Booking(event["id"], event["booked_on"], actor.subject, now))
    standing = {one.kind for one in after}
    while (follows := settling(State(loan.state), loan.outstanding_fen, standing)) is not None:
        await _follow(tx, loan, follows, event, actor, now)
    return await view(tx, loan)


def _parts(order: EventOrder) -> list[EventOrder]:
    """One that replaces another takes it back first."""
    if order.kind is Kind.RETRACTION or order.retracts is None:
        return [order]
    taken_back = replace(
        order,
        kind=Kind.RETRACTION,
        amount_fen=None,
        until=None,
        contract_ppm=None,
        benchmark_ppm=None,
        bank_ref=None,
    )
    return [taken_back, order]


def _event_of(loan: LoanRow, order: EventOrder, target: State, actor: Actor, now: datetime) -> dict[str, Any]:
    booked = order.booked_on or legal_day(now)
    before = State(loan.state)
    event = event_values(loan, order.kind, before, target, order.effective_on, booked, actor, now, order.evidence)
    return event | {
        "amount_fen": order.amount_fen,
        "until": order.until,
        "contract_ppm": order.contract_ppm,
        "benchmark_ppm": order.benchmark_ppm,
        "bank_ref": order.bank_ref,
        "retracts": order.retracts if order.kind is Kind.RETRACTION else None,
    }


async def _follow(
    tx: AsyncSession, loan: LoanRow, kind: Kind, cause: Mapping[str, Any], actor: Actor, now: datetime
) -> None:
    target = await repository.find_target(tx, loan.state, kind.value)
    if target is None:
        raise TransitionRefusedError
    effective, booked, evidence = (cause[name] for name in ("effective_on", "booked_on", "evidence"))
    before = State(loan.state)
    event = event_values(loan, kind, before, State(target), effective, booked, actor, now, evidence)
    await advance(tx, loan, event)


async def _effect(
    tx: AsyncSession,
    loan: LoanRow,
    order: EventOrder,
    asked: Kind,
    event_id: UUID,
    happenings: Sequence[Happening],
) -> tuple[Effect, list[Happening]]:
    """What the event moves, and the loan's story with it; the new event stands last.

    Args:
        asked: RETRACTION, or the kind that replaces: then what it replaces must be of that kind.
    """
    if order.kind is not Kind.RETRACTION:
        new = Happening(event_id, order.kind, order.effective_on, order.amount_fen, order.until, order.contract_ppm,
                        order.benchmark_ppm)  # fmt: skip
        return effect_of(order.kind, order.amount_fen or 0), [*happenings, new]
    assert order.retracts is not None
    wrong = await repository.find_standing_event(tx, loan.id, order.retracts)
    if wrong is None or Kind(wrong.kind) not in (RETRACTABLE if asked is Kind.RETRACTION else {asked}):
        raise LoanInvalidError(
            errors=[
                FieldError(
                    "/retracts",
                    "NOT_RETRACTABLE",
                    "没有这一可撤销的事项：编号不对、已经撤销，或不是要改记的同类事项；请核对。",
                )
            ]
        )
    return effect_of_retraction(Kind(wrong.kind), wrong.amount_fen or 0), [
        one for one in happenings if one.id != order.retracts
    ]


def _check_amounts(loan: LoanRow, effect: Effect, pointer: str) -> None:
    if loan.outstanding_fen + effect.outstanding_fen < 0:
        raise LoanInvalidError(
            errors=[FieldError(pointer, "EXCEEDS_BALANCE", "金额超过未还本金，请核对金额或是否重复登记。")]
        )
    if loan.receivable_fen + effect.receivable_fen < 0:
        raise LoanInvalidError(
            errors=[
                FieldError(pointer, "EXCEEDS_RECEIVABLE", "金额超过代偿后尚未收回的金额；已追偿、核销的，请先撤销。")
            ]
        )
