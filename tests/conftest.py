"""A throw-away PostgreSQL and Valkey for the whole run; a database of its own for who asks for one."""

import asyncio
import gc
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest

from onebox import ports
from onebox.bootstrap import DATABASE, ROLES, SCHEMAS, bootstrap
from onebox.keys import Keys
from onebox.postgres import TEST, Postgres
from onebox.servers import running
from onebox.valkey import Valkey

REPOSITORY = Path(__file__).parents[1]
TEMPLATE = "jiuye_template"


TESTS = Path(__file__).parent
# What takes longest begins first, so that no process works alone at the end.
LONGEST = ("e2e", "onebox", "deploy", "kit")


# An example may take as long as the machine does.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

# What collecting makes stays until the end: to look through it again and again would take a fifth of the time.
gc.disable()


def pytest_configure() -> None:
    """Clients, gateways and services of the tests share a process, and ordinary users get 1024 open files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = {folder: number for number, folder in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path.relative_to(TESTS).parts[0], len(first)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
    gc.enable()


@dataclass(frozen=True)
class Infrastructure:
    """Running servers, and secrets as every process gets them.

    Attributes:
        keys: role passwords, Ed25519 JWKs, field keys, cursor key.
        folder: a temporary folder outside the repository.
    """

    postgres: Postgres
    valkey: Valkey
    keys: Keys
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def redis_url(self) -> str:
        return self.valkey.url

    def url(self, role: str, database: str) -> str:
        """For SQLAlchemy, e.g. of `targets_app`."""
        return self.plain_url(role, database).replace("postgresql:", "postgresql+asyncpg:", 1)

    def plain_url(self, role: str, database: str) -> str:
        """For asyncpg and libpq."""
        return self.postgres.url(role, self.keys.role_passwords[role], database)

    def admin_url(self, database: str = "postgres") -> str:
        """Of the superuser, for asyncpg and libpq."""
        return self.postgres.admin_url(database)

    def new_database(self) -> str:
        """A migrated, empty database; the answer is its name. Works inside and outside of an event loop."""
        name = f"{DATABASE}_{next(self._numbers)}"
        _wait_for(_copy_database(self.admin_url(), name))
        return name

    def service_environment(self, service: str, database: str, *, duty: str = "app") -> dict[str, str]:
        """What a process of a service is told, as environment variables.

        Args:
            service: `targets`, `eligibility` or `loans`.
            database: its name.
            duty: `app` or `worker`.
        """
        return {
            "JIUYE_ENVIRONMENT": "development",
            "JIUYE_DATABASE_URL": self.url(f"{service}_{duty}", database),
            "JIUYE_REDIS_URL": self.redis_url,
            "JIUYE_SERVICE_SIGNING_KEY": json.dumps(self.keys.service_signing_keys[service]),
        } | self.keys.shared_environment()


@pytest.fixture(scope="session")
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Infrastructure]:
    folder = tmp_path_factory.mktemp("infrastructure")
    keys = Keys.generate()
    postgres_port, valkey_port = ports.free_ports(2)
    postgres = Postgres(folder / "postgres", postgres_port, keys.postgres_password, TEST)
    valkey = Valkey(folder / "valkey", valkey_port, keys.valkey_password, durable=False)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(running(postgres, folder / "postgres.log"))
        stack.enter_context(running(valkey, folder / "valkey.log"))
        infrastructure = Infrastructure(postgres, valkey, keys, folder)
        _wait_for(bootstrap(postgres.admin_url(), keys.role_passwords, TEMPLATE))
        _migrate(infrastructure)
        yield infrastructure


def _migrate(infrastructure: Infrastructure) -> None:
    if not (REPOSITORY / "migrations" / "__main__.py").exists():
        return
    owners = {
        f"JIUYE_{schema.upper()}_OWNER_URL": infrastructure.url(f"{schema}_owner", TEMPLATE) for schema in SCHEMAS
    }
    done = subprocess.run(
        [sys.executable, "-m", "migrations", "upgrade"],
        cwd=REPOSITORY,
        env=os.environ | owners | {"PYTHONPATH": "services"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.exit(f"migrations failed:\n{done.stdout}{done.stderr}", returncode=1)


async def _copy_database(admin_url: str, name: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" STRATEGY file_copy')
        # The rights on the database itself are not copied with it.
        await connection.execute(
            f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC; GRANT CONNECT ON DATABASE "{name}" TO {", ".join(ROLES)}'
        )
    finally:
        await connection.close()


def _wait_for(work: Coroutine[Any, Any, None]) -> None:
    """In a thread, because the caller may already stand in an event loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
