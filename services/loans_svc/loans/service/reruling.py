"""From a day on another rule holds for a loan: an event of its own, decided by a person, never a silent change."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.errors import FieldError
from loans_svc.loans import repository
from loans_svc.loans.domain import Happening, Kind, State
from loans_svc.loans.errors import LoanFourEyesError, LoanInvalidError
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
from loans_svc.rules.domain import BorrowerKind
from loans_svc.rules.repository import catalogue


async def re_rule_loan(
    tx: AsyncSession,
    actor: Actor,
    loan_id: UUID,
    rule_id: str,
    effective_on: date,
    evidence: str,
    if_match: str | None,
    now: datetime,
) -> LoanView:
    """The days before keep their rule and what was posted for them; quarters from that day on are computed anew.

    Raises:
        LoanNotFoundError, VersionStaleError, TransitionRefusedError, LoanFourEyesError.
        LoanInvalidError: the rule is not for this borrower or not in force on that day; pointers of the wire.
    """
    loan, target = await begin(tx, actor, loan_id, Kind.RE_RULE, if_match)
    if actor.subject == loan.disbursed_by:
        raise LoanFourEyesError
    day = legal_day(now)
    happenings = await repository.list_happenings(tx, loan.id)
    faults = [*day_faults(effective_on, None, day, "/effective_on"), *_faults(loan, rule_id, effective_on, happenings)]
    if faults:
        raise LoanInvalidError(errors=faults)
    event = event_values(loan, Kind.RE_RULE, State(loan.state), target, effective_on, day, actor, now, evidence)
    after = [*happenings, Happening(event["id"], Kind.RE_RULE, effective_on, rule_id=rule_id)]
    tranches = tuple(tranche_order(row) for row in await repository.list_tranches(tx, loan.id))
    loan.window_end = quote_loan(loan, tranches, after, day).schedule.window.end
    await advance(tx, loan, event | {"rule_id": rule_id})
    return await view(tx, loan)


def _faults(loan: LoanRow, rule_id: str, effective_on: date, happenings: list[Happening]) -> list[FieldError]:
    rule = catalogue().rules.get(rule_id)
    if rule is None:
        return [FieldError("/rule", "UNKNOWN_CODE", "没有这个规则代码，请查看贴息规则。")]
    found = []
    if BorrowerKind(loan.borrower_kind) not in rule.amount_caps:
        found.append(FieldError("/rule", "NOT_COVERED", "所选规则不适用于这类借款人，请改选。"))
    if not rule.validity.covers(effective_on):
        found.append(FieldError("/rule", "NOT_IN_FORCE", "该规则在这一天没有生效，请核对规则或日期。"))
    assert loan.disbursed_on is not None
    if effective_on <= loan.disbursed_on:
        found.append(FieldError("/effective_on", "BEFORE_DISBURSEMENT", "改按新规则的日期应晚于发放日，请核对。"))
    if any(one.kind is Kind.RE_RULE and one.effective_on == effective_on for one in happenings):
        found.append(FieldError("/effective_on", "DUPLICATE_RE_RULE", "这一天已经改过规则；改错的请先撤销。"))
    return found
