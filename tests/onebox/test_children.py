"""Children are restarted when they die, told when they do not start, and stopped by force when they do not listen."""

import asyncio
import os
import signal
import sys

import pytest

from onebox import logfiles
from onebox.children import Child, Program, succeed
from onebox.errors import OneboxError
from onebox.readiness import event_logged

READY = """print('{"event": "worker.ready"}', flush=True)"""


def child(tmp_path, code, **options):
    program = Program(
        "sample", lambda: [sys.executable, "-c", code], event_logged("worker.ready"), dict(os.environ), **options
    )
    return Child(program, tmp_path / "sample.log", tmp_path, patience=10)


def times_ready(tmp_path):
    return (tmp_path / "sample.log").read_text().count("worker.ready")


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_one_that_dies_is_started_again(tmp_path):
    kept = child(tmp_path, f"import time; {READY}; time.sleep(60)")
    await kept.start()
    try:
        for deaths in (1, 2):
            os.kill(kept.pid, signal.SIGKILL)
            await until(lambda deaths=deaths: times_ready(tmp_path) == deaths + 1)
    finally:
        await kept.stop()
    assert kept.pid is None


async def test_pauses_between_restarts_grow(tmp_path, capsys):
    kept = child(tmp_path, f"import time; {READY}; time.sleep(0.05)")
    await kept.start()
    try:
        await until(lambda: times_ready(tmp_path) == 4)
    finally:
        await kept.stop()
    printed = capsys.readouterr().out
    assert [f"{pause} 秒后重启" in printed for pause in ("0.2", "0.4", "0.8")] == [True, True, True]


async def test_one_that_does_not_start_shows_what_it_said_this_time(tmp_path):
    (tmp_path / "sample.log").write_text("said last week\n")
    with pytest.raises(OneboxError, match="启动后随即退出（退出码 3）") as told:
        await child(tmp_path, "import sys; print('no such table'); sys.exit(3)").start()
    assert "no such table" in str(told.value)
    assert "said last week" not in str(told.value)


async def test_one_that_is_never_ready_is_given_up_and_ended(tmp_path):
    program = Program(
        "sample", lambda: [sys.executable, "-c", "import time; time.sleep(60)"], event_logged("worker.ready"), {}
    )
    stuck = Child(program, tmp_path / "sample.log", tmp_path, patience=0.3)
    with pytest.raises(OneboxError, match="秒内未就绪"):
        await stuck.start()
    assert stuck.pid is None


async def test_one_that_does_not_listen_is_ended_by_force(tmp_path):
    code = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}; time.sleep(60)"
    deaf = child(tmp_path, code, grace=0.2)
    await deaf.start()
    await deaf.stop()
    assert deaf.pid is None


async def test_a_step_that_fails_shows_its_output(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('relation is missing')"]
    with pytest.raises(OneboxError, match="relation is missing"):
        await succeed("migrate", command, dict(os.environ), tmp_path / "migrate.log", tmp_path)


def test_a_large_log_is_cut_while_its_writer_goes_on(tmp_path):
    log = tmp_path / "gateway.log"
    writer = logfiles.open_for_append(log)
    for number in range(5):
        os.write(writer, f"{number}".encode() * 100)
        assert logfiles.rotate(log, largest=50)
    os.write(writer, b"after")
    os.close(writer)
    assert log.read_bytes() == b"after"
    assert {path.name: path.read_text()[0] for path in tmp_path.glob("gateway.log.*")} == {
        "gateway.log.1": "4",
        "gateway.log.2": "3",
        "gateway.log.3": "2",
    }
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
