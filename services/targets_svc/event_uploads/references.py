"""N5 before anything is recorded: references of a file that stand for other content, in the ledger or in the file."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.event_uploads import ledger
from targets_svc.event_uploads.domain import FIELDS
from targets_svc.event_uploads.recording import is_same_content, look_up, prepare, with_known_persons
from targets_svc.event_uploads.threads import aside
from targets_svc.register.service import Vault

_CONTENT = [name for name in FIELDS if name not in {"source_system", "source_ref", "received_at", "name"}]
# Hashes of 64 bits, three for each row: a million rows take 28 MB, and none is mistaken for another.
_SEEN: dict[str, Any] = {"row_no": pl.Int32, "reference": pl.UInt64, "reference_too": pl.UInt64, "content": pl.UInt64}


@dataclass(slots=True)
class References:
    """What a file's references stand for, gathered batch by batch."""

    seen: list[pl.DataFrame] = field(default_factory=list)
    reused: list[pl.Series] = field(default_factory=list)
    same: list[pl.Series] = field(default_factory=list)

    async def look(self, tx: AsyncSession, good: pl.DataFrame, vault: Vault) -> None:
        """Takes a batch of good rows; those in the ledger are judged by it, the others by the first one of the file."""
        if not good.height:
            return
        await ledger.begin(tx)
        recorded = await ledger.find_recorded(tx, good)
        if recorded.height:
            known = await aside(prepare, good.join(recorded.select("row_no"), on="row_no", how="semi"), vault)
            persons = (await look_up(tx, known)).persons
            judged = with_known_persons(known, persons).join(recorded, on="row_no")
            is_same = await aside(is_same_content, judged, vault)
            self.reused.append(judged.filter(~is_same).get_column("row_no"))
            self.same.append(judged.filter(is_same).get_column("row_no"))
            good = good.join(recorded.select("row_no"), on="row_no", how="anti")
        self.note(await aside(seen_of, good))

    def note(self, seen: pl.DataFrame) -> None:
        """Takes `seen_of` a batch of which the ledger has no reference."""
        self.seen.append(seen)

    def find_same(self) -> pl.Series:
        """Numbers of the rows that are in the ledger with the same content; the ledger forgets nothing."""
        return pl.concat([pl.Series(dtype=pl.Int32), *self.same]).sort()

    def find_reused(self) -> pl.Series:
        """Numbers of the rows whose reference stands for other content, in order."""
        references = pl.concat([frame.get_column("reference") for frame in self.seen] or [pl.Series(dtype=pl.UInt64)])
        references = references.sort()
        twice = references.filter(references == references.shift(1)).unique()
        key = ["reference", "reference_too"]
        repeated = pl.concat(
            [
                pl.DataFrame(schema=_SEEN),
                *(frame.filter(pl.col("reference").is_in(twice.implode())) for frame in self.seen if len(twice)),
            ]
        )
        first = repeated.sort("row_no").unique(key, keep="first").select(*key, first="content")
        wrong = repeated.join(first, on=key).filter(pl.col("content") != pl.col("first")).get_column("row_no")
        self.seen = []
        return pl.concat([wrong, *self.reused]).unique().sort()


def seen_of(good: pl.DataFrame) -> pl.DataFrame:
    """What is kept of each row until the file has been read."""
    reference = pl.struct("source_system", "source_ref")
    return good.select(
        "row_no",
        reference=reference.hash(1),
        reference_too=reference.hash(2),
        content=pl.struct(*_CONTENT, "name_key").hash(3),
    )
