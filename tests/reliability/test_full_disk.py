"""The disk is full: who writes is told to come again, nothing is damaged, and work goes on once there is room (R21).

The platform's home is a small file system of its own, in a mount namespace (Linux, util-linux).
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import httpx
import pytest

from onebox.binaries import postgres_folder
from tests.e2e.running import Client, RunningPlatform, until_ready
from tests.reliability.platforms import admin_url, started
from tests.reliability.test_kills import everything
from tests.reliability.traffic import ELIGIBILITY, TARGETS, application

REFUSALS = 200
_UNSHARE = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")


def small_disk(home: Path) -> Sequence[str]:
    mount = 'mount -t tmpfs -o size=400m,mode=755 tmpfs "$0" && mkdir -m 777 "$0/tmp" && exec "$@"'
    return (*_UNSHARE, "--", "sh", "-c", mount, str(home.parent))


def _possible() -> bool:
    if os.environ.get("JIUYE_TEST_DRILLS") is None or shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*_UNSHARE, "--", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False, capture_output=True)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(not _possible(), reason="make test-long, where file systems can be mounted")


class Writer:
    """Writes what nobody has written, and remembers each key and what it was told."""

    def __init__(self, api: Client) -> None:
        self.api = api
        self.told: Counter[str] = Counter()
        self.open: list[int] = []
        self.done: dict[int, str] = {}
        self.wrong: list[str] = []
        self._people = itertools.count(1)

    async def write(self, person: int | None = None) -> int:
        person = person or next(self._people)
        headers = {"Idempotency-Key": f"person-{person}"}
        try:
            answer = await self.api.call(
                "platform", "POST", f"{ELIGIBILITY}/applications", headers=headers, json=application(person)
            )
        except httpx.TransportError as error:
            self.wrong.append(repr(error))
            self.open.append(person)
            return 0
        if answer.is_success:
            self.done[person] = answer.json()["id"]
        else:
            self.open.append(person)
            self.check(answer)
        return answer.status_code

    def check(self, answer: httpx.Response) -> None:
        is_problem = answer.headers.get("content-type") == "application/problem+json"
        self.told[f"{answer.status_code} {answer.json()['code'] if is_problem else answer.text[:100]}"] += 1
        if not is_problem or answer.status_code not in (503, 507) or "retry-after" not in answer.headers:
            self.wrong.append(f"{answer.status_code} {answer.text[:300]}")


def fill(disk: Path) -> Path:
    """To the last byte."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(65536)):
            pass
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"0"):
            pass
    return ballast


async def test_a_full_disk_damages_nothing_and_is_told(tmp_path: Path) -> None:
    mounted = tmp_path / "disk"
    mounted.mkdir()
    inside = (*small_disk(mounted / "home"), "env", f"TMPDIR={mounted / 'tmp'}")
    async with started(tmp_path, home=mounted / "home", inside=inside) as (platform, api):
        disk = platform.home.parent
        writer = Writer(api)
        for _ in range(20):
            assert await writer.write() == 201
        assert (await upload(api)).status_code == 202
        ballast = fill(disk)
        async with asyncio.timeout(120):
            while writer.told.total() < REFUSALS:
                fill(disk)  # what the servers gave back meanwhile
                await writer.write()
        fill(disk)
        uploaded = await upload(api)
        ballast.unlink()
        await until_ready(platform, 60)
        async with asyncio.timeout(60):
            while await writer.write() != 201:
                await asyncio.sleep(0.2)
        async with asyncio.timeout(120):
            for person in [*dict.fromkeys(writer.open)]:
                while person not in writer.done:
                    await writer.write(person)
        sys.stdout.write(f"\n{dict(writer.told)}; a file: {uploaded.status_code} {uploaded.json()['code']}\n")
        assert not writer.wrong
        assert uploaded.status_code in (503, 507), uploaded.text
        assert sorted(await everything(api)) == sorted(writer.done.values())
        assert (await upload(api)).status_code == 202
        await whole(platform, api)
        await read_only(platform, writer)


async def read_only(platform: RunningPlatform, writer: Writer) -> None:
    """As providers do before the disk is full."""
    server = await asyncpg.connect(admin_url(platform))
    for setting, status in (("on", 503), ("off", 201)):
        await server.execute(f"ALTER SYSTEM SET default_transaction_read_only = {setting}")
        await server.execute("SELECT pg_reload_conf()")
        async with asyncio.timeout(10):
            while await writer.write() != status:
                await asyncio.sleep(0.05)
        assert await everything(writer.api)
    await server.close()
    assert not writer.wrong


async def upload(api: Client) -> httpx.Response:
    header = "year,indicator,id_type,id_number,name,event_date,unit,source_system,source_ref\n"
    line = "2017,I01,RESIDENT_ID,410199199001010011,王测试,2017-05-10,ZZ07,hr,R{}\n"
    content = (header + "".join(line.format(n) for n in range(50_000))).encode()
    return await api.call(
        "staff-ZZ07", "POST", f"{TARGETS}/event-uploads", files={"file": ("a.csv", content)}, data={"dry_run": "true"}
    )


async def whole(platform: RunningPlatform, api: Client) -> None:
    """Every row of every table can be read, and the trail is unbroken."""
    dump = [str(postgres_folder() / "pg_dump"), f"--dbname={admin_url(platform)}"]
    await asyncio.to_thread(subprocess.run, dump, check=True, stdout=subprocess.DEVNULL)
    answer = await api.get("auditor", f"{ELIGIBILITY}/audit-verification")
    assert answer["is_whole"] is True
