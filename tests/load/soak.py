"""`make soak`: mixed traffic at half of what the platform can do, for as long as is asked; what grows is found (R22).

SOAK_SECONDS (default 7200) of it after a minute's warming up; RATE requests a second, by default half of what this
machine answers when it is asked without a pause. Writes `.bench/soak.json`.
"""

import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.running import Client, RunningPlatform
from tests.load.figures import Row, at_least, at_most, info, report, say
from tests.reliability.platforms import started
from tests.reliability.traffic import Seen, send

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS") or 7200)
WARM_SECONDS = min(60.0, SOAK_SECONDS)
SAMPLES = 120
_ENDLESS = 1e6


def resident(pid: int) -> float:
    """Megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


class Watch:
    """Memory and open files of each process, sample by sample."""

    def __init__(self, platform: RunningPlatform) -> None:
        self._pids = platform.pids()
        self.memory: defaultdict[str, list[float]] = defaultdict(list)
        self.files: defaultdict[str, list[int]] = defaultdict(list)

    async def go_on(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            for name, pid in self._pids.items():
                with contextlib.suppress(OSError):  # it has ended, which the rows tell
                    self.memory[name].append(resident(pid))
                    self.files[name].append(open_files(pid))

    def rows(self, platform: RunningPlatform) -> Iterator[Row]:
        now_there = platform.pids()
        ended = [name for name, pid in self._pids.items() if now_there.get(name) != pid]
        yield at_most(f"processes that ended {' '.join(ended)}", len(ended), "processes", 0)
        for name in sorted(self._pids):
            memory, files = self.memory[name], self.files[name]
            part = max(1, len(memory) // 6)
            begun, now = statistics.median(memory[:part]), statistics.median(memory[-part:])
            yield at_most(f"memory of {name}, grown from {begun:.0f} MB", (now / begun - 1) * 100, "%", 5)
            more = statistics.median(files[-part:]) - statistics.median(files[:part])
            yield at_most(f"open files of {name}, more than {files[0]}", more, "files", 20)  # connections come and go


def for_seconds(seconds: float) -> "Clock":
    return Clock(time.monotonic() + seconds)


class Clock:
    """Says yes until its time is over."""

    def __init__(self, until: float) -> None:
        self._until = until

    def __call__(self) -> bool:
        return time.monotonic() < self._until


async def soak(api: Client, platform: RunningPlatform) -> list[Row]:
    rate = float(os.environ.get("RATE") or 0)
    most: Seen | None = None
    if not rate:
        most = await send(api, _ENDLESS, for_seconds(15))
        rate = most.per_second / 2
    say(f"{rate:.0f} requests/s for {SOAK_SECONDS:.0f} s")
    (await api.http.get("/openapi.json")).raise_for_status()  # made once, when somebody first reads it
    await send(api, rate, for_seconds(WARM_SECONDS))
    watch = Watch(platform)
    watching = asyncio.create_task(watch.go_on(max(1.0, SOAK_SECONDS / SAMPLES)))
    seen = await send(api, rate, for_seconds(SOAK_SECONDS), seed=2018)
    watching.cancel()
    for what, count in seen.wrong.most_common(10):
        say(f"{count} × {what}")
    return [
        *([info("as many as it can", most.per_second, "requests/s")] if most else []),
        at_least("asked and answered", seen.per_second, "requests/s", rate * 0.95),
        at_most("errors", seen.wrong.total(), f"of {len(seen.seconds)}", 0),
        info("p50", seen.percentile(0.5) * 1000, "ms"),
        info("p99", seen.percentile(0.99) * 1000, "ms"),
        *watch.rows(platform),
    ]


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with started(Path(folder)) as (platform, api):
            rows = await soak(api, platform)
    report("soak", rows)


if __name__ == "__main__":
    asyncio.run(main())
