"""What is wrong in a file, by cell."""

from typing import NamedTuple

from targets_svc.annex.domain.grid import cell_name
from targets_svc.plans.domain import Severity


class Conflict(NamedTuple):
    """One finding.

    Attributes:
        row, column: counted from zero.
        rule: P1–P12 of the targets design §6, or T1 title, T2 unit line, T3 header, T4 a figure that cannot be read.
    """

    row: int
    column: int
    rule: str
    message: str
    severity: Severity = Severity.ERROR
    unit: str | None = None
    indicator: str | None = None

    @property
    def cell(self) -> str:
        """`C5`."""
        return cell_name(self.row, self.column)
