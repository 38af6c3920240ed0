"""Under whose rights a server runs, and that it never outlives the process that started it.

PostgreSQL refuses to run as root. As root we give it a user namespace in which root is called nobody: its files stay
root's own and no folder has to be opened to others. Where user namespaces are blocked (the usual container), it runs
as the real nobody, and its folder and programs must then be reachable for that user.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from onebox.errors import OneboxError

_NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Confinement:
    """How a program that must not be root is started.

    Attributes:
        prefix: what stands before its command.
        owner: uid and gid that its files must have; None when they stay as they are made.
    """

    prefix: tuple[str, ...]
    owner: tuple[int, int] | None = None


ORDINARY = Confinement(())


def dying_with_parent(signal_name: str) -> tuple[str, ...]:
    """The prefix with which the kernel sends `signal_name` (as `TERM`) when the starting process is gone."""
    program = shutil.which("setpriv")
    return (program, "--pdeathsig", signal_name, "--") if program else ()


@cache
def confinement() -> Confinement:
    """The way that works on this machine for this user.

    Raises:
        OneboxError: we are root, and neither way is open.
    """
    if os.geteuid() != 0:
        return ORDINARY
    for candidate in (in_user_namespace(), as_nobody()):
        if candidate is not None and _works(candidate):
            return candidate
    raise OneboxError(
        "当前是 root 用户，而 PostgreSQL 不能以 root 运行；本机既不能建立用户命名空间，也不能切换到 nobody 用户。"
        "请改用普通用户运行，或设置 JIUYE_POSTGRES_URL 使用自己的数据库。",
        "PostgreSQL does not run as root, and neither a user namespace nor the user nobody is available here. "
        "Run as an ordinary user, or set JIUYE_POSTGRES_URL.",
    )


def in_user_namespace() -> Confinement | None:
    """Root under the name of nobody, in a user namespace of its own. The uid must be known to passwd."""
    program, nobody = shutil.which("unshare"), _nobody()
    if program is None or nobody is None:
        return None
    return Confinement((program, "--user", f"--map-user={nobody[0]}", f"--map-group={nobody[1]}", "--"))


def as_nobody() -> Confinement | None:
    """The real nobody."""
    program, nobody = shutil.which("setpriv"), _nobody()
    if program is None or nobody is None:
        return None
    return Confinement((program, f"--reuid={nobody[0]}", f"--regid={nobody[1]}", "--clear-groups", "--"), nobody)


def reachable(how: Confinement, path: Path) -> bool:
    """Whether the program or folder can be entered by the one who will run it."""
    return _succeeds((*how.prefix, "test", "-x", str(path)))


def _nobody() -> tuple[int, int] | None:
    try:
        entry = pwd.getpwnam(_NOBODY)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


def _works(how: Confinement) -> bool:
    return _succeeds((*how.prefix, "true"))


def _succeeds(command: tuple[str, ...]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
