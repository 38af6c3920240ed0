"""Everybody whom the gateway knows, in memory: requests are decided on it and never wait for the database.

Each change counts the registry's version up. Every process asks for that number once a second, and reads everything
again when it has moved: what an admin takes away is gone everywhere within about a second, and at once where the call
was answered. While the database is away the last picture stands.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from api_gateway.identity.domain import Client
from kit.http.errors import DatabaseUnavailableError

_log = structlog.get_logger("gateway")
_NOTED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Device:
    """A kiosk.

    Attributes:
        state: NEW, ENROLLED, ACTIVE or DISABLED.
        public_key: `x` of its Ed25519 JWK, once it has enrolled.
    """

    id: str
    name: str
    place: str
    unit: str | None
    state: str
    public_key: str | None


@dataclass(frozen=True, slots=True)
class Picture:
    """Everybody at one version of the registry.

    Attributes:
        revoked_until: by subject; tokens issued in this second (since 1970) or before count no more.
        revoked_tokens: their `jti`.
    """

    version: int
    clients: Mapping[str, Client]
    devices: Mapping[str, Device] = field(default_factory=dict)
    revoked_until: Mapping[str, int] = field(default_factory=dict)
    revoked_tokens: frozenset[str] = frozenset()


class Directory:
    """The last picture.

    Args:
        picture: to begin with; None until the database was read.
    """

    def __init__(self, picture: Picture | None = None) -> None:
        self.picture = picture

    @property
    def now(self) -> Picture:
        """Raises:
        DatabaseUnavailableError: nobody is known yet.
        """
        if self.picture is None:
            raise DatabaseUnavailableError
        return self.picture


class Reader:
    """Reads pictures out of the database. Implemented by `api_gateway.store.registry`."""

    async def version(self) -> int:
        raise NotImplementedError

    async def picture(self) -> Picture:
        raise NotImplementedError

    async def note_trail(self) -> None:
        """Writes the head of the audit trail into the log."""
        raise NotImplementedError


class Follower:
    """Keeps a directory as the database has it.

    Args:
        reader: of pictures.
        every_seconds: how often it asks whether anything has changed.
    """

    def __init__(self, directory: Directory, reader: Reader, every_seconds: float = 1.0) -> None:
        self._directory = directory
        self._reader = reader
        self._every = every_seconds
        self._reading = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._is_away = False

    async def refresh(self) -> None:
        """Reads again if anything has changed.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: the database is away.
        """
        async with self._reading:
            known = self._directory.picture
            if known is None or known.version != await self._reader.version():
                self._directory.picture = await self._reader.picture()

    async def start(self) -> None:
        """Reads once, and goes on by itself; a database that is away now is found later."""
        await self._attempt()
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        noted = -_NOTED_SECONDS
        while True:
            await asyncio.sleep(self._every)
            await self._attempt()
            if not self._is_away and time.monotonic() - noted >= _NOTED_SECONDS:
                noted = time.monotonic()
                with suppress(Exception):  # an hour later it is tried again
                    await self._reader.note_trail()

    async def _attempt(self) -> None:
        try:
            async with asyncio.timeout(10):
                await self.refresh()
        except Exception as exc:  # noqa: BLE001  whatever is wrong, the last picture stands and it is tried again
            if not self._is_away:
                _log.warning("directory.database_away", exc_info=exc)
            self._is_away = True
        else:
            if self._is_away:
                _log.info("directory.database_back")
            self._is_away = False
