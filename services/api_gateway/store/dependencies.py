"""Transactions of the gateway's own calls."""

from collections.abc import AsyncIterator
from typing import Annotated

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import structlog
from fastapi import Depends, FastAPI, Request
from starlette.responses import Response

from api_gateway.identity.directory import Follower
from kit.audit.service import Statements
from kit.db.statements import StatementPool
from kit.http.errors import BusyError, ConstraintError, DatabaseUnavailableError
from kit.http.problems import problem_response

_RETRYABLE = ("40001", "40P01", "55P03", "57014")
_log = structlog.get_logger("gateway")


def _database(request: Request) -> StatementPool:
    database: StatementPool | None = request.app.state.database
    if database is None:
        raise DatabaseUnavailableError
    return database


async def _reading(request: Request) -> AsyncIterator[Statements]:
    async with _database(request).transaction(isolation="repeatable_read") as tx:
        yield tx


async def _changing(request: Request) -> AsyncIterator[Statements]:
    async with _database(request).transaction() as tx:
        yield tx
    follower: Follower = request.app.state.follower
    await follower.refresh()  # whoever gets the answer finds it true in this process


# Function scope: committed, and seen by this process, before the answer leaves.
Reading = Annotated[Statements, Depends(_reading, scope="function")]
Changing = Annotated[Statements, Depends(_changing, scope="function")]


def install_store_problems(app: FastAPI) -> None:
    """What a client is told when the database refuses or is away."""
    app.add_exception_handler(asyncpg.PostgresError, _refused)
    for away in (asyncpg.InterfaceError, OSError, TimeoutError):
        app.add_exception_handler(away, _away)


async def _refused(request: Request, exc: Exception) -> Response:
    sqlstate = getattr(exc, "sqlstate", None) or ""
    if isinstance(exc, asyncpg.IntegrityConstraintViolationError):
        _log.warning("database.constraint", sqlstate=sqlstate, exc_info=exc)
        return problem_response(ConstraintError())
    if sqlstate in _RETRYABLE:
        return problem_response(BusyError())
    return await _away(request, exc)


async def _away(_: Request, exc: Exception) -> Response:
    _log.warning("database.unavailable", exc_info=exc)
    return problem_response(DatabaseUnavailableError())
