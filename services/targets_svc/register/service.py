"""What is done with the register: record an event, verify or retract one, check the counts."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.crypto.fields import FieldCipher
from kit.crypto.keys import KeyRing
from kit.crypto.lookup import LookupHash
from kit.errors import FieldError
from kit.identifiers.contact import parse_mobile
from kit.identifiers.documents import IdType
from kit.identifiers.names import name_key
from kit.ids import new_id
from targets_svc.indicators.domain import attrition_codes, register_codes
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import ItemState
from targets_svc.plans.service import find_plan_for_period
from targets_svc.register import repository
from targets_svc.register.domain import (
    AFTER_ATTRITION,
    OTHER_NAME,
    Claim,
    Coverage,
    Notice,
    Outcome,
    Person,
    SlotKey,
    find_errors,
    find_warnings,
    identify,
    read_person,
    shift,
    winner,
)
from targets_svc.register.errors import (
    AlreadyRetractedError,
    EventInvalidError,
    EventNotFoundError,
    NotPendingError,
    SourceReusedError,
    UnitNotYoursError,
    VerifierRecordedError,
)
from targets_svc.register.evidence import SAME_DAY, SAME_SOURCE_A_DAY, waits
from targets_svc.register.repository import KnownPerson
from targets_svc.units.domain import CITY, limited_to, may_see

NAME, PHONE = "register.name", "register.phone"
"""What the keyed digests of a name and of a phone number are for; each purpose has digests of its own."""
_NAMES_REMEMBERED = 50_000
_SEALED = "identity_block.sealed"
_MOST_FOUND = 500
"""Events of one person that are told at once."""


class Vault:
    """The keys of the register: what is sealed, and by what a person is found again."""

    def __init__(self, keys: KeyRing) -> None:
        self.cipher = FieldCipher(keys)
        self.hash = LookupHash(keys)
        self._name_digests: dict[str, bytes] = {}

    def name_digest(self, name: str) -> int:
        """Eight bytes of the keyed digest of a name's key, as the database's bigint."""
        return digest_number(self.hash.lookup(NAME, name).digest)

    def name_digests(self, names: Iterable[str]) -> list[bytes]:
        """`name_digest` of many names' keys in eight bytes; the same names come again and again, and are remembered."""
        if len(self._name_digests) > _NAMES_REMEMBERED:
            self._name_digests = {}  # another thread may still look into the old ones
        wanted, known = list(names), self._name_digests
        new = [*dict.fromkeys(itertools.filterfalse(known.__contains__, wanted))]
        known.update(zip(new, (digest[:8] for digest in self.hash.many_lookups(NAME, new)), strict=True))
        return [*map(known.__getitem__, wanted)]

    def is_same_name(self, name: str, stored: int, key_id: str) -> bool:
        """Whether a stored digest is that of a name's key, under the key with which it was made."""
        made = {lookup.key_id: digest_number(lookup.digest) for lookup in self.hash.lookups(NAME, name)}
        return made.get(key_id) == stored

    def phone_digest(self, phone: str | None) -> str | None:
        """The keyed digest of a mobile number, hexadecimal."""
        return None if phone is None else self.hash.lookup(PHONE, parse_mobile(phone)).digest[:16].hex()

    def seal_identities(self, block_id: UUID, lines: str) -> bytes:
        """The identities of a block, a line of type, number and name for each.

        The pseudonym follows from type and number, under whichever key.
        """
        return self.cipher.encrypt(lines, column=_SEALED, row_id=block_id)


def digest_number(digest: bytes) -> int:
    """The first eight bytes as a bigint; enough to notice another name, and a quarter of the room."""
    return int.from_bytes(digest[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event.

    Attributes:
        reason: why it is not counted; None when it is.
        held_by: event and unit that hold the slot instead.
        warnings: N3, N7, N10, N12 and N13, said once when the event arrives.
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
        EventInvalidError: rules N1, N2, N4, N8, N9 and N11; all faults at once.
        SourceReusedError: the source reference stands for other content (N5).
    """
    if not may_see(own_unit, notice.unit):
        raise UnitNotYoursError
    covered = await find_coverage(tx, notice.year)
    person, faults = identify(notice, legal_day(now))
    faults = [*find_errors(notice, covered, now), *faults]
    if faults or person is None:
        raise EventInvalidError(errors=faults)
    event_id = new_id()
    known = await _find_or_add(tx, vault, person, event_id)
    claim = _claim(notice, event_id, known.person_id)
    stored: dict[str, Any] = {
        "event_id": claim.event_id,
        "person_id": known.person_id,
        "received_at": notice.received_at,
        "name_digest": vault.name_digest(name_key(person.name)),
        "event_date": notice.event_date,
        "year": notice.year,
        "is_pending": claim.is_pending,
        "indicator": notice.indicator,
        "unit": notice.unit,
        "source_system": notice.source_system,
        "source_ref": notice.source_ref,
        "name_key_id": vault.hash.current_key_id,
        "recorded_by": subject,
        "evidence": notice.evidence.stored(vault.phone_digest(notice.evidence.phone)),
    }
    if not await repository.add_event(tx, stored):
        return await _recorded_before(tx, vault, claim, person, stored["evidence"])
    warnings = [
        *find_warnings(notice, person, covered),
        *await _find_warnings_beside(tx, claim, covered, stored["evidence"] or {}),
    ]
    if not vault.is_same_name(name_key(person.name), known.name_digest, known.key_id):
        warnings.append(OTHER_NAME)
    warnings.sort(key=lambda warning: warning.code)
    if claim.is_pending:
        return Receipt(claim.event_id, False, Outcome.PENDING, None, warnings, is_new=True)
    is_held, holder = await _take_slot(tx, claim)
    return Receipt(
        claim.event_id, is_held, None if is_held else Outcome.DUPLICATE_IN_YEAR, holder, warnings, is_new=True
    )


async def _take_slot(tx: AsyncSession, claim: Claim) -> tuple[bool, tuple[UUID, str] | None]:
    """Whether the claim holds its slot now, and who holds it otherwise; the counts follow."""
    is_held, displaced = await repository.claim_slot(tx, claim)
    if not is_held:
        return False, await repository.find_holder(tx, claim.key)
    await repository.move_counts(tx, shift(displaced, claim))
    return True, None


async def _find_warnings_beside(
    tx: AsyncSession, claim: Claim, covered: Coverage, evidence: Mapping[str, Any]
) -> list[FieldError]:
    """N7 and N13: what is worth a second look, told from what stands beside the event in the register."""
    found = []
    end = covered.attrition.get(claim.key.indicator)
    is_known = claim.key.person != claim.event_id  # who is new has the id of the first event, and no slot
    if (
        end
        and is_known
        and await repository.has_slot(tx, claim.key.person, claim.key.year, [end], before=claim.event_date)
    ):
        found.append(AFTER_ATTRITION)
    for name, warning in SAME_DAY.items():
        value = evidence.get(name)
        if value and await repository.count_same_day(tx, name, value, claim.event_date) > SAME_SOURCE_A_DAY:
            found.append(warning)
    return found


async def find_coverage(tx: AsyncSession, year: int) -> Coverage:
    """Units and indicators of the year's last version; what is pending is not counted yet (N4)."""
    plan = await find_plan_for_period(tx, year, date(year, 12, 31))
    if plan is None:
        return Coverage()
    indicators = load_indicators()
    settled = {item.indicator for item in plan.items if item.state is not ItemState.PENDING}
    return Coverage(
        plan.units - {CITY},
        register_codes(indicators, frozenset(settled)),
        await repository.find_closed_months(tx, year),
        attrition_codes(indicators),
    )


async def _find_or_add(tx: AsyncSession, vault: Vault, person: Person, event_id: UUID) -> KnownPerson:
    """The person, found under any held key or added under the current one, with the id of the first event."""
    keys = vault.hash.person_keys(person.id_type.value, person.number)
    known = await repository.find_person(tx, list(keys.values()))
    if known is not None:
        return known
    key, name = vault.hash.person_key(person.id_type.value, person.number), name_key(person.name)
    added = KnownPerson(event_id, vault.name_digest(name), vault.hash.current_key_id)
    block_id = new_id()
    values = added._asdict() | {"person_key": key, "identity_block": block_id}
    sealed = vault.seal_identities(block_id, identity_line(person))
    if await repository.add_person(tx, values, sealed):
        return added
    known = await repository.find_person(tx, list(keys.values()))
    assert known is not None
    return known


def identity_line(person: Person) -> str:
    """As `Vault.seal_identities` takes it; a name has no comma."""
    return f"{person.id_type.value},{person.number},{person.name}\n"


def _claim(notice: Notice, event_id: UUID, person_id: UUID) -> Claim:
    return Claim(
        event_id,
        SlotKey(notice.year, notice.indicator, person_id),
        notice.unit,
        notice.event_date,
        notice.received_at,
        notice.source_system,
        notice.source_ref,
        is_pending=waits(notice.event_date, notice.evidence),
    )


async def _recorded_before(
    tx: AsyncSession, vault: Vault, claim: Claim, person: Person, evidence: dict[str, Any] | None
) -> Receipt:
    """N5: the same content changes nothing. When it was received is not content: a repeat arrives later."""
    before = await repository.find_source(tx, claim.source_system, claim.source_ref)
    key, event_id = claim.key, before.event_id
    if (before.year, before.indicator, before.person_id, before.unit, before.event_date, before.evidence) != (
        *(key.year, key.indicator, key.person, claim.unit, claim.event_date, evidence),
    ) or not vault.is_same_name(name_key(person.name), before.name_digest, before.name_key_id):
        raise SourceReusedError
    recorded = await repository.find_claim(tx, event_id)
    assert recorded is not None
    if recorded.retracted_at is not None:
        return Receipt(event_id, False, Outcome.RETRACTED)
    if recorded.is_pending:
        return Receipt(event_id, False, Outcome.PENDING)
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
    if claim.is_pending:
        await repository.lock_pending(tx, event_id)  # it may be verified at this moment, and hold its slot afterwards
    holder = await repository.lock_slot(tx, claim.key)
    if not await repository.mark_retracted(tx, event_id, at=now, by=subject, reason=reason):
        raise AlreadyRetractedError
    if holder != event_id:
        return Retraction(event_id, now, None)
    heir = winner(await repository.live_claims(tx, claim.key))
    await repository.pass_slot(tx, claim.key, heir)
    await repository.move_counts(tx, shift(claim, heir))
    return Retraction(event_id, now, heir)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification did."""

    event_id: UUID
    verified_at: datetime
    counted: bool
    held_by: tuple[UUID, str] | None


async def verify_event(
    tx: AsyncSession, *, subject: str, own_unit: str | None, event_id: UUID, basis: str, now: datetime
) -> Verification:
    """Finds a pending event (N10) true, on a stated basis: from now on it claims its slot like any other.

    Raises:
        EventNotFoundError: no such event, or another unit's.
        NotPendingError: it never waited, is verified already, or was retracted.
        VerifierRecordedError: who registered it cannot verify it.
    """
    await repository.lock_pending(tx, event_id)
    claim = await repository.find_claim(tx, event_id)
    if claim is None or not may_see(own_unit, claim.unit):
        raise EventNotFoundError
    recorder = await repository.find_recorder(tx, event_id)
    if recorder == subject:
        raise VerifierRecordedError
    verified = {"event_id": event_id, "verified_at": now, "verified_by": subject, "recorded_by": recorder}
    if not claim.is_pending or claim.retracted_at is not None:
        raise NotPendingError
    await repository.add_verification(tx, verified | {"basis": basis})
    is_held, holder = await _take_slot(tx, claim)
    return Verification(event_id, now, is_held, holder)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of the ledger as things stand now.

    Attributes:
        row: what was received, and its verification and retraction.
        reason: why it is not counted; None when it is.
        held_by: event and unit that hold the slot instead.
    """

    row: Row[Any]
    reason: Outcome | None
    held_by: tuple[UUID, str] | None


async def read_event(tx: AsyncSession, event_id: UUID, *, own_unit: str | None) -> Entry:
    """One event, for its own unit and the city.

    Raises:
        EventNotFoundError: no such event, or another unit's.
    """
    row = await repository.find_entry(tx, event_id)
    if row is None or not may_see(own_unit, row.unit):
        raise EventNotFoundError
    return _entry(row)


def _entry(row: Row[Any]) -> Entry:
    if row.holder == row.event_id:
        return Entry(row, None, None)
    if row.retracted_at is not None:
        return Entry(row, Outcome.RETRACTED, None)
    if row.is_pending and row.verified_at is None:
        return Entry(row, Outcome.PENDING, None)
    return Entry(row, Outcome.DUPLICATE_IN_YEAR, (row.holder, row.holder_unit))


async def find_by_person(
    tx: AsyncSession, vault: Vault, document: tuple[IdType, str, str], *, own_unit: str | None, today: date
) -> list[Entry]:
    """The events of a person, the latest first, as far as the account sees them; none when number and name do not
    belong together: who asks learns nothing of a number alone.

    Args:
        document: type and number, and the name on it; one of the names under which the person was registered.

    Raises:
        EventInvalidError: no such number or name can be (N1).
    """
    person, faults = read_person(*document, today)
    if faults:
        raise EventInvalidError(errors=faults)
    known = await repository.find_person(tx, list(vault.hash.person_keys(person.id_type.value, person.number).values()))
    if known is None:
        return []
    names, name = await repository.list_names(tx, known.person_id), name_key(person.name)
    if not any(vault.is_same_name(name, digest, key_id) for digest, key_id in names):
        return []
    rows = await repository.list_entries(tx, known.person_id, limited_to(own_unit), _MOST_FOUND)
    return [_entry(row) for row in rows]


async def find_by_source(tx: AsyncSession, source_system: str, source_ref: str, *, own_unit: str | None) -> list[Entry]:
    """The event of a source reference, as far as the account sees it."""
    event_id = await repository.find_event_id(tx, source_system, source_ref)
    if event_id is None:
        return []
    try:
        return [await read_event(tx, event_id, own_unit=own_unit)]
    except EventNotFoundError:
        return []


async def list_pending(
    tx: AsyncSession, *, own_unit: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[Row[Any]]:
    """Events that wait for their verification, as far as the account sees them."""
    return await repository.list_pending(tx, limited_to(own_unit), after, limit)


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
