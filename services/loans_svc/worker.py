"""The worker of the loan service: `python -m loans_svc.worker`."""

from kit.jobs.worker import run_worker
from kit.webhooks.jobs import WEBHOOK_HANDLERS, WEBHOOK_SCHEDULE
from loans_svc.bank_lines.jobs import MATCH, RESOLVE, match, resolve
from loans_svc.batches.jobs import COMPUTE, compute
from loans_svc.funds.jobs import NIGHTLY, PROOF, prove
from loans_svc.stories.jobs import NIGHTLY_REFRESH, REFRESH, refresh

HANDLERS = {PROOF: prove, COMPUTE: compute, REFRESH: refresh, MATCH: match, RESOLVE: resolve, **WEBHOOK_HANDLERS}
SCHEDULE = (NIGHTLY, NIGHTLY_REFRESH, *WEBHOOK_SCHEDULE)

if __name__ == "__main__":
    run_worker("loans", HANDLERS, SCHEDULE)
