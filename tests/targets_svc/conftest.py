"""The targets service on a real socket and a real database, with the 2017 plan loaded."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from kit.db.engine import Database
from kit.settings import ServiceSettings
from kit.testing import Caller, serving, settings_of
from targets_svc.main import create_app
from targets_svc.seed import seed

SCOPES = {
    "STAFF": ("unit.read", "plan.read", "report.read", "report.write", "report.submit", "event.read", "event.write",
              "progress.read", "job.read", "job.cancel"),
    "REVIEWER": ("unit.read", "plan.read", "report.read", "report.review", "event.read", "progress.read", "job.read"),
    "CITY": ("unit.read", "plan.read", "report.read", "report.approve", "event.read", "progress.read", "job.read"),
    "CITY_REVIEWER": ("unit.read", "plan.read", "report.read", "report.review", "event.read", "progress.read"),
    "ADMIN": ("unit.read", "plan.read", "progress.read", "job.read", "job.write"),
}  # fmt: skip


class Client(httpx.AsyncClient):
    """One account's client; `key()` makes an Idempotency-Key header."""

    @staticmethod
    def key() -> dict[str, str]:
        return {"Idempotency-Key": secrets.token_hex(8)}


@dataclass(frozen=True)
class Targets:
    """A running service with a database of its own."""

    url: str
    database: str
    settings: ServiceSettings
    infrastructure: Any
    caller: Caller

    def account(self, subject: str, kind: str, unit: str | None = None, *extra: str) -> Client:
        """A client of an account with the scopes of its kind."""
        scopes = [f"targets.{scope}" for scope in (*SCOPES[kind], *extra)]
        return Client(
            base_url=f"{self.url}/api/v1/targets",
            headers=self.caller.headers(*scopes, subject=subject, kind=kind, unit=unit),
            trust_env=False,
            timeout=30,
            verify=False,  # plain HTTP: loading certificates for each client takes longer than the calls
        )

    def staff(self, unit: str) -> Client:
        """The unit's reporter; for the city's own reports an account of the city with the same rights."""
        return self.account(f"staff-{unit}", "STAFF", unit)

    def reviewer(self, unit: str) -> Client:
        return self.account(f"reviewer-{unit}", "REVIEWER", unit)

    def city(self) -> Client:
        return self.account("city", "CITY")

    async def connect(self, role: str = "targets_app") -> asyncpg.Connection:
        """Raw SQL as a role."""
        return await asyncpg.connect(
            self.infrastructure.plain_url(role, self.database), server_settings={"search_path": "targets"}
        )


async def start(infrastructure: Any) -> tuple[ServiceSettings, str]:
    """A new database with the plans in it."""
    name = infrastructure.new_database()
    settings = settings_of(infrastructure.service_environment("targets", name))
    database = Database(settings.database_url.get_secret_value(), schema="targets", pool_size=1)
    try:
        await seed(database)
    finally:
        await database.close()
    return settings, name


@pytest.fixture(scope="module")
async def targets(infrastructure: Any) -> AsyncIterator[Targets]:
    """One service for a module of tests; each module starts with an empty register and no reports."""
    settings, name = await start(infrastructure)
    with serving(create_app(settings)) as url:
        yield Targets(url, name, settings, infrastructure, Caller(infrastructure.keys.internal_signing_key, "targets"))
