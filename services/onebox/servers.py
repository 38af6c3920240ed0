"""A server process, seen from the one who starts it."""

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from onebox.errors import OneboxError


class Server(Protocol):
    """What PostgreSQL and Valkey have in common."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """For people."""

    @property
    def port(self) -> int: ...

    @property
    def stop_signal(self) -> signal.Signals: ...

    def prepare(self) -> None:
        """Makes the folder at the first start, and later clears away what a crash left. May take seconds."""

    def command(self) -> Sequence[str]:
        """The foreground process; it ends with the process that starts it."""

    def is_ready(self) -> bool:
        """Whether it answers now."""


@contextmanager
def running(server: Server, log: Path, *, patience: float = 30.0) -> Iterator[None]:
    """Starts a server, waits until it answers, and stops it at the end.

    Args:
        server: what to run.
        log: where its output goes.
        patience: seconds to wait for the first answer.

    Raises:
        OneboxError: it ended or did not answer; with the last lines of its output.
    """
    server.prepare()
    with log.open("ab") as output:
        process = subprocess.Popen(server.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _await_ready(server, process, log, time.monotonic() + patience)
        yield
    finally:
        _end(process, server.stop_signal)


def last_lines(log: Path, start: int = 0, count: int = 12) -> str:
    """The end of a log, for a person who must find out why something did not start.

    Args:
        log: the file.
        start: bytes that were there before.
        count: at most so many lines.
    """
    try:
        text = log.read_bytes()[start:][-8192:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def _await_ready(server: Server, process: subprocess.Popen[bytes], log: Path, until: float) -> None:
    while not server.is_ready():
        if process.poll() is not None or time.monotonic() > until:
            raise OneboxError(
                f"{server.name} 未能启动。最后的输出（{log}）：\n{last_lines(log)}",
                f"{server.name} did not start; its last output is above.",
            )
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
