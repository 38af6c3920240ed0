"""Each night all that happened is told, so that a quarter's batch has little left to do."""

from datetime import time
from typing import Any

from kit.clock import today
from kit.jobs.worker import Daily, Job
from loans_svc.stories import repository
from loans_svc.stories.service import refresh_stories

REFRESH = "loans.refresh_stories"
NIGHTLY_REFRESH = Daily(REFRESH, time(1, 30))


async def refresh(job: Job) -> dict[str, Any]:
    """A transaction for each bank and district; one that dies is begun again."""
    told = 0
    for bank, unit in await repository.list_places(job.session):
        async with job.database.transaction() as tx:
            told += await refresh_stories(tx, bank, unit, today())
        await job.progress(told)
    return {"loans": told}
