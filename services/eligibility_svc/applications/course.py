"""An application and its course: who may see it, what was said in each step, how a step is added."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.applications import repository
from eligibility_svc.applications.domain import PERSON, USCC, Applicant, Hands, State, Step, identify, limited_to
from eligibility_svc.applications.errors import ApplicationInvalidError, ApplicationNotFoundError
from eligibility_svc.applications.models import ApplicationRow, ApplicationStepRow
from eligibility_svc.applications.vault import NAME, NUMBER, Vault
from eligibility_svc.grants import repository as register
from eligibility_svc.webhooks import APPLICATION_EVENTS
from kit.clock import today
from kit.db.rows import all_rows
from kit.http.etags import check_if_match
from kit.webhooks.service import announce

MOST_FOUND = 100
_NOT_HERS = "没有查到：申请编号、证件号码或姓名与申请不符，请核对后重试。"


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


async def read_application(tx: AsyncSession, vault: Vault, actor: Actor, application_id: UUID) -> ApplicationView:
    """An application that the account may see.

    Raises:
        ApplicationNotFoundError: there is none, or it is another unit's or another client's.
    """
    return await view_application(tx, vault, await found(tx, actor, application_id))


async def list_applications(
    tx: AsyncSession,
    actor: Actor,
    *,
    unit: str | None,
    state: State | None,
    measure: str | None,
    applicant_ref: UUID | None,
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
        applicant_ref=applicant_ref,
        after=after,
        limit=limit,
    )


async def search_applications(tx: AsyncSession, vault: Vault, actor: Actor, who: Applicant) -> list[ApplicationRow]:
    """What somebody with a document applied for, so that she learns at any counter or kiosk how it stands.

    Whoever knows a number but not the name that goes with it finds nothing. An office finds its unit's applications;
    who serves the public finds all of them.

    Raises:
        ApplicationInvalidError: the document or the name cannot be one.
    """
    wanted, errors = identify(who, "EMPLOYER" if who.id_type == USCC else PERSON, today())
    if errors:
        raise ApplicationInvalidError(errors=errors)
    unit = limited_to(actor.unit) if actor.is_office else None
    async with contextlib.nullcontext() if actor.is_office else all_rows(tx):
        rows = await repository.applications_of(tx, vault.refs(wanted), unit, MOST_FOUND)
    return [row for row in rows if vault.open(row.name_sealed, NAME, row.application_id) == wanted.name]


async def view_application(tx: AsyncSession, vault: Vault, row: ApplicationRow) -> ApplicationView:
    """Opens what is sealed."""
    await tx.flush()
    who = await register.load_applicant(tx, row.applicant_ref)
    number = vault.open(who.id_number_sealed, NUMBER, who.applicant_ref)
    name = vault.open(row.name_sealed, NAME, row.application_id)
    steps = [StepView(step, opened(vault, step)) for step in await repository.load_steps(tx, row)]
    return ApplicationView(row, Applicant(who.id_type, number, name), steps)


async def known_applicant(tx: AsyncSession, vault: Vault, applicant: Applicant, now: datetime) -> UUID:
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


async def found(tx: AsyncSession, actor: Actor, application_id: UUID, *, is_locked: bool = False) -> ApplicationRow:
    row = await repository.find_application(tx, application_id, *actor.rows, is_locked=is_locked)
    if row is None:
        raise ApplicationNotFoundError
    return row


async def found_of_applicant(tx: AsyncSession, vault: Vault, application_id: UUID, who: Applicant) -> ApplicationRow:
    """An application, locked, for whoever holds the document and the name that it was submitted with.

    Raises:
        ApplicationInvalidError: the document or the name cannot be one.
        ApplicationNotFoundError: there is none, or it is somebody else's.
    """
    wanted, errors = identify(who, "EMPLOYER" if who.id_type == USCC else PERSON, today())
    if errors:
        raise ApplicationInvalidError(errors=errors)
    row = await repository.find_application(tx, application_id, None, None, is_locked=True)
    if row is None or row.applicant_ref not in vault.refs(wanted):
        raise ApplicationNotFoundError(_NOT_HERS)
    if vault.open(row.name_sealed, NAME, row.application_id) != wanted.name:
        raise ApplicationNotFoundError(_NOT_HERS)
    return row


async def locked(tx: AsyncSession, actor: Actor, application_id: UUID, if_match: str | None) -> ApplicationRow:
    row = await found(tx, actor, application_id, is_locked=True)
    check_if_match(if_match, row.row_version, required=False)
    row.row_version += 1
    return row


def hands(row: ApplicationRow) -> Hands:
    return Hands(row.accepted_by, row.decided_by, row.reviewed_by)


async def add_step(
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


async def submitted_of(tx: AsyncSession, vault: Vault, row: ApplicationRow) -> Mapping[str, Any]:
    """What the last submission said: facts, and whom the claim is about."""
    steps = await repository.load_steps(tx, row)
    last = next(step for step in reversed(steps) if step.step in {Step.SUBMIT, Step.RESUBMIT})
    return opened(vault, last)


def submitted_content(
    facts: Mapping[str, Any], persons: Sequence[Applicant], result: Mapping[str, Any]
) -> dict[str, Any]:
    """What a submission says, as its step keeps it."""
    known = {name: value for name, value in facts.items() if value is not None}
    return {"facts": known, "persons": [asdict(person) for person in persons] or None, "result": result}


def persons_of(content: Mapping[str, Any]) -> tuple[Applicant, ...]:
    """Whom a submission is about."""
    return tuple(Applicant(**person) for person in content.get("persons", ()))


def opened(vault: Vault, step: ApplicationStepRow) -> Mapping[str, Any]:
    return vault.open_content(step.content_sealed, step.application_id, step.position)
