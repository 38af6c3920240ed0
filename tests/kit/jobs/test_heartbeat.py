"""A worker has no port: a file that it keeps touching tells a probe that it still does something."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from kit.jobs.worker import JobWorker
from kit.settings import ServiceSettings


async def test_a_worker_touches_its_heartbeat_file_even_without_redis(
    settings: ServiceSettings, tmp_path: Path
) -> None:
    file = tmp_path / "heartbeat"
    nowhere = settings.model_copy(update={"heartbeat_file": file, "redis_url": SecretStr("redis://127.0.0.1:1/0")})
    worker = JobWorker("targets", nowhere, handlers={})
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(10):
            while not file.exists():
                await asyncio.sleep(0.01)
    finally:
        worker.stop()
        await running


async def test_a_worker_that_cannot_touch_its_file_ends_instead_of_being_killed_for_silence(
    settings: ServiceSettings, tmp_path: Path
) -> None:
    unreachable = settings.model_copy(update={"heartbeat_file": tmp_path / "missing" / "heartbeat"})
    worker = JobWorker("targets", unreachable, handlers={})
    with pytest.raises(BaseExceptionGroup) as failure:
        async with asyncio.timeout(10):
            await worker.run()
    assert failure.group_contains(FileNotFoundError)
