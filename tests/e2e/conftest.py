"""The whole platform, started as a person starts it, in a home and on ports of its own."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from onebox import ports
from onebox.processes import PORT_COUNT
from tests.e2e.running import ROOT, Client, RunningPlatform

START_SECONDS = 90


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    home = tmp_path_factory.mktemp("platform") / "home"
    port = ports.free_ports(PORT_COUNT)[0]
    environment = os.environ | {"PORT": str(port), "JIUYE_HOME": str(home), "PYTHONPATH": "services"}
    output = home.parent / "output.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "onebox"], cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT
        )
    running = RunningPlatform(home, f"http://127.0.0.1:{port}", environment, process)
    try:
        until = time.monotonic() + START_SECONDS
        while "已就绪" not in output.read_text():
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the platform did not start:\n{output.read_text()}")
            time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
async def api(platform: RunningPlatform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.base_url, trust_env=False, timeout=30) as http:
        yield Client(http, platform)
