"""Proposing and publishing a value; following what others publish."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import structlog
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.measures.errors import MeasureNotFoundError
from eligibility_svc.measures.repository import base_catalogue, read_value
from eligibility_svc.parameters import repository
from eligibility_svc.parameters.domain import is_open
from eligibility_svc.parameters.errors import (
    AlreadyPublishedError,
    ParameterInvalidError,
    ParameterNotFoundError,
    ProposalRejectedError,
    SamePersonError,
)
from eligibility_svc.parameters.models import ParameterValueRow
from eligibility_svc.releases.repository import store_release
from kit.db.engine import Database
from kit.errors import FieldError
from kit.ids import new_id

FOLLOW_SECONDS = 1.0
_log = structlog.get_logger("eligibility.parameters")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value as a client writes it, with the rule that sets it."""

    parameter: str
    from_on: date
    value: str
    document: str
    clause: str
    corrects: UUID | None = None


async def propose_value(
    tx: AsyncSession, actor: str, measure: str, proposal: Proposal, now: datetime
) -> ParameterValueRow:
    """Proposes a value for a figure that the notice leaves open on that day.

    Raises:
        MeasureNotFoundError: no such measure.
        ParameterInvalidError: no such parameter, not left open on that day, or not a value of its type.
    """
    _require_open(measure, proposal)
    if proposal.corrects != await repository.published_value(tx, measure, proposal.parameter, proposal.from_on):
        raise _stands(proposal)
    row = ParameterValueRow(
        value_id=new_id(),
        measure=measure,
        parameter=proposal.parameter,
        from_on=proposal.from_on,
        value=proposal.value,
        document=proposal.document,
        clause=proposal.clause,
        corrects=proposal.corrects,
        proposed_by=actor,
        proposed_at=now,
    )
    tx.add(row)
    await tx.flush()
    return row


async def publish_value(tx: AsyncSession, actor: str, measure: str, value_id: UUID, now: datetime) -> ParameterValueRow:
    """Publishes what another person proposed; checks made before keep the version that they used.

    Raises:
        ParameterNotFoundError, SamePersonError.
        AlreadyPublishedError: this value, or another one from the same day on that it does not correct.
        ProposalRejectedError.
    """
    last = await repository.lock_publications(tx)
    row = await repository.load_value(tx, measure, value_id)
    if row is None:
        raise ParameterNotFoundError
    if row.rejected_by is not None:
        raise ProposalRejectedError
    standing = await repository.published_value(tx, row.measure, row.parameter, row.from_on)
    if row.sequence is not None or standing != row.corrects:
        raise AlreadyPublishedError
    if row.proposed_by == actor:
        raise SamePersonError
    row.sequence, row.published_by, row.published_at = last + 1, actor, now
    await tx.flush()
    return row


async def reject_value(
    tx: AsyncSession, actor: str, measure: str, value_id: UUID, reason: str, now: datetime
) -> ParameterValueRow:
    """Turns a proposal down, or takes one's own back; what is published stays.

    Raises:
        ParameterNotFoundError, AlreadyPublishedError, ProposalRejectedError.
    """
    await repository.lock_publications(tx)
    row = await repository.load_value(tx, measure, value_id)
    if row is None:
        raise ParameterNotFoundError
    if row.sequence is not None:
        raise AlreadyPublishedError
    if row.rejected_by is not None:
        raise ProposalRejectedError
    row.rejected_by, row.rejected_at, row.rejection_reason = actor, now, reason
    await tx.flush()
    return row


async def list_values(tx: AsyncSession, measure: str) -> list[ParameterValueRow]:
    """What was proposed and published for a measure.

    Raises:
        MeasureNotFoundError.
    """
    if measure not in base_catalogue().measures:
        raise MeasureNotFoundError
    return await repository.list_values(tx, measure)


@asynccontextmanager
async def following_publications(app: FastAPI) -> AsyncIterator[None]:
    """Every process looks for publications once a second; a database that is away delays that and breaks nothing."""
    database = app.state.database
    task = asyncio.create_task(_follow(database, await _catch_up(database, keeps_release=True)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(database: Database, trouble: str | None) -> None:
    """Says once that it cannot follow, and once that it can again."""
    while True:
        await asyncio.sleep(FOLLOW_SECONDS)
        before, trouble = trouble, await _catch_up(database, keeps_release=trouble is not None)
        if trouble is not None and trouble != before:
            _log.warning("parameters.not_followed", error=trouble)
        elif trouble is None and before is not None:
            _log.info("parameters.followed_again")


async def _catch_up(database: Database, *, keeps_release: bool) -> str | None:
    """Reads what was published since; what kind of error stood in the way, if one did.

    Args:
        keeps_release: at the start, and until it has worked once: stores the rule files by which it answers.
    """
    try:
        async with database.transaction() as tx:
            await repository.catch_up(tx)
            if keeps_release:
                await store_release(tx)
    except Exception as error:  # noqa: BLE001  whatever is wrong with the database, the law known so far holds
        return type(error).__name__
    return None


def _require_open(measure: str, proposal: Proposal) -> None:
    editions = base_catalogue().measures.get(measure)
    if editions is None:
        raise MeasureNotFoundError
    known = [edition for edition in editions if proposal.parameter in edition.parameters]
    if not known:
        raise _wrong("/parameter", "UNKNOWN_PARAMETER", "这项措施没有这个参数，请查阅措施目录")
    if not any(is_open(edition, proposal.parameter, proposal.from_on) for edition in known):
        raise _wrong("/from", "NOT_OPEN", "通知已经规定了该日的标准，或当日尚未施行；只能填写由实施细则确定的标准")
    try:
        read_value(known[0].parameters[proposal.parameter].type, proposal.value)
    except ValueError:
        unit = known[0].parameters[proposal.parameter].unit
        raise _wrong("/value", "FORMAT", f"请按参数的类型填写文字，单位{unit}，如金额“1500.00”") from None


def _stands(proposal: Proposal) -> ParameterInvalidError:
    if proposal.corrects is None:
        text = "该日起的标准已经公布；确需更正的，请在corrects中写明被更正的值，调整标准的请另定施行日期"
        return _wrong("/from", "ALREADY_PUBLISHED", text)
    return _wrong("/corrects", "NOT_STANDING", "只能更正同一参数、同一日期现行的值，请查询该措施的标准后再填")


def _wrong(pointer: str, code: str, message: str) -> ParameterInvalidError:
    return ParameterInvalidError(errors=[FieldError(pointer, code, message)])
