"""A batch in the database: what is known is asked for by arrays of keys, what is new goes in by COPY.

COPY into the tables themselves costs half of what INSERT … ON CONFLICT costs, and needs no table in between. It fails
when somebody else has just recorded the same person or reference; then the batch is looked up and done again.

Locks are taken in the order of the single event (person, event, slot, counts), each in the order of its key, so that
uploads, single events and retractions wait for each other and never in a circle (targets design §8).
"""

import struct
from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.register.evidence import SAME_SOURCE_A_DAY

_UUID, _UUIDS = 2950, 2951  # the server's numbers of uuid and uuid[] (pg_type.dat)
PERSON_COLUMNS = ("person_key", "person_id", "key_id", "name_digest", "identity_block")
CLAIM_COLUMNS = (
    "person_id", "event_id", "year", "indicator", "unit", "event_date", "received_at", "source_system", "source_ref",
)  # fmt: skip
EVENT_COLUMNS = (*CLAIM_COLUMNS, "name_digest", "is_pending", "name_key_id", "recorded_by", "evidence")
_CLAIM = ", ".join(CLAIM_COLUMNS)

# Most files bring references of their own: the ends of each system's range in the batch tell so in one look.
_IN_RANGE = """
    SELECT EXISTS (SELECT FROM unnest($1::text[], $2::text[], $3::text[]) r(source_system, first, last)
        JOIN LATERAL (SELECT FROM event e WHERE e.source_system = r.source_system
            AND e.source_ref BETWEEN r.first AND r.last LIMIT 1) e ON true)
"""
_RECORDED = """
    SELECT k.row_no, e.year, e.indicator, uuid_send(e.person_id), e.unit, e.event_date, int8send(e.name_digest),
        e.name_key_id, e.evidence::text
    FROM unnest($1::int[], $2::text[], $3::text[]) k(row_no, source_system, source_ref)
    JOIN event e ON (e.source_system, e.source_ref) = (k.source_system COLLATE "C", k.source_ref COLLATE "C")
"""
RECORDED: dict[str, Any] = {
    "row_no": pl.Int32, "was_year": pl.Int32, "was_indicator": pl.String, "was_person_id": pl.Binary,
    "was_unit": pl.String, "was_event_date": pl.Date, "was_name_digest": pl.Binary, "was_name_key_id": pl.String,
    "was_evidence": pl.String,
}  # fmt: skip
_PERSONS = """
    SELECT uuid_send(person_key), uuid_send(person_id), int8send(name_digest), key_id FROM person
    WHERE person_key = ANY($1::uuid[])
"""
PERSONS: dict[str, Any] = {
    "person_key": pl.Binary, "person_id": pl.Binary, "first_name_digest": pl.Binary, "first_key_id": pl.String,
}  # fmt: skip
# The row is locked even when the claim loses, as in the statement of a single event.
_CLAIM_SLOTS = f"""
    INSERT INTO slot AS held ({_CLAIM})
    SELECT {_CLAIM} FROM unnest($1::uuid[]) WITH ORDINALITY k(event_id, place) JOIN event USING (event_id)
    ORDER BY place
    ON CONFLICT (person_id, year, indicator) DO UPDATE
    SET event_id = excluded.event_id, unit = excluded.unit, event_date = excluded.event_date,
        received_at = excluded.received_at, source_system = excluded.source_system, source_ref = excluded.source_ref
    WHERE (excluded.event_date, excluded.received_at, excluded.source_system, excluded.source_ref)
        < (held.event_date, held.received_at, held.source_system, held.source_ref)
    RETURNING uuid_send(new.event_id), old.unit, EXTRACT(month FROM old.event_date)::int
"""  # noqa: S608  constants of this module
MOVED: dict[str, Any] = {"event_id": pl.Binary, "old_unit": pl.String, "old_month": pl.Int32}
_FIRST_ENDS = """
    SELECT uuid_send(person_id), year, indicator, event_date FROM slot
    WHERE person_id = ANY($1::uuid[]) AND indicator = ANY($2::text[])
"""
ENDS: dict[str, Any] = {"person_id": pl.Binary, "year": pl.Int32, "end": pl.String, "ended_on": pl.Date}
_SAME_DAY = """
    SELECT k.value, k.event_date, count(*) FROM unnest($1::text[], $2::date[]) k(value, event_date)
    JOIN LATERAL (SELECT FROM event e WHERE e.evidence ->> '{name}' = k.value AND e.event_date = k.event_date
        AND e.evidence ->> '{name}' IS NOT NULL AND e.event_id NOT BETWEEN $3 AND $4 LIMIT {limit}) e ON true
    GROUP BY 1, 2
"""
SAME_DAYS: dict[str, Any] = {"value": pl.String, "event_date": pl.String, "before": pl.Int64}
# The rows are locked in the order of their key before the first one is moved. One that was moved while this statement
# waited for it is read again, as READ COMMITTED has it.
_MOVE_COUNTS = """
    WITH locked AS MATERIALIZED (
        SELECT r.unit, r.indicator, r.year, string_to_array(d.by, ',')::int[] AS by
        FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) d(unit, indicator, year, by)
        JOIN rollup r USING (unit, indicator, year)
        ORDER BY r.unit COLLATE "C", r.indicator COLLATE "C", r.year FOR UPDATE OF r)
    UPDATE rollup r SET counts = ARRAY(
        SELECT m.n + m.by FROM unnest(r.counts, l.by) WITH ORDINALITY m(n, by, month) ORDER BY m.month)
    FROM locked l WHERE (r.unit, r.indicator, r.year) = (l.unit, l.indicator, l.year)
"""
# In a transaction of its own, before any batch: a row that is inserted late would be locked out of order.
_ALL_CELLS = text(
    """
    INSERT INTO rollup (unit, indicator, year, counts)
    SELECT u, i, :year, array_fill(0, ARRAY[12])
    FROM unnest(CAST(:units AS text[])) u, unnest(CAST(:indicators AS text[])) i
    ORDER BY u COLLATE "C", i COLLATE "C"
    ON CONFLICT DO NOTHING
    """
)


_BEGIN = text(
    "SELECT set_config(name, 'off', true)"
    " FROM unnest(ARRAY['synchronous_commit', 'enable_hashjoin', 'enable_mergejoin', 'enable_seqscan']) name"
)


async def begin(tx: AsyncSession) -> None:
    """Lost batches are done again: the job's own row stands in the same log, and its end is written through.

    The planner knows nothing of arrays; whatever their size, each key is one look into an index.
    """
    await tx.execute(_BEGIN)


async def may_be_recorded(tx: AsyncSession, rows: pl.DataFrame) -> bool:
    """Whether the ledger has any source reference between the first and the last one of a system."""
    systems = rows.get_column("source_system").unique().to_list()
    of_each = [rows] if len(systems) == 1 else [rows.filter(source_system=one) for one in systems]
    refs = [each.get_column("source_ref") for each in of_each]
    ends = [each.min() for each in refs], [each.max() for each in refs]
    return bool(await (await _driver(tx)).fetchval(_IN_RANGE, systems, *ends))


async def find_recorded(tx: AsyncSession, rows: pl.DataFrame) -> pl.DataFrame:
    """Of the rows whose source reference is in the ledger, what it stands for there, as `RECORDED`."""
    found = []
    if await may_be_recorded(tx, rows):
        keys = (rows.get_column(name).to_list() for name in ("row_no", "source_system", "source_ref"))
        found = await (await _driver(tx)).fetch(_RECORDED, *keys)
    return _frame(found, RECORDED)


async def find_persons(tx: AsyncSession, keys: pl.Series) -> pl.DataFrame:
    """Those of the keys under which somebody is recorded, as `PERSONS`."""
    return _frame(await (await _driver(tx)).fetch(_PERSONS, _ids(keys)), PERSONS)


async def find_ends(tx: AsyncSession, persons: pl.Series, ends: Sequence[str]) -> pl.DataFrame:
    """The slots under which the end of a case is counted, as `ENDS` (N7)."""
    return _frame(await (await _driver(tx)).fetch(_FIRST_ENDS, _ids(persons), list(ends)), ENDS)


async def count_same_day(tx: AsyncSession, name: str, groups: pl.DataFrame, own: pl.Series) -> pl.DataFrame:
    """Events by (value, event_date) of `groups`, counted as far as N13 looks, without those of this batch, whose ids
    `own` no other event lies between.
    """
    statement = _SAME_DAY.format(name=name, limit=SAME_SOURCE_A_DAY)
    days = groups.get_column("event_date").str.to_date().to_list()
    own_range = pl.Series([own.min(), own.max()]).bin.encode("hex")
    found = await (await _driver(tx)).fetch(statement, groups.get_column("value").to_list(), days, *own_range)
    return _frame([(value, day.isoformat(), n) for value, day, n in found], SAME_DAYS)


async def copy(tx: AsyncSession, table: str, columns: Sequence[str], lines: bytes) -> None:
    """Raises asyncpg.UniqueViolationError when somebody was faster with one of them."""
    driver = await _driver(tx)
    await driver.copy_to_table(table, columns=columns, source=memoryview(lines), format="binary")  # bytes mean a path


async def claim_slots(tx: AsyncSession, event_ids: pl.Series) -> pl.DataFrame:
    """Events that have their slot now, with unit and month of those they displaced, as `MOVED`."""
    return _frame(await (await _driver(tx)).fetch(_CLAIM_SLOTS, _ids(event_ids)), MOVED)


async def move_counts(tx: AsyncSession, deltas: pl.DataFrame) -> None:
    """The roll-up's rows, by so much in each month; single events wait here only for the end of a batch."""
    if deltas.height:
        columns = (deltas.get_column(name).to_list() for name in ("unit", "indicator", "year", "by"))
        await (await _driver(tx)).execute(_MOVE_COUNTS, *columns)


async def make_cells(tx: AsyncSession, year: int, units: Sequence[str], indicators: Sequence[str]) -> None:
    """Counts of zero for all cells of a year that may be counted."""
    await tx.execute(_ALL_CELLS, {"year": year, "units": list(units), "indicators": list(indicators)})


async def _driver(tx: AsyncSession) -> Any:
    """asyncpg's connection, within the transaction that SQLAlchemy has begun; it takes arrays of uuids as `_ids`."""
    driver: Any = (await (await tx.connection()).get_raw_connection()).driver_connection
    driver.get_settings().add_python_codec(_UUIDS, "uuid[]", "pg_catalog", [], "scalar", bytes, bytes, "binary")
    return driver


def _ids(series: pl.Series) -> bytes:
    """An array of uuids as the server reads it (`array_recv`). Given a list, the driver asks of each element whether it
    is a list itself, which takes three times as long as all the rest.
    """
    of_one_dimension_without_nulls, lower_bound = (1, 0), 1
    head = struct.pack(">5i", *of_one_dimension_without_nulls, _UUID, len(series), lower_bound)
    ids = pl.select(pl.lit(struct.pack(">i", 16)) + pl.lit(series)).to_series()
    return b"".join([head, *ids.to_list()])


def _frame(found: Sequence[Any], schema: dict[str, Any]) -> pl.DataFrame:
    """Ids and keys were asked for as 16 bytes: to make an object of each one takes ten times as long."""
    columns = list(zip(*found, strict=True)) or [()] * len(schema)
    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)
