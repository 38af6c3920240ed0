"""The whole platform, started as a person starts it, in a home and on ports of its own."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from onebox import ports
from onebox.processes import PORT_COUNT
from tests.e2e.running import READY, Client, RunningPlatform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """It ends with its tests: nine processes that only wait would take time from all the others."""
    home = tmp_path_factory.mktemp("platform") / "home"
    port = ports.free_ports(PORT_COUNT)[0]
    own = {"PORT": str(port), "JIUYE_HOME": str(home), "PYTHONPATH": "services", "TEST_MARK": str(home)}
    running = RunningPlatform.started(home, port, os.environ | own)
    try:
        running.until(lambda: running.said(READY) == 1)
        yield running
    finally:
        running.stop()
        shutil.rmtree(home)


@pytest.fixture(scope="module")
async def api(platform: RunningPlatform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.base_url, trust_env=False, timeout=30) as http:
        yield Client(http, platform)
