"""The worker process starts, says so, and stops when it is told to."""

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any


def test_the_worker_says_that_it_is_ready_and_stops_on_sigterm(infrastructure: Any) -> None:
    environment = infrastructure.service_environment("eligibility", infrastructure.new_database(), duty="worker")
    process = subprocess.Popen(
        [sys.executable, "-m", "eligibility_svc.worker"],
        env=os.environ | environment | {"PYTHONPATH": "services"},
        stdout=subprocess.PIPE,
        text=True,
    )
    limit = threading.Timer(30, process.kill)
    limit.start()
    try:
        assert process.stdout is not None
        events = (json.loads(line)["event"] for line in process.stdout)
        assert "worker.ready" in events
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        limit.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
