"""A sheet as rows of values, and the names of its cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Value = str | int | float | bool | None
"""What a cell holds; a float is a number of a workbook, which knows no others."""


@dataclass(frozen=True, slots=True)
class Span:
    """Merged cells, both corners included, counted from zero."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A sheet from its first row and column on; rows may differ in length.

    Attributes:
        name: of the sheet; empty for a csv file.
    """

    name: str
    rows: tuple[tuple[Value, ...], ...]
    spans: tuple[Span, ...] = ()

    def at(self, row: int, column: int) -> Value:
        """The value, None outside the sheet."""
        if not 0 <= row < len(self.rows) or not 0 <= column < len(self.rows[row]):
            return None
        return self.rows[row][column]

    @property
    def width(self) -> int:
        """The columns of the longest row."""
        return max((len(row) for row in self.rows), default=0)

    def filled(self) -> "Grid":
        """Every cell of a merged span holds what stands in its upper left corner."""
        rows = [list(row) + [None] * (self.width - len(row)) for row in self.rows]
        for span in self.spans:
            corner = self.at(span.top, span.left)
            for row in rows[span.top : span.bottom + 1]:
                end = min(span.right + 1, len(row))
                row[span.left : end] = [corner] * max(0, end - span.left)
        return Grid(self.name, tuple(map(tuple, rows)), self.spans)


def grid_of(name: str, rows: Iterable[Sequence[Value]], spans: Iterable[Span] = ()) -> Grid:
    """From any rows; blank text is no value."""
    return Grid(name, tuple(tuple(_present(value) for value in row) for row in rows), tuple(spans))


def _present(value: Value) -> Value:
    return None if isinstance(value, str) and not value.strip() else value


def cell_name(row: int, column: int) -> str:
    """`C5` for row 4, column 2, both counted from zero."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"
