"""Alembic environment of one schema; `migrations.__main__` puts schema and URL into the configuration."""

import asyncio
import importlib
import pkgutil
import sys
from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

schema: str = context.config.attributes["schema"]
url: str = context.config.attributes["url"]


def _metadata() -> MetaData:
    """The service's tables: its `models` modules register with its base's metadata."""
    name = "api_gateway" if schema == "gateway" else f"{schema}_svc"
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
    base: MetaData = importlib.import_module(f"{name}.base").metadata
    return base


def _tell(ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]) -> None:
    before, after = ("".join(ids) or "-" for ids in (step.source_revision_ids, step.destination_revision_ids))
    sys.stdout.write(f"{before} -> {after}\n")


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=_metadata(),
        version_table_schema=schema,
        include_schemas=True,
        include_name=lambda name, kind, _: name == schema if kind == "schema" else True,
        compare_type=True,
        transaction_per_migration=True,
        on_version_apply=_tell,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    # Migrations run while the service answers: waiting long for a lock would make everybody wait behind it.
    timeouts = {"lock_timeout": "2s", "statement_timeout": "30s", "application_name": f"{schema}-migrations"}
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": timeouts})
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(_run())
