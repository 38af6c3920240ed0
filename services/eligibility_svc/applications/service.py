"""What is done with applications. Every step locks the application, decides by the pure rules, and adds a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.applications import repository
from eligibility_svc.applications.assessment import Assessment, amount_to_grant, assess
from eligibility_svc.applications.domain import (
    CLOSED,
    Applicant,
    Decision,
    Hands,
    State,
    Step,
    authorise,
    limited_to,
    next_state,
)
from eligibility_svc.applications.errors import (
    AlreadyGrantedError,
    AlreadyRatedError,
    ApplicationInvalidError,
    ApplicationNotFoundError,
    StepRefusedError,
)
from eligibility_svc.applications.models import ApplicationRow, ApplicationStepRow, RatingRow
from eligibility_svc.applications.submission import Submission, check_submission
from eligibility_svc.applications.vault import NAME, NUMBER, REASON, Vault
from eligibility_svc.grants import repository as register
from eligibility_svc.grants.domain import once_key
from eligibility_svc.measures.repository import catalogue
from eligibility_svc.webhooks import APPLICATION_EVENTS
from kit.clock import legal_day
from kit.errors import FieldError
from kit.http.etags import check_if_match
from kit.ids import new_id
from kit.webhooks.service import announce


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        unit: whose applications it sees; the city's accounts see all.
        is_office: whether it works in an office; anybody else sees what it submitted itself.
    """

    subject: str
    unit: str | None
    is_office: bool

    @property
    def rows(self) -> tuple[str | None, str | None]:
        """(unit, submitter) to which it is limited; None is no limit."""
        return (limited_to(self.unit), None) if self.is_office else (self.unit, self.subject)


@dataclass(frozen=True, slots=True)
class StepView:
    """A step with what was sealed in it."""

    row: ApplicationStepRow
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """An application as an answer shows it."""

    row: ApplicationRow
    applicant: Applicant
    steps: Sequence[StepView]


async def submit_application(
    tx: AsyncSession, vault: Vault, actor: Actor, submission: Submission, now: datetime
) -> ApplicationView:
    """Takes an application in, with its check. A refusal by the check is kept, too: a person decides, never we.

    Raises:
        ApplicationInvalidError: everything that is wrong with it, at once.
    """
    checked = check_submission(submission, actor.unit, legal_day(now))
    ref = await _known(tx, vault, checked.applicant, now)
    grants = await register.grants_of(tx, ref)
    found = assess(submission.measure, checked.subject, submission.facts, checked.as_of, grants)
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
    content = {"facts": _given(submission.facts), "result": found.result}
    await _add_step(tx, vault, row, Step.SUBMIT, actor, now, content, catalogue_version=found.catalogue_version)
    return await view_application(tx, vault, row)


async def resubmit_application(
    tx: AsyncSession,
    vault: Vault,
    actor: Actor,
    application_id: UUID,
    facts: Mapping[str, Any],
    if_match: str | None,
    now: datetime,
) -> ApplicationView:
    """Brings a returned application back with facts that replace the earlier ones.

    Raises:
        ApplicationNotFoundError, StepRefusedError, VersionStaleError, ValidationFailedError.
    """
    row = await _locked(tx, actor, application_id, if_match)
    after = next_state(State(row.state), Step.RESUBMIT)
    found = assess(row.measure, row.subject, facts, row.as_of, await register.grants_of(tx, row.applicant_ref))
    row.state = after.value
    content = {"facts": _given(facts), "result": found.result}
    await _add_step(tx, vault, row, Step.RESUBMIT, actor, now, content, catalogue_version=found.catalogue_version)
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
    row = await _locked(tx, actor, application_id, if_match)
    after = next_state(State(row.state), step)
    authorise(step, actor.subject, _hands(row))
    row.state = after.value
    row.accepted_by = {Step.ACCEPT: actor.subject, Step.RETURN: None}.get(step, row.accepted_by)
    await _add_step(tx, vault, row, step, actor, now, {"reason": reason})
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
    row = await _locked(tx, actor, application_id, if_match)
    step = Step(decision.value)
    before = State(row.state)
    after = next_state(before, step)
    authorise(step, actor.subject, _hands(row))
    await register.lock_applicant(tx, row.applicant_ref)
    facts = await _facts_of(tx, vault, row)
    found = assess(row.measure, row.subject, facts, row.as_of, await register.grants_of(tx, row.applicant_ref))
    given = amount_to_grant(found, amount) if step is Step.GRANT else None
    row.state = after.value
    if before is State.REVIEW_REQUESTED:
        row.reviewed_by = actor.subject
    else:
        row.decided_by = actor.subject
    content = {"facts": facts, "result": found.result, "reason": reason}
    version = found.catalogue_version
    await _add_step(tx, vault, row, step, actor, now, content, catalogue_version=version, amount_fen=given)
    if step is Step.GRANT:
        await _enter_grant(tx, row, found, given, now)
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
    row = await _locked(tx, actor, application_id, if_match)
    after = next_state(State(row.state), Step.PAY)
    authorise(Step.PAY, actor.subject, _hands(row))
    grant = await register.load_grant(tx, row.application_id)
    if grant.amount_fen is None:
        raise StepRefusedError("这项待遇没有应发放的金额，无需登记发放。")
    if not legal_day(grant.granted_at) <= paid_on <= legal_day(now):
        error = FieldError("/paid_on", "OUT_OF_RANGE", "发放日期应在准予之日至今天之间，请核对")
        raise ApplicationInvalidError(errors=[error])
    row.state, row.paid_by, grant.paid_on = after.value, actor.subject, paid_on
    content = {"reference": reference}
    await _add_step(tx, vault, row, Step.PAY, actor, now, content, amount_fen=grant.amount_fen, paid_on=paid_on)
    return await view_application(tx, vault, row)


async def rate_application(
    tx: AsyncSession, vault: Vault, actor: Actor, application_id: UUID, score: int, reason: str | None, now: datetime
) -> None:
    """好差评, once, by who submitted it, after the office has done its part; the application shows nothing of it.

    Raises:
        ApplicationNotFoundError, StepRefusedError, AlreadyRatedError.
    """
    row = await _found(tx, actor, application_id)
    if State(row.state) not in CLOSED:
        raise StepRefusedError("申请尚未办结，请在收到办理结果后评价。")
    sealed = vault.seal(reason or "", REASON, row.application_id)
    is_new = await repository.add_rating(
        tx,
        application_id=row.application_id,
        unit=row.unit,
        measure=row.measure,
        score=score,
        has_reason=reason is not None,
        reason_sealed=sealed,
        rated_at=now,
    )
    if not is_new:
        raise AlreadyRatedError


async def list_ratings(
    tx: AsyncSession, vault: Vault, *, unit: str | None, after: Sequence[Any] | None, limit: int
) -> list[tuple[RatingRow, str]]:
    """Ratings with their reasons, for who supervises the offices."""
    rows = await repository.list_ratings(tx, unit=unit, after=after, limit=limit)
    return [(row, vault.open(row.reason_sealed, REASON, row.application_id)) for row in rows]


async def read_application(tx: AsyncSession, vault: Vault, actor: Actor, application_id: UUID) -> ApplicationView:
    """An application that the account may see.

    Raises:
        ApplicationNotFoundError: there is none, or it is another unit's or another client's.
    """
    return await view_application(tx, vault, await _found(tx, actor, application_id))


async def list_applications(
    tx: AsyncSession,
    actor: Actor,
    *,
    unit: str | None,
    state: State | None,
    measure: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[ApplicationRow]:
    """Applications that the account may see.

    Raises:
        ApplicationNotFoundError: the filter names another unit.
    """
    own, submitter = actor.rows
    if own is not None and unit not in {None, own}:
        raise ApplicationNotFoundError
    return await repository.list_applications(
        tx,
        unit=unit or own,
        created_by=submitter,
        state=state.value if state else None,
        measure=measure,
        after=after,
        limit=limit,
    )


async def view_application(tx: AsyncSession, vault: Vault, row: ApplicationRow) -> ApplicationView:
    """Opens what is sealed."""
    await tx.flush()
    who = await register.load_applicant(tx, row.applicant_ref)
    number = vault.open(who.id_number_sealed, NUMBER, who.applicant_ref)
    name = vault.open(row.name_sealed, NAME, row.application_id)
    steps = [StepView(step, _opened(vault, step)) for step in await repository.load_steps(tx, row)]
    return ApplicationView(row, Applicant(who.id_type, number, name), steps)


async def _known(tx: AsyncSession, vault: Vault, applicant: Applicant, now: datetime) -> UUID:
    """The applicant's pseudonym, found under any held key or made under the current one."""
    refs = vault.refs(applicant)
    known = await register.find_applicant(tx, refs)
    if known is not None:
        return known.applicant_ref
    sealed = vault.seal(applicant.id_number, NUMBER, refs[0])
    await register.add_applicant(
        tx, applicant_ref=refs[0], id_type=applicant.id_type, id_number_sealed=sealed, created_at=now
    )
    return refs[0]


def _given(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


async def _found(tx: AsyncSession, actor: Actor, application_id: UUID, *, is_locked: bool = False) -> ApplicationRow:
    row = await repository.find_application(tx, application_id, *actor.rows, is_locked=is_locked)
    if row is None:
        raise ApplicationNotFoundError
    return row


async def _locked(tx: AsyncSession, actor: Actor, application_id: UUID, if_match: str | None) -> ApplicationRow:
    row = await _found(tx, actor, application_id, is_locked=True)
    check_if_match(if_match, row.row_version, required=False)
    row.row_version += 1
    return row


def _hands(row: ApplicationRow) -> Hands:
    return Hands(row.accepted_by, row.decided_by, row.reviewed_by)


async def _add_step(
    tx: AsyncSession,
    vault: Vault,
    row: ApplicationRow,
    step: Step,
    actor: Actor,
    now: datetime,
    content: Mapping[str, Any],
    **figures: Any,
) -> None:
    position = await repository.count_steps(tx, row) + 1
    tx.add(
        ApplicationStepRow(
            unit=row.unit,
            application_id=row.application_id,
            position=position,
            step=step.value,
            state=row.state,
            by=actor.subject,
            at=now,
            content_sealed=vault.seal_content(content, row.application_id, position),
            **figures,
        )
    )
    told = APPLICATION_EVENTS.get(row.state)
    if told is not None:
        data = {"application_id": str(row.application_id), "measure": row.measure}
        await announce(tx, told.name, data, unit=row.unit, client=row.created_by)


def _opened(vault: Vault, step: ApplicationStepRow) -> Mapping[str, Any]:
    return vault.open_content(step.content_sealed, step.application_id, step.position)


async def _facts_of(tx: AsyncSession, vault: Vault, row: ApplicationRow) -> Mapping[str, Any]:
    """The facts of the last submission."""
    steps = await repository.load_steps(tx, row)
    last = next(step for step in reversed(steps) if step.step in {Step.SUBMIT, Step.RESUBMIT})
    facts: Mapping[str, Any] = _opened(vault, last)["facts"]
    return facts


async def _enter_grant(
    tx: AsyncSession, row: ApplicationRow, found: Assessment, amount: int | None, now: datetime
) -> None:
    """The register's unique slots are the last word, whatever was read before.

    Raises:
        AlreadyGrantedError.
    """
    edition = catalogue().in_force(row.measure, row.as_of)
    is_entered = await register.add_grant(
        tx,
        grant_id=new_id(),
        applicant_ref=row.applicant_ref,
        measure=row.measure,
        once_key=once_key(edition.relations, row.as_of) if edition else None,
        unit=row.unit,
        as_of=row.as_of,
        amount_fen=amount,
        payer=found.answer.benefit.payer,
        application_id=row.application_id,
        granted_at=now,
    )
    if not is_entered:
        raise AlreadyGrantedError
