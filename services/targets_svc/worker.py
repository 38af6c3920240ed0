"""The targets service's worker: `python -m targets_svc.worker`."""

from kit.jobs.worker import run_worker
from kit.webhooks.jobs import WEBHOOK_HANDLERS, WEBHOOK_SCHEDULE
from targets_svc.event_uploads.jobs import DAILY, FORGET, PROCESS, forget_uploads, prepare_process, run_upload
from targets_svc.register.jobs import NIGHTLY, RECOUNT, recount
from targets_svc.service_events import jobs as service_events
from targets_svc.warnings import jobs as warnings

HANDLERS = {
    RECOUNT: recount,
    PROCESS: run_upload,
    FORGET: forget_uploads,
    **service_events.HANDLERS,
    **warnings.HANDLERS,
    **WEBHOOK_HANDLERS,
}
SCHEDULE = (NIGHTLY, DAILY, service_events.NIGHTLY, warnings.NIGHTLY, *WEBHOOK_SCHEDULE)

if __name__ == "__main__":
    prepare_process()
    run_worker("targets", HANDLERS, SCHEDULE)
