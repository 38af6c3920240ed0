from typing import Any

from pydantic import SecretStr

from kit.settings import ServiceSettings


def settings(infrastructure: Any, service: str, database: str) -> ServiceSettings:
    """What a service is told that works on a database."""
    environment = infrastructure.service_environment(service, database)
    values: dict[str, Any] = {k.removeprefix("JIUYE_").lower(): v for k, v in environment.items()}
    for secret in ("database_url", "redis_url", "field_keys", "cursor_key"):
        values[secret] = SecretStr(values[secret])
    return ServiceSettings(**values)
