"""The eligibility service's worker; `python -m eligibility_svc.worker`."""

from datetime import time

from eligibility_svc.grants.jobs import take_back, tell_targets
from eligibility_svc.grants.telling import TAKE_BACK, TELL
from eligibility_svc.parameters.jobs import by_current_law
from eligibility_svc.screenings.folders import clear_abandoned
from eligibility_svc.screenings.jobs import PURGE, purge_screenings, screen_register
from eligibility_svc.screenings.service import SCREEN
from kit.jobs.worker import Daily, run_worker
from kit.webhooks.jobs import WEBHOOK_HANDLERS, WEBHOOK_SCHEDULE

HANDLERS = {
    SCREEN: by_current_law(screen_register),
    PURGE: purge_screenings,
    TELL: tell_targets,
    TAKE_BACK: take_back,
    **WEBHOOK_HANDLERS,
}
SCHEDULE = (Daily(PURGE, time(3, 40)), *WEBHOOK_SCHEDULE)

if __name__ == "__main__":
    clear_abandoned()
    run_worker("eligibility", handlers=HANDLERS, schedule=SCHEDULE)
