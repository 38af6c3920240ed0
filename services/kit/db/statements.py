"""A small pool on asyncpg alone, for a process whose memory is counted (the gateway): no SQLAlchemy."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")
_CONNECT_SECONDS, _STATEMENT_SECONDS = 5, 15


class Transaction:
    """Runs SQL with `:name` parameters; see `kit.audit.service.Statements`."""

    def __init__(self, connection: "asyncpg.Connection") -> None:
        self._connection = connection

    async def run(self, sql: str, /, **values: Any) -> Sequence[Mapping[str, Any]]:
        """The rows; empty when there are none."""
        numbered, names = _numbered(sql)
        return [dict(row) for row in await self._connection.fetch(numbered, *(values[name] for name in names))]


class StatementPool:
    """Connections of one role, made when they are needed.

    Args:
        url: `postgresql+asyncpg://…`, as services get it.
        schema: becomes the search_path.
        size: at most so many connections.
    """

    def __init__(self, url: str, *, schema: str, size: int = 4, name: str = "jiuye") -> None:
        self._options: dict[str, Any] = {
            # asyncpg itself calls sslmode what SQLAlchemy calls ssl.
            "dsn": re.sub(r"([?&])ssl=", r"\1sslmode=", url.replace("postgresql+asyncpg:", "postgresql:", 1)),
            "min_size": 0,
            "max_size": size,
            "timeout": _CONNECT_SECONDS,
            "command_timeout": _STATEMENT_SECONDS,
            "server_settings": {"application_name": name, "search_path": schema},
        }
        self._opening = asyncio.Lock()
        self._pool: asyncpg.Pool | None = None

    @asynccontextmanager
    async def transaction(self, *, isolation: str | None = None) -> AsyncIterator[Transaction]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Args:
            isolation: `repeatable_read` for several statements that must see one moment.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: the database is away or refuses.
        """
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(**self._options)
        acquired = self._pool.acquire(timeout=_CONNECT_SECONDS)
        async with acquired as connection, connection.transaction(isolation=isolation):
            yield Transaction(connection)

    async def close(self) -> None:
        """Closes every connection, without waiting for what runs."""
        if self._pool is not None:
            self._pool.terminate()


@lru_cache(maxsize=200)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """`:name` as `$1`, and the names in that order."""
    names: list[str] = []

    def number(found: "re.Match[str]") -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _PARAMETER.sub(number, sql), tuple(names)
