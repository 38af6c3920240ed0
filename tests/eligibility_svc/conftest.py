"""The eligibility service on a real socket."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from eligibility_svc.main import create_app
from kit.testing import Caller, client, serving, settings_of

CATALOGUE_SCOPE, CHECK_SCOPE = "eligibility.catalogue.read", "eligibility.check.run"


@pytest.fixture(scope="session")
def eligibility_database(infrastructure: Any) -> str:
    """The database behind `eligibility_url`."""
    return str(infrastructure.new_database())


@pytest.fixture(scope="session")
def eligibility_url(infrastructure: Any, eligibility_database: str) -> Iterator[str]:
    environment = infrastructure.service_environment("eligibility", eligibility_database)
    with serving(create_app(settings_of(environment))) as url:
        yield url


@pytest.fixture(scope="session")
def caller(infrastructure: Any) -> Caller:
    return Caller(infrastructure.keys.internal_signing_key, "eligibility")


@pytest.fixture
async def api(eligibility_url: str, caller: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """A client with both scopes of the service."""
    headers = caller.headers(CATALOGUE_SCOPE, CHECK_SCOPE, kind="INTEGRATOR")
    async with client(f"{eligibility_url}/api/v1/eligibility", headers=headers) as made:
        yield made
