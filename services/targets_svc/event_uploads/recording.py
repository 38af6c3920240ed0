"""A checked batch on its way into the register: pseudonyms and digests, sealed identities, and each row's outcome."""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from kit.crypto.lookup import Lookup
from targets_svc.event_uploads import staging
from targets_svc.event_uploads.domain import FIELDS, RowStatus
from targets_svc.register.repository import find_known_persons
from targets_svc.register.service import CONTENT, CONTENT_SEPARATOR, NAME, OTHER_NAME, Vault

Given = ParamSpec("Given")
Made = TypeVar("Made")
RESULT_COLUMNS = ("row_no", "status", "error_code", "error_message_zh", *FIELDS)
_REUSED = ("N5_SOURCE", "来源编号：该编号已登记过另一内容，请核对；更正请先撤销原事件，再用新的编号登记")


_threads = ThreadPoolExecutor(2, "event-uploads")


async def aside(function: Callable[Given, Made], *arguments: Given.args, **named: Given.kwargs) -> Made:
    """Runs what takes long beside the event loop. Two threads: one more would keep memory and gain nothing."""
    return await asyncio.get_running_loop().run_in_executor(_threads, partial(function, *arguments, **named))


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a batch, by row number; a row that is in none of them was not recorded.

    Attributes:
        deltas: what is still to be done to the counts, as the last thing of the transaction.
    """

    status: dict[RowStatus, list[int]] = field(default_factory=dict)
    remarks: dict[int, tuple[str, str]] = field(default_factory=dict)
    deltas: list[dict[str, Any]] = field(default_factory=list)


def with_person_keys(good: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    """Adds `person_key_0` under the current key, and one column more for each older key that is held (hexadecimal)."""
    found = []
    for (id_type,), group in good.group_by("id_type", maintain_order=True):
        keys = vault.hash.many_person_keys(str(id_type), group.get_column("id_number"))
        columns = [pl.Series(f"person_key_{i}", [k.hex() for k in made]) for i, made in enumerate(keys.values())]
        found.append(group.with_columns(columns))
    return pl.concat(found).sort("row_no")


async def resolve_persons(tx: AsyncSession, keyed: pl.DataFrame) -> pl.DataFrame:
    """Chooses `person_key`: the current one, or the older one under which the person was recorded."""
    candidates = [name for name in keyed.columns if name.startswith("person_key_")]
    chosen = pl.col("person_key_0")
    for name in candidates[1:]:
        known = await find_known_persons(tx, [UUID(key) for key in keyed.get_column(name).unique()])
        chosen = pl.when(pl.col(name).is_in([key.hex for key in known])).then(pl.col(name)).otherwise(chosen)
    return keyed.with_columns(person_key=chosen).drop(candidates)


def with_digests(keyed: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    """Adds the keyed digests of name and content, those of a single event, as COPY writes bytes."""
    names = keyed.get_column("name_key").unique()
    digests = dict(zip(names, vault.hash.many_lookups(NAME, names), strict=True))
    key = pl.col("person_key").str
    dashed = pl.concat_str(
        key.slice(0, 8), key.slice(8, 4), key.slice(12, 4), key.slice(16, 4), key.slice(20), separator="-"
    )
    content = keyed.select(
        pl.concat_str("year", "indicator", dashed, "unit", "event_date", "name_key", separator=CONTENT_SEPARATOR)
    ).to_series()
    return keyed.with_columns(
        pl.Series("content_digest", _as_copied(vault.hash.many_lookups(CONTENT, content))),
        pl.Series("name_digest", _as_copied(digests[name] for name in keyed.get_column("name_key"))),
    )


def _as_copied(values: Iterable[bytes]) -> list[str]:
    return ["\\x" + value.hex() for value in values]


async def record(
    tx: AsyncSession, lane: int, rows: pl.DataFrame, vault: Vault, *, recorded_by: str, now: datetime, is_fresh: bool
) -> Outcome:
    """The batch in the caller's transaction, but for the counts: who waits for those must not wait for us to think."""
    outcome = Outcome()
    await staging.open_lane(tx, lane, rows, is_fresh=is_fresh)
    repeated = await staging.find_repeated(tx, lane, rows.height, is_certain=rows.height < 1000)
    if len(repeated.same) + len(repeated.other) < rows.height:
        await _add_persons(tx, lane, rows, vault, now, outcome)
        added, held, deltas = await staging.add_events(tx, lane, vault.hash.current_key_id, recorded_by)
        outcome.status[RowStatus.COUNTED] = list(held)
        outcome.status[RowStatus.DUPLICATE] = list(set(added) - set(held))
        if len(added) + len(repeated.same) + len(repeated.other) < rows.height:
            repeated = await staging.find_repeated(tx, lane, rows.height, is_certain=True)
        outcome.deltas = deltas
    await aside(_judge_repeated, rows, repeated, vault, outcome)
    return outcome


async def _add_persons(
    tx: AsyncSession, lane: int, rows: pl.DataFrame, vault: Vault, now: datetime, outcome: Outcome
) -> None:
    new, other = await staging.find_persons(tx, lane)
    if new:
        unknown = rows.filter(pl.col("row_no").is_in(list(new)))
        persons = unknown.unique("person_key", keep="first", maintain_order=True).sort("person_key")
        sealed = await aside(_seal, persons, vault)
        await staging.add_persons(tx, lane, sealed, vault.hash.current_key_id, now)
        first = persons.select("person_key", pl.col("name_digest").alias("first_name"))
        renamed = unknown.join(first, on="person_key").filter(pl.col("first_name") != pl.col("name_digest"))
        outcome.remarks |= dict.fromkeys(renamed.get_column("row_no"), (OTHER_NAME.code, f"姓名：{OTHER_NAME.message}"))
    names = dict(
        rows.filter(pl.col("row_no").is_in([row for row, _, _ in other])).select("row_no", "name_key").iter_rows()
    )
    for row_no, key_id, digest in other:
        if not vault.is_same(NAME, names[row_no], Lookup(key_id, bytes(digest))):
            outcome.remarks[row_no] = (OTHER_NAME.code, f"姓名：{OTHER_NAME.message}")


def _seal(persons: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    keys = [bytes.fromhex(key) for key in persons.get_column("person_key")]

    def sealed(field: str) -> list[str]:
        values = [value.encode() for value in persons.get_column(field)]
        return _as_copied(vault.cipher.seal_many(values, column=f"person_identity.{field}", row_ids=keys))

    return persons.select("person_key", "name_digest", "id_type").with_columns(
        pl.Series("id_number_sealed", sealed("id_number"), pl.String),
        pl.Series("name_sealed", sealed("name"), pl.String),
    )


def _judge_repeated(rows: pl.DataFrame, repeated: staging.Match, vault: Vault, outcome: Outcome) -> None:
    """N5: the same source reference; whether also the same content is asked of every key that is held."""
    skipped, wrong = list(repeated.same), []
    contents = dict(
        rows.filter(pl.col("row_no").is_in([row for row, _, _ in repeated.other]))
        .select("row_no", pl.struct("year", "indicator", "person_key", "unit", "event_date", "name_key"))
        .iter_rows()
    )
    for row_no, key_id, digest in repeated.other:
        cells = contents[row_no] | {"person_key": str(UUID(contents[row_no]["person_key"]))}
        text = CONTENT_SEPARATOR.join(cells.values())
        if vault.is_same(CONTENT, text, Lookup(key_id, bytes(digest))):
            skipped.append(row_no)
        else:
            wrong.append(row_no)
            outcome.remarks[row_no] = _REUSED
    outcome.status[RowStatus.SKIPPED], outcome.status[RowStatus.ERROR] = skipped, wrong


def result_of(checked: pl.DataFrame, outcome: Outcome) -> tuple[dict[str, int], bytes]:
    """Counts by status, and the compressed lines of the result file: every row, number and name masked."""
    status = pl.concat(
        [
            pl.DataFrame({"row_no": rows, "status": status.value}, schema={"row_no": pl.Int32, "status": pl.String})
            for status, rows in outcome.status.items()
        ]
        or [pl.DataFrame(schema={"row_no": pl.Int32, "status": pl.String})]
    )
    remarks = pl.DataFrame(
        [(row_no, *remark) for row_no, remark in outcome.remarks.items()],
        schema={"row_no": pl.Int32, "remark": pl.String, "remark_message": pl.String},
        orient="row",
    )
    fallback = (
        pl.when(pl.col("code").is_null()).then(pl.lit(RowStatus.VALID.value)).otherwise(pl.lit(RowStatus.ERROR.value))
    )
    frame = (
        checked.join(status, on="row_no", how="left", maintain_order="left")
        .join(remarks, on="row_no", how="left", maintain_order="left")
        .with_columns(pl.col("status").fill_null(fallback))
        .select(
            "row_no",
            "status",
            pl.coalesce("remark", "code").alias("error_code"),
            pl.coalesce("remark_message", "message").alias("error_message_zh"),
            *(pl.col(f"shown_{name}").alias(name) for name in FIELDS),
        )
    )
    counted: Mapping[str, int] = dict(frame.get_column("status").value_counts().iter_rows())
    return dict(counted), zlib.compress(frame.write_csv(include_header=False, line_terminator="\r\n").encode(), 1)
