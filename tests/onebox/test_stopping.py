"""The wish to stop arrives, also through a make that keeps it to itself."""

import shutil
import signal
import subprocess
import sys

import pytest

COMMAND = """
import asyncio
from onebox.stopping import told_to_stop, watch_make

async def main():
    stop = told_to_stop()
    watching = asyncio.create_task(watch_make(stop))
    print("here", flush=True)
    await asyncio.wait_for(stop.wait(), 20)
    print("told", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def under_make(tmp_path):
    """A command of a Makefile, and make above it, alone reachable."""
    (tmp_path / "command.py").write_text(COMMAND)
    (tmp_path / "Makefile").write_text(f"run:\n\t@{sys.executable} command.py\n")
    environment = {"PYTHONPATH": "services:" + ":".join(sys.path), "PATH": "/usr/bin:/bin"}
    # As at a terminal, also where the tests themselves run under nohup: what is ignored stays ignored.
    command = ["env", "--default-signal=HUP,INT", "make", "run"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as make:
        assert make.stdout.readline() == "here\n"
        yield make
        make.kill()


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_make_alone_stops_what_runs_under_it(under_make, number):
    under_make.send_signal(number)
    assert under_make.stdout.read().splitlines()[0] == "told"
    assert under_make.wait(10) != 0
