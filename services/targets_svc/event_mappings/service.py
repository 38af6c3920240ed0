"""Two people change what events of other services count towards."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import FieldError
from kit.ids import new_id
from targets_svc.event_mappings import repository
from targets_svc.event_mappings.domain import Change, CountRule
from targets_svc.event_mappings.errors import (
    MappingChangeNotFoundError,
    MappingConfirmedError,
    MappingEndedError,
    MappingFourEyesError,
    MappingInvalidError,
    MappingNotFoundError,
    MappingTakenError,
)
from targets_svc.event_mappings.models import MappingChangeRow
from targets_svc.indicators.domain import IndicatorKind
from targets_svc.indicators.repository import load_indicators
from targets_svc.withdrawals.service import why_not_open


async def propose_row(tx: AsyncSession, rule: CountRule, by: str, at: datetime) -> MappingChangeRow:
    """A row that counts once a second person has confirmed it. Events before that are not counted again: of those
    that no row named, nobody is known.

    Raises:
        MappingTakenError: the code stands for a row already.
        MappingInvalidError: the indicator is none that is counted, or the last day lies before the first.
    """
    if rule.code in {known.code for known in await repository.find_rules(tx)}:
        raise MappingTakenError
    found = []
    indicator = load_indicators().get(rule.indicator)
    if indicator is None or indicator.kind is not IndicatorKind.FLOW:
        found.append(FieldError("/indicator", "INDICATOR", "应为按人次累计的指标，请对照指标目录核对"))
    if rule.until is not None and rule.until < rule.valid_from:
        found.append(FieldError("/until", "UNTIL", "最后有效日不能早于生效日期，请核对"))
    if found:
        raise MappingInvalidError(errors=found)
    content: dict[str, object] = {
        "sources": sorted(rule.sources),
        "kind": rule.kind,
        "where": dict(rule.where),
        "indicator": rule.indicator,
        "valid_from": rule.valid_from.isoformat(),
    }
    return await _propose(tx, Change.ADD, rule.code, content, rule.until, rule.reference, by, at)


async def propose_ending(
    tx: AsyncSession, code: str, last_day: date, reference: str, by: str, at: datetime
) -> MappingChangeRow:
    """The end of a row, once a second person has confirmed it; what is counted already stays counted.

    Raises:
        MappingNotFoundError, MappingEndedError, MappingInvalidError: the last day lies before the first.
    """
    rule = await _find_rule(tx, code)
    if rule.until is not None:
        raise MappingEndedError
    if last_day < rule.valid_from:
        raise MappingInvalidError(errors=[FieldError("/last_day", "LAST_DAY", "最后有效日不能早于该行的生效日期")])
    return await _propose(tx, Change.END, code, None, last_day, reference, by, at)


async def confirm(tx: AsyncSession, change_id: UUID, by: str, at: datetime) -> MappingChangeRow:
    """Puts a change into force.

    Raises:
        MappingChangeNotFoundError, MappingConfirmedError, WithdrawnError, MappingFourEyesError, MappingTakenError,
        MappingEndedError.
    """
    row = await _lock_open(tx, change_id)
    if row.proposed_by == by:
        raise MappingFourEyesError
    taken = MappingTakenError if row.change == Change.ADD else MappingEndedError
    row.confirmed_by, row.confirmed_at = by, at
    try:
        await tx.flush()
    except IntegrityError:  # somebody has confirmed another row of this code, or another end of it
        raise taken from None
    return row


async def withdraw(tx: AsyncSession, change_id: UUID, reason: str, by: str, at: datetime) -> MappingChangeRow:
    """Ends a proposal that nobody has confirmed; the mapping table stays as it is.

    Raises:
        MappingChangeNotFoundError, MappingConfirmedError, WithdrawnError.
    """
    row = await _lock_open(tx, change_id)
    row.withdraw(by, at, reason)
    await tx.flush()
    return row


async def _lock_open(tx: AsyncSession, change_id: UUID) -> MappingChangeRow:
    row = await repository.lock_open(tx, change_id)
    if row is None:
        raise why_not_open(
            await repository.find_change(tx, change_id), MappingChangeNotFoundError, MappingConfirmedError
        )
    return row


async def list_changes(
    tx: AsyncSession, *, is_confirmed: bool | None, after: UUID | None, limit: int
) -> Sequence[MappingChangeRow]:
    """Changes, the latest proposal first."""
    return await repository.list_changes(tx, is_confirmed=is_confirmed, after=after, limit=limit)


async def find_rules(tx: AsyncSession) -> tuple[CountRule, ...]:
    """All rows of the table."""
    return await repository.find_rules(tx)


async def _find_rule(tx: AsyncSession, code: str) -> CountRule:
    rule = next((rule for rule in await repository.find_rules(tx) if rule.code == code), None)
    if rule is None:
        raise MappingNotFoundError
    return rule


async def _propose(
    tx: AsyncSession,
    change: Change,
    code: str,
    content: dict[str, object] | None,
    last_day: date | None,
    reference: str,
    by: str,
    at: datetime,
) -> MappingChangeRow:
    row = MappingChangeRow(
        id=new_id(),
        change=change.value,
        code=code,
        content=content,
        last_day=last_day,
        reference=reference,
        proposed_by=by,
        proposed_at=at,
    )
    tx.add(row)
    await tx.flush()
    return row
