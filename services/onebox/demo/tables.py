"""Tables for a terminal: a Chinese character is two columns wide."""

import sys
import unicodedata
from collections.abc import Sequence

from onebox.console import line

COLOURS = {"GREEN": "32", "BLUE": "34", "YELLOW": "33", "ORANGE": "38;5;208", "RED": "31", "GREY": "90"}


def width(text: str) -> int:
    """Columns that the text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def coloured(text: str, level: str) -> str:
    """In the colour of its level, when a person is looking."""
    return f"\x1b[{COLOURS[level]}m{text}\x1b[0m" if sys.stdout.isatty() else text


def table(header: Sequence[str], rows: Sequence[Sequence[str]], levels: Sequence[str | None] = ()) -> str:
    """Left column left, the others right; `levels` colours whole rows."""
    widths = [max(width(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [_line(header, widths), "─" * (sum(widths) + 2 * (len(widths) - 1))]
    for i, row in enumerate(rows):
        level = levels[i] if i < len(levels) else None
        lines.append(coloured(_line(row, widths), level) if level else _line(row, widths))
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0] + " " * (widths[0] - width(row[0]))]
    cells += [" " * (w - width(cell)) + cell for cell, w in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells).rstrip()


def title(text: str) -> None:
    """The heading of a scene."""
    line(f"\n══ {text} " + "═" * 20 + "\n")


def sparkline(values: Sequence[float]) -> str:
    """A curve from zero to its highest value, one character for each."""
    bars = "▁▂▃▄▅▆▇█"
    return "".join(bars[min(len(bars) - 1, int(value / max(values) * len(bars)))] for value in values)
