"""The nightly recount: it compares and alarms, and never repairs in silence."""

from datetime import time
from typing import Any

import structlog

from kit.jobs.worker import Daily, Job
from targets_svc.register.service import check_register

RECOUNT = "targets.recount"
NIGHTLY = Daily(RECOUNT, time(2, 0))
_log = structlog.get_logger("targets.register")


async def recount(job: Job) -> dict[str, Any]:
    """Rules S1 and S2; the differences are the job's result and an error in the log, on which an alert stands."""
    found = await check_register(job.session)
    if not found["is_sound"]:
        _log.error("register.mismatch", cells=found["wrong_count_cells"], slots=found["wrong_slots"])
    return found
