"""A worker leaves the processor to whoever waits for an answer."""

import subprocess
import sys
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
PROGRAM = f"""
import os
from pathlib import Path
from kit.jobs.worker import _give_way
_give_way()
print(os.nice(0), Path("{AUTOGROUP}").read_text() if Path("{AUTOGROUP}").exists() else "")
"""


def ran(*, leads_session: bool) -> str:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], start_new_session=leads_session, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_worker_that_leads_its_session_gives_way_as_a_whole() -> None:
    said = ran(leads_session=True)
    assert said.startswith("10")
    assert not AUTOGROUP.exists() or said.endswith("nice 10")


def test_workers_that_start_at_once_all_give_way() -> None:
    """Of an ordinary user the kernel takes one change in a tenth of a second."""
    started = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], start_new_session=True, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [one.communicate(timeout=20)[0].strip() for one in started]
    assert all(one.startswith("10") for one in said)
    assert not AUTOGROUP.exists() or all(one.endswith("nice 10") for one in said)


def test_a_worker_started_beside_others_does_not_slow_them() -> None:
    said = ran(leads_session=False)
    assert said.startswith("10")
    assert not said.endswith("nice 10")
