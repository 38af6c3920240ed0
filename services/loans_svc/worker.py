"""The worker of the loan service: `python -m loans_svc.worker`."""

from kit.jobs.worker import run_worker

if __name__ == "__main__":
    run_worker("loans", handlers={})
