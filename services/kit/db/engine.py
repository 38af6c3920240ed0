"""Engine and transactions. `commit()` stands here and nowhere else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from kit.db.rows import Narrow, Narrowing, is_limited, limit

_QUIET_SECONDS = 30.0


class Database:
    """A pool of connections of one role.

    Args:
        url: `postgresql+asyncpg://…`.
        schema: becomes the search_path, so that the kit's unqualified statements meet this service's tables.
        pool_size: at most so many connections; a caller waits 2 s for one, then `sqlalchemy.exc.TimeoutError`.
    """

    def __init__(self, url: str, *, schema: str, pool_size: int = 10, name: str = "jiuye") -> None:
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=2,
            hide_parameters=True,  # parameters are personal data; an exception must not carry them
            connect_args={"timeout": 5, "server_settings": {"application_name": name, "search_path": schema}},
        )
        event.listen(self.engine.sync_engine, "checkout", _require_open)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # What is read in several statements is of one moment: a job that ends in between has not half ended.
        reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._reading_sessions = async_sessionmaker(reading, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(
        self, to: Narrowing | None = None, *, is_reading: bool = False
    ) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Args:
            to: the rows that it is limited to; None for all.
            is_reading: its statements see one moment and write nothing.
        """
        async with (self._reading_sessions if is_reading else self._sessions)() as session, session.begin():
            if to is not None:
                await limit(session, to)
            yield session

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    @asynccontextmanager
    async def listening(self, channel: str, tell: Callable[[], None]) -> AsyncIterator[Callable[[], bool]]:
        """Holds a connection that calls `tell` for each NOTIFY on the channel, and when it has ended.

        Yields:
            Tells whether the connection still stands.
        """

        def hear(*_: object) -> None:
            tell()

        async with self.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            driver.add_termination_listener(hear)
            await driver.add_listener(channel, hear)
            try:
                yield lambda: not driver.is_closed()
            finally:
                driver.remove_termination_listener(hear)
                await driver.remove_listener(channel, hear)

    async def close(self) -> None:
        await self.engine.dispose()


def _require_open(connection: Any, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
    """A restarted Postgres is noticed before a statement fails on a dead connection: the driver has seen the end of
    the stream, which costs no trip to the server. Only where nobody has listened for long is it asked.
    """
    last, record.info["used"] = record.info.get("used"), monotonic()
    if connection.driver_connection.is_closed():
        raise DisconnectionError
    if last is not None and record.info["used"] - last > _QUIET_SECONDS:
        try:
            connection.ping()
        except connection.dbapi.Error as error:
            raise DisconnectionError from error


async def _transaction(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.database
    narrow: Narrow = request.app.state.narrow
    # Without a principal this fails: a transaction is never opened for somebody unknown.
    to = narrow(request.state.principal) if is_limited(request.scope["endpoint"]) else None
    async with database.transaction(to, is_reading=request.method == "GET") as session:
        request.state.session = session
        yield session


# Function scope: the commit happens before the answer leaves, so an answer is never a promise that a failed
# commit breaks.
Tx = Annotated[AsyncSession, Depends(_transaction, scope="function")]
