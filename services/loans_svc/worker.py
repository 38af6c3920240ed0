"""The worker of the loan service: `python -m loans_svc.worker`."""

from kit.jobs.worker import run_worker
from kit.webhooks.jobs import WEBHOOK_HANDLERS, WEBHOOK_SCHEDULE
from loans_svc.bank_lines.jobs import MATCH, RESOLVE, match, resolve
from loans_svc.batches.jobs import COMPUTE, NIGHTLY_PROOF, compute
from loans_svc.batches.jobs import PROOF as BATCH_PROOF
from loans_svc.batches.jobs import prove as prove_batches
from loans_svc.funds.jobs import NIGHTLY, PROOF, prove
from loans_svc.loans.jobs import take_back, tell_targets
from loans_svc.loans.service.telling import TAKE_BACK, TELL
from loans_svc.stories.jobs import NIGHTLY_REFRESH, REFRESH, refresh

HANDLERS = {
    PROOF: prove,
    COMPUTE: compute,
    BATCH_PROOF: prove_batches,
    REFRESH: refresh,
    TELL: tell_targets,
    TAKE_BACK: take_back,
    MATCH: match,
    RESOLVE: resolve,
    **WEBHOOK_HANDLERS,
}
SCHEDULE = (NIGHTLY, NIGHTLY_REFRESH, NIGHTLY_PROOF, *WEBHOOK_SCHEDULE)

if __name__ == "__main__":
    run_worker("loans", HANDLERS, SCHEDULE)
