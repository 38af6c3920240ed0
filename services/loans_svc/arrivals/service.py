"""Recording what reached the bank, and how far each payer is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.errors import FieldError, ValidationFailedError
from kit.ids import new_id
from loans_svc.arrivals import repository
from loans_svc.arrivals.domain import Arrival, Place, Standing, standings
from loans_svc.arrivals.errors import ArrivalNotFoundError, ArrivalRefUsedError, BatchNotApprovedError
from loans_svc.arrivals.models import ArrivalRow
from loans_svc.batches.domain import SETTLED, State
from loans_svc.batches.models import BatchRow
from loans_svc.batches.repository import lock_books
from loans_svc.batches.service import BatchView, read_batch
from loans_svc.loans.service.steps import Actor
from loans_svc.rules.domain import Payer


@dataclass(frozen=True, slots=True)
class ArrivalOrder:
    """What reached the bank."""

    place: Place
    amount_fen: int
    arrived_on: date
    bank_ref: str


@dataclass(frozen=True, slots=True)
class ArrivalsView:
    """A batch's payers and all that was recorded."""

    batch: BatchRow
    standings: Sequence[Standing]
    rows: Sequence[ArrivalRow]


async def read_arrivals(tx: AsyncSession, actor: Actor, batch_id: UUID, today: date) -> ArrivalsView:
    """How far each payer of a batch is.

    Raises:
        BatchNotFoundError, BatchNotApprovedError.
    """
    return await _view(tx, await _approved(tx, actor, batch_id), today)


async def record_arrival(
    tx: AsyncSession, actor: Actor, batch_id: UUID, order: ArrivalOrder, now: datetime
) -> ArrivalsView:
    """Appends what reached the bank.

    Raises:
        BatchNotFoundError, BatchNotApprovedError, ArrivalRefUsedError.
        ValidationFailedError: not that batch's payer, more than it owes, or a day to come.
    """
    view = await _approved(tx, actor, batch_id)
    await lock_books(tx, view.batch.bank, view.batch.unit)  # of two clerks the second sees the first's
    today = legal_day(now)
    before = {one.place: one for one in (await _view(tx, view, today)).standings}
    faults = []
    if order.arrived_on > today:
        faults.append(FieldError("/arrived_on", "IN_FUTURE", "到账日不能晚于今天，请在到账后登记。"))
    if order.place not in before:
        faults.append(FieldError("/payer", "NOT_A_PAYER", "本批中该分担方没有应付的金额，请对照批次的分担比例。"))
    elif order.amount_fen > before[order.place].missing_fen:
        faults.append(FieldError("/amount", "EXCEEDS_DUE", "累计到账超过该分担方应付的金额，请核对是否重复登记。"))
    if faults:
        raise ValidationFailedError(errors=faults)
    values = _values(view.batch, order.place, order.amount_fen, order.arrived_on, actor, now)
    if not await repository.add(tx, values | {"bank_ref": order.bank_ref}):
        raise ArrivalRefUsedError
    return await _view(tx, view, today)


async def take_arrival_back(
    tx: AsyncSession, actor: Actor, batch_id: UUID, arrival_id: UUID, reason: str, now: datetime
) -> ArrivalsView:
    """Appends that an arrival was none.

    Raises:
        BatchNotFoundError, BatchNotApprovedError, ArrivalNotFoundError.
    """
    view = await _approved(tx, actor, batch_id)
    rows = await repository.list_rows(tx, batch_id)
    wrong = next((row for row in rows if row.id == arrival_id and row.retracts is None), None)
    if wrong is None:
        raise ArrivalNotFoundError
    place = (wrong.payer_scheme, wrong.payer)
    values = _values(view.batch, place, wrong.amount_fen, wrong.arrived_on, actor, now)
    if not await repository.add(tx, values | {"retracts": wrong.id, "reason": reason}):
        raise ArrivalNotFoundError
    return await _view(tx, view, legal_day(now))


def _values(
    batch: BatchRow, place: Place, amount_fen: int, arrived_on: date, actor: Actor, now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "batch_id": batch.id,
        "bank": batch.bank,
        "payer_scheme": place[0],
        "payer": place[1],
        "amount_fen": amount_fen,
        "arrived_on": arrived_on,
        "recorded_by": actor.subject,
        "recorded_at": now,
    }


async def _approved(tx: AsyncSession, actor: Actor, batch_id: UUID) -> BatchView:
    view = await read_batch(tx, actor, batch_id)
    if State(view.batch.state) not in SETTLED | {State.APPROVED}:
        raise BatchNotApprovedError
    return view


async def _view(tx: AsyncSession, view: BatchView, today: date) -> ArrivalsView:
    rows = await repository.list_rows(tx, view.batch.id)
    gone = {row.retracts for row in rows}
    came = [
        Arrival((row.payer_scheme, row.payer), row.amount_fen, row.arrived_on)
        for row in rows
        if row.retracts is None and row.id not in gone
    ]
    due = {
        (share.payer_scheme, payer.value): share.payers[payer]
        for share in view.shares
        for payer in Payer
        if payer in share.payers
    }
    assert view.batch.approved_at is not None
    return ArrivalsView(view.batch, standings(due, came, legal_day(view.batch.approved_at), today), rows)
