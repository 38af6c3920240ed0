"""Loans in the database. Locks are taken in one order: the loan, then its fund."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from loans_svc.loans.domain import Happening, Kind, State
from loans_svc.loans.models import BorrowerRow, LoanEventRow, LoanRow, TrancheRow, TransitionRow

_LATER = aliased(LoanEventRow)


async def add_loan(tx: AsyncSession, loan: LoanRow, borrower: Mapping[str, Any]) -> None:
    """A new application with the sealed identity."""
    tx.add(loan)
    await tx.flush()
    await tx.execute(insert(BorrowerRow).values(loan_id=loan.id, **borrower))


async def find_loan(tx: AsyncSession, loan_id: UUID, *, lock: bool = False) -> LoanRow | None:
    """One loan; locked, its next step waits for this one."""
    query = select(LoanRow).where(LoanRow.id == loan_id)
    return await tx.scalar(query.with_for_update() if lock else query)


@dataclass(frozen=True, slots=True)
class LoanFilter:
    """Which loans are asked for; None does not narrow."""

    unit: str | None = None
    bank: str | None = None
    fund: str | None = None
    group: str | None = None
    state: str | None = None
    disbursed_from: date | None = None
    disbursed_to: date | None = None
    matures_from: date | None = None
    matures_to: date | None = None
    is_overdue: bool | None = None


# Told as unpaid, not taken back, and no end told: who is to be reminded, before the days of grace are over as well.
_OVERDUE = (
    exists()
    .where(LoanEventRow.loan_id == LoanRow.id, LoanEventRow.kind == Kind.OVERDUE.value, LoanEventRow.until.is_(None))
    .where(~exists().where(_LATER.retracts == LoanEventRow.id))
)


async def list_loans(tx: AsyncSession, asked: LoanFilter, before: UUID | None, limit: int) -> Sequence[LoanRow]:
    """The newest application first.

    Args:
        before: the last one of the page before.
    """
    columns = {
        LoanRow.unit: asked.unit,
        LoanRow.bank: asked.bank,
        LoanRow.fund: asked.fund,
        LoanRow.supported_group: asked.group,
        LoanRow.state: asked.state,
    }
    query = select(LoanRow).where(*(column == value for column, value in columns.items() if value is not None))
    spans = (
        (LoanRow.disbursed_on, asked.disbursed_from, asked.disbursed_to),
        (LoanRow.matures_on, asked.matures_from, asked.matures_to),
    )
    for day, first, after in spans:
        if first is not None:
            query = query.where(day >= first)
        if after is not None:
            query = query.where(day < after)
    if asked.is_overdue is not None:
        is_overdue = and_(LoanRow.state == State.DISBURSED.value, _OVERDUE)
        query = query.where(is_overdue if asked.is_overdue else ~is_overdue)
    if before is not None:
        query = query.where(LoanRow.id < before)
    return (await tx.scalars(query.order_by(LoanRow.id.desc()).limit(limit))).all()


async def find_borrower_key(tx: AsyncSession, keys: Sequence[UUID]) -> UUID | None:
    """The pseudonym under which a borrower is known already, made under whichever key was held then."""
    return await tx.scalar(select(LoanRow.borrower_key).where(LoanRow.borrower_key.in_(keys)).limit(1))


async def find_target(tx: AsyncSession, state: str, kind: str) -> str | None:
    """The state after an event, None where the table does not allow it."""
    return await tx.scalar(
        select(TransitionRow.to_state).where(TransitionRow.from_state == state, TransitionRow.kind == kind)
    )


async def list_allowed(tx: AsyncSession, state: str) -> set[Kind]:
    """What may follow in a state."""
    return {
        Kind(kind) for kind in await tx.scalars(select(TransitionRow.kind).where(TransitionRow.from_state == state))
    }


_USES = text(
    """
    SELECT count(*) FROM loan_event e JOIN loan l ON l.id = e.loan_id
    WHERE e.bank = :bank AND e.bank_ref = :bank_ref
      AND (l.state = 'CANCELLED' OR EXISTS (SELECT FROM loan_event r WHERE r.retracts = e.id))
    """
)


async def add_event(tx: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Appends; False when the bank's reference stands already, or the event it takes back was taken back.

    A reference may stand again when what had it was an error: of two who use it at once, the index lets one pass.
    """
    given = dict(values)
    if given.get("bank_ref") is not None:
        given["bank_ref_use"] = await tx.scalar(_USES, {name: given[name] for name in ("bank", "bank_ref")})
    added = await tx.scalar(upsert(LoanEventRow).values(**given).on_conflict_do_nothing().returning(LoanEventRow.id))
    return added is not None


async def add_tranches(tx: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """The funded parts of a disbursement."""
    await tx.execute(insert(TrancheRow), [dict(row) for row in rows])


async def list_tranches(tx: AsyncSession, loan_id: UUID) -> Sequence[TrancheRow]:
    """STATE before LOCAL."""
    found = await tx.scalars(
        select(TrancheRow).where(TrancheRow.loan_id == loan_id).order_by(TrancheRow.tranche.desc())
    )
    return found.all()


async def list_events(tx: AsyncSession, loan_id: UUID) -> Sequence[LoanEventRow]:
    """All, as they became known."""
    found = await tx.scalars(select(LoanEventRow).where(LoanEventRow.loan_id == loan_id).order_by(LoanEventRow.id))
    return found.all()


async def find_standing_event(tx: AsyncSession, loan_id: UUID, event_id: UUID) -> LoanEventRow | None:
    """An event of the loan that nobody has taken back."""
    later = aliased(LoanEventRow)
    return await tx.scalar(
        select(LoanEventRow).where(
            LoanEventRow.loan_id == loan_id,
            LoanEventRow.id == event_id,
            ~select(later.id).where(later.retracts == LoanEventRow.id).exists(),
        )
    )


async def list_happenings(tx: AsyncSession, loan_id: UUID) -> list[Happening]:
    """The events that stand, in a fixed order that does not depend on their arrival."""
    return standing(await list_events(tx, loan_id))


def standing(events: Sequence[LoanEventRow]) -> list[Happening]:
    """Of the events that were known at a time those that nobody had taken back, in their fixed order."""
    gone = {event.retracts for event in events}
    left = [event for event in events if event.id not in gone and event.retracts is None]
    left.sort(key=lambda event: (event.effective_on, event.kind, event.amount_fen or 0, event.id))
    return [
        Happening(
            event.id,
            Kind(event.kind),
            event.effective_on,
            event.amount_fen,
            event.until,
            event.contract_ppm,
            event.benchmark_ppm,
            event.rule_id,
        )
        for event in left
    ]


async def list_stories(
    tx: AsyncSession, loans: Sequence[UUID]
) -> Mapping[UUID, tuple[Sequence[TrancheRow], list[Happening]]]:
    """Tranches and standing events of many loans, in two statements."""
    tranches: defaultdict[UUID, list[TrancheRow]] = defaultdict(list)
    for part in await tx.scalars(
        select(TrancheRow).where(TrancheRow.loan_id.in_(loans)).order_by(TrancheRow.tranche.desc())
    ):
        tranches[part.loan_id].append(part)
    events: defaultdict[UUID, list[LoanEventRow]] = defaultdict(list)
    for event in await tx.scalars(
        select(LoanEventRow).where(LoanEventRow.loan_id.in_(loans)).order_by(LoanEventRow.id)
    ):
        events[event.loan_id].append(event)
    return {loan: (tranches[loan], standing(events[loan])) for loan in loans}


async def list_earlier_terms(tx: AsyncSession, borrower: UUID, before: date) -> Sequence[tuple[date, date]]:
    """Subsidised terms [from, to) of the borrower's loans disbursed before a day, cancelled ones left out."""
    rows = await tx.execute(
        select(LoanRow.disbursed_on, LoanRow.window_end)
        .where(
            LoanRow.borrower_key == borrower,
            LoanRow.disbursed_on < before,
            LoanRow.state != "CANCELLED",
        )
        .order_by(LoanRow.disbursed_on)
    )
    return [(first, end) for first, end in rows if first is not None and end is not None]


async def list_borrowed(tx: AsyncSession, borrower: UUID, but: UUID) -> Sequence[LoanRow]:
    """The borrower's disbursed loans except one, cancelled ones left out."""
    found = await tx.scalars(
        select(LoanRow).where(
            LoanRow.borrower_key == borrower,
            LoanRow.id != but,
            LoanRow.disbursed_on.is_not(None),
            LoanRow.state != "CANCELLED",
        )
    )
    return found.all()


async def read_disbursement(tx: AsyncSession, event_id: UUID) -> tuple[LoanRow, LoanEventRow, BorrowerRow]:
    """A disbursement with its loan and who borrowed; the worker's role alone may read that, sealed as it is."""
    row = (
        await tx.execute(
            select(LoanRow, LoanEventRow, BorrowerRow)
            .join(LoanEventRow, LoanEventRow.loan_id == LoanRow.id)
            .join(BorrowerRow, BorrowerRow.loan_id == LoanRow.id)
            .where(LoanEventRow.id == event_id)
        )
    ).one()
    return row[0], row[1], row[2]


async def find_disbursement(tx: AsyncSession, loan_id: UUID) -> UUID | None:
    """The event by which a loan was disbursed."""
    return await tx.scalar(
        select(LoanEventRow.id).where(LoanEventRow.loan_id == loan_id, LoanEventRow.kind == Kind.DISBURSEMENT.value)
    )
