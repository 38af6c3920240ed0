"""Taking events of other services: each once, counted where a mapping and the year's plan say so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.crypto.lookup import Lookup
from kit.errors import FieldError
from kit.identifiers.documents import IdType
from targets_svc.event_mappings.domain import indicators_of
from targets_svc.event_mappings.service import find_rules
from targets_svc.register.domain import Coverage, Notice, identify
from targets_svc.register.errors import AlreadyRetractedError, EventInvalidError, UnitNotYoursError
from targets_svc.register.evidence import Evidence
from targets_svc.register.service import Vault, find_coverage, record_event, retract_event
from targets_svc.service_events import repository
from targets_svc.service_events.domain import NOT_PLANNED, EventState, Person, ServiceEvent
from targets_svc.service_events.errors import (
    ServiceEventInvalidError,
    ServiceEventNotFoundError,
    ServiceEventReusedError,
)
from targets_svc.service_events.models import OutcomeRow, ServiceEventRow
from targets_svc.units.domain import CITY, limited_to, may_see
from targets_svc.units.repository import load_units

_log = structlog.get_logger("targets.service_events")
CONTENT = "service_event.content"
"""What the keyed digest of an event's content is for."""
_SEALED = "service_event.person"
_POINTERS = {
    "/id_number": "/subject/id_number",
    "/name": "/subject/name",
    "/event_date": "/occurred_on",
    "/year": "/occurred_on",
    "/received_at": "/recorded_at",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an event; `is_new` is False when it had come before."""

    row: ServiceEventRow
    outcomes: Sequence[OutcomeRow]
    is_new: bool = False


async def take_event(tx: AsyncSession, vault: Vault, event: ServiceEvent, now: datetime) -> Taken:
    """Records an event under every indicator that counts it; the same event again changes nothing.

    Raises:
        ServiceEventReusedError: its id stands for other content.
        ServiceEventInvalidError: number, name, unit or date are wrong; nothing is stored.
    """
    row = await repository.lock_event(tx, event.source, event.event_id)
    if row is not None:
        if Lookup(row.content_key_id, row.content_digest) not in vault.hash.lookups(CONTENT, _canonical(event)):
            raise ServiceEventReusedError
        return Taken(row, (await repository.find_outcomes(tx, [row]))[row.source, row.event_id])
    _require_sound(event, now)
    rules = await find_rules(tx)
    indicators = indicators_of(rules, event.source, event.kind, event.occurred_on, event.attributes)
    row = _row(vault, event, now)
    tx.add(row)
    await tx.flush()
    outcomes = [
        OutcomeRow(source=row.source, event_id=row.event_id, indicator=code, reason=NOT_PLANNED) for code in indicators
    ]
    tx.add_all(outcomes)
    if indicators:
        await _count(tx, vault, row, outcomes, event, now)
    await tx.flush()
    return Taken(row, outcomes, is_new=True)


async def count_waiting(
    tx: AsyncSession, vault: Vault, after: UUID | None, limit: int, now: datetime
) -> tuple[int, UUID | None]:
    """Tries the next waiting events again: (how many no longer wait, the last id of the batch, None at the end)."""
    rows = await repository.lock_waiting(tx, after, limit)
    outcomes = await repository.find_outcomes(tx, rows)
    counted = 0
    for row in rows:
        try:
            async with tx.begin_nested():
                await _count(tx, vault, row, outcomes[row.source, row.event_id], _opened(vault, row), now)
        except ServiceEventInvalidError as error:  # the others are counted; this one is looked at
            codes = [fault.code for fault in error.errors]
            _log.warning("service_event.refused", source=row.source, event_id=str(row.event_id), faults=codes)
        counted += row.state == EventState.COUNTED
    await tx.flush()
    return counted, rows[-1].event_id if rows else None


async def retract(tx: AsyncSession, source: str, event_id: UUID, reason: str, now: datetime) -> Taken:
    """Takes an event back, with everything that it was counted as; a repeat changes nothing.

    Raises:
        ServiceEventNotFoundError: it never came.
    """
    row = await repository.lock_event(tx, source, event_id)
    if row is None:
        raise ServiceEventNotFoundError
    outcomes = (await repository.find_outcomes(tx, [row]))[source, event_id]
    if row.state == EventState.RETRACTED:
        return Taken(row, outcomes)
    for outcome in outcomes:
        if outcome.registered_id is not None:
            await _retract_one(tx, row, outcome.registered_id, reason, now)
        outcome.reason = EventState.RETRACTED.value
    row.state, row.person_sealed, row.retraction_reason = EventState.RETRACTED.value, None, reason
    await tx.flush()
    return Taken(row, outcomes, is_new=True)


async def list_events(
    tx: AsyncSession,
    *,
    own_unit: str | None,
    unit: str | None,
    state: EventState | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Taken]:
    """Events of the units that the account sees, the latest first.

    Raises:
        UnitNotYoursError: the filter names another unit.
    """
    if unit is not None and (unit not in load_units() or not may_see(own_unit, unit)):
        raise UnitNotYoursError("单位代码不存在，或您无权查看；请核对单位代码。")
    rows = await repository.list_events(tx, unit=unit or limited_to(own_unit), state=state, after=after, limit=limit)
    outcomes = await repository.find_outcomes(tx, rows)
    return [Taken(row, outcomes[row.source, row.event_id]) for row in rows]


async def _count(
    tx: AsyncSession,
    vault: Vault,
    row: ServiceEventRow,
    outcomes: Sequence[OutcomeRow],
    event: ServiceEvent,
    now: datetime,
) -> None:
    """Records what the plan names by now; what it does not name waits."""
    covered = await find_coverage(tx, event.occurred_on.year)
    for outcome in outcomes:
        if outcome.registered_id is None and _is_planned(covered, event.unit, outcome.indicator):
            notice = _notice(event, outcome.indicator, now)
            try:
                receipt = await record_event(
                    tx, vault, subject=f"service:{event.source}", own_unit=None, notice=notice, now=now
                )
            except EventInvalidError as error:
                raise ServiceEventInvalidError(errors=[_pointed(fault) for fault in error.errors]) from None
            outcome.registered_id = receipt.event_id
            outcome.reason = receipt.reason.value if receipt.reason else None
    is_waiting = any(outcome.registered_id is None for outcome in outcomes)
    row.state = (EventState.WAITING if is_waiting else EventState.COUNTED).value
    if not is_waiting:
        row.person_sealed = None
    elif row.person_sealed is None:
        row.person_sealed = vault.cipher.encrypt(_person_text(event.person), column=_SEALED, row_id=row.event_id)


def _is_planned(covered: Coverage, unit: str, indicator: str) -> bool:
    return unit in covered.units and indicator in covered.indicators


def _require_sound(event: ServiceEvent, now: datetime) -> None:
    found = []
    if event.unit not in load_units() or event.unit == CITY:
        found.append(FieldError("/unit", "UNIT_UNKNOWN", "没有这个责任单位，请核对单位代码"))
    if event.occurred_on > legal_day(now):
        found.append(FieldError("/occurred_on", "N2_FUTURE", "发生日期晚于今天，请核对"))
    _, faults = identify(_notice(event, "", now), legal_day(now))
    found += [_pointed(fault) for fault in faults]
    if found:
        raise ServiceEventInvalidError(errors=found)


def _notice(event: ServiceEvent, indicator: str, now: datetime) -> Notice:
    return Notice(
        year=event.occurred_on.year,
        indicator=indicator,
        unit=event.unit,
        event_date=event.occurred_on,
        source_system=event.source,
        source_ref=event.source_ref(indicator),
        received_at=min(event.recorded_at, now),  # the clocks of two machines may differ
        id_type=event.person.id_type,
        id_number=event.person.id_number,
        name=event.person.name,
        evidence=Evidence(correction=True),  # what is told late changes the live series, and no closed month (N11)
    )


def _pointed(fault: FieldError) -> FieldError:
    return FieldError(_POINTERS.get(fault.pointer, fault.pointer), fault.code, fault.message)


async def _retract_one(tx: AsyncSession, row: ServiceEventRow, registered_id: UUID, reason: str, now: datetime) -> None:
    try:
        await retract_event(
            tx, subject=f"service:{row.source}", own_unit=None, event_id=registered_id, reason=reason, now=now
        )
    except AlreadyRetractedError:
        return  # somebody found it false before


def _row(vault: Vault, event: ServiceEvent, now: datetime) -> ServiceEventRow:
    content = vault.hash.lookup(CONTENT, _canonical(event))
    return ServiceEventRow(
        source=event.source,
        event_id=event.event_id,
        kind=event.kind,
        unit=event.unit,
        occurred_on=event.occurred_on,
        recorded_at=event.recorded_at,
        received_at=now,
        attributes=dict(event.attributes),
        content_key_id=content.key_id,
        content_digest=content.digest,
        state=EventState.UNMAPPED.value,
    )


def _canonical(event: ServiceEvent) -> str:
    """What makes two events the same; when it was recorded is not content."""
    parts = [
        event.kind,
        str(event.occurred_on),
        event.unit,
        _person_text(event.person),
        sorted(event.attributes.items()),
    ]
    return json.dumps(parts, ensure_ascii=False)


def _person_text(person: Person) -> str:
    return json.dumps([person.id_type.value, person.id_number, person.name], ensure_ascii=False)


def _opened(vault: Vault, row: ServiceEventRow) -> ServiceEvent:
    assert row.person_sealed is not None
    id_type, number, name = json.loads(vault.cipher.decrypt(row.person_sealed, column=_SEALED, row_id=row.event_id))
    person = Person(IdType(id_type), number, name)
    return ServiceEvent(
        row.source, row.event_id, row.kind, row.occurred_on, row.recorded_at, row.unit, person, row.attributes
    )
