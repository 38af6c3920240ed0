"""What became of each row, for the result file: packed in columns, and made into lines when somebody asks for them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from kit.errors import FieldError
from targets_svc.event_uploads.domain import FIELDS, LABELS, RowStatus
from targets_svc.register.domain import OVER_AGE
from targets_svc.register.evidence import FLEXIBLE

COLUMNS = ("row_no", "status", "error_code", "error_message_zh", *FIELDS)
REUSED = ("N5_SOURCE", "来源编号：该编号已登记过另一内容，请核对；更正请先撤销原事件，再用新的编号登记")
SHOWN = {f"shown_{name}": name for name in FIELDS}
TOLD = ("row_no", "code", "message", "is_pending", "is_over_age")
"""What `result_of` asks of checked rows."""
_STATUSES = {"row_no": pl.Int32, "status": pl.String}
_SIZE_BYTES = 4


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a batch, by row number; a row that is in none of them was not recorded.

    Attributes:
        statuses, remarks: frames (row_no, status) and (row_no, remark, remark_message).
        deltas: what is still to be done to the counts, as the last thing of the transaction.
    """

    statuses: list[pl.DataFrame] = field(default_factory=list)
    remarks: list[pl.DataFrame] = field(default_factory=list)
    deltas: pl.DataFrame = field(default_factory=pl.DataFrame)

    def became(self, rows: pl.DataFrame, status: RowStatus) -> None:
        self.judge(rows, pl.lit(status.value))

    def judge(self, rows: pl.DataFrame, status: pl.Expr) -> None:
        """What became of each of the rows."""
        self.statuses.append(rows.select("row_no", status=status))

    def refuse(self, row_nos: pl.Series) -> None:
        """N5: the source reference stands for other content."""
        self.became(row_nos.to_frame("row_no"), RowStatus.ERROR)
        self.remark(row_nos, *REUSED)

    def remark(self, row_nos: Sequence[int] | pl.Series, code: str, message: str) -> None:
        if len(row_nos):
            noted = pl.DataFrame({"row_no": row_nos}, schema={"row_no": pl.Int32})
            self.remarks.append(noted.with_columns(remark=pl.lit(code), remark_message=pl.lit(message)))

    def warn(self, row_nos: Sequence[int] | pl.Series, warning: FieldError) -> None:
        self.remark(row_nos, warning.code, f"{LABELS[warning.pointer[1:]]}：{warning.message}")


def shown_of(checked: pl.DataFrame) -> bytes:
    """What is shown of checked rows, number and name masked."""
    return _packed(checked.select(pl.col(shown).alias(name) for shown, name in SHOWN.items()))


def result_of(rows: pl.DataFrame, shown: bytes, outcome: Outcome) -> tuple[dict[str, int], bytes]:
    """Counts by status, and a batch's part of the result file.

    Args:
        rows: checked ones, of which `shown_of` has made `shown`.
    """
    told = rows.select(TOLD)
    statuses = pl.concat([pl.DataFrame(schema=_STATUSES), *outcome.statuses])
    if statuses.get_column("row_no").equals(told.get_column("row_no")):
        told = told.with_columns(statuses.get_column("status"))
    else:
        fallback = (
            pl.when(pl.col("code").is_null())
            .then(pl.lit(RowStatus.VALID.value))
            .otherwise(pl.lit(RowStatus.ERROR.value))
        )
        told = told.join(statuses, on="row_no", how="left", maintain_order="left").with_columns(
            pl.col("status").fill_null(fallback)
        )
    frame = _with_remarks(told, outcome).select(COLUMNS[:4])
    counted: dict[str, int] = dict(frame.get_column("status").value_counts().iter_rows())
    return counted, len(shown).to_bytes(_SIZE_BYTES, "big") + shown + _packed(frame)


def lines_of(result: bytes) -> bytes:
    """The lines of `result_of`."""
    end = _SIZE_BYTES + int.from_bytes(result[:_SIZE_BYTES], "big")
    told, shown = pl.read_ipc(io.BytesIO(result[end:])), pl.read_ipc(io.BytesIO(result[_SIZE_BYTES:end]))
    return told.hstack(shown).write_csv(include_header=False, line_terminator="\r\n").encode()


def _packed(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_ipc(out, compression="zstd")
    return out.getvalue()


def _with_remarks(frame: pl.DataFrame, outcome: Outcome) -> pl.DataFrame:
    """All that is said of a row, in the order of the codes; of a refused or a repeated one nothing but why."""
    said = Outcome(remarks=list(outcome.remarks))
    taken = ~pl.col("status").is_in([RowStatus.ERROR.value, RowStatus.SKIPPED.value])
    for flag, warning in (("is_pending", FLEXIBLE), ("is_over_age", OVER_AGE)):
        if frame.get_column(flag).any():
            said.warn(frame.filter(taken & pl.col(flag)).get_column("row_no"), warning)
    if not said.remarks:
        return frame.with_columns(error_code="code", error_message_zh="message")
    remarks = (
        pl.concat(said.remarks)
        .sort("row_no", "remark")
        .group_by("row_no", maintain_order=True)
        .agg(pl.col("remark").str.join(";"), pl.col("remark_message").str.join("；"))
    )
    return frame.join(remarks, on="row_no", how="left", maintain_order="left").with_columns(
        error_code=pl.coalesce("code", "remark"), error_message_zh=pl.coalesce("message", "remark_message")
    )
