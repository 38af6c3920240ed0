from collections.abc import AsyncIterator
from typing import Any

import pytest

from kit.db.engine import Database
from kit.settings import ServiceSettings
from kit.testing import settings_of


@pytest.fixture(scope="module")
def settings(infrastructure: Any) -> ServiceSettings:
    environment = infrastructure.service_environment("targets", infrastructure.new_database(), duty="worker")
    return settings_of(environment)


@pytest.fixture(scope="module")
async def database(settings: ServiceSettings) -> AsyncIterator[Database]:
    made = Database(settings.database_url.get_secret_value(), schema="targets")
    yield made
    await made.close()
