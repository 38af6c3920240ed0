"""The service and a worker of it on one database."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from kit.settings import ServiceSettings
from kit.testing import Caller, client, settings_of

SCOPES = ("eligibility.screening.run", "eligibility.screening.read", "eligibility.check.run")


@pytest.fixture(scope="session")
def worker_settings(infrastructure: Any, eligibility_database: str) -> ServiceSettings:
    environment = infrastructure.service_environment("eligibility", eligibility_database, duty="worker")
    return settings_of(environment)


@pytest.fixture(scope="module")
async def working(infrastructure: Any, eligibility_database: str, eligibility_url: str) -> AsyncIterator[None]:
    """The worker as the process that it is."""
    environment = infrastructure.service_environment("eligibility", eligibility_database, duty="worker")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "eligibility_svc.worker"),
        env=os.environ | environment | {"PYTHONPATH": "services"},
        stdout=asyncio.subprocess.DEVNULL,
    )
    yield
    process.terminate()
    await process.wait()


@pytest.fixture
async def office(eligibility_url: str, caller: Caller) -> AsyncIterator[httpx.AsyncClient]:
    headers = caller.headers(*SCOPES, kind="CITY", subject="city")
    async with client(f"{eligibility_url}/api/v1/eligibility", headers=headers) as made:
        yield made


Screen = Callable[..., Any]


@pytest.fixture
def screen(office: httpx.AsyncClient, working: None) -> Screen:
    """`await screen(content, {...})` uploads a register, waits for its job and answers the screening."""

    async def run(content: bytes, request: dict[str, Any]) -> dict[str, Any]:
        answer = await submit(office, content, request)
        assert answer.status_code == 202, answer.text
        return await finished(office, answer.json()["id"])

    return run


async def submit(office: httpx.AsyncClient, content: bytes, request: dict[str, Any]) -> httpx.Response:
    form = {"request": json.dumps(request, ensure_ascii=False)}
    return await office.post("/screenings", data=form, files={"file": ("register", content)})


async def finished(office: httpx.AsyncClient, screening_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            found: dict[str, Any] = (await office.get(f"/screenings/{screening_id}")).json()
            if found["job"]["state"] not in ("PENDING", "RUNNING"):
                return found
            await asyncio.sleep(0.05)
