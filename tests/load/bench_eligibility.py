"""`make bench-eligibility`: the check of one person and the screening of a register, each beside its limit.

ROWS (default 10 000 000) is the size of the register. Writes `.bench/eligibility.json`.
"""

import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from eligibility_svc.checks.service import decider
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.language.nodes import Kind
from eligibility_svc.language.polars_columns import column_type

REPOSITORY = Path(__file__).parents[2]
ROWS = int(os.environ.get("ROWS", "10000000"))
ROUNDS = 3
AS_OF = date(2018, 9, 1)
_BLOCK = 200_000


@dataclass(frozen=True)
class Row:
    """One line of the table; `goal` bounds `value`."""

    name: str
    value: float
    unit: str
    reference: str | None
    reference_value: float | None
    ratio: float | None
    goal: str
    holds: bool


def row(name: str, value: float, unit: str, limit: float) -> Row:
    return Row(name, round(value, 3), unit, None, None, None, f"<= {limit:g}", value <= limit)


def block(seed: int) -> pl.DataFrame:
    """Random persons, about every twelfth fact unknown."""
    chance = random.Random(seed)
    columns = {}
    for name, fact in vocabulary().of("PERSON").items():
        kind = fact.value_type.kind
        if kind is Kind.BOOL:
            known: list[object] = [True] * 5 + [False] * 6 + [None]
        elif kind is Kind.CHOICE:
            known = [*fact.choices, *([None] if len(fact.choices) < 6 else [None, None])]
        elif kind is Kind.DATE:
            known = [date(2012, 1, 1) + timedelta(days=chance.randrange(2500)) for _ in range(500)] + [None] * 40
        else:
            known = [*range(60), *([None] * 5)]
        values = pl.Series(name, known, dtype=column_type(fact.value_type), strict=False)
        columns[name] = values.sample(_BLOCK, with_replacement=True, seed=chance.randrange(2**32))
    return pl.DataFrame(columns)


def write_register(folder: Path, rows: int) -> Path:
    """A register of so many persons: different blocks over and over."""
    path = folder / "register.parquet"
    blocks = []
    for seed in range(5):
        file = folder / f"{seed}.block"
        block(seed).write_parquet(file)
        blocks.append(pl.scan_parquet(file))
    parts = [blocks[number % len(blocks)] for number in range(-(-rows // _BLOCK))]
    pl.concat(parts).head(rows).with_row_index("row_no").sink_parquet(path, row_group_size=_BLOCK)
    return path


def check_milliseconds() -> float:
    """The median processor time of one check of a person, all measures, every criterion reported."""
    known = set(vocabulary().of("PERSON"))
    persons = [
        {name: value for name, value in person.items() if value is not None and name in known}
        for person in block(7).head(500).iter_rows(named=True)
    ]
    judge = decider()
    times = []
    for person in persons * ROUNDS:
        begun = time.thread_time()
        judge.check("PERSON", person, AS_OF)
        times.append(time.thread_time() - begun)
    return statistics.median(times) * 1000


def screening(register: Path, result: Path) -> tuple[float, float, float]:
    """Seconds of the whole command, its peak memory in GiB, and its seconds of processor time."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "eligibility_svc.screenings.batch", str(register), str(result)]
    with subprocess.Popen(
        [*command, "--as-of", str(AS_OF), "--keep", "row_no"],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "services")},
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit("screening failed")
    return time.perf_counter() - begun, used.ru_maxrss / 1024**2, used.ru_utime + used.ru_stime


def measured() -> list[Row]:
    rows = [row("check of one person, all measures", check_milliseconds(), "ms", 0.5)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        register = write_register(folder, ROWS)
        runs = [screening(register, folder / "result.parquet") for _ in range(ROUNDS if ROWS <= 1_000_000 else 1)]
        height = pl.scan_parquet(folder / "result.parquet").select(pl.len()).collect().item()
    if height != ROWS:
        raise SystemExit("rows were lost")
    scale = ROWS / 10_000_000
    seconds, memory = statistics.median(each[0] for each in runs), max(each[1] for each in runs)
    rows.append(row(f"screening of {ROWS} persons, all measures, reason masks", seconds, "s", 40 * scale))
    rows.append(row("peak memory of the screening", memory, "GiB", 2))
    # On a machine with other work this says more than the clock: two cores, so twice the limit.
    rows.append(row("processor time of the screening", min(each[2] for each in runs), "s", 80 * scale))
    return rows


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    rows = measured()
    for each in rows:
        sys.stdout.write(
            f"{each.name:<60} {each.value:>10} {each.unit:<4} {each.goal:<8} {'ok' if each.holds else 'NO'}\n"
        )
    folder = REPOSITORY / ".bench"
    folder.mkdir(exist_ok=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    content = {"machine": machine, "rows": [asdict(each) for each in rows]}
    (folder / "eligibility.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
