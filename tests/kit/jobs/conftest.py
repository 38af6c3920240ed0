from collections.abc import AsyncIterator
from typing import Any

import pytest

from kit.db.engine import Database
from kit.settings import ServiceSettings


@pytest.fixture(scope="module")
def settings(infrastructure: Any) -> ServiceSettings:
    environment = infrastructure.service_environment("targets", infrastructure.new_database(), duty="worker")
    return ServiceSettings(**{k.removeprefix("JIUYE_").lower(): v for k, v in environment.items()})


@pytest.fixture(scope="module")
async def database(settings: ServiceSettings) -> AsyncIterator[Database]:
    made = Database(settings.database_url.get_secret_value(), schema="targets")
    yield made
    await made.close()
