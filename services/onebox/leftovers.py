"""Processes of an earlier run that outlived it."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from onebox.errors import OneboxError


def processes_inside(folder: Path, program: str) -> list[int]:
    """The live processes of a program whose working directory is `folder`, where PostgreSQL and Valkey always stand.

    A dead one that its parent has not yet fetched does not count, nor a person's shell. Empty where there is no /proc.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if entry.readlink() == folder and entry.with_name("comm").read_text().strip() == program:
                found.append(int(entry.parent.name))
    return sorted(found)


def end_leftovers(
    folder: Path, program: str, leader: int | None, stop_signal: signal.Signals, *, patience: float = 15.0
) -> None:
    """Stops a server that still works in its data folder. The caller holds the home's lock, so none is wanted there.

    Args:
        folder: resolved.
        program: the name of its processes.
        leader: the process that ends the others; without one they are expected to notice that it is gone.
        stop_signal: what the leader understands.
        patience: seconds.

    Raises:
        OneboxError: some are still there.
    """
    living = processes_inside(folder, program)
    if leader in living:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(leader, stop_signal)
    until = time.monotonic() + patience
    while living and time.monotonic() < until:
        time.sleep(0.05)
        living = processes_inside(folder, program)
    if living:
        pids = ", ".join(map(str, living))
        raise OneboxError(
            f"{folder} 仍被上次留下的进程占用（进程号 {pids}），且无法停止。请手动结束它们后再试。",
            f"{folder} is still in use by processes {pids} that could not be stopped. End them and try again.",
        )
