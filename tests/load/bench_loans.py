"""`make bench-loans`: batches at scale, each figure beside its limit.

Starts a PostgreSQL with the settings of `make run` and the loan service over HTTP. ROWS (default 1 000 000) is the
number of loans and of the bank's lines. Writes `.bench/loans.json`.

The loans are copies of some thousand different ones, whose segments the engine tells; the copies' segments are copied,
so that the engine's totals are known without telling a million loans.
"""

import asyncio
import gc
import logging
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from pydantic import SecretStr

from kit.dates import Quarter
from kit.db.engine import Database
from kit.ids import new_id
from kit.settings import ServiceSettings
from kit.testing import Caller, serving
from loans_svc.bank_lines import repository as bank_lines
from loans_svc.bank_lines.domain import MAX_ROWS
from loans_svc.bank_lines.reading import read_lines
from loans_svc.batches import computation
from loans_svc.batches import repository as batches
from loans_svc.batches.domain import quarters_between
from loans_svc.batches.repository import find_batch
from loans_svc.loans.domain import Happening, Kind
from loans_svc.main import create_app
from loans_svc.stories.service import refresh_stories
from onebox import ports
from onebox.bootstrap import DATABASE, bootstrap
from onebox.keys import Keys
from onebox.postgres import RUN, Postgres
from onebox.servers import running
from tests.load.figures import Row, at_most, beside, report, say
from tests.loans_svc.batches.portfolio import NOW, Stored, random_loan, store, tell

REPOSITORY = Path(__file__).parents[2]
ROWS = int(os.environ.get("ROWS", "1000000"))
KINDS = min(2_000, ROWS)
ROUNDS = 3
PERIOD = Quarter(2025, 2)
BIG, SMALL = ("bank-a", "ZZ07"), ("bank-a", "ZZ01")
CORRECTED = min(1_000, ROWS)
PHASES = (
    (computation, "refresh_stories"),
    (batches, "add_claims"),
    (batches, "add_corrections"),
    (computation, "share_batch"),
    (computation, "seal_lines"),
)


def told(phases: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in phases.items())


@dataclass(frozen=True)
class Stage:
    """A database and its roles."""

    postgres: Postgres
    keys: Keys
    folder: Path

    def url(self, role: str) -> str:
        return self.postgres.url(role, self.keys.role_passwords[role], DATABASE)

    @property
    def admin_url(self) -> str:
        return self.postgres.admin_url(DATABASE)


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Everything started and migrated, and ended at the end."""
    keys = Keys.generate()
    (port,) = ports.free_ports(1)
    postgres = Postgres(folder / "postgres", port, keys.postgres_password, RUN)
    with running(postgres, folder / "postgres.log"):
        asyncio.run(bootstrap(postgres.admin_url(), keys.role_passwords, DATABASE))
        stage = Stage(postgres, keys, folder)
        url = stage.url("loans_owner").replace("postgresql:", "postgresql+asyncpg:", 1)
        subprocess.run(
            [sys.executable, "-m", "migrations", "upgrade", "loans"],
            env=os.environ | {"JIUYE_LOANS_OWNER_URL": url, "PYTHONPATH": str(REPOSITORY / "services")},
            cwd=REPOSITORY,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield stage


@asynccontextmanager
async def admin(stage: Stage) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stage.admin_url, command_timeout=None)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def worker(stage: Stage) -> AsyncIterator[Database]:
    database = Database(stage.url("loans_worker").replace("postgresql:", "postgresql+asyncpg:", 1), schema="loans")
    try:
        yield database
    finally:
        await database.close()


def backend_cpu(stage: Stage) -> float:
    """Processor seconds of the sessions that are open on this server; what comes and goes beside them is left out."""
    server, ticks = (stage.folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0], 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_session = b" 127.0.0.1(" in (process / "cmdline").read_bytes()
            facts = (process / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if is_session and facts[1] == server:
            ticks += sum(map(int, facts[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


async def seed(stage: Stage, books: Database) -> tuple[list[Stored], int]:
    """A million loans that earn something in the quarter, told; the different ones, and copies of each."""
    dice, templates = random.Random(1), []
    while len(templates) < KINDS:
        loan = random_loan(dice, date(2022, 8, 1), date(2025, 6, 20), date(2025, 7, 1))
        if any(period == str(PERIOD) for period, _ in loan.worth(PERIOD)):
            templates.append(loan)
    copies = ROWS // KINDS
    async with admin(stage) as owner:
        await store(owner, templates, *BIG)
        await tell(owner, {loan.id: loan.happenings for loan in templates}, BIG[0])
        begun = time.perf_counter()
        async with books.transaction() as tx:
            told = await refresh_stories(tx, *BIG, NOW.date())
        say(f"{told} loans told by the engine in {time.perf_counter() - begun:.1f} s")
        columns = await owner.fetchval(
            "SELECT string_agg(column_name, ', ') FROM information_schema.columns"
            " WHERE table_schema = 'loans' AND table_name = 'loan' AND column_name <> 'id'"
        )
        await owner.execute(
            "CREATE TABLE public.copy AS SELECT l.id AS template, uuidv7() AS id FROM generate_series(2, $1::int) n,"
            " (SELECT id FROM loans.loan) l",
            copies,
        )
        for statement in (
            f"""INSERT INTO loans.loan (id, {columns}) SELECT c.id, {columns} FROM public.copy c
                JOIN (SELECT id AS template, {columns} FROM loans.loan) l USING (template) ORDER BY c.id""",
            """INSERT INTO loans.loan_story SELECT bank, unit, c.id, version, loan_version, renew_on
                FROM public.copy c JOIN loans.loan_story s ON s.loan_id = c.template ORDER BY c.id""",
            """INSERT INTO loans.loan_segment SELECT bank, unit, c.id, tranche, from_on, to_on, from_no, to_no,
                is_thirty, basis, period_scheme, payer_scheme, version, principal_fen, balance_fen, overdue_fen,
                rate_ppm, share6
                FROM public.copy c JOIN loans.loan_segment g ON g.loan_id = c.template
                ORDER BY c.id, tranche, from_on""",
            "DROP TABLE public.copy",
        ):
            await owner.execute(statement)
        await close_quarter(owner, BIG, "2025Q1")
        await owner.execute("VACUUM ANALYZE loans.loan")
        await owner.execute("VACUUM ANALYZE loans.loan_story")
        await owner.execute("VACUUM ANALYZE loans.loan_segment")
        say(f"{await owner.fetchval('SELECT count(*) FROM loans.loan_segment')} segments")
    return templates, copies


async def close_quarter(owner: asyncpg.Connection, place: tuple[str, str], period: str) -> None:
    """A batch before, which has considered all that was told until now."""
    seen = await owner.fetchval(
        "SELECT coalesce(max(serial), 0) FROM loans.loan_change WHERE bank = $1 AND unit = $2", *place
    )
    await owner.execute(
        "INSERT INTO loans.subsidy_batch (id, bank, unit, period, sequence, state, row_version, created_by, created_at,"
        " submitted_by, reviewed_by, approved_by, paid_by, payment_ref, changes_until)"
        " VALUES ($1, $2, $3, $4, 1, 'PAID', 1, 'a', $5, 'a', 'b', 'c', 'd', 'first', $6)",
        new_id(), *place, period, NOW, seen,
    )  # fmt: skip


async def open_batch(owner: asyncpg.Connection, place: tuple[str, str], period: Quarter, sequence: int) -> UUID:
    batch = new_id()
    await owner.execute(
        "INSERT INTO loans.subsidy_batch (id, bank, unit, period, sequence, state, row_version, created_by, created_at)"
        " VALUES ($1, $2, $3, $4, $5, 'PENDING', 1, 'a', $6)",
        batch, *place, str(period), sequence, NOW,
    )  # fmt: skip
    return batch


async def timed(stage: Stage, work: Callable[[], Awaitable[Any]]) -> tuple[float, float, Any]:
    """Seconds, processor seconds of the sessions, and the answer."""
    cpu, begun = backend_cpu(stage), time.perf_counter()
    found = await work()
    return time.perf_counter() - begun, backend_cpu(stage) - cpu, found


@contextmanager
def clocked(*parts: tuple[ModuleType, str]) -> Iterator[dict[str, float]]:
    """The seconds that each of these functions takes, by its name; of the statements and not of this client."""
    seconds = {name: 0.0 for _, name in parts}
    whole = {(module, name): getattr(module, name) for module, name in parts}

    def clock(function: Callable[..., Awaitable[Any]], name: str) -> Callable[..., Awaitable[Any]]:
        async def run(*given: Any) -> Any:
            begun = time.perf_counter()
            try:
                return await function(*given)
            finally:
                seconds[name] += time.perf_counter() - begun

        return run

    for (module, name), function in whole.items():
        setattr(module, name, clock(function, name))
    try:
        yield seconds
    finally:
        for (module, name), function in whole.items():
            setattr(module, name, function)


async def quarter(stage: Stage, books: Database, templates: list[Stored], copies: int) -> list[Row]:
    """The lines of a quarter against COPY of the same lines into the same table with its keys, taking turns."""
    lines_file, made, copied, sealed, ratios = stage.folder / "lines.bin", [], [], [], []
    lines = total = 0
    async with admin(stage) as owner:
        for number in range(1, ROUNDS + 1):
            await owner.execute("TRUNCATE loans.subsidy_line")
            await owner.execute("CHECKPOINT")
            batch = await open_batch(owner, BIG, PERIOD, number)

            async def compute(batch: UUID = batch) -> dict[str, Any]:
                async with books.transaction() as tx:
                    return await computation.compute_batch(tx, books, batch, NOW.date())

            with clocked(*PHASES) as phases:
                seconds, cpu, found = await timed(stage, compute)
            lines = found["lines"]
            made.append(seconds - phases["seal_lines"])  # the lines without the evidence over them
            sealed.append(seconds)
            total = await owner.fetchval("SELECT total_fen FROM loans.subsidy_batch WHERE id = $1", batch)
            await owner.copy_from_query(
                "SELECT * FROM loans.subsidy_line ORDER BY batch_id, number", output=lines_file, format="binary"
            )
            await owner.execute("TRUNCATE loans.subsidy_line")
            await owner.execute("CHECKPOINT")
            copy, copy_cpu, _ = await timed(
                stage,
                lambda: owner.copy_to_table("subsidy_line", schema_name="loans", source=lines_file, format="binary"),
            )
            copied.append(copy)
            ratios.append(copy / made[-1])
            say(
                f"round {number}: {lines} lines in {made[-1]:.2f} s and their seal in {phases['seal_lines']:.2f} s,"
                f" COPY {copy:.2f} s, ratio {ratios[-1]:.3f}; CPU {cpu:.2f} s (with seal), {copy_cpu:.2f} s"
            )
            say(f"   of it {told(phases)}, the rest {seconds - sum(phases.values()):.2f} s")
            if number < ROUNDS:
                await owner.execute(
                    "UPDATE loans.subsidy_batch SET state = 'REJECTED', rejection_reason = 'x' WHERE id = $1", batch
                )
            await owner.execute(
                "DELETE FROM loans.subsidy_seal_block WHERE batch_id = $1 AND $2", batch, number < ROUNDS
            )
    lines_file.unlink()
    worth = sum(
        fen for loan in templates for (period, _), fen in loan.worth(PERIOD).items() if period == str(PERIOD)
    ) * copies  # fmt: skip
    rate, reference = lines / statistics.median(made), lines / statistics.median(copied)
    return [
        beside(f"a quarter for {ROWS} loans: lines with key and payer split", round(rate), "rows/s",
            ("COPY of the same lines into the same table", round(reference)), statistics.median(ratios), (">=", 0.4)),
        at_most("the same with the seal over all lines", statistics.median(sealed), "s", 10 * ROWS / 1_000_000),
        at_most("fen by which the quarter's total differs from the pure engine's", abs(total - worth), "fen", 0),
    ]  # fmt: skip


async def corrections(stage: Stage, books: Database) -> list[Row]:
    """A thousand loans over thirteen closed quarters, each changed from its first days on."""
    dice, loans = random.Random(2), []
    while len(loans) < CORRECTED:
        loan = random_loan(dice, date(2022, 5, 20), date(2022, 6, 20), date(2025, 7, 1))
        if len({period for period, _ in loan.worth(PERIOD)}) == 13 and not loan.happenings:
            loans.append(loan)
    found, posted = [], 0
    async with admin(stage) as owner:
        await store(owner, loans, *SMALL)
        for one in quarters_between(Quarter(2022, 2), PERIOD):
            batch = await open_batch(owner, SMALL, one, 1)
            async with books.transaction() as tx:
                await computation.compute_batch(tx, books, batch, NOW.date())
            await owner.execute(
                "UPDATE loans.subsidy_batch SET state = 'PAID', submitted_by = 'a', reviewed_by = 'b',"
                " approved_by = 'c', paid_by = 'd', payment_ref = $2 WHERE id = $1", batch, str(batch),
            )  # fmt: skip
        await owner.execute("ANALYZE loans.subsidy_line")
        for number in range(1, ROUNDS + 1):
            news = {}
            for loan in loans:
                happening = Happening(new_id(), Kind.REPAYMENT, loan.order.disbursed_on, 100_00)
                loan.happenings.append(happening)
                news[loan.id] = [happening]
            await tell(owner, news, SMALL[0])
            batch = await open_batch(owner, SMALL, PERIOD.next(), number)

            async def compute(batch: UUID = batch) -> dict[str, Any]:
                async with books.transaction() as tx:
                    return await computation.compute_batch(tx, books, batch, NOW.date())

            with clocked(*PHASES) as phases:
                seconds, cpu, answer = await timed(stage, compute)
            posted = answer["lines"]
            say(f"corrections: {seconds:.2f} s, {posted} lines, {told(phases)}; CPU {cpu:.2f} s of the session")
            found.append(seconds)
            await owner.execute(
                "UPDATE loans.subsidy_batch SET state = 'REJECTED', rejection_reason = 'x' WHERE id = $1", batch
            )
    name = f"{CORRECTED} loans corrected over 13 closed quarters ({posted} lines, told again, posted and sealed)"
    return [at_most(name, statistics.median(found), "s", 1.5)]


async def bank_file(stage: Stage, books: Database) -> list[Row]:
    """A bank's file of the quarter's lines, read, checked and stored, against raw COPY of it; then matched.

    It holds a million lines and no more, like every file; what the batch has beyond them is not in the file.
    """
    path, imported, copied, matched, ratios = stage.folder / "claim.csv", [], [], [], []
    async with admin(stage) as owner:
        batch = await owner.fetchval("SELECT batch_id FROM loans.subsidy_line LIMIT 1")
        beyond = max(0, await owner.fetchval("SELECT lines FROM loans.subsidy_batch WHERE id = $1", batch) - MAX_ROWS)
        await owner.copy_from_query(
            "SELECT loan_id AS loan, (amount_fen / 100) || '.' || lpad((amount_fen % 100)::text, 2, '0') AS amount,"
            " tranche, relates_to AS period, days FROM loans.subsidy_line WHERE batch_id = $1 ORDER BY number LIMIT $2",
            batch, MAX_ROWS, output=path, format="csv", header=True,
        )  # fmt: skip
        content = path.read_bytes()
        lines = content.count(b"\n") - 1
        for number in range(1, ROUNDS + 1):
            await owner.execute("TRUNCATE loans.bank_line, loans.bank_difference")
            await owner.execute("DROP TABLE IF EXISTS public.raw")
            await owner.execute(
                "CREATE TABLE public.raw (loan text, amount text, tranche text, period text, days text); CHECKPOINT"
            )
            seconds, copy_cpu, _ = await timed(
                stage, lambda: owner.copy_to_table("raw", schema_name="public", source=path, format="csv", header=True)
            )
            copied.append(seconds)
            file = new_id()
            await owner.execute(
                "INSERT INTO loans.bank_file (id, batch_id, state, sha256, uploaded_by, uploaded_at)"
                " VALUES ($1, $2, 'RECEIVED', '', 'b', $3)", file, batch, NOW,
            )  # fmt: skip
            begun, cpu, own = time.perf_counter(), backend_cpu(stage), time.process_time()
            async with books.transaction() as tx:
                table, errors = read_lines(content, PERIOD)
                assert not errors
                read = time.perf_counter() - begun
                await bank_lines.find_file(tx, file)
                await bank_lines.add_lines(tx, file, table)
            imported.append(time.perf_counter() - begun)
            cpu, own = backend_cpu(stage) - cpu, time.process_time() - own
            ratios.append(copied[-1] / imported[-1])
            begun = time.perf_counter()
            async with books.transaction() as tx:
                row, claimed = await bank_lines.find_file(tx, file), await find_batch(tx, batch)
                assert row is not None
                assert claimed is not None
                differences = await bank_lines.match_lines(tx, row, claimed)
            matched.append(time.perf_counter() - begun)
            assert differences == beyond
            say(
                f"bank's file {number}: imported {imported[-1]:.2f} s, of it read and checked {read:.2f} s, raw COPY"
                f" {copied[-1]:.2f} s, ratio {ratios[-1]:.3f}; CPU {own:.2f} s here, {cpu:.2f} s of the session,"
                f" {copy_cpu:.2f} s of raw COPY; matched {matched[-1]:.2f} s"
            )
    rate, reference = lines / statistics.median(imported), lines / statistics.median(copied)
    return [
        beside(f"import of {lines} bank lines", round(rate), "rows/s", ("raw COPY of the file", round(reference)),
            statistics.median(ratios), (">=", 0.25)),
        at_most("matching them with the batch", statistics.median(matched), "s", 10 * ROWS / 1_000_000),
    ]  # fmt: skip


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """A service that begins in it writes its log into a file: a thousand lines would hide what is measured."""
    with path.open("w", encoding="utf-8") as log, redirect_stdout(log):
        try:
            yield
        finally:
            for handler in logging.getLogger().handlers:
                if isinstance(handler, logging.StreamHandler):
                    handler.setStream(sys.stderr)


async def explanations(stage: Stage) -> list[Row]:
    """Explaining one line of the large batch, over HTTP."""
    values: dict[str, Any] = {
        name.removeprefix("JIUYE_").lower(): value
        for name, value in (
            stage.keys.shared_environment()
            | {
                "JIUYE_DATABASE_URL": stage.url("loans_app").replace("postgresql:", "postgresql+asyncpg:", 1),
                "JIUYE_REDIS_URL": "redis://127.0.0.1:1",  # no call of this service needs it
            }
        ).items()
    }
    for secret in ("database_url", "redis_url", "field_keys", "cursor_key"):
        values[secret] = SecretStr(values[secret])
    async with admin(stage) as owner:
        batch, lines = await owner.fetchrow("SELECT batch_id, max(number) FROM loans.subsidy_line GROUP BY 1 LIMIT 1")
    dice, found = random.Random(3), []
    headers = Caller(stage.keys.internal_signing_key, "loans").headers("loans.batch.read")
    gc.collect()
    gc.freeze()  # the stored loans of this process are no part of the service
    with logging_to(stage.folder / "service.log"), serving(create_app(ServiceSettings(**values))) as url:
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
            for _ in range(50 + 1_000):
                path = f"/api/v1/loans/subsidy-batches/{batch}/lines/{dice.randint(1, lines)}/explanation"
                begun = time.perf_counter()
                answer = await client.get(path)
                found.append((time.perf_counter() - begun) * 1000)
                assert answer.json()["is_exact"] is True, answer.text
    warm = sorted(found[50:])
    say(
        f"explanation: p50 {statistics.median(warm):.1f} ms, p90 {warm[899]:.1f}, p99 {warm[989]:.1f}, most"
        f" {warm[-1]:.1f}; the first {found[0]:.1f}"
    )
    return [at_most("explaining one line over HTTP, p99", warm[989], "ms", 20)]


async def measure(stage: Stage) -> list[Row]:
    async with worker(stage) as books:
        templates, copies = await seed(stage, books)
        rows = await corrections(stage, books)
        return [
            *await quarter(stage, books, templates, copies),
            *rows,
            *await explanations(stage),
            *await bank_file(stage, books),
        ]


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="jiuye-bench-"))
    try:
        with staged(folder) as stage:
            rows = asyncio.run(measure(stage))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report("loans", rows)


if __name__ == "__main__":
    main()
