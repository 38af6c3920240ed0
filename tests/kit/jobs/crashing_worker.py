"""A worker process for the crash tests: each job writes one row of effect, slowly enough to be killed in the middle."""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from kit.jobs import lease, worker
from kit.jobs.worker import Job, run_worker


async def record(job: Job) -> dict[str, Any]:
    await job.session.execute(
        text("INSERT INTO effect (job_id, run) VALUES (:job, :run)"), {"job": job.lease.id, "run": job.lease.token}
    )
    await asyncio.sleep(job.payload.get("seconds", 0.01))
    return {"run": str(job.lease.token)}


async def poison(_: Job) -> None:
    raise RuntimeError("410199199001010011")


if __name__ == "__main__":
    # Leases of a second, so that a test does not wait a quarter of a minute for each death.
    shorter = f"{timedelta(seconds=1).total_seconds():g} seconds"
    for name in ("_CLAIM", "_BEAT"):
        statement = getattr(lease, name).text.replace(f"{lease.LEASE_SECONDS} seconds", shorter)
        setattr(lease, name, text(statement))
    lease._DUE = text(lease._DUE.text.replace(f"{lease.RESEND_SECONDS} seconds", "0.3 seconds"))
    lease._FAIL = text(lease._FAIL.text.replace("5 * power", "0.001 * power"))
    lease.HEARTBEAT_SECONDS = 0.3  # type: ignore[misc]  # see above
    worker._RELAY_SECONDS = 0.05
    worker.KIT_SCHEDULE = ()
    run_worker(sys.argv[1], {"test.record": record, "test.poison": poison})
