"""Processes are killed in the middle of thousands of writes: nothing acknowledged is lost, nothing is done twice.

Takes minutes, so `make test-long` runs it; `tests/e2e` kills each process once in `make test`.
"""

import asyncio
import base64
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from onebox.binaries import postgres_folder
from tests.e2e.running import Client, RunningPlatform, until_ready
from tests.reliability.platforms import admin_url, started
from tests.reliability.traffic import ELIGIBILITY, application
from tests.targets_svc.register.people import number

POSTS = int(os.environ.get("JIUYE_TEST_POSTS", "0"))
CLIENTS = 16
pytestmark = pytest.mark.skipif(POSTS == 0, reason="make test-long")


@dataclass
class Storm:
    """16 clients that do not give up: what failed is sent again with the same key."""

    api: Client
    todo: deque[int]
    acknowledged: dict[int, str] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)
    failed: int = 0

    async def work(self) -> None:
        while self.todo:
            person = self.todo.popleft()
            async with asyncio.timeout(120):
                while person not in self.acknowledged:
                    await self._try(person)

    async def _try(self, person: int) -> None:
        headers = {"Idempotency-Key": f"person-{person}"}
        try:
            answer = await self.api.call(
                "platform", "POST", f"{ELIGIBILITY}/applications", headers=headers, json=application(person)
            )
        except httpx.TransportError:
            self.failed += 1
            await asyncio.sleep(0.05)
            return
        if answer.status_code == 201:
            self.acknowledged[person] = answer.json()["id"]
            return
        self.failed += 1
        if answer.headers.get("content-type") != "application/problem+json":
            self.wrong[f"{answer.status_code} {answer.text[:200]}"] += 1
        elif answer.status_code not in (409, 429, 502, 503, 504):
            self.wrong[f"{answer.status_code} {answer.json()['code']}"] += 1
        await asyncio.sleep(0.05)


async def kill(storm: Storm, platform: RunningPlatform, victims: tuple[str, ...], kills: int) -> list[float]:
    """Kills one of the victims each time a share of the work is done; how long until work goes on once it is back."""
    rng, pauses = random.Random(kills), []
    for turn in range(1, kills + 1):
        while len(storm.acknowledged) < POSTS * turn // (kills + 1):
            await asyncio.sleep(0.01)
        victim = rng.choice(victims)
        pid = platform.pids()[victim]
        os.kill(pid, signal.SIGKILL)
        while platform.pids().get(victim, pid) == pid:
            await asyncio.sleep(0.02)
        await until_ready(platform)
        begun, done = time.monotonic(), len(storm.acknowledged)
        while len(storm.acknowledged) == done and storm.todo:
            await asyncio.sleep(0.01)
        pauses.append(time.monotonic() - begun)
    return pauses


@pytest.mark.parametrize(
    ("victims", "kills"),
    [
        pytest.param(("gateway", "eligibility"), 20, id="services"),  # R1
        pytest.param(("postgres",), 5, id="postgres"),  # R2
        pytest.param(("valkey",), 5, id="valkey"),  # R3
    ],
)
async def test_what_was_acknowledged_is_there_once(victims: tuple[str, ...], kills: int, tmp_path: Path) -> None:
    """R1, R2, R3; and nobody of these thousands is named in a log, in Valkey or in the database (S6)."""
    async with started(tmp_path) as (platform, api):
        await api.token("platform")
        storm = Storm(api, deque(range(1, POSTS + 1)))
        killing = asyncio.create_task(kill(storm, platform, victims, kills))
        await asyncio.gather(*(storm.work() for _ in range(CLIENTS)))
        pauses = await killing
        told = f"{kills} kills of {', '.join(victims)}: {POSTS} acknowledged, {storm.failed} attempts failed"
        sys.stdout.write(f"\n{told}, back after {max(pauses):.2f} s at most\n")
        assert not storm.wrong
        if "valkey" not in victims:
            assert storm.failed, "the kills were noticed"
        assert max(pauses) <= 10, pauses
        assert sorted(storm.acknowledged) == list(range(1, POSTS + 1))
        stored = await everything(api)
        assert len(stored) == len(set(stored)) == POSTS
        assert set(stored) == set(storm.acknowledged.values())
        assert named(platform) == []


async def everything(api: Client) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page: Any = await api.get("city", f"{ELIGIBILITY}/applications?limit=100{cursor}")
        found += [item["id"] for item in page["items"]]
        if not page.get("next"):
            return found
        cursor = f"&cursor={page['next']}"


def named(platform: RunningPlatform) -> list[str]:
    """Where a number or a name can be read that was sent."""
    numbers = [number(person) for person in (1, POSTS // 2, POSTS)]
    forms = [form for text in (*numbers, "王测试") for form in _forms(text)]
    places = {path.name: path.read_bytes() for path in (platform.home / "logs").glob("*.log*")}
    places |= {path.name: path.read_bytes() for path in (platform.home / "valkey").rglob("*") if path.is_file()}
    dump = [str(postgres_folder() / "pg_dump"), "--data-only", f"--dbname={admin_url(platform)}"]
    places["the database"] = subprocess.run(dump, check=True, capture_output=True).stdout
    assert len(places) > 8
    return [f"{place}: {form!r}" for place, content in places.items() for form in forms if form in content]


def _forms(text: str) -> list[bytes]:
    plain = text.encode()
    return [plain, text.encode("gbk"), quote(text).encode(), base64.b64encode(plain), plain.hex().encode(),
            repr(text.encode("unicode_escape"))[2:-1].encode()]  # fmt: skip
