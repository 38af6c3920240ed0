from typing import Any

from kit.settings import ServiceSettings
from kit.testing import settings_of


def settings(infrastructure: Any, service: str, database: str) -> ServiceSettings:
    """What a service is told that works on a database."""
    environment = infrastructure.service_environment(service, database)
    return settings_of(environment)
