"""`make bench-targets`: the register at scale, each figure beside its limit.

Starts PostgreSQL and Valkey with the settings of `make run`, the service and its worker as processes, and measures over
HTTP. ROWS (default 1 000 000) is the size of the file. Writes `.bench/targets.json`.
"""

import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
import httpx

from kit.testing import Caller
from onebox import ports
from onebox.bootstrap import DATABASE, bootstrap
from onebox.keys import Keys
from onebox.postgres import RUN, Postgres
from onebox.servers import running
from onebox.valkey import Valkey
from targets_svc.register.repository import _RECOUNT, _WRONG_SLOTS
from tests.load.targets_files import write_events
from tests.targets_svc.register.people import event

REPOSITORY = Path(__file__).parents[2]
ROWS = int(os.environ.get("ROWS", "1000000"))
SCOPES = [f"targets.{scope}" for scope in ("event.write", "event.read", "job.read", "progress.read", "plan.read")]


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


@dataclass(frozen=True)
class Stage:
    """What is being measured: a service, its worker's process id, and the database's administrator."""

    url: str
    headers: dict[str, str]
    worker: int
    admin_url: str


def say(line: str) -> None:
    sys.stderr.write(line + "\n")


class RefusedError(Exception):
    """The service was too busy, and said so."""


@contextmanager
def processes(folder: Path) -> Iterator[tuple[Stage, Callable[[], None]]]:
    """Everything started, and ended at the end."""
    keys = Keys.generate()
    numbers = ports.free_ports(3)
    postgres = Postgres(folder / "postgres", numbers[0], keys.postgres_password, RUN)
    valkey = Valkey(folder / "valkey", numbers[1], keys.valkey_password, durable=False)
    with ExitStack() as stack:
        stack.enter_context(running(postgres, folder / "postgres.log"))
        stack.enter_context(running(valkey, folder / "valkey.log"))
        asyncio.run(bootstrap(postgres.admin_url(), keys.role_passwords, DATABASE))

        def environment(role: str) -> dict[str, str]:
            url = postgres.url(role, keys.role_passwords[role], DATABASE).replace(
                "postgresql:", "postgresql+asyncpg:", 1
            )
            return os.environ | keys.shared_environment() | {
                "JIUYE_ENVIRONMENT": "development", "JIUYE_DATABASE_URL": url, "JIUYE_REDIS_URL": valkey.url,
                "JIUYE_TARGETS_OWNER_URL": url, "PYTHONPATH": f"{REPOSITORY / 'services'}{os.pathsep}{REPOSITORY}",
            }  # fmt: skip

        for role, module in (("owner", ("migrations", "upgrade", "targets")), ("app", ("targets_svc.seed",))):
            subprocess.run(
                [sys.executable, "-m", *module], env=environment(f"targets_{role}"), cwd=REPOSITORY, check=True,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip
        app = (
            "-m",
            "uvicorn",
            "--factory",
            "targets_svc.main:create_app",
            "--port",
            str(numbers[2]),
            "--no-access-log",
        )
        stack.enter_context(process(folder / "service.log", environment("targets_app"), *app))
        worker = stack.enter_context(
            process(folder / "worker.log", environment("targets_worker"), "-m", "targets_svc.worker")
        )
        headers = Caller(keys.internal_signing_key, "targets").headers(
            *SCOPES, subject="bench", kind="STAFF", unit=None
        )
        stage = Stage(f"http://127.0.0.1:{numbers[2]}", headers, worker.pid, postgres.admin_url(DATABASE))
        yield stage, lambda: say((folder / "worker.log").read_text()[-3000:])


@contextmanager
def process(log: Path, environment: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, *arguments], env=environment, cwd=REPOSITORY, stdout=output, stderr=output
        )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(20)


@asynccontextmanager
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.headers, timeout=600, trust_env=False) as opened:
        async with asyncio.timeout(30):
            while not await _is_ready(opened):
                await asyncio.sleep(0.1)
        yield opened


async def _is_ready(opened: httpx.AsyncClient) -> bool:
    try:
        return (await opened.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def raw_copy(stage: Stage, path: Path) -> float:
    """Seconds of COPY of the file's columns into a plain table without an index."""
    connection = await asyncpg.connect(stage.admin_url)
    try:
        await connection.execute(
            "DROP TABLE IF EXISTS raw_event; CREATE TABLE raw_event (year smallint, indicator text, id_type text,"
            " id_number text, name text, event_date date, unit text, source_system text, source_ref text,"
            " received_at timestamptz, unemployed_on date)"
        )
        begun = time.perf_counter()
        await connection.copy_to_table("raw_event", source=path, format="csv", header=True)
        seconds = time.perf_counter() - begun
        await connection.execute("DROP TABLE raw_event")
        return seconds
    finally:
        await connection.close()


async def timed(call: Callable[[], Awaitable[httpx.Response]], times: int) -> list[float]:
    """Milliseconds of each of so many calls, one after the other."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        answer = await call()
        found.append((time.perf_counter() - begun) * 1000)
        if answer.status_code == 503:
            raise RefusedError(answer.text)
        assert answer.status_code < 300, answer.text
    return found


async def upload(account: httpx.AsyncClient, path: Path) -> tuple[httpx.Response, float, float]:
    """The answer, and the seconds until it came and until the job had ended."""
    begun = time.perf_counter()
    with path.open("rb") as file:
        answer = await account.post("/api/v1/targets/event-uploads", files={"file": file})
    taken = time.perf_counter() - begun
    if answer.status_code != 202:
        return answer, taken, taken
    while True:
        job = (await account.get(f"/api/v1/targets/jobs/{answer.json()['id']}")).json()
        if job["state"] not in {"PENDING", "RUNNING"}:
            break
        await asyncio.sleep(0.1)
    assert job["state"] == "SUCCEEDED", job
    return answer, taken, time.perf_counter() - begun


async def wrong_cells(stage: Stage) -> int:
    """Cells of the roll-up and slots that differ from a recount of the ledger."""
    connection = await asyncpg.connect(stage.admin_url, server_settings={"search_path": "targets"})
    try:
        return len(await connection.fetch(_RECOUNT.text)) + int(await connection.fetchval(_WRONG_SLOTS.text))
    finally:
        await connection.close()


def peak_megabytes(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def cpu_seconds(name: str) -> float:
    """Of the processes of this user whose name begins so, ended children included."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            head, _, rest = stat.read_text().rpartition(") ")
            if f"({name}" in head:
                ticks += sum(map(int, rest.split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def cpu_of(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def at_least(name: str, value: float, goal: float, unit: str = "rows/s") -> Row:
    return Row(name, round(value), unit, None, None, None, f">= {goal:g}", value >= goal)


def at_most(name: str, value: float, unit: str, goal: float) -> Row:
    return Row(name, round(value, 2), unit, None, None, None, f"<= {goal:g}", value <= goal)


async def measure(stage: Stage, folder: Path) -> list[Row]:
    path = folder / "events.csv"
    write_events(path, ROWS)
    copies = [await raw_copy(stage, path) for _ in range(3)]
    raw = ROWS / statistics.median(copies)
    async with client(stage) as account, client(stage) as other:
        people = iter(range(1_000_000))

        def single() -> Awaitable[httpx.Response]:
            row = event(next(people) % 9000, "ZZ07", "2017-05-10", source_system="single")
            return other.post("/api/v1/targets/events", json=row)

        await timed(single, 30)
        idle = await timed(single, 200)
        worker_before, database_before = cpu_of(stage.worker), cpu_seconds("postgres")
        uploading = asyncio.create_task(upload(account, path))
        busy: list[float] = []
        refused_singles = 0
        while not uploading.done():
            try:
                busy += await timed(single, 1)
            except RefusedError:
                refused_singles += 1
            await asyncio.sleep(0.02)
        _, received, seconds = await uploading
        worker, database = cpu_of(stage.worker) - worker_before, cpu_seconds("postgres") - database_before
        peak = peak_megabytes(stage.worker)
        again, refused, _ = await upload(account, path)
        assert again.status_code == 409, again.text
        with path.open("ab") as file:
            file.write(b"\n")
        _, _, replayed = await upload(account, path)
        wrong = await wrong_cells(stage)
        query = "/api/v1/targets/progress?year=2017&month=2017-06&source=REGISTER"
        progress, nothing = [], []
        for _ in range(3):
            progress += await timed(lambda: other.get(query), 60)
            nothing += await timed(lambda: other.get("/readyz"), 60)
    shutil.rmtree(folder / "events.csv", ignore_errors=True)
    rate, quiet, loud = ROWS / seconds, p95(idle), p95(busy)
    dashboard, empty = statistics.median(progress), statistics.median(nothing)
    say(f"file received in {received:.1f} s, worked through in {seconds - received:.1f} s")
    say(f"CPU meanwhile: worker {worker:.1f} s, all postgres processes of the machine {database:.1f} s")
    return [
        at_least(f"upload of {ROWS} events, from the first byte to the end of the job", rate, 40_000),
        Row("the same, against raw COPY", round(rate), "rows/s", "raw COPY", round(raw), round(rate / raw, 3), ">= 0.1",
            rate / raw >= 0.1),
        at_least("replay of the same file (refused by its hash)", ROWS / refused, 200_000),
        at_least("replay of the same rows in another file (all skipped)", ROWS / replayed, 200_000),
        at_most("peak memory of the worker", peak, "MB", 300),
        Row("single event, p95 while the upload runs", round(loud, 1), "ms", "idle p95", round(quiet, 1),
            round(loud / quiet, 2), "<= 4", loud <= 4 * quiet),
        Row("/progress of all cells, p50", round(dashboard, 2), "ms", "readyz (SELECT 1) p50", round(empty, 2),
            round(dashboard / empty, 2), "<= 3", dashboard <= 3 * empty),
        at_most("single events refused while the upload runs", refused_singles, "events", 0),
        at_most("wrong cells after it all", wrong, "cells", 0),
    ]  # fmt: skip


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="jiuye-bench-"))
    try:
        with processes(folder) as (stage, show_log):
            try:
                rows = asyncio.run(measure(stage, folder))
            except BaseException:
                show_log()
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for row in rows:
        reference = f"{row.reference} {row.reference_value:g}, ratio {row.ratio:g}" if row.reference else ""
        verdict = "ok" if row.holds else "NO"
        figure = f"{row.value:>10g} {row.unit:<6} {row.goal:<10}"
        sys.stdout.write(f"{verdict:<3} {row.name:<66} {figure} {reference}\n")
    machine = f"{platform.machine()}, {os.cpu_count()} CPU, load {os.getloadavg()[0]:.1f}"
    target = REPOSITORY / ".bench"
    target.mkdir(exist_ok=True)
    result = {"machine": machine, "rows": [asdict(row) for row in rows]}
    (target / "targets.json").write_text(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
