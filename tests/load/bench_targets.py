"""`make bench-targets`: the register at scale, each figure beside its limit.

Starts PostgreSQL and Valkey with the settings of `make run`, the service and its worker as processes, and measures over
HTTP. ROWS (default 1 000 000) is the size of a file, ROUNDS (default 3) how many of them there are, each with other
people: ten rounds of a million show the dashboard over ten million events. The speed of an upload is that of the first
file; how it changes as the register grows is told beside it. During the last one single events are recorded: what they
wait for it, and it for them, is told of that one. Other figures are the median of the rounds; what a figure is compared
with is measured in the same round, raw COPY and idle events before and after the upload. Writes `.bench/targets.json`.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
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
from tests.load.figures import Row, at_least, at_most, beside, info, report, say
from tests.load.processes import REPOSITORY, process
from tests.load.targets_files import write_events
from tests.targets_svc.register.people import event

ROWS = int(os.environ.get("ROWS", "1000000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SCOPES = [f"targets.{scope}" for scope in ("event.write", "event.read", "job.read", "progress.read", "plan.read")]


@dataclass(frozen=True)
class Stage:
    """What is being measured: a service, its worker's process id, and the database's administrator."""

    url: str
    headers: dict[str, str]
    worker: int
    admin_url: str


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


async def checkpoint(stage: Stage) -> None:
    """As the server makes one every quarter of an hour: from then on it uses segments of its log again, where a server
    that is minutes old still makes each new one.
    """
    connection = await asyncpg.connect(stage.admin_url)
    try:
        await connection.execute("CHECKPOINT")
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
        # To be asked costs the machine that is measured some milliseconds.
        done, total = job["progress"]["done"], job["progress"]["total"]
        is_far = done < 0.9 * total if total else not done
        await asyncio.sleep(0.5 if is_far else 0.1)
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


def cpu_of_children(process_id: int) -> float:
    """Seconds of all its children, ended ones included."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(") ")[2].split()
            if int(fields[1]) == process_id:
                ticks += sum(map(int, fields[11:13]))
            if int(stat.parent.name) == process_id:
                ticks += sum(map(int, fields[13:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def parent_of(process_id: int) -> int:
    return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(") ")[2].split()[1])


async def postmaster(stage: Stage) -> int:
    """The process of which all of the server's are children."""
    connection = await asyncpg.connect(stage.admin_url)
    try:
        return parent_of(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()


def cpu_of(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


@dataclass
class Round:
    """What one file showed; times in seconds, of calls in milliseconds. `busy` is empty where nobody else was there."""

    raw: float
    idle: list[float]
    received: float
    taken: float
    busy: list[float]
    refused: int
    worker_cpu: float
    database_cpu: float
    repeated: float
    replayed: float

    @property
    def company(self) -> str:
        return ", beside single events" if self.busy else ""


async def one_round(
    stage: Stage,
    account: httpx.AsyncClient,
    single: Callable[[], Awaitable[httpx.Response]] | None,
    path: Path,
    server: int,
) -> Round:
    """`single` records one event: again and again while the file is uploaded, or never."""
    if single:
        await checkpoint(stage)
    raw = [await raw_copy(stage, path)]
    idle = await timed(single, 100) if single else []
    worker_before, database_before = cpu_of(stage.worker), cpu_of_children(server)
    uploading = asyncio.create_task(upload(account, path))
    busy: list[float] = []
    refused = 0
    while single and not uploading.done():
        try:
            busy += await timed(single, 1)
        except RefusedError:
            refused += 1
        await asyncio.sleep(0.02)
    _, received, taken = await uploading
    worker, database = cpu_of(stage.worker) - worker_before, cpu_of_children(server) - database_before
    raw.append(await raw_copy(stage, path))
    idle += await timed(single, 100) if single else []
    again, repeated, _ = await upload(account, path)
    assert again.status_code == 409, again.text
    with path.open("ab") as file:
        file.write(b"\n")
    _, _, replayed = await upload(account, path)
    return Round(statistics.mean(raw), idle, received, taken, busy, refused, worker, database, repeated, replayed)


async def dashboard(account: httpx.AsyncClient) -> tuple[float, float]:
    """p50 of the table of all cells, and of an endpoint that asks the database nothing but SELECT 1."""
    query = "/api/v1/targets/progress?year=2017&month=2017-06&source=REGISTER"
    progress, nothing = [], []
    for _ in range(3):
        progress += await timed(lambda: account.get(query), 60)
        nothing += await timed(lambda: account.get("/readyz"), 60)
    return statistics.median(progress), statistics.median(nothing)


def wrong_after_stress() -> int:
    """0 when 400 random steps and eight connections at once left no wrong cell and no deadlock, 1 otherwise."""
    chosen = "tests/targets_svc/register/test_exactness.py"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", chosen, "-k", "random_steps or eight_connections"],
        cwd=REPOSITORY, capture_output=True, check=False,
    )  # fmt: skip
    return ran.returncode


async def measure(stage: Stage, folder: Path) -> list[Row]:
    people = iter(range(1_000_000))
    rounds: list[Round] = []
    tables: list[tuple[int, float, float]] = []
    async with client(stage) as account, client(stage) as other:

        def single() -> Awaitable[httpx.Response]:
            row = event(next(people) % 9000, "ZZ07", "2017-05-10", source_system="single")
            return other.post("/api/v1/targets/events", json=row)

        await timed(single, 30)
        server = await postmaster(stage)
        for part in range(ROUNDS):
            path = folder / "events.csv"
            write_events(path, ROWS, part)
            rounds.append(await one_round(stage, account, single if part == ROUNDS - 1 else None, path, server))
            path.unlink()
            if part in {0, ROUNDS - 1}:
                tables.append(((part + 1) * ROWS, *await dashboard(other)))
        peak, wrong = peak_megabytes(stage.worker), await wrong_cells(stage)
    return [*rows_of(rounds), *(progress_row(*table) for table in tables),
        at_most("peak memory of the worker", peak, "MB", 300),
        at_most("wrong cells after it all", wrong, "cells", 0),
        at_most("400 random steps and eight connections at once: wrong cells, deadlocks", wrong_after_stress(), "", 0),
    ]  # fmt: skip


def progress_row(events: int, table: float, empty: float) -> Row:
    name = f"/progress of all cells over {events} events, p50"
    return beside(name, table, "ms", ("readyz (SELECT 1) p50", empty), table / empty, ("<=", 3))


def rows_of(rounds: list[Round]) -> list[Row]:
    middle = statistics.median
    for one in rounds:
        say(
            f"received in {one.received:.1f} s, done after {one.taken:.1f} s{one.company};"
            f" processor time in µs a row: worker {one.worker_cpu * 1e6 / ROWS:.1f}, database (all of it)"
            f" {one.database_cpu * 1e6 / ROWS:.1f}"
        )
    first, last = rounds[0], rounds[-1]
    rate = round(ROWS / first.taken)
    return [
        at_least(f"upload of {ROWS} events, from the first byte to the end of the job", rate, "rows/s", 40_000),
        beside("the same, against raw COPY", rate, "rows/s", ("raw COPY", round(ROWS / first.raw)),
            first.raw / first.taken, (">=", 0.1)),
        *(info(f"upload {number} of {ROWS} events{one.company}", round(ROWS / one.taken),
            "rows/s") for number, one in enumerate(rounds[1:], 2)),
        at_least("replay of the same file (refused by its hash)",
            round(middle(ROWS / one.repeated for one in rounds)), "rows/s", 200_000),
        at_least("replay of the same rows in another file (all skipped)",
            round(middle(ROWS / one.replayed for one in rounds)), "rows/s", 200_000),
        beside("single event, p95 while an upload runs", p95(last.busy), "ms", ("idle p95", p95(last.idle)),
            p95(last.busy) / p95(last.idle), ("<=", 4)),
        at_most("single events refused while it runs", last.refused, "events", 0),
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
    report("targets", rows)


if __name__ == "__main__":
    main()
