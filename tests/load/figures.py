"""The rows that a benchmark prints, each figure beside its limit, and the file that it leaves.

`.bench/NAME.json` is `{machine, rows: [{name, value, unit, reference, reference_value, ratio, goal, holds}]}`.
"""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parents[2] / ".bench"


@dataclass(frozen=True)
class Row:
    """One line of the table; `goal` is a bound of `ratio` where there is a reference, of `value` else."""

    name: str
    value: float
    unit: str
    reference: str | None
    reference_value: float | None
    ratio: float | None
    goal: str
    holds: bool


def say(line: str) -> None:
    """What is told while the benchmark runs; the table alone goes to standard output."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def at_most(name: str, value: float, unit: str, limit: float) -> Row:
    return Row(name, round(value, 3), unit, None, None, None, f"<= {limit:g}", value <= limit)


def at_least(name: str, value: float, unit: str, limit: float) -> Row:
    return Row(name, round(value, 3), unit, None, None, None, f">= {limit:g}", value >= limit)


def beside(
    name: str,
    value: float,
    unit: str,
    reference: tuple[str, float],
    ratio: float,
    goal: tuple[Literal["<=", ">="], float],
) -> Row:
    """A value beside a reference of the same run.

    `ratio` is told by the caller, as the median of the rounds' ratios: in a round both had the same machine.
    """
    bound, limit = goal
    holds = ratio >= limit if bound == ">=" else ratio <= limit
    name_of, value_of = reference
    return Row(name, round(value, 3), unit, name_of, round(value_of, 3), round(ratio, 4), f"{bound} {limit:g}", holds)


def info(name: str, value: float, unit: str) -> Row:
    """A figure without a limit."""
    return Row(name, round(value, 3), unit, None, None, None, "-", holds=True)


def report(name: str, rows: Sequence[Row]) -> None:
    """Prints the table and writes `.bench/<name>.json`."""
    width = max(len(row.name) for row in rows)
    for row in rows:
        verdict = "" if row.goal == "-" else "ok" if row.holds else "NO"
        reference = f"{row.reference} {row.reference_value:.10g}, ratio {row.ratio:g}" if row.reference else ""
        figure = f"{row.value:>12.10g} {row.unit:<10} {row.goal:<8}"
        sys.stdout.write(f"{verdict:<3} {row.name:<{width}} {figure} {reference}".rstrip() + "\n")
    machine = (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" load {os.getloadavg()[0]:.1f} at the end"
    )
    content = {"machine": machine, "rows": [asdict(row) for row in rows]}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
