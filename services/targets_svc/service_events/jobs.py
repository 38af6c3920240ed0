"""Waiting events are tried again every night, and when a plan is issued that may name them."""

from datetime import time
from typing import Any

from kit.clock import now
from kit.jobs.worker import Daily, Job
from targets_svc.plans.service import ISSUED
from targets_svc.register.service import Vault
from targets_svc.service_events.service import count_waiting

NIGHTLY = Daily("targets.service_events", time(2, 15))
_BATCH = 200


async def count_again(job: Job) -> dict[str, Any]:
    """In batches, each a transaction of its own: a run that ends in the middle has lost nothing."""
    vault, counted, after = Vault(job.settings.key_ring), 0, None
    while True:
        async with job.database.transaction() as tx:
            some, after = await count_waiting(tx, vault, after, _BATCH, now())
        counted += some
        await job.progress(counted)
        if after is None:
            return {"counted": counted}


HANDLERS = {NIGHTLY.kind: count_again, ISSUED: count_again}
