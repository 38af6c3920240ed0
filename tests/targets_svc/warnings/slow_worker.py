"""The real worker, which waits before it ends a judgement, with leases of a second: it is there to be killed."""

import asyncio
from typing import Any

from sqlalchemy import text

from kit.jobs import lease
from kit.jobs.worker import Job, run_worker
from targets_svc.month_closes.service import CLOSED
from targets_svc.warnings.jobs import judge_close
from targets_svc.worker import HANDLERS


async def judge_slowly(job: Job) -> dict[str, Any]:
    steps = await judge_close(job)
    await job.session.flush()
    await job.progress(1, 1)
    await asyncio.sleep(60)
    return steps


if __name__ == "__main__":
    for name in ("_CLAIM", "_BEAT"):
        statement = getattr(lease, name).text.replace(f"{lease.LEASE_SECONDS} seconds", "1 second")
        setattr(lease, name, text(statement))
    lease._DUE = text(lease._DUE.text.replace(f"{lease.RESEND_SECONDS} seconds", "0.3 seconds"))
    lease.HEARTBEAT_SECONDS = 0.3  # type: ignore[misc]  # see above
    run_worker("targets", HANDLERS | {CLOSED: judge_slowly})
