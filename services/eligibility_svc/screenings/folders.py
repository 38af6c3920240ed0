"""The folder in which a register is taken apart, and what is left of it when its worker was killed.

A lock that the kernel frees with its process tells a folder in use from one that nobody will come back to.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

_PREFIX, _LOCK = "screening-", ".lock"
# A folder is younger than its lock by a moment.
_MOMENT = 60.0


@contextmanager
def working_folder() -> Iterator[Path]:
    """An empty folder for one run, gone at its end; folders of runs that were killed go first."""
    clear_abandoned()
    with TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        lock = _locked(folder)
        try:
            yield folder
        finally:
            if lock is not None:
                os.close(lock)


def clear_abandoned() -> int:
    """Removes the folders that nobody holds; how many there were."""
    cleared = 0
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        try:
            is_new = not (folder / _LOCK).exists() and time.time() - folder.stat().st_mtime < _MOMENT
            if is_new or (lock := _locked(folder)) is None:
                continue
        except OSError:
            continue  # somebody else's, or gone by now
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
        cleared += 1
    return cleared


def _locked(folder: Path) -> int | None:
    """The lock of a folder; None while another process holds it."""
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
