"""The worker of the loan service: `python -m loans_svc.worker`."""

from kit.jobs.worker import run_worker
from loans_svc.batches.jobs import COMPUTE, compute
from loans_svc.funds.jobs import NIGHTLY, PROOF, prove

HANDLERS = {PROOF: prove, COMPUTE: compute}
SCHEDULE = (NIGHTLY,)

if __name__ == "__main__":
    run_worker("loans", HANDLERS, SCHEDULE)
