"""Forks the Python processes of one machine from one that has imported their libraries already.

FastAPI, SQLAlchemy and arq cost two seconds of processor time to import; seven processes that each did so would make a
start on two cores slow. `python -m onebox.nursery FD` imports them once, then forks a child for each request on its
channel, a socket that passes one JSON object and the descriptor of a log at a time. A child runs the same module
with the same arguments and environment as `python -m` would.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

from setproctitle import setproctitle

# Modules without state of their own. None may draw random numbers while it is imported: all children would repeat them.
PRELOADED = ("alembic.command", "asyncpg", "kit.http.app", "kit.http.wire", "kit.jobs.worker", "uvicorn.main", "uvloop")
MESSAGE_BYTES = 128 * 1024
_PR_SET_PDEATHSIG = 1


def main(channel: socket.socket) -> None:
    """Serves requests until the other end is closed."""
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is shared stays shared: a collection in a child would touch, and so copy, every page
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready: list[Any] = select.select([channel.fileno(), woken], [], [])[0]
        if woken in ready:
            with suppress(BlockingIOError):
                os.read(woken, 4096)
            _report_ended(channel)
        if channel.fileno() in ready:
            message, descriptors, _, _ = socket.recv_fds(channel, MESSAGE_BYTES, 1)
            if not message:
                return
            _answer(channel, json.loads(message), descriptors[0])


def _answer(channel: socket.socket, request: dict[str, Any], log: int) -> None:
    pid = os.fork()
    if pid == 0:
        channel.close()
        _become(request, log)
    os.close(log)
    channel.send(json.dumps({"id": request["id"], "pid": pid}).encode())


def _report_ended(channel: socket.socket) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            channel.send(json.dumps({"pid": pid, "returncode": os.waitstatus_to_exitcode(status)}).encode())


def _become(request: dict[str, Any], log: int) -> NoReturn:
    """The child: never returns into the nursery's loop."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()  # Ctrl-C reaches the supervisor alone, which stops its children in order
        _die_with_parent()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        module, *arguments = request["command"]
        setproctitle(" ".join(["python", "-m", module, *arguments]))
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = _exit_code(ended.code)
    except BaseException:  # noqa: BLE001  as the interpreter does at the end of a program
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _exit_code(code: object) -> int:
    if code is None or isinstance(code, int):
        return int(code or 0)
    print(code, file=sys.stderr)
    return 1


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
