"""The worker of the loan service with leases of a second, so that a test does not wait for the death of another."""

from sqlalchemy import text

from kit.jobs import lease, worker
from kit.jobs.worker import run_worker
from loans_svc.worker import HANDLERS

if __name__ == "__main__":
    for name in ("_CLAIM", "_BEAT"):
        statement = getattr(lease, name).text.replace(f"{lease.LEASE_SECONDS} seconds", "1 seconds")
        setattr(lease, name, text(statement))
    lease._DUE = text(lease._DUE.text.replace(f"{lease.RESEND_SECONDS} seconds", "0.3 seconds"))
    lease._FAIL = text(lease._FAIL.text.replace("5 * power", "0.01 * power"))
    lease.HEARTBEAT_SECONDS = 0.3  # type: ignore[misc]  # see above
    worker.KIT_SCHEDULE = ()
    run_worker("loans", HANDLERS)
