"""One run of an upload's job, and a batch on its way through it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db.engine import Database
from targets_svc.event_uploads.checking import Rules
from targets_svc.event_uploads.domain import BATCH_ROWS, Mode, RowStatus
from targets_svc.event_uploads.models import UploadRow
from targets_svc.event_uploads.reading import Batch
from targets_svc.event_uploads.results import SHOWN, Outcome, result_of, shown_of
from targets_svc.register.domain import Coverage
from targets_svc.register.service import Vault

BLOCK = "event_upload_block"
"""What the keyed digests of whole batches are for."""
_COLUMN_OF = {
    RowStatus.COUNTED: "counted",
    RowStatus.DUPLICATE: "duplicate",
    RowStatus.PENDING: "pending",
    RowStatus.SKIPPED: "skipped",
    RowStatus.VALID: "valid",
    RowStatus.ERROR: "faulty",
}


@dataclass(slots=True)
class Run:
    """One run of an upload's job.

    Attributes:
        advance: called in the transaction of each batch with the rows done; raises when this run was superseded or
            cancelled, so that the batch is not kept.
        coverage: what each year's plan lets the register count, as far as the file has named years.
        reused, same: rows whose source reference stands for other content (N5), or for the same, found while checking.
        plain: batches whose rows were all found plainly good while checking, without their rows; no rule is asked of
            them again.
        repeated: batches whose very lines were recorded before, row by row; they are done with the first reading.
    """

    database: Database
    vault: Vault
    upload: UploadRow
    show: Callable[[int, int | None], Awaitable[None]]
    advance: Callable[[AsyncSession, int, int | None], Awaitable[None]]
    coverage: dict[int, Coverage] = field(default_factory=dict)
    batch_rows: int = BATCH_ROWS
    reused: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int32))
    same: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int32))
    plain: dict[int, Batch] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)

    def remember(self, batch: Batch) -> None:
        """All its rows are plainly good."""
        self.plain[batch.number] = batch._replace(rows=pl.DataFrame())

    @property
    def looks_before(self) -> bool:
        """Whether what the ledger says of a row must be known before the first one is recorded."""
        return self.upload.is_dry_run or self.upload.mode == Mode.ALL_OR_NOTHING

    @property
    def attrition(self) -> dict[str, str]:
        """For indicators of employment the code of what ends it."""
        return {code: end for plan in self.coverage.values() for code, end in plan.attrition.items()}

    @property
    def rules(self) -> Rules:
        return Rules(self.coverage, self.upload.own_unit, self.upload.received_at)


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch with its rows as `check` has them; what is shown of them is packed."""

    batch_no: int
    rows: pl.DataFrame
    shown: bytes
    sha256: str

    @classmethod
    def of(cls, batch: Batch, checked: pl.DataFrame) -> "Checked":
        return cls(batch.number, checked.drop(*SHOWN), shown_of(checked), batch.sha256)


def told_of(run: Run, checked: Checked, outcome: Outcome) -> dict[str, Any]:
    """What became of a batch, as it is stored."""
    counted, result = result_of(checked.rows, checked.shown, outcome)
    return {
        "upload_id": run.upload.upload_id,
        "batch_no": checked.batch_no,
        "rows": checked.rows.height,
        "result": result,
    } | {column: counted.get(status.value, 0) for status, column in _COLUMN_OF.items()}
