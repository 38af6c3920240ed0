"""A batch in the database: COPY into a lane, then persons, ledger and slots set-wise, the roll-up last.

Locks are taken in the order of the single event (person, event, slot, counts), each in the order of its key, so that
lanes, single events and retractions wait for each other and never in a circle (targets design §8).
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

EVENT_COLUMNS = (
    "row_no", "year", "indicator", "person_key", "unit", "event_date", "received_at", "source_system", "source_ref",
    "content_digest", "name_digest",
)  # fmt: skip
PERSON_COLUMNS = ("person_key", "name_digest", "id_type", "id_number_sealed", "name_sealed")
_CLAIM = "year, indicator, person_key, event_id, unit, event_date, received_at, source_system, source_ref"
_PROBES = 50

# A lane is new to the planner in each transaction; a hash join would read the whole ledger for every batch.
_BY_INDEX = text("SET LOCAL enable_hashjoin = off")
_NO_MERGE = text("SET LOCAL enable_mergejoin = off")
_BY_HASH = text("SET LOCAL enable_hashjoin = on")
_IS_REPEATED = """
    SELECT EXISTS (SELECT FROM event_staging_{lane} s JOIN event e USING (source_system, source_ref)
        WHERE s.row_no % :step = 0)
"""
_REPEATED = """
    SELECT coalesce(array_agg(s.row_no) FILTER (WHERE s.content_digest = e.content_digest), '{{}}') AS same,
        coalesce(array_agg(s.row_no) FILTER (WHERE s.content_digest <> e.content_digest), '{{}}') AS other,
        coalesce(array_agg(e.content_key_id) FILTER (WHERE s.content_digest <> e.content_digest), '{{}}') AS key_ids,
        coalesce(array_agg(e.content_digest) FILTER (WHERE s.content_digest <> e.content_digest), '{{}}') AS digests
    FROM event_staging_{lane} s JOIN event e USING (source_system, source_ref) WHERE e.event_id <> s.event_id
"""
_PERSONS = """
    SELECT coalesce(array_agg(s.row_no) FILTER (WHERE p.person_key IS NULL), '{{}}') AS new,
        coalesce(array_agg(s.row_no) FILTER (WHERE p.name_digest <> s.name_digest), '{{}}') AS other,
        coalesce(array_agg(p.key_id) FILTER (WHERE p.name_digest <> s.name_digest), '{{}}') AS key_ids,
        coalesce(array_agg(p.name_digest) FILTER (WHERE p.name_digest <> s.name_digest), '{{}}') AS digests
    FROM event_staging_{lane} s LEFT JOIN person p USING (person_key)
"""
_ADD_PERSONS = """
    WITH added AS (
        INSERT INTO person (person_key, key_id, name_digest, created_at)
        SELECT person_key, :key_id, name_digest, :now FROM person_staging_{lane} ORDER BY person_key
        ON CONFLICT DO NOTHING RETURNING person_key)
    INSERT INTO person_identity (person_key, id_type, id_number_sealed, name_sealed)
    SELECT person_key, id_type, id_number_sealed, name_sealed FROM person_staging_{lane} JOIN added USING (person_key)
    ORDER BY person_key
"""
# The least claim of each slot within the batch tries for it, as in the statement of a single event.
_ADD_EVENTS = f"""
    WITH added AS (
        INSERT INTO event ({_CLAIM}, content_key_id, content_digest, recorded_by)
        SELECT {_CLAIM}, :key_id, content_digest, :recorded_by FROM event_staging_{{lane}}
        ORDER BY source_system, source_ref, row_no
        ON CONFLICT (source_system, source_ref) DO NOTHING RETURNING {_CLAIM}),
    least AS (
        SELECT DISTINCT ON (year, indicator, person_key) {_CLAIM} FROM added
        ORDER BY year, indicator, person_key, event_date, received_at, source_system, source_ref),
    moved AS (
        INSERT INTO slot AS held ({_CLAIM}) SELECT {_CLAIM} FROM least ORDER BY year, indicator, person_key
        ON CONFLICT (year, indicator, person_key) DO UPDATE
        SET event_id = excluded.event_id, unit = excluded.unit, event_date = excluded.event_date,
            received_at = excluded.received_at, source_system = excluded.source_system, source_ref = excluded.source_ref
        WHERE (excluded.event_date, excluded.received_at, excluded.source_system, excluded.source_ref)
            < (held.event_date, held.received_at, held.source_system, held.source_ref)
        RETURNING new.event_id, new.year, new.indicator, new.unit, new.event_date, old.unit AS old_unit,
            old.event_date AS old_date),
    change AS (
        SELECT unit, indicator, year, EXTRACT(month FROM event_date)::int AS month, 1 AS by FROM moved
        UNION ALL
        SELECT old_unit, indicator, year, EXTRACT(month FROM old_date)::int, -1 FROM moved WHERE old_unit IS NOT NULL),
    delta AS (
        SELECT unit, indicator, year, month, sum(by) AS by FROM change GROUP BY 1, 2, 3, 4 HAVING sum(by) <> 0)
    SELECT
        (SELECT coalesce(array_agg(s.row_no), '{{{{}}}}')
            FROM event_staging_{{lane}} s JOIN added USING (event_id)) AS added,
        (SELECT coalesce(array_agg(s.row_no), '{{{{}}}}')
            FROM event_staging_{{lane}} s JOIN moved USING (event_id)) AS held,
        (SELECT coalesce(jsonb_agg(to_jsonb(delta)), '[]') FROM delta) AS deltas
"""  # noqa: S608  constants of this module
_DELTAS = "jsonb_to_recordset(CAST(:deltas AS jsonb)) AS d(unit text, indicator text, year int, month int, by int)"
_LOCK_COUNTS = text(
    f"""
    SELECT count(*) FROM (
        SELECT FROM rollup r JOIN {_DELTAS} USING (unit, indicator, year, month)
        ORDER BY r.unit COLLATE "C", r.indicator COLLATE "C", r.year, r.month FOR UPDATE OF r) locked
    """  # noqa: S608
)
_MOVE_COUNTS = text(
    f"""
    UPDATE rollup r SET n = r.n + d.by FROM {_DELTAS}
    WHERE (r.unit, r.indicator, r.year, r.month) = (d.unit, d.indicator, d.year, d.month)
    """  # noqa: S608
)
# In a transaction of its own, before any batch: a row that is inserted late would be locked out of order.
_ALL_CELLS = text(
    """
    INSERT INTO rollup (unit, indicator, year, month, n)
    SELECT u, i, :year, m, 0 FROM unnest(CAST(:units AS text[])) u, unnest(CAST(:indicators AS text[])) i,
        generate_series(1, 12) m
    ORDER BY u COLLATE "C", i COLLATE "C", m
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class Match:
    """Rows that meet something stored before: the same, or something else with its key id and digest."""

    same: Sequence[int]
    other: Sequence[tuple[int, str, bytes]]


async def open_lane(tx: AsyncSession, lane: int, events: pl.DataFrame, *, is_fresh: bool) -> None:
    """Waits for who is in the lane, empties it, and copies the batch in.

    Args:
        is_fresh: by TRUNCATE, which costs eight fsyncs; else what stood there becomes dead rows.
    """
    tables = (f"event_staging_{lane}", f"person_staging_{lane}")
    # Lost batches are done again: the job's own row stands in the same log, and its end is written through.
    await tx.execute(text("SET LOCAL synchronous_commit = off"))
    await tx.execute(text(f"LOCK TABLE {tables[0]}, {tables[1]} IN EXCLUSIVE MODE"))
    if is_fresh:
        await tx.execute(text(f"TRUNCATE {tables[0]}, {tables[1]}"))
    else:
        for table in tables:
            await tx.execute(text(f"DELETE FROM {table}"))  # noqa: S608  constants of this module
    await _copy(tx, tables[0], EVENT_COLUMNS, events)
    await tx.execute(_NO_MERGE)


async def find_repeated(tx: AsyncSession, lane: int, rows: int, *, is_certain: bool = False) -> Match:
    """Rows whose source reference is in the ledger; of a large batch a sample is looked at first."""
    await tx.execute(_BY_INDEX)
    step = max(1, rows // _PROBES)
    if not is_certain and not await tx.scalar(text(_IS_REPEATED.format(lane=lane)), {"step": step}):
        return Match((), ())
    row = (await tx.execute(text(_REPEATED.format(lane=lane)))).one()
    return Match(row.same, list(zip(row.other, row.key_ids, row.digests, strict=True)))


async def find_persons(tx: AsyncSession, lane: int) -> tuple[Sequence[int], list[tuple[int, str, bytes]]]:
    """Rows of persons not known yet, and rows whose name is not the one that is stored."""
    await tx.execute(_BY_INDEX)
    row = (await tx.execute(text(_PERSONS.format(lane=lane)))).one()
    return row.new, list(zip(row.other, row.key_ids, row.digests, strict=True))


async def add_persons(tx: AsyncSession, lane: int, persons: pl.DataFrame, key_id: str, now: datetime) -> None:
    """Persons with their sealed identities; who was added meanwhile stays as he is."""
    await _copy(tx, f"person_staging_{lane}", PERSON_COLUMNS, persons)
    await tx.execute(_BY_HASH)
    await tx.execute(text(_ADD_PERSONS.format(lane=lane)), {"key_id": key_id, "now": now})


async def add_events(
    tx: AsyncSession, lane: int, key_id: str, recorded_by: str
) -> tuple[Sequence[int], Sequence[int], list[dict[str, Any]]]:
    """Ledger and slots: rows added, rows that hold their slot now, and what that does to the counts."""
    await tx.execute(_BY_HASH)
    values = {"key_id": key_id, "recorded_by": recorded_by}
    row = (await tx.execute(text(_ADD_EVENTS.format(lane=lane)), values)).one()
    return row.added, row.held, row.deltas


async def move_counts(tx: AsyncSession, deltas: Sequence[Mapping[str, Any]]) -> None:
    """The roll-up's rows, locked in the order of their key; single events wait here only for the end of a batch."""
    values = {"deltas": json.dumps(deltas)}
    await tx.execute(_LOCK_COUNTS, values)
    await tx.execute(_MOVE_COUNTS, values)


async def make_cells(tx: AsyncSession, year: int, units: Sequence[str], indicators: Sequence[str]) -> None:
    """Counts of zero for all cells of a year that may be counted."""
    await tx.execute(_ALL_CELLS, {"year": year, "units": list(units), "indicators": list(indicators)})


async def _copy(tx: AsyncSession, table: str, columns: Sequence[str], frame: pl.DataFrame) -> None:
    """Within the transaction, which SQLAlchemy has begun with the statement before."""
    raw: Any = (await (await tx.connection()).get_raw_connection()).driver_connection
    source = io.BytesIO()
    frame.select(columns).write_csv(source, include_header=False)
    source.seek(0)
    await raw.copy_to_table(table, columns=columns, source=source, format="csv")
