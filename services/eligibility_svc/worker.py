"""The eligibility service's worker; `python -m eligibility_svc.worker`."""

from kit.jobs.worker import run_worker

if __name__ == "__main__":
    run_worker("eligibility", handlers={})
