"""Children forked from the warm process behave like those of `python -m`."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from onebox.forking import Nursery

SERVICES = str(Path(__file__).parents[2] / "services")
MODULE = """
import os, signal, sys, time
from kit.ids import new_id
print(os.getcwd(), os.environ.get("COLOUR"), sys.argv[1:], os.getsid(0) == os.getpid(), new_id(), flush=True)
if "stay" in sys.argv:
    time.sleep(60)
sys.exit(int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else "told why")
"""


@pytest.fixture
async def nursery(tmp_path):
    (tmp_path / "sample.py").write_text(MODULE)
    made = Nursery()
    yield made
    await made.close()


def environment(tmp_path, **more):
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{SERVICES}:{tmp_path}"} | more


async def spawn(nursery, tmp_path, *arguments, **more):
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        return await nursery.spawn(["sample", *arguments], environment(tmp_path, **more), log, tmp_path)
    finally:
        os.close(log)


async def until(condition):
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_child_has_its_own_environment_arguments_folder_session_and_end(nursery, tmp_path):
    red, blue = await asyncio.gather(
        spawn(nursery, tmp_path, "0", COLOUR="red"), spawn(nursery, tmp_path, "3", COLOUR="blue")
    )
    assert (await red.wait(), await blue.wait()) == (0, 3)
    lines = sorted(line.split(" ") for line in (tmp_path / "log").read_text().splitlines())
    assert [(line[0], line[1], line[3]) for line in lines] == [
        (str(tmp_path), "blue", "True"),
        (str(tmp_path), "red", "True"),
    ]
    assert lines[0][4] != lines[1][4]


async def test_a_failure_is_told_in_its_log(nursery, tmp_path):
    assert await (await spawn(nursery, tmp_path, "why")).wait() == 1
    assert "told why" in (tmp_path / "log").read_text()
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_APPEND)
    missing = await nursery.spawn(["no_such_module"], environment(tmp_path), log, tmp_path)
    os.close(log)
    assert await missing.wait() == 1
    assert "no_such_module" in (tmp_path / "log").read_text()


async def test_a_signal_ends_a_child_and_is_reported(nursery, tmp_path):
    staying = await spawn(nursery, tmp_path, "stay")
    await until(lambda: (tmp_path / "log").exists() and "stay" in (tmp_path / "log").read_text())
    staying.send_signal(signal.SIGTERM)
    assert await staying.wait() == -signal.SIGTERM


async def test_children_end_with_a_killed_nursery_and_the_next_one_is_made(nursery, tmp_path):
    staying = await spawn(nursery, tmp_path, "stay")
    os.kill(nursery._process.pid, signal.SIGKILL)
    assert await asyncio.wait_for(staying.wait(), 10) == -signal.SIGKILL
    await until(lambda: not Path(f"/proc/{staying.pid}").exists() or _is_zombie(staying.pid))
    again = await spawn(nursery, tmp_path, "0")
    assert await again.wait() == 0


def _is_zombie(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
async def test_children_end_with_the_supervisor(nursery, tmp_path):
    staying = await spawn(nursery, tmp_path, "stay")
    await nursery.close()
    await until(lambda: not Path(f"/proc/{staying.pid}").exists() or _is_zombie(staying.pid))
