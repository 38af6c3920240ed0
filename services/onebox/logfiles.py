"""Logs of child processes: files to which the children append, cut by size."""

import os
import shutil
from pathlib import Path

LARGEST = 10 * 1024 * 1024
_KEPT = 3


def open_for_append(log: Path) -> int:
    """A descriptor for a child's output; appending, so that the file may be cut under it."""
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def size(log: Path) -> int:
    """Bytes; 0 when there is none."""
    return log.stat().st_size if log.exists() else 0


def rotate(log: Path, largest: int = LARGEST) -> bool:
    """Moves a log that is too large to `.1`, older ones to `.2` and `.3`; whether it did.

    Copy and cut, because the child goes on writing to the same file. Lines written between the two are lost.
    """
    if size(log) <= largest:
        return False
    for number in range(_KEPT - 1, 0, -1):
        older = Path(f"{log}.{number}")
        if older.exists():
            older.replace(f"{log}.{number + 1}")
    shutil.copyfile(log, f"{log}.1")
    Path(f"{log}.1").chmod(0o600)
    os.truncate(log, 0)
    return True
