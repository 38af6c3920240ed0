"""The register beside applications: grants of the time before are entered, and wrong ones are revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.applications import course
from eligibility_svc.applications import repository as applications
from eligibility_svc.applications.course import Actor
from eligibility_svc.applications.domain import (
    PERSON,
    USCC,
    Applicant,
    State,
    Step,
    identify_document,
    limited_to,
    next_state,
)
from eligibility_svc.applications.errors import AlreadyGrantedError, FourEyesError
from eligibility_svc.applications.submission import units
from eligibility_svc.applications.vault import Vault
from eligibility_svc.grants import repository
from eligibility_svc.grants.domain import once_key
from eligibility_svc.grants.errors import GrantInvalidError, GrantNotFoundError, GrantRevokedError
from eligibility_svc.grants.models import GrantRow
from eligibility_svc.grants.telling import take_grant_back
from eligibility_svc.measures.domain import Edition, Family
from eligibility_svc.measures.repository import catalogue
from kit.clock import legal_day
from kit.errors import FieldError
from kit.ids import new_id

REFERENCE, REVOCATION = "grant.reference", "grant.revocation"


@dataclass(frozen=True, slots=True)
class Document:
    """Whom a grant was given to, or for; `months` where these are limited for each person."""

    id_type: str
    id_number: str
    months: int | None = None


@dataclass(frozen=True, slots=True)
class EarlierGrant:
    """A grant that was given before the register, or outside of it.

    Attributes:
        as_of: the day of the grant.
        amount: fen; None where no money was given.
        unit: who gave it; None for the unit of who enters it.
        reference: the document that proves it.
    """

    measure: str
    applicant: Document
    as_of: date
    amount: int | None
    unit: str | None
    reference: str
    persons: Sequence[Document] = ()


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant with what was sealed."""

    row: GrantRow
    reference: str | None
    revocation: str | None


async def enter_grant(tx: AsyncSession, vault: Vault, actor: Actor, earlier: EarlierGrant, now: datetime) -> GrantView:
    """Enters an earlier grant; from now on it counts as if it had been decided here.

    Raises:
        GrantInvalidError: everything that is wrong with it, at once.
        AlreadyGrantedError: its slot is taken.
    """
    unit, edition, applicant, persons = _checked(earlier, actor, legal_day(now))
    ref = await course.known_applicant(tx, vault, applicant, now)
    await repository.lock_applicant(tx, ref)
    grant_id = new_id()
    is_entered = await repository.add_grant(
        tx,
        grant_id=grant_id,
        applicant_ref=ref,
        measure=earlier.measure,
        once_key=once_key(edition.relations, earlier.as_of),
        unit=unit,
        as_of=earlier.as_of,
        amount_fen=earlier.amount,
        entered_by=actor.subject,
        reference_sealed=vault.seal(earlier.reference, REFERENCE, grant_id),
        granted_at=now,
    )
    if not is_entered:
        raise AlreadyGrantedError
    about = [(vault.refs(person)[0], each.months) for person, each in zip(persons, earlier.persons, strict=True)]
    await repository.add_persons(tx, ref, earlier.measure, about, grant_id)
    return await read_grant(tx, vault, actor, grant_id)


async def read_grant(tx: AsyncSession, vault: Vault, actor: Actor, grant_id: UUID) -> GrantView:
    """A grant that the account may see.

    Raises:
        GrantNotFoundError: there is none, or it is another unit's.
    """
    row = await repository.find_grant(tx, grant_id, unit=limited_to(actor.unit))
    if row is None:
        raise GrantNotFoundError
    return _view(vault, row)


async def revoke_grant(
    tx: AsyncSession, vault: Vault, actor: Actor, grant_id: UUID, reason: str, now: datetime
) -> GrantView:
    """Takes a grant back: it counts no more, its application ends, and `targets` is told. What was paid is asked
    back outside of this register.

    Raises:
        GrantNotFoundError, GrantRevokedError.
        FourEyesError: whoever decided or entered it.
    """
    # The application first, as a payment does: two who come at once wait for each other in one order.
    application_id = await repository.application_of(tx, grant_id)
    application = (
        None
        if application_id is None
        else await applications.find_application(tx, application_id, None, None, is_locked=True)
    )
    row = await repository.find_grant(tx, grant_id, unit=limited_to(actor.unit), is_locked=True)
    if row is None:
        raise GrantNotFoundError
    if row.revoked_by is not None:
        raise GrantRevokedError
    if row.entered_by == actor.subject:
        raise FourEyesError
    row.once_key, row.revoked_by, row.revoked_at = None, actor.subject, now
    row.revocation_sealed = vault.seal(reason, REVOCATION, row.grant_id)
    if application is not None:
        application.state = next_state(State(application.state), Step.REVOKE).value
        application.row_version += 1
        await course.add_step(tx, vault, application, Step.REVOKE, actor, now, {"reason": reason})
        if application.subject == PERSON:
            await take_grant_back(tx, row.grant_id)
    await tx.flush()
    return _view(vault, row)


def _view(vault: Vault, row: GrantRow) -> GrantView:
    def opened(sealed: bytes | None, column: str) -> str | None:
        return None if sealed is None else vault.open(sealed, column, row.grant_id)

    return GrantView(row, opened(row.reference_sealed, REFERENCE), opened(row.revocation_sealed, REVOCATION))


def _checked(earlier: EarlierGrant, actor: Actor, today: date) -> tuple[str, Edition, Applicant, tuple[Applicant, ...]]:
    """Unit, the edition that was in force, to whom, and for whom; in normal form."""
    editions = catalogue().measures.get(earlier.measure)
    if editions is None or editions[-1].family is not Family.GRANT:
        text = "没有可登记的这项待遇，请从措施目录中的待遇（GRANT）选择"
        raise GrantInvalidError(errors=[FieldError("/measure", "NOT_A_GRANT", text)])
    # What was given under a rule before ours counts like what our first edition gives.
    edition = catalogue().in_force(earlier.measure, earlier.as_of) or editions[0]
    errors: list[FieldError] = []
    if earlier.as_of > today:
        errors.append(FieldError("/as_of", "FUTURE", "给予之日不能晚于今天"))
    own = limited_to(actor.unit)
    unit = earlier.unit or own or ""
    if unit not in units():
        errors.append(FieldError("/unit", "UNKNOWN_UNIT", "请填写给予待遇的单位，ZZ00至ZZ15之一"))
    elif own is not None and unit != own:
        errors.append(FieldError("/unit", "FOREIGN_UNIT", "只能登记本单位给予的待遇；其他单位的请由该单位登记"))
    is_person = earlier.applicant.id_type != USCC
    subject = next((of for of in edition.subjects if (of == PERSON) == is_person), edition.subjects[0])
    applicant, wrong = _identified(earlier.applicant, subject, today, "/applicant")
    persons = [_identified(each, PERSON, today, f"/persons/{index}") for index, each in enumerate(earlier.persons)]
    known = tuple(person for person, _ in persons)
    errors += [*wrong, *(error for _, found in persons for error in found)]
    errors += _wrong_persons(earlier.persons, known, edition)
    if errors:
        raise GrantInvalidError(errors=errors)
    return unit, edition, applicant, known


def _identified(document: Document, subject: str, today: date, pointer: str) -> tuple[Applicant, list[FieldError]]:
    number, errors = identify_document(document.id_type, document.id_number, subject, today, pointer)
    return Applicant(document.id_type, number or "", ""), errors


def _wrong_persons(about: Sequence[Document], known: Sequence[Applicant], edition: Edition) -> list[FieldError]:
    """What is wrong with them together; a number that cannot be one is told already, and stands empty in `known`."""
    rule = edition.relations.per_person
    if rule is None:
        text = "这项待遇不涉及其他人员，请不要填写"
        return [FieldError("/persons", "NOT_EXPECTED", text)] if about else []
    if not about:
        return [FieldError("/persons", "PERSONS", "请填写这项待遇所涉及的人员")]
    told = [(each.id_type, each.id_number) for each in known if each.id_number]
    if len(set(told)) < len(told):
        return [FieldError("/persons", "DUPLICATE", "同一人员只能填写一次，请核对")]
    is_by_months = rule.at_most is not None
    text = "请填写已补贴的月数" if is_by_months else "这项待遇不按月计算，请不要填写月数"
    return [
        FieldError(f"/persons/{index}/months", "MONTHS", text)
        for index, each in enumerate(about)
        if (each.months is not None) != is_by_months
    ]
