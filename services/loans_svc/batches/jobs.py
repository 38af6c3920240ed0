"""Computing a batch, and the nightly proof of all."""

from datetime import time
from typing import Any
from uuid import UUID

import structlog

from kit.clock import today
from kit.jobs.worker import Daily, Job
from loans_svc.batches import repository
from loans_svc.batches.computation import compute_batch
from loans_svc.batches.proof import is_sound, prove_place

COMPUTE = "loans.compute_batch"
PROOF = "loans.prove_batches"
NIGHTLY_PROOF = Daily(PROOF, time(2, 40))
_log = structlog.get_logger("loans.batches")


async def compute(job: Job) -> dict[str, Any]:
    """All lines of a batch in the job's transaction: killed in the middle, nothing of it is there."""
    return await compute_batch(job.session, job.database, UUID(job.payload["batch"]), today())


async def prove(job: Job) -> dict[str, Any]:
    """Every bank and district in a transaction of its own; what does not hold is the result and an error in the log."""
    wrong: list[dict[str, Any]] = []
    for bank, unit in await repository.list_places(job.session):
        async with job.database.transaction() as tx:
            found = await prove_place(tx, bank, unit)
        if not is_sound(found):
            wrong.append({"bank": bank, "unit": unit} | found)
        await job.progress(len(wrong))
    if wrong:
        _log.error("subsidy.mismatch", places=len(wrong))
    return {"is_sound": not wrong, "wrong": wrong}
