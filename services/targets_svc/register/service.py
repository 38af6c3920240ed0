"""What is done with the register: record an event, retract one, check the counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.crypto.fields import FieldCipher
from kit.crypto.keys import KeyRing
from kit.crypto.lookup import Lookup, LookupHash
from kit.errors import FieldError
from kit.identifiers.names import name_key
from kit.ids import new_id
from targets_svc.indicators.domain import register_codes
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import ItemState
from targets_svc.plans.service import find_plan_for_period
from targets_svc.register import repository
from targets_svc.register.domain import (
    Claim,
    Coverage,
    Notice,
    Outcome,
    Person,
    SlotKey,
    find_errors,
    identify,
    shift,
    winner,
)
from targets_svc.register.errors import (
    AlreadyRetractedError,
    EventInvalidError,
    EventNotFoundError,
    SourceReusedError,
    UnitNotYoursError,
)
from targets_svc.units.domain import CITY, limited_to, may_see

NAME, CONTENT = "register.name", "register.content"
"""What the keyed digests of a name and of an event's content are for; each purpose has digests of its own."""
CONTENT_SEPARATOR = "\x1f"
OTHER_NAME = FieldError("/name", "N12_NAME", "与该证件以前登记的姓名不同，请核对")


class Vault:
    """The keys of the register: what is sealed, and by what a person is found again."""

    def __init__(self, keys: KeyRing) -> None:
        self.cipher = FieldCipher(keys)
        self.hash = LookupHash(keys)

    def is_same(self, purpose: str, text: str, stored: Lookup) -> bool:
        """Whether a keyed digest is that of a text, under the key with which it was made."""
        return stored in self.hash.lookups(purpose, text)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event.

    Attributes:
        reason: why it is not counted; None when it is.
        held_by: event and unit that hold the slot instead.
        warnings: N12, said once when the event arrives.
        is_new: False when the same event was there already.
    """

    event_id: UUID
    counted: bool
    reason: Outcome | None
    held_by: tuple[UUID, str] | None = None
    warnings: Sequence[FieldError] = ()
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Retraction:
    """What a retraction did; `heir` has the slot now."""

    event_id: UUID
    retracted_at: datetime
    heir: Claim | None


async def record_event(
    tx: AsyncSession, vault: Vault, *, subject: str, own_unit: str | None, notice: Notice, now: datetime
) -> Receipt:
    """Appends an event to the ledger and lets it claim its slot; the counts follow in the same transaction.

    The same source reference with the same content changes nothing and is answered as things stand now.

    Raises:
        UnitNotYoursError: another unit's event.
        EventInvalidError: rules N1, N2, N4; all faults at once.
        SourceReusedError: the source reference stands for other content (N5).
    """
    if not may_see(own_unit, notice.unit):
        raise UnitNotYoursError
    person, faults = identify(notice, legal_day(now))
    faults = [*find_errors(notice, await find_coverage(tx, notice.year), now), *faults]
    if faults or person is None:
        raise EventInvalidError(errors=faults)
    person_key, warnings = await _person_key(tx, vault, person, now)
    claim = _claim(notice, person_key)
    content = vault.hash.lookup(CONTENT, _canonical(claim, person))
    stored = {
        "event_id": claim.event_id,
        "year": notice.year,
        "indicator": notice.indicator,
        "person_key": person_key,
        "unit": notice.unit,
        "event_date": notice.event_date,
        "received_at": notice.received_at,
        "source_system": notice.source_system,
        "source_ref": notice.source_ref,
        "content_key_id": content.key_id,
        "content_digest": content.digest,
        "recorded_by": subject,
    }
    if not await repository.add_event(tx, stored):
        return await _recorded_before(tx, vault, claim, person)
    is_held, displaced = await repository.claim_slot(tx, claim)
    if is_held:
        await repository.move_counts(tx, shift(displaced, claim))
        return Receipt(claim.event_id, True, None, None, warnings, is_new=True)
    holder = await repository.find_holder(tx, claim.key)
    return Receipt(claim.event_id, False, Outcome.DUPLICATE_IN_YEAR, holder, warnings, is_new=True)


async def find_coverage(tx: AsyncSession, year: int) -> Coverage:
    """Units and indicators of the year's last version; what is pending is not counted yet (N4)."""
    plan = await find_plan_for_period(tx, year, date(year, 12, 31))
    if plan is None:
        return Coverage()
    settled = {item.indicator for item in plan.items if item.state is not ItemState.PENDING}
    return Coverage(plan.units - {CITY}, register_codes(load_indicators(), frozenset(settled)))


async def _person_key(tx: AsyncSession, vault: Vault, person: Person, now: datetime) -> tuple[UUID, list[FieldError]]:
    """The person's pseudonym, found under any held key or made under the current one; N12 for another name."""
    keys = vault.hash.person_keys(person.id_type.value, person.number)
    known = await repository.find_person(tx, list(keys.values()))
    if known is None:
        current = vault.hash.person_key(person.id_type.value, person.number)
        if await repository.add_person(tx, *_sealed(vault, current, person, now)):
            return current, []
        known = await repository.find_person(tx, list(keys.values()))
        assert known is not None
    key, name_digest, key_id = known
    is_same = vault.is_same(NAME, name_key(person.name), Lookup(key_id, name_digest))
    return key, [] if is_same else [OTHER_NAME]


def _sealed(vault: Vault, key: UUID, person: Person, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    name = vault.hash.lookup(NAME, name_key(person.name))
    seal = vault.cipher.encrypt
    return (
        {"person_key": key, "key_id": name.key_id, "name_digest": name.digest, "created_at": now},
        {
            "person_key": key,
            "id_type": person.id_type.value,
            "id_number_sealed": seal(person.number, column="person_identity.id_number", row_id=key),
            "name_sealed": seal(person.name, column="person_identity.name", row_id=key),
        },
    )


def _claim(notice: Notice, person_key: UUID) -> Claim:
    return Claim(
        new_id(),
        SlotKey(notice.year, notice.indicator, person_key),
        notice.unit,
        notice.event_date,
        notice.received_at,
        notice.source_system,
        notice.source_ref,
    )


def _canonical(claim: Claim, person: Person) -> str:
    """What makes two notices the same. When it was received is not content: a repeat arrives later."""
    parts = (claim.key.year, claim.key.indicator, claim.key.person, claim.unit, claim.event_date, name_key(person.name))
    return CONTENT_SEPARATOR.join(map(str, parts))


async def _recorded_before(tx: AsyncSession, vault: Vault, claim: Claim, person: Person) -> Receipt:
    event_id, key_id, digest = await repository.find_source(tx, claim.source_system, claim.source_ref)
    if not vault.is_same(CONTENT, _canonical(claim, person), Lookup(key_id, digest)):
        raise SourceReusedError
    recorded = await repository.find_claim(tx, event_id)
    assert recorded is not None
    if recorded.retracted_at is not None:
        return Receipt(event_id, False, Outcome.RETRACTED)
    holder = await repository.find_holder(tx, recorded.key)
    if holder is not None and holder[0] == event_id:
        return Receipt(event_id, True, None)
    return Receipt(event_id, False, Outcome.DUPLICATE_IN_YEAR, holder)


async def retract_event(
    tx: AsyncSession, *, subject: str, own_unit: str | None, event_id: UUID, reason: str, now: datetime
) -> Retraction:
    """Marks an event as false; the next live event of the person takes the slot.

    Three statements, because at READ COMMITTED one that waits for a lock goes on with the snapshot from before the
    wait: lock the slot, mark the event, then look for the heir (targets design §8).

    Raises:
        EventNotFoundError: no such event, or another unit's.
        AlreadyRetractedError.
    """
    claim = await repository.find_claim(tx, event_id)
    if claim is None or not may_see(own_unit, claim.unit):
        raise EventNotFoundError
    holder = await repository.lock_slot(tx, claim.key)
    if not await repository.mark_retracted(tx, event_id, at=now, by=subject, reason=reason):
        raise AlreadyRetractedError
    if holder != event_id:
        return Retraction(event_id, now, None)
    heir = winner(await repository.live_claims(tx, claim.key))
    await repository.pass_slot(tx, claim.key, heir)
    await repository.move_counts(tx, shift(claim, heir))
    return Retraction(event_id, now, heir)


async def list_counts(
    tx: AsyncSession, *, year: int, own_unit: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[Row[str, str, int, int]]:
    """Counts of a year by unit, indicator and month, as far as the account sees them."""
    return await repository.list_counts(tx, year, limited_to(own_unit), after, limit)


async def check_register(tx: AsyncSession) -> dict[str, Any]:
    """S1 and S2: the counts equal a recount of the ledger, each slot has its rightful holder. Repairs nothing."""
    wrong_counts = await repository.find_wrong_counts(tx)
    wrong_slots = await repository.count_wrong_slots(tx)
    return {
        "is_sound": not wrong_counts and not wrong_slots,
        "wrong_counts": wrong_counts[:100],
        "wrong_count_cells": len(wrong_counts),
        "wrong_slots": wrong_slots,
    }
