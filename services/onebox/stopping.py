"""The wish to stop, in all forms in which it reaches a command that runs under make."""

import asyncio
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

_WATCH_SECONDS = 0.5


def told_to_stop() -> asyncio.Event:
    """Set by Ctrl-C, SIGTERM and a closed terminal; `nohup` keeps its meaning."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, event.set)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, event.set)
    return event


async def watch_make(event: asyncio.Event) -> None:
    """Sets the event when GNU make above us was told to stop by a signal that it does not pass on.

    Ctrl-C reaches every process of the terminal, and SIGTERM is passed on. A SIGINT or SIGHUP that is sent to make
    alone is not: make waits for us, inside its handler, and so with that signal blocked. That is what is seen here.
    """
    parent = Path(f"/proc/{os.getppid()}/status")
    with suppress(OSError):
        while (status := parent.read_text()).startswith("Name:\tmake\n"):  # noqa: ASYNC240 - the kernel answers at once
            if _is_stopping(status):
                event.set()
                return
            await asyncio.sleep(_WATCH_SECONDS)


def _is_stopping(status: str) -> bool:
    blocked = re.search(r"^SigBlk:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return blocked is not None and any(int(blocked[1], 16) & 1 << (n - 1) for n in (signal.SIGINT, signal.SIGHUP))
