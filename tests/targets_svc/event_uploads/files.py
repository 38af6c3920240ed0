"""Files of made-up events, and the worker that takes them."""

import asyncio
import csv
import io
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from kit.clock import now
from kit.jobs.worker import JobWorker
from kit.testing import settings_of
from targets_svc.event_uploads.domain import FIELDS, Mode
from targets_svc.event_uploads.receiving import Receiving, begin_upload
from targets_svc.event_uploads.results import lines_of
from targets_svc.worker import HANDLERS
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.register.test_exactness import Register

REPOSITORY = Path(__file__).parents[3]


def as_csv(rows: Sequence[dict[str, Any]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def as_ndjson(rows: Sequence[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def unzipped(result: bytes) -> list[list[str]]:
    """The lines of a batch's part of the result file."""
    return list(csv.reader(io.StringIO(lines_of(result).decode(), newline="")))


async def received(
    register: Register, content: bytes, mode: Mode = Mode.ALL_OR_NOTHING, own_unit: str | None = None
) -> UUID:
    """A file that was received, without a service and a job's worker."""
    receiving = Receiving(register.database, register.vault)
    await receiving.take(content)
    file = await receiving.end()
    async with register.database.transaction() as tx:
        return await begin_upload(tx, file, subject="tester", own_unit=own_unit, mode=mode, is_dry_run=False, now=now())


async def upload(account: Client, content: bytes, **form: str) -> Any:
    return await account.post("/event-uploads", files={"file": ("events", content)}, data=form)


async def ended(account: Client, answer: Any) -> dict[str, Any]:
    """The job once it is over."""
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout(60):
        while True:
            job: dict[str, Any] = (await account.get(f"/jobs/{answer.json()['id']}")).json()
            if job["state"] not in {"PENDING", "RUNNING"}:
                return job
            await asyncio.sleep(0.03)


async def result_rows(account: Client, answer: Any) -> list[dict[str, str]]:
    file = await account.get(f"/event-uploads/{answer.json()['id']}/result.csv")
    assert file.status_code == 200, file.text
    return list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))


class WorkerProcess:
    """A real worker, which can be killed."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process, self.log = process, log

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@asynccontextmanager
async def working(
    targets: Targets, program: Sequence[str] = ("-m", "targets_svc.worker")
) -> AsyncIterator[WorkerProcess]:
    """The worker process with its own role, ended at the end unless it was killed."""
    log = targets.infrastructure.folder / f"{targets.database}-uploads-{os.urandom(4).hex()}.log"
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *program),
            env=os.environ | environment | {"PYTHONPATH": f"services{os.pathsep}."},
            cwd=REPOSITORY,
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(20):
            while "worker.ready" not in log.read_text():
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.03)
        yield WorkerProcess(process, log)
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)


@asynccontextmanager
async def working_here(targets: Targets) -> AsyncIterator[None]:
    """The worker on this event loop: where none is to be killed, no process has to start."""
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    worker = JobWorker("targets", settings_of(environment), HANDLERS)
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await asyncio.wait_for(running, 20)
