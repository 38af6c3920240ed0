"""Whole platforms, each started as a person starts it, in a home and on ports of its own."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from onebox import ports
from onebox.bootstrap import DATABASE, SCHEMAS
from onebox.keys import Keys
from onebox.postgres import Postgres
from onebox.processes import PORT_COUNT, POSTGRES_OFFSET
from onebox.settings import role_url
from tests.e2e.running import ROOT, Client, RunningPlatform

PATIENCE_SECONDS = 120


@asynccontextmanager
async def started(
    folder: Path, *, root: Path = ROOT, home: Path | None = None, inside: Sequence[str] = ()
) -> AsyncIterator[tuple[RunningPlatform, Client]]:
    """A platform that is ready, and its clients; it is stopped at the end.

    Args:
        folder: for its output, and its home unless that is given.
        root: the source tree to start.
        inside: what stands before the command; it may give the process a mount namespace of its own.
    """
    home = home or folder / "home"
    port = ports.free_ports(PORT_COUNT)[0]
    environment = os.environ | {"PORT": str(port), "JIUYE_HOME": str(home), "PYTHONPATH": str(root / "services")}
    output = folder / "output.txt"
    process = _start([*inside, sys.executable, "-u", "-m", "onebox"], root, environment, output)
    seen = Path(f"/proc/{process.pid}/root{home}") if inside else home
    platform = RunningPlatform(seen, f"http://127.0.0.1:{port}", environment, process)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while "已就绪" not in output.read_text(encoding="utf-8"):
            ended = process.poll() is not None or time.monotonic() > until
            assert not ended, f"the platform did not start:\n{output.read_text(encoding='utf-8')}"
            await asyncio.sleep(0.1)
        async with httpx.AsyncClient(base_url=platform.base_url, trust_env=False, timeout=30) as http:
            yield platform, Client(http, platform)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


def _start(command: Sequence[str], root: Path, environment: dict[str, str], output: Path) -> "subprocess.Popen[bytes]":
    with output.open("wb") as sink:
        return subprocess.Popen(command, cwd=root, env=environment, stdout=sink, stderr=subprocess.STDOUT)


def admin_url(platform: RunningPlatform) -> str:
    """Of the platform's own PostgreSQL."""
    port = int(platform.environment["PORT"]) + POSTGRES_OFFSET
    keys = Keys.kept_in(platform.home / "secrets.json")
    return Postgres(platform.home / "postgres", port, keys.postgres_password).admin_url(DATABASE)


def owner_urls(platform: RunningPlatform) -> dict[str, str]:
    """What `python -m migrations` is told."""
    passwords = Keys.kept_in(platform.home / "secrets.json").role_passwords
    return {
        f"JIUYE_{schema.upper()}_OWNER_URL": role_url(
            admin_url(platform), f"{schema}_owner", passwords[f"{schema}_owner"], DATABASE
        )
        for schema in SCHEMAS
    }
