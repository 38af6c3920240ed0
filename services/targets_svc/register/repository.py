"""The register in the database. Every statement that moves a slot is part of one fixed order of locks:
person, event, slot, then the roll-up's rows by their key.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Row,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.register.domain import Claim, RollupKey, SlotKey
from targets_svc.register.evidence import SAME_SOURCE_A_DAY
from targets_svc.register.models import (
    EventRow,
    IdentityBlockRow,
    PersonRow,
    RetractionRow,
    RollupRow,
    SlotRow,
    VerificationRow,
)

_IS_LATER = EventRow.person_id != EventRow.event_id
_SLOT_KEY = (SlotRow.person_id, SlotRow.year, SlotRow.indicator)
_CLAIM = (
    EventRow.event_id,
    EventRow.year,
    EventRow.indicator,
    EventRow.person_id,
    EventRow.unit,
    EventRow.event_date,
    EventRow.received_at,
    EventRow.source_system,
    EventRow.source_ref,
    RetractionRow.retracted_at,
    (EventRow.is_pending & VerificationRow.event_id.is_(None)).label("is_pending"),
)
_CLAIMS = (
    select(*_CLAIM)
    .outerjoin(RetractionRow, RetractionRow.event_id == EventRow.event_id)
    .outerjoin(VerificationRow, VerificationRow.event_id == EventRow.event_id)
)


_LOCK_PENDING = text("SELECT pg_advisory_xact_lock(hashtextextended('targets.pending:' || CAST(:event_id AS uuid), 0))")
_CLOSED = text(
    """
    SELECT month FROM (
        SELECT DISTINCT ON (month) month, kind FROM month_close WHERE year = :year AND state = 'APPROVED'
        ORDER BY month, decided_at DESC) last
    WHERE kind = 'CLOSE'
    """
)


class KnownPerson(NamedTuple):
    """A person who is recorded; `name_digest` was made with `key_id`."""

    person_id: UUID
    name_digest: int
    key_id: str


async def find_person(tx: AsyncSession, keys: Sequence[UUID]) -> KnownPerson | None:
    """A person known under any of these keys (one for each held key)."""
    row = (
        await tx.execute(
            select(PersonRow.person_id, PersonRow.name_digest, PersonRow.key_id).where(PersonRow.person_key.in_(keys))
        )
    ).first()
    return None if row is None else KnownPerson(row.person_id, row.name_digest, row.key_id)


async def add_person(tx: AsyncSession, person: Mapping[str, Any], sealed: bytes) -> bool:
    """A new person with the sealed identity; False when another transaction has just added the same one."""
    added = upsert(PersonRow).values(**person).on_conflict_do_nothing().returning(PersonRow.person_key).cte("added")
    block = select(literal(person["identity_block"]), literal(sealed, LargeBinary)).select_from(added)
    stored = insert(IdentityBlockRow).from_select(["block_id", "sealed"], block).cte("stored")
    return await tx.scalar(select(added.c.person_key).add_cte(stored)) is not None


async def add_identity_block(tx: AsyncSession, block_id: UUID, sealed: bytes) -> None:
    """What the service writes and cannot read."""
    await tx.execute(insert(IdentityBlockRow).values(block_id=block_id, sealed=sealed))


async def add_event(tx: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Appends to the ledger; False when the source reference is there already (N5 decides what that means)."""
    added = await tx.scalar(
        upsert(EventRow)
        .values(**values)
        .on_conflict_do_nothing(index_elements=[EventRow.source_system, EventRow.source_ref])
        .returning(EventRow.event_id)
    )
    return added is not None


class Recorded(NamedTuple):
    """What a source reference stands for in the ledger; `name_digest` was made with `name_key_id`."""

    event_id: UUID
    year: int
    indicator: str
    person_id: UUID
    unit: str
    event_date: date
    name_digest: int
    name_key_id: str
    evidence: dict[str, Any] | None


async def find_source(tx: AsyncSession, source_system: str, source_ref: str) -> Recorded:
    """The event of a source reference that exists."""
    row = (
        await tx.execute(
            select(*(getattr(EventRow, name) for name in Recorded._fields)).where(
                EventRow.source_system == source_system, EventRow.source_ref == source_ref
            )
        )
    ).one()
    return Recorded(*row)


async def find_claim(tx: AsyncSession, event_id: UUID) -> Claim | None:
    """One event."""
    row = (await tx.execute(_CLAIMS.where(EventRow.event_id == event_id))).one_or_none()
    return None if row is None else _claim(row)


_ENTRY = (
    select(
        EventRow.event_id, EventRow.year, EventRow.indicator, EventRow.unit, EventRow.event_date,
        EventRow.source_system, EventRow.source_ref, EventRow.received_at, EventRow.recorded_by,
        EventRow.is_pending, VerificationRow.verified_at, VerificationRow.verified_by, VerificationRow.basis,
        RetractionRow.retracted_at, RetractionRow.retracted_by, RetractionRow.reason,
        SlotRow.event_id.label("holder"), SlotRow.unit.label("holder_unit"),
    )
    .outerjoin(RetractionRow, RetractionRow.event_id == EventRow.event_id)
    .outerjoin(VerificationRow, VerificationRow.event_id == EventRow.event_id)
    .outerjoin(SlotRow, tuple_(*_SLOT_KEY) == tuple_(EventRow.person_id, EventRow.year, EventRow.indicator))
)  # fmt: skip


async def find_entry(tx: AsyncSession, event_id: UUID) -> Row[Any] | None:
    """One event of the ledger with all that happened to it, and who holds its slot."""
    return cast("Row[Any] | None", (await tx.execute(_ENTRY.where(EventRow.event_id == event_id))).one_or_none())


def _of_person(person: UUID) -> ColumnElement[bool]:
    """The first event of a person has the person's id; one of an older release is indexed like the later ones."""
    return ((EventRow.event_id == person) | ((EventRow.person_id == person) & _IS_LATER)) & (
        EventRow.person_id == person
    )


async def list_entries(tx: AsyncSession, person: UUID, unit: str | None, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Events of a person as `find_entry` has them, those of one unit or all, the latest first."""
    query = _ENTRY.where(_of_person(person)).order_by(EventRow.event_date.desc(), EventRow.event_id.desc()).limit(limit)
    return (await tx.execute(query if unit is None else query.where(EventRow.unit == unit))).all()


async def list_names(tx: AsyncSession, person: UUID) -> list[tuple[int, str]]:
    """Digests of the names that a person was registered under, each with its key's id."""
    query = select(EventRow.name_digest, EventRow.name_key_id).where(_of_person(person)).distinct()
    return [(digest, key_id) for digest, key_id in await tx.execute(query)]


async def find_event_id(tx: AsyncSession, source_system: str, source_ref: str) -> UUID | None:
    """The event of a source reference."""
    query = select(EventRow.event_id).where(EventRow.source_system == source_system, EventRow.source_ref == source_ref)
    return await tx.scalar(query)


async def live_claims(tx: AsyncSession, key: SlotKey) -> list[Claim]:
    """The events that may hold one slot: not retracted, and not waiting."""
    rows = await tx.execute(
        _CLAIMS.where(
            _of_person(key.person),
            EventRow.year == key.year,
            EventRow.indicator == key.indicator,
            RetractionRow.event_id.is_(None),
            ~EventRow.is_pending | VerificationRow.event_id.is_not(None),
        )
    )
    return [_claim(row) for row in rows]


async def find_recorder(tx: AsyncSession, event_id: UUID) -> str:
    """Who registered an event that exists."""
    return str(await tx.scalar(select(EventRow.recorded_by).where(EventRow.event_id == event_id)))


async def lock_pending(tx: AsyncSession, event_id: UUID) -> None:
    """A pending event is verified or retracted by one at a time; the ledger's own rows cannot be locked."""
    await tx.execute(_LOCK_PENDING, {"event_id": event_id})


async def add_verification(tx: AsyncSession, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(VerificationRow).values(**values))


async def find_closed_months(tx: AsyncSession, year: int) -> frozenset[int]:
    """Months of a year that are closed: the last approved application decides (N11)."""
    return frozenset(await tx.scalars(_CLOSED, {"year": year}))


async def list_pending(
    tx: AsyncSession, unit: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[Row[Any]]:
    """Events that wait for their verification, in the order of their arrival in each unit."""
    key = (EventRow.unit, EventRow.event_id)
    query = (
        select(
            EventRow.event_id, EventRow.unit, EventRow.indicator, EventRow.event_date, EventRow.source_system,
            EventRow.source_ref, EventRow.recorded_by, EventRow.evidence,
        )
        .outerjoin(RetractionRow, RetractionRow.event_id == EventRow.event_id)
        .outerjoin(VerificationRow, VerificationRow.event_id == EventRow.event_id)
        .where(EventRow.is_pending, RetractionRow.event_id.is_(None), VerificationRow.event_id.is_(None))
        .order_by(*key)
        .limit(limit)
    )  # fmt: skip
    if unit is not None:
        query = query.where(EventRow.unit == unit)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(after[0], UUID(after[1])))
    return (await tx.execute(query)).all()


async def count_same_day(tx: AsyncSession, name: str, value: str, day: date) -> int:
    """Events of a day with the same phone number (its digest) or employer, counted as far as N13 looks."""
    given = EventRow.evidence[name].astext
    found = (
        select(EventRow.event_id)
        .where(given == value, given.is_not(None), EventRow.event_date == day)
        .limit(SAME_SOURCE_A_DAY + 1)
        .subquery()
    )
    return int(await tx.scalar(select(func.count()).select_from(found)) or 0)


async def has_slot(tx: AsyncSession, person: UUID, year: int, indicators: Sequence[str], *, before: date) -> bool:
    """Whether the person is counted under one of the indicators with an event before a day (N7)."""
    found = select(SlotRow.event_id).where(
        SlotRow.person_id == person,
        SlotRow.year == year,
        SlotRow.indicator.in_(indicators),
        SlotRow.event_date < before,
    )
    return bool(await tx.scalar(select(found.exists())))


# The slot is taken, or taken over, by the lesser claim. The row is locked even when the claim loses, so that a
# retraction that waits for it sees this event afterwards. RETURNING old/new is PostgreSQL 18.
_CLAIM_SLOT = text(
    """
    INSERT INTO slot AS held
        (year, indicator, person_id, event_id, unit, event_date, received_at, source_system, source_ref)
    VALUES (:year, :indicator, :person, :event_id, :unit, :event_date, :received_at, :source_system, :source_ref)
    ON CONFLICT (person_id, year, indicator) DO UPDATE
    SET event_id = excluded.event_id, unit = excluded.unit, event_date = excluded.event_date,
        received_at = excluded.received_at, source_system = excluded.source_system, source_ref = excluded.source_ref
    WHERE (excluded.event_date, excluded.received_at, excluded.source_system, excluded.source_ref)
        < (held.event_date, held.received_at, held.source_system, held.source_ref)
    RETURNING old.event_id, old.unit, old.event_date, old.received_at, old.source_system, old.source_ref
    """
)


async def claim_slot(tx: AsyncSession, claim: Claim) -> tuple[bool, Claim | None]:
    """Tries for the slot: (whether it is held now, the holder that was displaced)."""
    row = (
        await tx.execute(
            _CLAIM_SLOT,
            {
                "year": claim.key.year,
                "indicator": claim.key.indicator,
                "person": claim.key.person,
                "event_id": claim.event_id,
                "unit": claim.unit,
                "event_date": claim.event_date,
                "received_at": claim.received_at,
                "source_system": claim.source_system,
                "source_ref": claim.source_ref,
            },
        )
    ).one_or_none()
    if row is None:
        return False, None
    if row.event_id is None:
        return True, None
    return True, Claim(
        row.event_id, claim.key, row.unit, row.event_date, row.received_at, row.source_system, row.source_ref
    )


async def find_holder(tx: AsyncSession, key: SlotKey) -> tuple[UUID, str] | None:
    """Event and unit that hold a slot."""
    row = (
        await tx.execute(
            select(SlotRow.event_id, SlotRow.unit).where(tuple_(*_SLOT_KEY) == (key.person, key.year, key.indicator))
        )
    ).one_or_none()
    return None if row is None else (row.event_id, row.unit)


async def lock_slot(tx: AsyncSession, key: SlotKey) -> UUID | None:
    """Statement 1 of a retraction: the holder, locked, before anything is read on which the heir depends."""
    held: UUID | None = await tx.scalar(
        select(SlotRow.event_id)
        .where(SlotRow.year == key.year, SlotRow.indicator == key.indicator, SlotRow.person_id == key.person)
        .with_for_update()
    )
    return held


async def mark_retracted(tx: AsyncSession, event_id: UUID, *, at: datetime, by: str, reason: str) -> bool:
    """Statement 2: False when it is retracted already."""
    marked = await tx.scalar(
        upsert(RetractionRow)
        .values(event_id=event_id, retracted_at=at, retracted_by=by, reason=reason)
        .on_conflict_do_nothing()
        .returning(RetractionRow.event_id)
    )
    return marked is not None


async def pass_slot(tx: AsyncSession, key: SlotKey, heir: Claim | None) -> None:
    """Statement 3: the slot goes to the heir, or ceases to be."""
    where = (SlotRow.year == key.year, SlotRow.indicator == key.indicator, SlotRow.person_id == key.person)
    if heir is None:
        await tx.execute(delete(SlotRow).where(*where))
        return
    await tx.execute(
        update(SlotRow)
        .where(*where)
        .values(
            event_id=heir.event_id,
            unit=heir.unit,
            event_date=heir.event_date,
            received_at=heir.received_at,
            source_system=heir.source_system,
            source_ref=heir.source_ref,
        )
    )


_COUNT_LESS = text(
    """
    UPDATE rollup SET counts[CAST(:month AS int)] = counts[CAST(:month AS int)] + :by
    WHERE (unit, year, indicator) = (:unit, :year, :indicator)
    """
)
_COUNT_MORE = text(
    """
    INSERT INTO rollup (unit, year, indicator, counts)
    VALUES (:unit, :year, :indicator,
        ARRAY(SELECT CASE m WHEN :month THEN :by ELSE 0 END FROM generate_series(1, 12) m ORDER BY m))
    ON CONFLICT (unit, year, indicator)
    DO UPDATE SET counts[CAST(:month AS int)] = rollup.counts[CAST(:month AS int)] + :by
    """
)


async def move_counts(tx: AsyncSession, changes: Sequence[tuple[RollupKey, int]]) -> None:
    """Applies a change of holder to the counts, row by row in key order, as the last thing of a transaction."""
    for key, by in changes:
        # An upsert would try to insert a negative count first, and meet the table's check.
        statement = _COUNT_LESS if by < 0 else _COUNT_MORE
        row = {"unit": key.unit, "year": key.year, "indicator": key.indicator, "month": key.month, "by": by}
        await tx.execute(statement, row)


async def list_counts(
    tx: AsyncSession, year: int, unit: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[Row[str, str, int, int]]:
    """(unit, indicator, month, n) of a year, without zeros, beginning after a position."""
    months = func.unnest(RollupRow.counts).table_valued(column("n", Integer), with_ordinality="month").render_derived()
    key = (RollupRow.unit, RollupRow.indicator, months.c.month)
    query = (
        select(*key, months.c.n)
        .join_from(RollupRow, months, true())
        .where(RollupRow.year == year, months.c.n > 0)
        .order_by(*key)
        .limit(limit)
    )
    if unit is not None:
        query = query.where(RollupRow.unit == unit)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return (await tx.execute(query)).all()


_LIVE = """
    SELECT DISTINCT ON (e.person_id, e.year, e.indicator) e.person_id, e.year, e.indicator, e.event_id, e.unit,
        EXTRACT(month FROM e.event_date)::int AS month
    FROM event e LEFT JOIN event_retraction r USING (event_id) LEFT JOIN event_verification v USING (event_id)
    WHERE {live}
    ORDER BY e.person_id, e.year, e.indicator, e.event_date, e.received_at, e.source_system, e.source_ref
"""
_NOW = "r.event_id IS NULL AND (NOT e.is_pending OR v.event_id IS NOT NULL)"
_RECOUNT = text(
    f"""
    WITH holder AS ({_LIVE.format(live=_NOW)}),
    recount AS (SELECT unit, year, indicator, month, count(*) AS n FROM holder GROUP BY 1, 2, 3, 4),
    kept AS (SELECT unit, year, indicator, month, n FROM rollup, unnest(counts) WITH ORDINALITY m(n, month))
    SELECT unit, year, indicator, month, coalesce(recount.n, 0) AS ledger, coalesce(kept.n, 0) AS rollup
    FROM recount FULL JOIN kept USING (unit, year, indicator, month)
    WHERE coalesce(recount.n, 0) <> coalesce(kept.n, 0)
    ORDER BY 1, 2, 3, 4
    """  # noqa: S608  constants of this module
)
_WRONG_SLOTS = text(
    f"""
    WITH holder AS ({_LIVE.format(live=_NOW)})
    SELECT count(*) FROM holder FULL JOIN slot USING (person_id, year, indicator)
    WHERE holder.event_id IS DISTINCT FROM slot.event_id
    """  # noqa: S608
)
_AS_KNOWN = text(
    f"""
    WITH holder AS ({
        _LIVE.format(
            live="e.year = :year AND e.received_at <= :known_at"
            " AND (r.retracted_at IS NULL OR r.retracted_at > :known_at)"
            " AND (NOT e.is_pending OR v.verified_at <= :known_at)"
        )
    })
    SELECT unit, indicator, count(*) FROM holder WHERE month <= :month GROUP BY unit, indicator
    """  # noqa: S608
)
_TO_MONTH = text(
    "SELECT unit, indicator, (SELECT sum(n) FROM unnest(counts[1:CAST(:month AS int)]) n) FROM rollup"
    " WHERE year = :year"
)


async def find_wrong_counts(tx: AsyncSession) -> list[dict[str, Any]]:
    """S1: cells of the roll-up that differ from a recount of the ledger."""
    return [dict(row) for row in (await tx.execute(_RECOUNT)).mappings()]


async def count_wrong_slots(tx: AsyncSession) -> int:
    """S2: slots without their live event, live events without their slot, slots with the wrong holder."""
    return int(await tx.scalar(_WRONG_SLOTS) or 0)


async def counts_to_month(
    tx: AsyncSession, year: int, month: int, known_at: datetime | None
) -> dict[tuple[str, str], int]:
    """Cumulative counts by (unit, indicator): the live ones, or as the ledger knew them at an instant."""
    if known_at is None:
        rows = await tx.execute(_TO_MONTH, {"year": year, "month": month})
    else:
        rows = await tx.execute(_AS_KNOWN, {"year": year, "month": month, "known_at": known_at})
    return {(unit, indicator): int(n) for unit, indicator, n in rows}


def _claim(row: Any) -> Claim:
    return Claim(
        row.event_id,
        SlotKey(row.year, row.indicator, row.person_id),
        row.unit,
        row.event_date,
        row.received_at,
        row.source_system,
        row.source_ref,
        row.retracted_at,
        row.is_pending,
    )
