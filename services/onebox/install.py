"""Brings the virtual environment to what a lock file says. Run by the system's Python before anything is installed.

`python3 services/onebox/install.py requirements.lock` needs nothing but the standard library: it takes uv when there is
one, else pip of the environment, else pip of the system. A stamp in the environment makes the next call quick.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
_INSTALL = ("install", "--require-hashes", "--only-binary=:all:", "--progress-bar=off", "-r")


class InstallError(Exception):
    """Told to the person: what happened, what to do."""


def main(lock: Path) -> None:
    """Does nothing when the stamp of this lock is there.

    Raises:
        InstallError: there is no way to install, or it failed.
    """
    if sys.version_info < OLDEST:
        raise InstallError(
            f"需要 Python 3.11 或更高版本，现在是 {sys.version.split()[0]}。可用 PYTHON=python3.12 make run 指定。\n"
            "Python 3.11 or later is needed; name one with PYTHON=python3.12 make run."
        )
    stamp = VENV / f".{lock.name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if _is_complete(stamp):
        return
    with _alone():
        if _is_complete(stamp):
            return
        if not _works(PYTHON):
            _create()
        _install(lock)
        for older in VENV.glob(f".{lock.name}-*"):
            older.unlink()
        stamp.touch()


def _is_complete(stamp: Path) -> bool:
    return stamp.exists() and _works(PYTHON)


@contextmanager
def _alone() -> Iterator[None]:
    """Whoever types `make demo` while `make run` still installs waits for it."""
    folder = os.open(".", os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell("另一个 make 命令正在安装依赖，请稍候")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _create() -> None:
    _tell("建立虚拟环境 .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    uv = shutil.which("uv")
    ways = [[uv, "venv", "--quiet", "--python", sys.executable, str(VENV)]] if uv else []
    ways.append([sys.executable, "-m", "venv", str(VENV)])
    ways.append([sys.executable, "-m", "venv", "--without-pip", str(VENV)])  # Debian without python3-venv
    for way in ways:
        if subprocess.run(way, check=False, capture_output=True).returncode == 0 and _works(PYTHON):
            return
        shutil.rmtree(VENV, ignore_errors=True)
    raise InstallError(
        "无法建立虚拟环境 .venv。请检查本目录是否可写，并安装 venv：apt install python3-venv\n"
        "The virtual environment .venv could not be made. Is this folder writable? Try: apt install python3-venv"
    )


def _install(lock: Path) -> None:
    pins = len(re.findall(r"^\S+==", lock.read_text(), re.MULTILINE))
    _tell(f"安装依赖（{lock.name}，{pins} 个包，第一次约需半分钟）")
    output: list[str] = []
    for way in _installers(lock):
        output = list(_progress(way, pins))
        if not output:
            return
    tail = "\n".join(output[-15:])
    raise InstallError(
        f"依赖安装失败：\n{tail}\n"
        "请检查网络和软件源设置；若提示缺少 pip，请安装：apt install python3-venv python3-pip\n"
        "The packages could not be installed; see above. Check the network and the package index; "
        "if pip is missing: apt install python3-venv python3-pip"
    )


def _installers(lock: Path) -> Iterator[Sequence[str]]:
    uv = shutil.which("uv")
    if uv:
        options = ("--require-hashes", "--no-build", "--compile-bytecode", "-r", str(lock))
        yield [uv, "pip", "install", "--python", str(PYTHON), *options]
    if _works(PYTHON, "-m", "pip", "--version"):
        yield [str(PYTHON), *_PIP, *_INSTALL, str(lock)]
    else:
        yield [sys.executable, *_PIP, "--python", str(PYTHON), *_INSTALL, str(lock)]


def _progress(command: Sequence[str], pins: int) -> Iterator[str]:
    """Runs it with a line now and then; yields what it printed if it failed, nothing if it went well."""
    environment = {**os.environ, "PIP_USER": "0"}
    output, collected = [], 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            output.append(line.rstrip())
            if line.startswith("Collecting "):
                collected += 1
                if collected % 20 == 0:
                    _tell(f"  已取得 {collected}/{pins}")
            elif line.startswith("Installing collected"):
                _tell(f"  已取得 {pins}/{pins}，正在写入")
    if process.returncode != 0:
        yield from output or ["?"]


def _works(python: Path, *arguments: str) -> bool:
    command = [str(python), *(arguments or ("-c", "import sys; sys.exit(sys.version_info < (3, 11))"))]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _tell(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except InstallError as failure:
        sys.exit(f"错误：{failure}")
    except OSError as failure:
        sys.exit(f"错误：{failure.filename or VENV}：{failure.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)
