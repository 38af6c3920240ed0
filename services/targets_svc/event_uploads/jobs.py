"""The job of an upload, and the daily clearing of files and old results."""

import gc
import sys
from datetime import time
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import DomainError
from kit.jobs import lease
from kit.jobs.worker import Daily, Job, Partial
from targets_svc import limit_allocator
from targets_svc.event_uploads import repository
from targets_svc.event_uploads.receiving import PROCESS
from targets_svc.event_uploads.run import Run
from targets_svc.event_uploads.service import find_upload, process_upload
from targets_svc.register.service import Vault

FORGET = "targets.forget_uploads"
_COLLECTED_AFTER = 50_000
"""Rows of an answer are objects by the thousand, and none of them is part of a circle."""
_SWITCH_SECONDS = 0.0005
"""After so long a thread gives way to the event loop, on which the database waits for its next statement."""
_MMAP_THRESHOLD = -3
"""mallopt(3): what is larger goes back when it is freed. The C library would raise that limit with each such piece, and
keep 20 MB more (decision 36).
"""
DAILY = Daily(FORGET, time(3, 0))

__all__ = ["DAILY", "FORGET", "PROCESS", "forget_uploads", "prepare_process", "run_upload"]


def prepare_process() -> None:
    """For a process in which files are worked through, once everything is loaded."""
    gc.collect()
    gc.freeze()  # what the start has made need not be looked through again and again while rows come and go
    gc.set_threshold(_COLLECTED_AFTER, *gc.get_threshold()[1:])
    sys.setswitchinterval(_SWITCH_SECONDS)
    limit_allocator(_MMAP_THRESHOLD, 128 * 1024)


async def run_upload(job: Job) -> dict[str, Any]:
    """Each batch commits by itself, with the progress of the job: the lease fences it like the job's own end."""

    async def advance(tx: AsyncSession, done: int, total: int | None) -> None:
        await lease.report_progress(tx, job.lease, done, total)

    async with job.database.transaction() as tx:
        upload = await find_upload(tx, job.lease.id, None)
    run = Run(job.database, Vault(job.settings.key_ring), upload, job.progress, advance)
    try:
        counts = await process_upload(run)
    except DomainError:
        async with job.database.transaction() as tx:
            await repository.forget_file(tx, upload.upload_id)
        raise
    await repository.forget_file(job.session, upload.upload_id)
    result = counts | {"upload_id": str(upload.upload_id), "is_dry_run": upload.is_dry_run}
    return Partial(result) if counts["faulty"] else result


async def forget_uploads(job: Job) -> dict[str, Any]:
    """Files of uploads that were cancelled or have failed; results after seven days."""
    return await repository.forget_old(job.session)
