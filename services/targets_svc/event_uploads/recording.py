"""A checked batch on its way into the register: pseudonyms and digests, who is new, which slots change, and what became
of each row. All but the look-ups and the COPY itself is done on frames, beside the event loop.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import polars as pl
from asyncpg import UniqueViolationError  # type: ignore[import-untyped]
from sqlalchemy.ext.asyncio import AsyncSession

from kit.ids import new_id
from targets_svc.event_uploads import copying, ledger
from targets_svc.event_uploads.domain import EVIDENCE, FIELDS, RowStatus
from targets_svc.event_uploads.results import Outcome
from targets_svc.event_uploads.threads import aside
from targets_svc.register.domain import AFTER_ATTRITION, OTHER_NAME
from targets_svc.register.evidence import SAME_DAY, SAME_SOURCE_A_DAY
from targets_svc.register.repository import add_identity_block
from targets_svc.register.service import PHONE, Vault, digest_number

_TIMES = 12  # beside many single events on a slow machine a race is lost more than once
_SLOT = ["person_id", "year", "indicator"]
_SOURCE = ["source_system", "source_ref"]
_PRECEDENCE = ["event_date", "received_at", "source_system", "source_ref"]
_ENTERED = ("id_type", "id_number", "name", "person_key", "evidence", "received_at", *_SOURCE)
"""What nobody asks for once a batch of new references is entered."""
_OF_PERSON = ("person_id", "first_name_digest", "first_key_id")


def prepare(good: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    """Adds the pseudonym under each held key (`person_key_0` is the current one, 16 bytes), the digest of the name (8),
    and `evidence` as the ledger keeps it, the phone number as its digest.
    """
    good = good.select("row_no", *FIELDS, "name_key", "is_pending")
    types = good.get_column("id_type").unique(maintain_order=True)
    if len(types) == 1:
        keyed = _keyed(good, types[0], vault)
    else:
        keyed = pl.concat([_keyed(good.filter(pl.col("id_type") == one), one, vault) for one in types]).sort("row_no")
    if keyed.get_column("phone").null_count() < keyed.height:
        digests = _phone_digests(keyed, vault)
        keyed = keyed.with_columns(pl.col("phone").replace_strict(digests, default=None, return_dtype=pl.String))
    names = pl.Series("name_digest", vault.name_digests(keyed.get_column("name_key")), pl.Binary)
    dropped = (name for name in EVIDENCE if name not in SAME_DAY)
    return keyed.with_columns(names, evidence=_evidence(keyed)).drop(dropped)


def _keyed(rows: pl.DataFrame, id_type: str, vault: Vault) -> pl.DataFrame:
    keys = vault.hash.many_person_keys(id_type, rows.get_column("id_number"))
    return rows.with_columns(pl.Series(f"person_key_{i}", made, pl.Binary) for i, made in enumerate(keys.values()))


def _phone_digests(keyed: pl.DataFrame, vault: Vault) -> dict[str, str]:
    phones = keyed.get_column("phone").drop_nulls().unique()
    return {
        phone: digest[:16].hex() for phone, digest in zip(phones, vault.hash.many_lookups(PHONE, phones), strict=True)
    }


def _evidence(keyed: pl.DataFrame) -> pl.Expr:
    """JSON text of what is declared; null where nothing is."""
    texts = ("unemployed_on", "certified_on", "certified_until", "job_form", "phone", "employer", "street")
    plain = ("job_months", "monthly_pay", "correction")
    given = [name for name in (*texts, *plain) if keyed.get_column(name).null_count() < keyed.height]
    if not given:
        return pl.lit(None, pl.String)
    parts = [
        pl.concat_str(
            pl.lit(f'"{name}":"' if name in texts else f'"{name}":'), name, pl.lit('"' if name in texts else "")
        )
        for name in given
    ]
    body = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return pl.when(pl.any_horizontal(pl.col(name).is_not_null() for name in given)).then(
        pl.concat_str(pl.lit("{"), body, pl.lit("}"))
    )


class Known(NamedTuple):
    """What the ledger said of a batch.

    Attributes:
        recorded: what its references stand for, as `ledger.RECORDED`.
        persons: for each held key who of the batch is recorded under it, as `ledger.PERSONS`.
    """

    recorded: pl.DataFrame
    persons: list[pl.DataFrame]


async def look_up(tx: AsyncSession, rows: pl.DataFrame) -> Known:
    """Asks who and what is known. A reference that comes again in a batch which is not yet committed is not seen; then
    the index refuses it, and the batch is looked up again when it is entered.
    """
    await ledger.begin(tx)
    recorded = await ledger.find_recorded(tx, rows)
    return Known(recorded, [await ledger.find_persons(tx, rows.get_column(name)) for name in _candidates(rows)])


@dataclass(slots=True, eq=False)
class Made:
    """The new persons of a batch, as `ledger.PERSONS`; void when somebody else was faster, and it was done again."""

    persons: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ledger.PERSONS))
    is_void: bool = False


@dataclass(slots=True, eq=False)
class Resolved:
    """A batch of rows as far as it can be made ready while those before are still being written.

    Attributes:
        rows: with `person_id` of those who are known.
        recorded: what the ledger holds of their references.
        fresh: the rows that are new, with `person_id` and `event_id`.
        new: the new persons.
        least: the least claim of each slot.
        others: ids of those whose person is known.
        same_days: by phone and by employer the different ones with their days (N13), as far as any is given.
        persons, sealed, events, slots: as they are stored.
        before: of the batches that were not committed when it was looked up: their new persons are taken for known.
    """

    rows: pl.DataFrame
    recorded: pl.DataFrame
    block_id: UUID
    before: tuple[Made, ...]
    fresh: pl.DataFrame
    made: Made = field(default_factory=Made)
    new: pl.DataFrame = field(default_factory=pl.DataFrame)
    least: pl.DataFrame = field(default_factory=pl.DataFrame)
    others: pl.Series = field(default_factory=pl.Series)
    same_days: dict[str, pl.DataFrame] = field(default_factory=dict)
    persons: bytes = b""
    sealed: bytes = b""
    events: bytes = b""
    slots: bytes = b""

    @property
    def is_outdated(self) -> bool:
        """Whether it rests on what was not committed after all."""
        return any(made.is_void for made in self.before)


def resolve(rows: pl.DataFrame, known: Known, vault: Vault, before: tuple[Made, ...] = ()) -> Resolved:
    """Decides who and what is new; `compose` is to follow."""
    rows = with_known_persons(rows, known.persons, before)
    resolved = Resolved(rows, known.recorded, new_id(), before, _first_of_each(rows, known.recorded))
    if resolved.fresh.height:
        _name_persons(resolved, vault.hash.current_key_id)
    return resolved


def compose(resolved: Resolved, vault: Vault, recorded_by: str) -> None:
    """Puts together all that is to be stored."""
    if resolved.new.height:
        _compose_persons(resolved, vault)
    if resolved.fresh.height:
        claim = _compose_events(resolved, vault.hash.current_key_id, recorded_by)
        _compose_slots(resolved, claim)
        resolved.same_days = {
            name: resolved.fresh.select(value=name, event_date="event_date").drop_nulls().unique()
            for name in SAME_DAY
            if resolved.fresh.get_column(name).null_count() < resolved.fresh.height
        }


async def enter(
    tx: AsyncSession, resolved: Resolved, rows: pl.DataFrame, vault: Vault, recorded_by: str,
    settled: Callable[[], Awaitable[None]],
) -> Resolved:  # fmt: skip
    """Persons and events of a batch, in the caller's transaction; gives the batch as it was entered at last.

    Args:
        settled: returns when the batch before is committed; raises when it has failed.
    """
    resolved.made.is_void = resolved.is_outdated
    for time in range(_TIMES):
        try:
            async with tx.begin_nested():
                if resolved.made.is_void:
                    await settled()
                    known = await look_up(tx, rows)
                    resolved = await aside(resolve, rows, known, vault)
                    await aside(compose, resolved, vault, recorded_by)
                if resolved.fresh.height:
                    await _add(tx, resolved)
                break
        except UniqueViolationError:
            # Somebody else has just recorded a person or a reference of this batch: now it is seen.
            resolved.made.is_void = True
            if time == _TIMES - 1:
                raise
    resolved.persons, resolved.events, resolved.before = b"", b"", ()
    if resolved.fresh.height == resolved.rows.height:
        resolved.rows = resolved.fresh = resolved.fresh.drop(_ENTERED)
    return resolved


async def _add(tx: AsyncSession, made: Resolved) -> None:
    if made.persons:
        await ledger.copy(tx, "person", ledger.PERSON_COLUMNS, made.persons)
    await ledger.copy(tx, "event", ledger.EVENT_COLUMNS, made.events)


class Claimed(NamedTuple):
    """What the claims of a batch gave.

    Attributes:
        moved: slots of known persons that it has now, as `ledger.MOVED`.
        ended: under which slots the end of a case is counted, as `ledger.ENDS` (N7).
        same_days: events of other batches by phone and by employer, as `ledger.SAME_DAYS` (N13).
    """

    moved: pl.DataFrame | None
    ended: pl.DataFrame | None
    same_days: dict[str, pl.DataFrame]


async def claim(tx: AsyncSession, resolved: Resolved, attrition: Mapping[str, str]) -> Claimed:
    """Claims the slots of known persons for an entered batch, once all batches before it are committed; stores whom it
    has made, sealed, too: nobody waits for that.
    """
    if resolved.sealed:
        await add_identity_block(tx, resolved.block_id, resolved.sealed)
    fresh = resolved.fresh
    same_days = {
        name: await ledger.count_same_day(tx, name, groups, fresh.get_column("event_id"))
        for name, groups in resolved.same_days.items()
    }
    ended = None
    if fresh.height and not fresh.get_column("is_new").all():
        may_have_ended = fresh.filter(~pl.col("is_new") & pl.col("indicator").is_in(list(attrition)))
        if may_have_ended.height:
            known = may_have_ended.get_column("person_id").unique()
            ended = await ledger.find_ends(tx, known, sorted(set(attrition.values())))
    moved = await ledger.claim_slots(tx, resolved.others) if len(resolved.others) else None
    return Claimed(moved, ended, same_days)


def conclude(resolved: Resolved, claimed: Claimed, vault: Vault, attrition: Mapping[str, str]) -> Outcome:
    """What became of the rows of a batch whose slots are claimed."""
    conclusions = _Conclusions(resolved, vault, attrition)
    if resolved.fresh.height:
        conclusions.judge_fresh(claimed)
    if resolved.fresh.height < resolved.rows.height:
        conclusions.judge_repeated()
    return conclusions.outcome


@dataclass(slots=True)
class _Conclusions:
    resolved: Resolved
    vault: Vault
    attrition: Mapping[str, str]
    outcome: Outcome = field(default_factory=Outcome)

    def judge_fresh(self, claimed: Claimed) -> None:
        fresh, least = self.resolved.fresh, self.resolved.least
        held = least.filter("is_new")
        old = None
        if claimed.moved is not None:
            old = least.join(claimed.moved, on="event_id", maintain_order="left")
            held = pl.concat([held, old.select(held.columns)])
        self.outcome.deltas = _deltas(held, old)
        counted = pl.lit(True) if held.height == fresh.height else pl.col("row_no").is_in(held["row_no"].implode())
        self.outcome.judge(
            fresh,
            pl.when("is_pending")
            .then(pl.lit(RowStatus.PENDING.value))
            .when(counted)
            .then(pl.lit(RowStatus.COUNTED.value))
            .otherwise(pl.lit(RowStatus.DUPLICATE.value)),
        )
        self._warn_of_names(fresh)
        self._warn_of_ends(fresh, claimed.ended)
        for name, before in claimed.same_days.items():
            self._warn_of_same_days(fresh, name, before)

    def _warn_of_names(self, fresh: pl.DataFrame) -> None:
        """N12: another name than the first that came with the number."""
        other = fresh.filter(pl.col("name_digest") != pl.col("first_name_digest"))
        current = self.vault.hash.current_key_id
        wrong = [
            row_no
            for row_no, name, digest, key_id in other.select(
                "row_no", "name_key", "first_name_digest", "first_key_id"
            ).iter_rows()
            if key_id == current or not self.vault.is_same_name(name, digest_number(digest), key_id)
        ]
        self.outcome.warn(wrong, OTHER_NAME)

    def _warn_of_ends(self, fresh: pl.DataFrame, ended: pl.DataFrame | None) -> None:
        """N7: the end of a case that was registered before, and happened before."""
        here = fresh.filter(pl.col("indicator").is_in(list(self.attrition.values())) & ~pl.col("is_pending"))
        if not here.height and (ended is None or not ended.height):
            return
        jobs = fresh.with_columns(end=pl.col("indicator").replace_strict(dict(self.attrition), default=None)).filter(
            pl.col("end").is_not_null()
        )
        found = []
        if here.height:
            both = jobs.join(
                here.select("person_id", "year", end="indicator", end_row="row_no", ended_on="event_date"),
                on=["person_id", "year", "end"],
            )
            found.append(
                both.filter((pl.col("end_row") < pl.col("row_no")) & (pl.col("ended_on") < pl.col("event_date")))
            )
        if ended is not None and ended.height:
            both = jobs.join(
                ended.with_columns(pl.col("year").cast(pl.String), pl.col("ended_on").cast(pl.String)),
                on=["person_id", "year", "end"],
            )
            found.append(both.filter(pl.col("ended_on") < pl.col("event_date")))
        if found:
            rows = pl.concat([frame.select("row_no") for frame in found]).unique().get_column("row_no")
            self.outcome.warn(rows, AFTER_ATTRITION)

    def _warn_of_same_days(self, fresh: pl.DataFrame, name: str, before: pl.DataFrame) -> None:
        """N13: from the first one too many on."""
        given = fresh.select("row_no", value=name, event_date="event_date").drop_nulls().sort("row_no")
        counted = given.join(before, on=["value", "event_date"], how="left", maintain_order="left").with_columns(
            n=pl.col("before").fill_null(0) + pl.int_range(1, pl.len() + 1).over("value", "event_date")
        )
        self.outcome.warn(counted.filter(pl.col("n") > SAME_SOURCE_A_DAY).get_column("row_no"), SAME_DAY[name])

    def judge_repeated(self) -> None:
        """N5: the same source reference, in the ledger or earlier in this batch: the same content, or another."""
        rows, fresh, recorded = self.resolved.rows, self.resolved.fresh, self.resolved.recorded
        repeated = rows.drop("person_id", "first_name_digest", "first_key_id").join(
            pl.concat(frame.select("person_key", "person_id") for frame in (rows, fresh)).drop_nulls().unique(),
            on="person_key",
            how="left",
        )
        earlier = fresh.select(
            *_SOURCE,
            pl.col("row_no").alias("first_row"),
            pl.col("year").cast(pl.Int32).alias("was_year"),
            pl.col("indicator").alias("was_indicator"),
            pl.col("person_id").alias("was_person_id"),
            pl.col("unit").alias("was_unit"),
            pl.col("event_date").str.to_date().alias("was_event_date"),
            pl.col("name_digest").alias("was_name_digest"),
            pl.lit(self.vault.hash.current_key_id).alias("was_name_key_id"),
            pl.col("evidence").alias("was_evidence"),
        )
        within = repeated.join(earlier, on=_SOURCE).filter(pl.col("row_no") != pl.col("first_row")).drop("first_row")
        before = repeated.join(recorded, on="row_no")
        judged = pl.concat([within, before.select(within.columns)])
        wrong = judged.filter(~is_same_content(judged, self.vault))
        self.outcome.refuse(wrong.get_column("row_no"))
        self.outcome.became(judged.join(wrong.select("row_no"), on="row_no", how="anti"), RowStatus.SKIPPED)


def _candidates(rows: pl.DataFrame) -> list[str]:
    return [name for name in rows.columns if name.startswith("person_key_")]


def with_known_persons(
    rows: pl.DataFrame, persons: Sequence[pl.DataFrame], before: tuple[Made, ...] = ()
) -> pl.DataFrame:
    """`person_key` is the current one, or the older one under which the person was recorded; `person_id`,
    `first_name_digest` and `first_key_id` are null for who is neither recorded nor made by the batches `before`.
    """
    current, *older = persons
    if before:
        current = pl.concat([current, *(made.persons for made in before)]).unique("person_key", keep="first")
    candidates = _candidates(rows)
    found = [known.rename({"person_key": name}) for name, known in zip(candidates, [current, *older], strict=True)]
    if not older:
        return _with(rows, candidates[0], found[0]).rename({"person_key_0": "person_key"})
    return _choose(rows, candidates, found)


def _with(rows: pl.DataFrame, key: str, known: pl.DataFrame) -> pl.DataFrame:
    """The rows with the other columns of `known`, looked up by its key; their own columns stay where they are."""
    looked_up = rows.select(key).join(known, on=key, how="left", maintain_order="left")
    return rows.hstack(looked_up.drop(key).get_columns())


def is_same_content(judged: pl.DataFrame, vault: Vault) -> pl.Series:
    """Whether each row says what its reference stood for before (`was_…`); when it was received is no content."""
    same = judged.select(
        same=(pl.col("year").cast(pl.Int32) == pl.col("was_year"))
        & (pl.col("indicator") == pl.col("was_indicator"))
        & (pl.col("person_id") == pl.col("was_person_id")).fill_null(False)
        & (pl.col("unit") == pl.col("was_unit"))
        & (pl.col("event_date").str.to_date() == pl.col("was_event_date"))
        & (pl.col("evidence").is_null() == pl.col("was_evidence").is_null())
    ).to_series()
    is_certain = judged.select(
        (pl.col("was_name_key_id") == vault.hash.current_key_id)
        & (pl.col("name_digest") == pl.col("was_name_digest"))
        & pl.col("evidence").is_null()
    ).to_series()
    if (same & ~is_certain).any():
        doubtful = judged.with_row_index("place").filter(same & ~is_certain)
        other = [
            row["place"]
            for row in doubtful.iter_rows(named=True)
            if not vault.is_same_name(row["name_key"], digest_number(row["was_name_digest"]), row["was_name_key_id"])
            or (row["evidence"] is not None and json.loads(row["evidence"]) != json.loads(row["was_evidence"]))
        ]
        same = same & ~pl.int_range(judged.height, eager=True).is_in(other)
    return same


def _first_of_each(rows: pl.DataFrame, recorded: pl.DataFrame) -> pl.DataFrame:
    """The rows whose references are new, each reference once, in the order of their references."""
    if recorded.height:
        rows = rows.join(recorded.select("row_no"), on="row_no", how="anti", maintain_order="left")
    if _is_in_order(rows):
        return rows
    return rows.unique(_SOURCE, keep="first", maintain_order=True).sort(_SOURCE)


def _is_in_order(rows: pl.DataFrame) -> bool:
    """As files of one system mostly are: each reference is greater than the one before."""
    system, ref = rows.get_column("source_system"), rows.get_column("source_ref")
    return rows.height == 0 or ((system == system[0]).all() and bool((ref.slice(1) > ref.head(rows.height - 1)).all()))


def _choose(rows: pl.DataFrame, candidates: Sequence[str], found: Sequence[pl.DataFrame]) -> pl.DataFrame:
    chosen = rows.with_columns(person_key=pl.col("person_key_0"))
    columns = [name for name in found[0].columns if name not in candidates]
    chosen = chosen.with_columns(pl.lit(None, found[0].schema[name]).alias(name) for name in columns)
    for name, known in zip(candidates, found, strict=True):
        chosen = _with(chosen, name, known.rename({column: f"{column}_here" for column in columns})).with_columns(
            pl.when(pl.col("person_id").is_null() & pl.col("person_id_here").is_not_null())
            .then(pl.col(name))
            .otherwise("person_key")
            .alias("person_key"),
            *(
                pl.when(pl.col("person_id").is_null()).then(pl.col(f"{column}_here")).otherwise(column).alias(column)
                for column in columns
            ),
        )
        chosen = chosen.drop(f"{column}_here" for column in columns)
    return chosen.drop(candidates)


def _name_persons(resolved: Resolved, key_id: str) -> None:
    """Everybody's `person_id`. Who is new is named by the id of the first event: an index of events by person has to
    hold the later ones alone.
    """
    fresh = resolved.fresh.with_columns(_ids(resolved.fresh.height), is_new=pl.col("person_id").is_null())
    resolved.fresh = fresh
    resolved.new = (
        fresh.lazy()
        .filter("is_new")
        .select("row_no", "person_key", "id_type", "id_number", "name", "name_digest", person_id="event_id")
        .sort("person_key", "row_no")
        .unique("person_key", keep="first", maintain_order=True)
        .collect()
    )
    if not resolved.new.height:
        return
    resolved.made.persons = resolved.new.select(
        "person_key", "person_id", first_name_digest="name_digest", first_key_id=pl.lit(key_id, pl.String)
    )
    if resolved.new.height == fresh.get_column("is_new").sum():  # each of them once
        own = {"person_id": "event_id", "first_name_digest": "name_digest", "first_key_id": pl.lit(key_id)}
        resolved.fresh = fresh.with_columns(pl.coalesce(name, own[name]).alias(name) for name in _OF_PERSON)
        return
    made = resolved.made.persons.select("person_key", *(pl.col(name).alias(f"{name}_made") for name in _OF_PERSON))
    resolved.fresh = (
        _with(fresh, "person_key", made)
        .with_columns(pl.coalesce(name, f"{name}_made").alias(name) for name in _OF_PERSON)
        .drop(f"{name}_made" for name in _OF_PERSON)
    )


def _compose_persons(resolved: Resolved, vault: Vault) -> None:
    """The new persons as COPY takes them, and their sealed identities."""
    new, resolved.new = resolved.new, pl.DataFrame()
    resolved.persons = copying.lines(
        new,
        len(ledger.PERSON_COLUMNS),
        [
            copying.binary("person_key", 16),
            copying.binary("person_id", 16),
            copying.constant(vault.hash.current_key_id.encode()),
            copying.binary("name_digest", 8),
            copying.constant(resolved.block_id.bytes),
        ],
    )
    lines = new.select("id_type", "id_number", "name").write_csv(include_header=False)
    resolved.sealed = vault.seal_identities(resolved.block_id, lines)


def _compose_events(resolved: Resolved, key_id: str, recorded_by: str) -> pl.Series:
    """The rows as COPY takes them; gives what a slot copies of each event."""
    few = copying.Few.of(
        resolved.fresh, "year", "indicator", "unit", "event_date", "received_at", "source_system", "is_pending"
    )
    fields = copying.together(
        [
            *few.small_numbers("year"),
            *few.words("indicator"),
            *few.words("unit"),
            *few.days("event_date"),
            *few.instants("received_at"),
            *few.words("source_system"),
            *copying.texts(resolved.fresh, "source_ref"),
        ]
    )
    claim = resolved.fresh.select(claim=fields).to_series()
    resolved.events = copying.lines(
        resolved.fresh,
        len(ledger.EVENT_COLUMNS),
        [
            copying.binary("person_id", 16),
            copying.binary("event_id", 16),
            [pl.lit(claim)],
            copying.binary("name_digest", 8),
            few.booleans("is_pending"),
            copying.constant(key_id.encode()),
            copying.constant(recorded_by.encode()),
            copying.texts(resolved.fresh, "evidence", b"\1"),
        ],
    )
    return claim


def _ids(count: int) -> pl.Series:
    """UUIDv7 one after the other (RFC 9562, 6.2): what came together lies together in an index."""
    return copying.counted_up(new_id().int >> 16 << 16, count).alias("event_id")


def _compose_slots(resolved: Resolved, claim: pl.Series) -> None:
    """The least claim of each slot within the batch, in the order of the slots' key; those of new persons, whose
    slots nobody else can have, as COPY takes them.
    """
    claims = (
        resolved.fresh.lazy()
        .select("row_no", "event_id", "is_new", "is_pending", "unit", *_SLOT, *_PRECEDENCE, claim=claim)
        .filter(~pl.col("is_pending"))
        .drop("is_pending")
        .collect()
    )
    persons = claims.get_column("person_id")
    if persons.is_unique().all():
        least = claims if persons.is_sorted() else claims.sort("person_id")  # who is new has the id of the event
    else:
        least = (
            claims.with_columns(at=_instants(claims.get_column("received_at")))
            .sort(*_SLOT, "event_date", "at", *_SOURCE)
            .drop("at")
            .unique(_SLOT, keep="first", maintain_order=True)
        )
    new = least.filter("is_new")
    if new.height:
        fields: list[list[copying.Piece]] = [
            copying.binary("person_id", 16),
            copying.binary("event_id", 16),
            [pl.col("claim")],
        ]
        resolved.slots = copying.lines(new, len(ledger.CLAIM_COLUMNS), fields)
    resolved.least = least.drop("claim", "received_at", *_SOURCE)
    resolved.others = least.filter(~pl.col("is_new")).get_column("event_id")


def _instants(texts: pl.Series) -> pl.Expr:
    """Each different one is read once; most files have few."""
    different = texts.unique()
    read = different.str.to_datetime(time_zone="UTC", time_unit="us")
    return pl.col(texts.name).replace_strict(different, read)


def _deltas(held: pl.DataFrame, old: pl.DataFrame | None) -> pl.DataFrame:
    """By how much the counts of a year change: `by` holds twelve numbers with commas."""
    gained = held.select(
        "unit", "indicator", "year", month=pl.col("event_date").str.slice(5, 2).cast(pl.Int32), by=pl.lit(1)
    )
    changes = [gained]
    if old is not None:
        lost = old.filter(pl.col("old_unit").is_not_null())
        changes.append(
            lost.select(
                pl.col("old_unit").alias("unit"), "indicator", "year", pl.col("old_month").alias("month"), by=pl.lit(-1)
            )
        )
    by_month = {str(month): (pl.col("by") * (pl.col("month") == month)).sum() for month in range(1, 13)}
    deltas = pl.concat(changes).group_by("unit", "indicator", "year").agg(**by_month)
    changed = deltas.filter(pl.any_horizontal(pl.col(*by_month) != 0))
    by = pl.concat_str(*by_month, separator=",")
    return changed.select("unit", "indicator", pl.col("year").cast(pl.Int32), by=by)
