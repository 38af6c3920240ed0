"""What all steps of a loan share: lock it, ask the transition table, append who did it and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import FieldError, ValidationFailedError
from kit.http.etags import check_if_match
from kit.ids import new_id
from kit.webhooks.service import announce
from loans_svc.loans import repository
from loans_svc.loans.domain import (
    Happening,
    Kind,
    State,
    may_see,
    refusal,
    subsidy_event,
    subsidy_events,
)
from loans_svc.loans.errors import (
    LoanInvalidError,
    LoanNotFoundError,
    ReferenceUsedError,
    TransitionRefusedError,
)
from loans_svc.loans.models import LoanEventRow, LoanRow, TrancheRow
from loans_svc.rules.domain import BorrowerKind, DayCount, PeriodScheme, Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.loan import PriorUse, RepaymentOrder
from loans_svc.subsidies.service import Quote, QuoteOrder, ReRule, TrancheOrder, quote_subsidy
from loans_svc.webhooks import LOAN_EVENTS


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, and whose loans it may see."""

    subject: str
    unit: str | None
    bank: str | None


@dataclass(frozen=True, slots=True)
class LoanView:
    """A loan with its parts and all that happened to it."""

    loan: LoanRow
    tranches: Sequence[TrancheRow]
    events: Sequence[LoanEventRow]


async def visible(tx: AsyncSession, actor: Actor, loan_id: UUID, *, lock: bool) -> LoanRow:
    loan = await repository.find_loan(tx, loan_id, lock=lock)
    if loan is None or not may_see(actor.unit, actor.bank, loan.unit, loan.bank):
        raise LoanNotFoundError
    return loan


async def begin(
    tx: AsyncSession, actor: Actor, loan_id: UUID, kind: Kind, if_match: str | None
) -> tuple[LoanRow, State]:
    """The locked loan and where the step leads."""
    loan = await visible(tx, actor, loan_id, lock=True)
    check_if_match(if_match, loan.row_version, required=False)
    target = await repository.find_target(tx, loan.state, kind.value)
    if target is None:
        raise TransitionRefusedError(refusal(State(loan.state), kind, await repository.list_allowed(tx, loan.state)))
    return loan, State(target)


def event_values(
    loan: LoanRow, kind: Kind, before: State | None, after: State, effective_on: date, booked_on: date, actor: Actor,
    now: datetime, evidence: str,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": new_id(),
        "loan_id": loan.id,
        "bank": loan.bank,
        "kind": kind.value,
        "from_state": before.value if before else None,
        "to_state": after.value,
        "effective_on": effective_on,
        "booked_on": booked_on,
        "recorded_at": now,
        "recorded_by": actor.subject,
        "evidence": evidence,
    }


async def advance(tx: AsyncSession, loan: LoanRow, event: Mapping[str, Any]) -> None:
    if not await repository.add_event(tx, event):
        raise ReferenceUsedError
    loan.state = event["to_state"]
    loan.row_version += 1
    await tx.flush()
    told = LOAN_EVENTS.get(State(loan.state))
    if told is not None and event["from_state"] != event["to_state"]:
        await announce(tx, told.name, {"loan_id": str(loan.id)}, unit=loan.unit, bank=loan.bank, client=loan.applied_by)


async def view(tx: AsyncSession, loan: LoanRow) -> LoanView:
    return LoanView(loan, await repository.list_tranches(tx, loan.id), await repository.list_events(tx, loan.id))


def day_faults(effective_on: date, booked_on: date | None, today: date, pointer: str) -> Sequence[FieldError]:
    faults = []
    if effective_on > today:
        faults.append(FieldError(pointer, "IN_FUTURE", "日期不能晚于今天，请核对。"))
    if booked_on is not None and booked_on > today:
        faults.append(FieldError("/booked_on", "IN_FUTURE", "入账日不能晚于今天，请核对。"))
    return faults


def tranche_order(row: TrancheRow) -> TrancheOrder:
    return TrancheOrder(Tranche(row.tranche), row.amount_fen, row.payer_scheme)


def quote_loan(
    loan: LoanRow, tranches: tuple[TrancheOrder, ...], happenings: Sequence[Happening], known_on: date
) -> Quote:
    """The pure engine on a stored loan; what it finds wrong points at the request's own fields."""
    order = order_of(loan, tranches, happenings, known_on)
    try:
        return quote_subsidy(order, catalogue())
    except ValidationFailedError as wrong:
        is_own = bool(happenings) and subsidy_event(happenings[-1]) is not None
        last = f"/events/{len(order.events) - 1}/" if is_own else ""
        raise LoanInvalidError(errors=[_of_request(fault, last) for fault in wrong.errors]) from None


_STILL_OVERDUE = (
    "这样登记后，以前登记的逾期本金会超过未还本金。逾期已归还的，请先用OVERDUE改记该逾期"
    "（retracts填原事项编号，until填归还日），再登记还款；金额有误的请改正金额。"
)


def _of_request(fault: FieldError, last: str) -> FieldError:
    """A fault of another event than the one that is told shows only with it: then that one is pointed at."""
    if not fault.pointer.startswith("/events/"):
        return fault
    if last and fault.pointer.startswith(last):
        return FieldError(fault.pointer.replace(last, "/"), fault.code, fault.message)
    message = _STILL_OVERDUE if fault.code == "OVERDUE_EXCEEDS_BALANCE" else fault.message
    return FieldError("/amount" if last else "/retracts", fault.code, message)


def order_of(
    loan: LoanRow, tranches: tuple[TrancheOrder, ...], happenings: Sequence[Happening], known_on: date
) -> QuoteOrder:
    """What the engine is asked about a disbursed loan: its frozen terms and the events that stand."""
    assert loan.rule_id is not None
    assert loan.disbursed_on is not None
    assert loan.matures_on is not None
    assert loan.principal_fen is not None
    assert loan.contract_ppm is not None
    assert loan.benchmark_ppm is not None
    return QuoteOrder(
        rule=loan.rule_id,
        principal_fen=loan.principal_fen,
        disbursed_on=loan.disbursed_on,
        matures_on=loan.matures_on,
        contract_ppm=loan.contract_ppm,
        benchmark_ppm=loan.benchmark_ppm,
        events=subsidy_events(happenings),
        span=(None, None),
        prior=PriorUse(loan.prior_days, loan.prior_first_on, loan.prior_loans),
        borrower_kind=BorrowerKind(loan.borrower_kind),
        day_count=DayCount(loan.day_count) if loan.day_count else None,
        period_scheme=PeriodScheme(loan.period_scheme) if loan.period_scheme else None,
        overdue_mode=None,
        cap_scope=None,
        grace_days=loan.grace_days,
        known_on=known_on,
        tranches=tranches,
        repayment_order=RepaymentOrder(loan.repayment_order or RepaymentOrder.PRO_RATA),
        payer_scheme=None,
        rerules=tuple(
            ReRule(one.effective_on, one.rule_id) for one in happenings if one.kind is Kind.RE_RULE and one.rule_id
        ),
    )
