"""What people do with batches, each step by its own person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.dates import Quarter
from kit.errors import FieldError, ValidationFailedError
from kit.http.etags import check_if_match
from kit.ids import new_id
from loans_svc.bank_lines.domain import FileState
from loans_svc.bank_lines.repository import find_newest
from loans_svc.batches import repository
from loans_svc.batches.domain import SETTLED, TRANSITIONS, State, Step, is_over
from loans_svc.batches.errors import (
    BankLinesDifferError,
    BatchExistsError,
    BatchFourEyesError,
    BatchNotFoundError,
    BatchStateError,
    EarlierBatchOpenError,
    PayersMissingError,
    PeriodClosedError,
    PeriodNotOverError,
)
from loans_svc.batches.models import BatchRow, BatchShareRow
from loans_svc.batches.repository import BatchFilter
from loans_svc.loans.domain import CITY, may_see
from loans_svc.loans.service.steps import Actor
from loans_svc.rules.domain import Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidy_journal.domain import Transfer, accrue, pay
from loans_svc.subsidy_journal.service import book


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """Which batch; the schemes are for tranches of loans that name no payers."""

    bank: str
    unit: str
    period: Quarter
    state_scheme: str | None
    local_scheme: str | None


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch and who bears it."""

    batch: BatchRow
    shares: list[BatchShareRow]


async def open_batch(tx: AsyncSession, actor: Actor, order: BatchOrder, now: datetime) -> BatchRow:
    """A batch that waits for its computation.

    Raises:
        BatchNotFoundError: another bank's or unit's.
        ValidationFailedError: unknown payer schemes.
        PeriodNotOverError, PeriodClosedError, EarlierBatchOpenError, BatchExistsError.
    """
    if not may_see(actor.unit, actor.bank, order.unit, order.bank):
        raise BatchNotFoundError
    _check_schemes(order)
    if not is_over(order.period, legal_day(now)):
        raise PeriodNotOverError
    await repository.lock_books(tx, order.bank, order.unit)
    known = await repository.list_batches(tx, order.bank, order.unit)
    live = [batch for batch in known if batch.state != State.REJECTED]
    period = str(order.period)
    if any(batch.period == period for batch in live):
        raise BatchExistsError
    if any(batch.period > period for batch in live):
        raise PeriodClosedError
    if any(State(batch.state) not in SETTLED for batch in live):
        raise EarlierBatchOpenError
    values = {
        "id": new_id(),
        "bank": order.bank,
        "unit": order.unit,
        "period": period,
        "sequence": 1 + sum(batch.period == period for batch in known),
        "state": State.PENDING.value,
        "row_version": 1,
        "state_scheme": order.state_scheme,
        "local_scheme": order.local_scheme,
        "created_by": actor.subject,
        "created_at": now,
    }
    if not await repository.add_batch(tx, values):
        raise BatchExistsError
    return await find_visible(tx, actor, UUID(str(values["id"])))


def _check_schemes(order: BatchOrder) -> None:
    faults = [
        FieldError(pointer, "UNKNOWN_CODE", "没有适用于该资金档的这一分担比例，请查看贴息规则的payer_schemes。")
        for pointer, code, tranche in (
            ("/state_scheme", order.state_scheme, Tranche.STATE),
            ("/local_scheme", order.local_scheme, Tranche.LOCAL),
        )
        if code is not None
        and (code not in catalogue().payer_schemes or catalogue().payer_schemes[code].tranche is not tranche)
    ]
    if faults:
        raise ValidationFailedError(errors=faults)


async def take_step(
    tx: AsyncSession, actor: Actor, batch_id: UUID, step: Step, if_match: str | None, now: datetime, **fields: Any
) -> BatchView:
    """Submission, review, approval, payment, closing or rejection, each by its own person (S18).

    Args:
        fields: columns that the step brings with it.

    Raises:
        BatchNotFoundError, VersionStaleError, BatchStateError, BatchFourEyesError.
        PayersMissingError, BankLinesDifferError: of a submission.
    """
    await find_visible(tx, actor, batch_id)
    batch = await repository.find_batch(tx, batch_id, lock=True)
    if batch is None:  # the row policy hides from locks what is closed or rejected
        raise BatchStateError
    check_if_match(if_match, batch.row_version, required=False)
    target = TRANSITIONS.get((State(batch.state), step))
    if target is None:
        raise BatchStateError
    if step is Step.SUBMISSION:
        await _check_submission(tx, batch)
    _check_duties(batch, step, actor.subject)
    signature = {
        Step.SUBMISSION: "submitted",
        Step.REVIEW: "reviewed",
        Step.APPROVAL: "approved",
        Step.PAYMENT: "paid",
        Step.CLOSING: "closed",
        Step.REJECTION: "rejected",
    }[step]
    for name, value in (fields | {f"{signature}_by": actor.subject, f"{signature}_at": now}).items():
        setattr(batch, name, value)
    batch.state, batch.row_version = target.value, batch.row_version + 1
    await tx.flush()
    if step in (Step.APPROVAL, Step.PAYMENT):
        await _book(tx, batch, step, actor.subject, now)
    return await read_batch(tx, actor, batch_id)


async def _book(tx: AsyncSession, batch: BatchRow, step: Step, subject: str, now: datetime) -> None:
    """An approval owes the payers' parts to the bank, a payment settles them."""
    transfers: list[Transfer] = []
    for share in await repository.list_shares(tx, batch.id):
        if step is Step.APPROVAL:
            transfers += accrue(share.payer_scheme, share.payers, share.carried_in_fen, share.carried_out_fen)
        else:
            transfers += pay(share.payer_scheme, share.payers)
    await book(tx, batch.id, transfers, subject, now)


async def _check_submission(tx: AsyncSession, batch: BatchRow) -> None:
    """Money has payers, and where the bank has told its own lines they agree or were decided on (S19)."""
    if await repository.read_unallocated(tx, batch.id):
        raise PayersMissingError
    file = await find_newest(tx, batch.id)
    if file is not None and (batch.state != State.MATCHED or file.state == FileState.RECEIVED):
        raise BankLinesDifferError


def _check_duties(batch: BatchRow, step: Step, subject: str) -> None:
    others = {
        Step.REVIEW: (batch.submitted_by,),
        Step.APPROVAL: (batch.submitted_by, batch.reviewed_by),
        Step.PAYMENT: (batch.approved_by,),
    }
    if subject in others.get(step, ()):
        raise BatchFourEyesError


async def list_batches(
    tx: AsyncSession, actor: Actor, asked: BatchFilter, before: UUID | None, limit: int
) -> Sequence[BatchRow]:
    """The batches that the caller may see; another unit's or bank's are empty, not forbidden."""
    unit = None if actor.unit == CITY else actor.unit
    if (unit is not None and asked.unit not in (None, unit)) or (
        actor.bank is not None and asked.bank not in (None, actor.bank)
    ):
        return []
    own = replace(asked, unit=unit or asked.unit, bank=actor.bank or asked.bank)
    return await repository.page_batches(tx, own, before, limit)


async def read_batch(tx: AsyncSession, actor: Actor, batch_id: UUID) -> BatchView:
    """A batch and who bears it, if the caller may see it.

    Raises:
        BatchNotFoundError.
    """
    return BatchView(await find_visible(tx, actor, batch_id), list(await repository.list_shares(tx, batch_id)))


async def find_visible(tx: AsyncSession, actor: Actor, batch_id: UUID) -> BatchRow:
    """A batch alone, if the caller may see it.

    Raises:
        BatchNotFoundError.
    """
    batch = await repository.find_batch(tx, batch_id)
    if batch is None or not may_see(actor.unit, actor.bank, batch.unit, batch.bank):
        raise BatchNotFoundError
    return batch
