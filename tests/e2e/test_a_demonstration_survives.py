"""`make demo` writes six months of reports while every process is killed once: nothing lost, nothing doubled."""

import asyncio
import os
import random
import signal
import sys
from typing import Any

from tests.e2e.running import ROOT, Client, RunningPlatform, until_ready

VICTIMS = ["targets", "postgres", "gateway", "targets-worker", "valkey", "targets", "eligibility", "loans", "postgres"]


async def _demonstrate(platform: RunningPlatform) -> "asyncio.subprocess.Process":
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "onebox.demo",
        cwd=ROOT,
        env=platform.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def _approved(platform: RunningPlatform) -> int:
    """How many reports are approved, asked of the database's own log of answers is not needed: the API says it."""
    logs = (platform.home / "logs" / "targets.log").read_text(errors="replace")
    return logs.count('"route": "/api/v1/targets/reports/{unit}/{month}/approval", "status": 200')


async def test_killing_each_process_loses_and_doubles_nothing(platform: RunningPlatform, api: Client) -> None:
    rng = random.Random(15)
    demo = await _demonstrate(platform)
    output = asyncio.create_task(demo.communicate())
    before = 0
    for victim in VICTIMS:
        async with asyncio.timeout(60):
            while (done := await _approved(platform)) < before + rng.randrange(1, 6) and demo.returncode is None:
                await asyncio.sleep(0.02)
        before = done
        if demo.returncode is not None:
            break
        os.kill(platform.pids()[victim], signal.SIGKILL)
        async with asyncio.timeout(30):
            while victim not in platform.pids():
                await asyncio.sleep(0.02)
    text = (await asyncio.wait_for(output, 120))[0].decode()
    assert demo.returncode == 0, text
    await until_ready(platform)
    await _assert_whole(api)
    for shown in ("130000", "67095", "51.61", "360.00", "12780.83", "1000000.01"):
        assert shown in text
    # A second demonstration finds everything done and changes nothing.
    again = await _demonstrate(platform)
    second = (await asyncio.wait_for(again.communicate(), 60))[0].decode()
    assert again.returncode == 0, second
    assert "本次办理 0 份" in second
    await _assert_whole(api)


async def _assert_whole(api: Client) -> None:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await api.get(
            "city",
            f"/api/v1/targets/reports?limit=100&cursor={cursor}" if cursor else "/api/v1/targets/reports?limit=100",
        )
        found += page["items"]
        cursor = page.get("next") or ""
        if not cursor:
            break
    keys = [(report["unit"], report["month"]) for report in found]
    assert len(keys) == len(set(keys)) == 96
    assert {report["state"] for report in found} == {"APPROVED"}
    assert {report["revision"] for report in found} == {1}
