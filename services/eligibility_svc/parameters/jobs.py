"""Jobs that answer by the law as it stands when they run."""

from typing import Any

from eligibility_svc.parameters.repository import catch_up
from kit.jobs.worker import Handler, Job


def by_current_law(handler: Handler) -> Handler:
    """Reads what was published since the last job before the handler begins; a worker follows no clock."""

    async def run(job: Job) -> dict[str, Any] | None:
        await catch_up(job.session)
        return await handler(job)

    return run
