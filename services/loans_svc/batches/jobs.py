"""Computing a batch."""

from typing import Any
from uuid import UUID

from kit.clock import today
from kit.jobs.worker import Job
from loans_svc.batches.computation import compute_batch

COMPUTE = "loans.compute_batch"


async def compute(job: Job) -> dict[str, Any]:
    """All lines of a batch in the job's transaction: killed in the middle, nothing of it is there."""
    return await compute_batch(job.session, UUID(job.payload["batch"]), today())
