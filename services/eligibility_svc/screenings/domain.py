"""What is asked of a screening, and what its work lists are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

MAX_FILE = 32 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_WORKBOOK_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL = 1_000
MAX_REFERENCE = 200
MAX_REJECTIONS = 1_000
PART_ROWS = 50_000
KEPT_DAYS = 30
MAX_LISTED = 50_000
"""Rows of a work list as a workbook."""
NO_DISTRICT = "NONE"


class Format(Enum):
    """What a register comes as; told by its first bytes, not by its name."""

    CSV = "CSV"
    XLSX = "XLSX"
    PARQUET = "PARQUET"


def sniff(head: bytes) -> Format:
    """The format from the first bytes; whatever is neither workbook nor Parquet must be text."""
    if head.startswith(b"PK\x03\x04"):
        return Format.XLSX
    return Format.PARQUET if head.startswith(b"PAR1") else Format.CSV


class WorkList(Enum):
    """What an office can do with a row for a measure.

    NO_APPLICATION (免申即享): entitled, every reason and the amount are known: it can be granted without being asked.
    CONFIRM (一键确认): entitled, but a better rate or the amount is still open, or only a ceiling is known.
    ONE_FACT (缺一项信息): one fact decides.
    ENDING (快到期): entitled now, by the calendar alone no longer on the horizon.
    """

    NO_APPLICATION = "NO_APPLICATION"
    CONFIRM = "CONFIRM"
    ONE_FACT = "ONE_FACT"
    ENDING = "ENDING"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """How a register is read.

    Attributes:
        columns: heading → fact.
        reference: heading of the office's own reference of a row, repeated in the results and never looked into.
        district: heading of the district, by code or name; None takes the fact `hukou_unit` where it is mapped.
    """

    subject: str
    columns: Mapping[str, str]
    reference: str | None
    district: str | None

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading that is read."""
        extra = (heading for heading in (self.reference, self.district) if heading is not None)
        return tuple(dict.fromkeys([*self.columns, *extra]))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every row: measures on a day, and who loses what until the horizon."""

    as_of: date
    horizon: date
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A cell that cannot be read; its row is left out, never taken for unknown."""

    row_no: int
    column: str
    code: str
    message: str
