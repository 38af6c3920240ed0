"""The folder in which one installation lives ($JIUYE_HOME), and the lock that keeps a second one out of it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from onebox.errors import OneboxError

_MARK = "jiuye.lock"


@dataclass(frozen=True)
class Home:
    """Names inside the folder.

    Attributes:
        path: resolved.
        crashed: whether the last run ended without saying goodbye.
    """

    path: Path
    crashed: bool = False

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def credentials(self) -> Path:
        return self.path / "credentials.json"

    @property
    def clients(self) -> Path:
        return self.path / "clients.json"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        return self.path / "logs"


@contextmanager
def opened(path: Path, base_url: str, mode: int = 0o700) -> Iterator[Home]:
    """Makes the folder at the first start, closes it to others, and holds its lock.

    Args:
        path: of the folder.
        base_url: told to who tries a second start in the same folder.
        mode: 0o711 when a server must pass through it as another user.

    Raises:
        OneboxError: it is in use, not writable, no folder, or somebody else's folder.
    """
    path = path.expanduser().absolute()
    try:
        mark = _entered(path, mode)
    except OSError as failure:
        raise OneboxError(
            f"无法使用目录 {path}：{failure.strerror}。请把 JIUYE_HOME 设到一个可写的目录。",
            f"Cannot use {path}: {failure.strerror}. Set JIUYE_HOME to a folder that you may write to.",
        ) from None
    try:
        crashed = _locked(mark, path)
        _note(mark, {"pid": os.getpid(), "base_url": base_url})
        try:
            yield Home(path.resolve(), crashed)
        finally:
            _note(mark, {})
    finally:
        os.close(mark)


def _entered(path: Path, mode: int) -> int:
    if path.is_dir() and any(path.iterdir()) and not (path / _MARK).exists():
        # Its rights would be changed and files put into it: that is done to no folder that is not ours.
        raise OneboxError(
            f"目录 {path} 里有别的东西，不是本平台的数据目录。请把 JIUYE_HOME 设到一个空目录或新目录。",
            f"{path} holds something else and is no home of this platform. Set JIUYE_HOME to an empty or new folder.",
        )
    path.mkdir(parents=True, exist_ok=True)
    mark = os.open(path / _MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        path.chmod(mode)
        (path / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError:
        os.close(mark)
        raise
    return mark


def _locked(mark: int, path: Path) -> bool:
    """Takes the lock; whether the last holder left its note behind."""
    note = {}
    with suppress(ValueError):
        note = json.loads(os.pread(mark, 4096, 0) or b"{}")
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        running = f"{note.get('base_url', '?')} (pid {note.get('pid', '?')})"
        raise OneboxError(
            f"本平台已在目录 {path} 上运行：{running}。要再运行一套，请另设 JIUYE_HOME 和 PORT。",
            f"The platform already runs in {path}: {running}. For a second one set another JIUYE_HOME and PORT.",
        ) from None
    return bool(note)


def _note(mark: int, content: dict[str, object]) -> None:
    os.ftruncate(mark, 0)
    if content:
        os.pwrite(mark, json.dumps(content).encode(), 0)
