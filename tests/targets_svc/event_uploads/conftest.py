"""One worker for all files of a module."""

from collections.abc import AsyncIterator

import pytest

from tests.targets_svc.conftest import Targets
from tests.targets_svc.event_uploads.files import WorkerProcess, working


@pytest.fixture(scope="module")
async def worker(targets: Targets) -> AsyncIterator[WorkerProcess]:
    async with working(targets) as process:
        yield process
