"""The nightly proof of the journal: it compares and alarms, and never repairs in silence."""

from datetime import time
from typing import Any

import structlog

from kit.jobs.worker import Daily, Job
from loans_svc.funds.service import prove_journal

PROOF = "loans.prove_journal"
NIGHTLY = Daily(PROOF, time(2, 30))
_log = structlog.get_logger("loans.funds")


async def prove(job: Job) -> dict[str, Any]:
    """Balances against the journal; a difference is the job's result and an error in the log."""
    found = await prove_journal(job.session)
    if not found["is_sound"]:
        _log.error("journal.mismatch", accounts=len(found["wrong_accounts"]))
    return found
