"""The targets service's worker: `python -m targets_svc.worker`."""

from kit.jobs.worker import run_worker
from targets_svc.register.jobs import NIGHTLY, RECOUNT, recount

HANDLERS = {RECOUNT: recount}
SCHEDULE = (NIGHTLY,)

if __name__ == "__main__":
    run_worker("targets", HANDLERS, SCHEDULE)
