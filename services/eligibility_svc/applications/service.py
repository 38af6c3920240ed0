"""What is done with applications. Every step locks the application, decides by the pure rules, and adds a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.applications.assessment import Assessment, amount_to_grant, assess
from eligibility_svc.applications.course import (
    Actor,
    ApplicationView,
    add_step,
    found_of_applicant,
    hands,
    known_applicant,
    locked,
    persons_of,
    submitted_content,
    submitted_of,
    view_application,
)
from eligibility_svc.applications.domain import PERSON, Applicant, Decision, State, Step, authorise, next_state
from eligibility_svc.applications.errors import AlreadyGrantedError, ApplicationInvalidError, StepRefusedError
from eligibility_svc.applications.models import ApplicationRow
from eligibility_svc.applications.submission import Submission, check_persons, check_submission
from eligibility_svc.applications.vault import NAME, Vault
from eligibility_svc.grants import repository as register
from eligibility_svc.grants.domain import once_key
from eligibility_svc.grants.telling import tell_grant
from eligibility_svc.measures.repository import catalogue
from kit.clock import legal_day
from kit.db.rows import all_rows
from kit.errors import FieldError
from kit.ids import new_id


async def submit_application(
    tx: AsyncSession, vault: Vault, actor: Actor, submission: Submission, now: datetime
) -> ApplicationView:
    """Takes an application in, with its check. A refusal by the check is kept, too: a person decides, never we.

    Raises:
        ApplicationInvalidError: everything that is wrong with it, at once.
    """
    checked = check_submission(submission, actor.unit, legal_day(now))
    ref = await known_applicant(tx, vault, checked.applicant, now)
    claim = Claim(submission.measure, checked.subject, ref, checked.as_of, submission.facts, checked.persons)
    found = await _assessed(tx, vault, claim)
    identity = new_id()
    row = ApplicationRow(
        unit=checked.unit,
        application_id=identity,
        row_version=1,
        state=State.SUBMITTED.value,
        measure=submission.measure,
        subject=checked.subject,
        applicant_ref=ref,
        name_sealed=vault.seal(checked.applicant.name, NAME, identity),
        as_of=checked.as_of,
        created_by=actor.subject,
        created_at=now,
    )
    tx.add(row)
    await tx.flush()
    content = submitted_content(submission.facts, checked.persons, found.result)
    await add_step(tx, vault, row, Step.SUBMIT, actor, now, content, catalogue_version=found.catalogue_version)
    return await view_application(tx, vault, row)


async def resubmit_application(
    tx: AsyncSession,
    vault: Vault,
    actor: Actor,
    application_id: UUID,
    facts: Mapping[str, Any],
    persons: Sequence[Applicant] | None,
    if_match: str | None,
    now: datetime,
) -> ApplicationView:
    """Brings a returned application back with facts that replace the earlier ones.

    Args:
        persons: whom the claim is about; None for those of the last submission.

    Raises:
        ApplicationNotFoundError, StepRefusedError, VersionStaleError, ValidationFailedError.
    """
    row = await locked(tx, actor, application_id, if_match)
    after = next_state(State(row.state), Step.RESUBMIT)
    about = persons_of(await submitted_of(tx, vault, row)) if persons is None else persons
    about, wrong = check_persons(row.measure, about, facts, row.as_of, legal_day(now))
    found = await _assessed(tx, vault, _claim(row, facts, about))
    if wrong:
        raise ApplicationInvalidError(errors=wrong)
    row.state = after.value
    content = submitted_content(facts, about, found.result)
    await add_step(tx, vault, row, Step.RESUBMIT, actor, now, content, catalogue_version=found.catalogue_version)
    return await view_application(tx, vault, row)


async def take_step(
    tx: AsyncSession,
    vault: Vault,
    actor: Actor,
    application_id: UUID,
    step: Step,
    reason: str | None,
    if_match: str | None,
    now: datetime,
) -> ApplicationView:
    """ACCEPT, RETURN, WITHDRAW or REQUEST_REVIEW: what needs no new check.

    Raises:
        ApplicationNotFoundError, StepRefusedError, VersionStaleError.
    """
    row = await locked(tx, actor, application_id, if_match)
    after = next_state(State(row.state), step)
    if step is Step.WITHDRAW and actor.is_office and row.created_by != actor.subject:
        raise StepRefusedError("申请由申请人自己撤回；窗口只能撤回本账号代为提交的申请。")
    authorise(step, actor.subject, hands(row))
    row.state = after.value
    row.accepted_by = {Step.ACCEPT: actor.subject, Step.RETURN: None}.get(step, row.accepted_by)
    await add_step(tx, vault, row, step, actor, now, {"reason": reason})
    return await view_application(tx, vault, row)


async def decide_application(
    tx: AsyncSession,
    vault: Vault,
    actor: Actor,
    application_id: UUID,
    decision: Decision,
    reason: str | None,
    amount: int | None,
    if_match: str | None,
    now: datetime,
) -> ApplicationView:
    """Grants or refuses. The check is made anew, behind a lock on the applicant, so that no grant is overlooked.

    Raises:
        ApplicationNotFoundError, StepRefusedError, VersionStaleError, FourEyesError.
        AlreadyGrantedError, NotEntitledError, AmountOpenError, ApplicationInvalidError: it cannot be granted so.
    """
    row = await locked(tx, actor, application_id, if_match)
    step = Step(decision.value)
    before = State(row.state)
    after = next_state(before, step)
    authorise(step, actor.subject, hands(row))
    await register.lock_applicant(tx, row.applicant_ref)
    submitted = await submitted_of(tx, vault, row)
    claim = _claim(row, submitted["facts"], persons_of(submitted))
    found = await _assessed(tx, vault, claim)
    given = amount_to_grant(found, amount) if step is Step.GRANT else None
    row.state = after.value
    if before is State.REVIEW_REQUESTED:
        row.reviewed_by = actor.subject
    else:
        row.decided_by = actor.subject
    content = {"facts": claim.facts, "result": found.result, "reason": reason}
    version = found.catalogue_version
    await add_step(tx, vault, row, step, actor, now, content, catalogue_version=version, amount_fen=given)
    if step is Step.GRANT:
        grant_id = await _enter_grant(tx, row, found, given, actor, now)
        persons = [(vault.refs(person)[0], found.person_months) for person in claim.persons]
        await register.add_persons(tx, row.applicant_ref, row.measure, persons, grant_id)
        if row.subject == PERSON:
            await tell_grant(tx, grant_id)
    return await view_application(tx, vault, row)


async def record_payment(
    tx: AsyncSession,
    vault: Vault,
    actor: Actor,
    application_id: UUID,
    paid_on: date,
    reference: str,
    if_match: str | None,
    now: datetime,
) -> ApplicationView:
    """Records that the granted amount was paid.

    Raises:
        ApplicationNotFoundError, StepRefusedError, VersionStaleError, FourEyesError.
        ApplicationInvalidError: a day before the decision or in the future.
    """
    row = await locked(tx, actor, application_id, if_match)
    after = next_state(State(row.state), Step.PAY)
    authorise(Step.PAY, actor.subject, hands(row))
    grant = await register.load_grant(tx, row.application_id)
    if grant.amount_fen is None:
        raise StepRefusedError("这项待遇没有应发放的金额，无需登记发放。")
    if not legal_day(grant.granted_at) <= paid_on <= legal_day(now):
        error = FieldError("/paid_on", "OUT_OF_RANGE", "发放日期应在准予之日至今天之间，请核对")
        raise ApplicationInvalidError(errors=[error])
    row.state, row.paid_by, grant.paid_on = after.value, actor.subject, paid_on
    content = {"reference": reference}
    await add_step(tx, vault, row, Step.PAY, actor, now, content, amount_fen=grant.amount_fen, paid_on=paid_on)
    return await view_application(tx, vault, row)


async def record_payment_failure(
    tx: AsyncSession,
    vault: Vault,
    actor: Actor,
    application_id: UUID,
    reason: str,
    if_match: str | None,
    now: datetime,
) -> ApplicationView:
    """Records that a payment came back, or was entered by mistake; the grant stands and is paid anew.

    Raises:
        ApplicationNotFoundError, StepRefusedError, VersionStaleError.
    """
    row = await locked(tx, actor, application_id, if_match)
    after = next_state(State(row.state), Step.FAIL_PAYMENT)
    grant = await register.load_grant(tx, row.application_id)
    row.state, row.paid_by, grant.paid_on = after.value, None, None
    await add_step(tx, vault, row, Step.FAIL_PAYMENT, actor, now, {"reason": reason})
    return await view_application(tx, vault, row)


async def request_own_review(
    tx: AsyncSession, vault: Vault, actor: Actor, application_id: UUID, who: Applicant, reason: str, now: datetime
) -> ApplicationRow:
    """A review asked for by the applicant, wherever the application was submitted.

    Raises:
        ApplicationInvalidError, ApplicationNotFoundError, StepRefusedError.
    """
    row = await found_of_applicant(tx, vault, application_id, who)
    after = next_state(State(row.state), Step.REQUEST_REVIEW)
    authorise(Step.REQUEST_REVIEW, actor.subject, hands(row))
    row.state = after.value
    row.row_version += 1
    await add_step(tx, vault, row, Step.REQUEST_REVIEW, actor, now, {"reason": reason})
    return row


async def _enter_grant(
    tx: AsyncSession, row: ApplicationRow, found: Assessment, amount: int | None, actor: Actor, now: datetime
) -> UUID:
    """The register's unique slots are the last word, whatever was read before.

    Raises:
        AlreadyGrantedError.
    """
    edition = catalogue().in_force(row.measure, row.as_of)
    grant_id = new_id()
    is_entered = await register.add_grant(
        tx,
        grant_id=grant_id,
        applicant_ref=row.applicant_ref,
        measure=row.measure,
        once_key=once_key(edition.relations, row.as_of) if edition else None,
        unit=row.unit,
        as_of=row.as_of,
        amount_fen=amount,
        payer=found.answer.benefit.payer,
        application_id=row.application_id,
        entered_by=actor.subject,
        granted_at=now,
    )
    if not is_entered:
        raise AlreadyGrantedError
    return grant_id


@dataclass(frozen=True, slots=True)
class Claim:
    """What is assessed: a measure, for whom, by which facts, about which persons."""

    measure: str
    subject: str
    applicant_ref: UUID
    as_of: date
    facts: Mapping[str, Any]
    persons: Sequence[Applicant]


def _claim(row: ApplicationRow, facts: Mapping[str, Any], persons: Sequence[Applicant]) -> Claim:
    return Claim(row.measure, row.subject, row.applicant_ref, row.as_of, facts, persons)


async def _assessed(tx: AsyncSession, vault: Vault, claim: Claim) -> Assessment:
    """The check with everything counted that was granted before.

    Raises:
        ValidationFailedError: unknown facts or wrong values.
    """
    async with all_rows(tx):  # one is granted once in the whole city
        grants = await register.grants_of(tx, claim.applicant_ref)
        persons = [vault.refs(person) for person in claim.persons]
        before = await register.granted_before(tx, claim.applicant_ref, claim.measure, persons)
    return assess(claim.measure, claim.subject, claim.facts, claim.as_of, grants, before)
