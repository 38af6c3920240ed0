"""The jobs behind warnings: one after each close, one every night. A second run finds nothing to do."""

from datetime import time
from typing import Any

from kit.clock import now
from kit.jobs.worker import Daily, Job
from targets_svc.month_closes.service import CLOSED
from targets_svc.warnings.service import escalate_unanswered, judge_closed, judge_provisionally

NIGHTLY = Daily("targets.warnings", time(2, 30))


async def judge_close(job: Job) -> dict[str, Any]:
    """The levels of the months that were closed become warnings."""
    return dict((await judge_closed(job.session, job.payload["year"], now())).steps)


async def judge_night(job: Job) -> dict[str, Any]:
    """The last month that has ended, provisionally; then the answers that are overdue."""
    at = now()
    judged = await judge_provisionally(job.session, at)
    return {**judged.steps, **(await escalate_unanswered(job.session, at)).steps}


HANDLERS = {CLOSED: judge_close, NIGHTLY.kind: judge_night}
