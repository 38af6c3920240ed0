"""Two people put a version of a rule set into force."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.ids import new_id
from targets_svc.assessment_rules import repository
from targets_svc.assessment_rules.domain import find_faults
from targets_svc.assessment_rules.errors import (
    RuleSetDraftNotFoundError,
    RuleSetFourEyesError,
    RuleSetInvalidError,
    RuleSetPublishedError,
)
from targets_svc.assessment_rules.models import RuleSetRow
from targets_svc.indicators.repository import load_indicators
from targets_svc.withdrawals.service import why_not_open


async def draw_up(
    tx: AsyncSession,
    *,
    code: str,
    name: str,
    effective_from: date,
    reference: str,
    content: Mapping[str, Any],
    by: str,
    at: datetime,
) -> RuleSetRow:
    """Keeps the next version of a code as a draft.

    Raises:
        RuleSetInvalidError: all faults at once; nothing is stored.
    """
    version = await repository.lock_next_version(tx, code)
    head = {"code": code, "version": version, "name": name, "effective_from": effective_from, "reference": reference}
    faults = list(find_faults(repository.read_rule_set(head, content), load_indicators()))
    if faults:
        raise RuleSetInvalidError(errors=faults)
    row = RuleSetRow(id=new_id(), **head, content=dict(content), drawn_up_by=by, drawn_up_at=at)
    tx.add(row)
    await tx.flush()
    return row


async def publish(tx: AsyncSession, rule_set_id: UUID, by: str, at: datetime) -> RuleSetRow:
    """From now on months that end on its first day or later are assessed by it; what is published already stays.

    Raises:
        RuleSetDraftNotFoundError, RuleSetPublishedError, WithdrawnError, RuleSetFourEyesError.
    """
    row = await _lock_draft(tx, rule_set_id)
    if row.drawn_up_by == by:
        raise RuleSetFourEyesError
    row.published_by, row.published_at = by, at
    await tx.flush()
    return row


async def withdraw(tx: AsyncSession, rule_set_id: UUID, reason: str, by: str, at: datetime) -> RuleSetRow:
    """Ends a draft; its number is not given again.

    Raises:
        RuleSetDraftNotFoundError, RuleSetPublishedError, WithdrawnError.
    """
    row = await _lock_draft(tx, rule_set_id)
    row.withdraw(by, at, reason)
    await tx.flush()
    return row


async def list_versions(tx: AsyncSession, *, with_drafts: bool) -> Sequence[RuleSetRow]:
    """Versions beyond the shipped ones; drafts for those who draw them up or publish them."""
    return await repository.list_rows(tx, with_drafts=with_drafts)


async def _lock_draft(tx: AsyncSession, rule_set_id: UUID) -> RuleSetRow:
    row = await repository.lock_draft(tx, rule_set_id)
    if row is None:
        raise why_not_open(await repository.find_row(tx, rule_set_id), RuleSetDraftNotFoundError, RuleSetPublishedError)
    return row
