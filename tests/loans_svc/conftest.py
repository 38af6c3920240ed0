"""The loan service on a real socket, and clients with the scopes of its callers."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

import eligibility_svc.main
from kit.settings import ServiceSettings
from kit.testing import Caller, client, serving, settings_of
from loans_svc.main import create_app
from tests.loans_svc.lending import Office

SCOPES = ("loans.rule.read", "loans.quote.run", "loans.pool.run")


@pytest.fixture(scope="session")
def eligibility_url(infrastructure: Any) -> Iterator[str]:
    """The real eligibility service: applications for loans ask it."""
    environment = infrastructure.service_environment("eligibility", infrastructure.new_database())
    with serving(eligibility_svc.main.create_app(settings_of(environment))) as url:
        yield url


@pytest.fixture(scope="session")
def loans_settings(infrastructure: Any, eligibility_url: str) -> ServiceSettings:
    environment = infrastructure.service_environment("loans", infrastructure.new_database())
    return settings_of(environment, eligibility_url=eligibility_url)


@pytest.fixture(scope="session")
def loans_url(loans_settings: ServiceSettings) -> Iterator[str]:
    with serving(create_app(loans_settings)) as url:
        yield url


@pytest.fixture(scope="session")
def loans_caller(infrastructure: Any) -> Caller:
    return Caller(infrastructure.keys.internal_signing_key, "loans")


@pytest.fixture
async def loans(loans_url: str, loans_caller: Caller) -> AsyncIterator[httpx.AsyncClient]:
    async with client(f"{loans_url}/api/v1/loans", headers=loans_caller.headers(*SCOPES)) as made:
        yield made


@pytest.fixture(scope="session")
async def office(infrastructure: Any, loans_settings: ServiceSettings, loans_url: str, loans_caller: Caller) -> Office:
    database = loans_settings.database_url.get_secret_value().rsplit("/", 1)[1]
    made = Office(loans_url, database, infrastructure, loans_caller)
    await made.deposit("CITY", "100000000.00")
    return made
