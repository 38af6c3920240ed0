"""What a client is told when the database refuses or is away."""

import structlog
from fastapi import FastAPI, Request
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.responses import Response

from kit.errors import DomainError
from kit.http import errors
from kit.http.problems import problem_response

_RETRYABLE_SQLSTATES = {"40001", "40P01", "55P03", "57014"}  # serialization, deadlock, lock and statement time-outs
# Connections lost or refused: class 08, all of 53 (too many connections, no memory, no room), shut down, idle too long,
# read-only (a standby, or a provider's disk that is full), input and output errors.
_LOST_SQLSTATES = ("08", "53", "57P", "25P03", "25006", "58")
_NUL = "22021"  # a text with a NUL, which Postgres does not store
_log = structlog.get_logger("kit.db")


def install_database_problems(app: FastAPI) -> None:
    """Constraint violations are conflicts, everything that passes is 503 with Retry-After."""
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeoutError, _pool)
    app.add_exception_handler(OSError, _connection)


async def _database(request: Request, exc: Exception) -> Response:
    sqlstate = getattr(getattr(exc, "orig", None), "sqlstate", None)
    if isinstance(exc, IntegrityError):
        _log.warning("database.constraint", sqlstate=sqlstate, exc_info=exc)
        return problem_response(errors.ConstraintError())
    if sqlstate in _RETRYABLE_SQLSTATES:
        return problem_response(errors.BusyError())
    if sqlstate == _NUL:
        return problem_response(errors.ParameterInvalidError("文字中不能含有空字符（NUL），请删除后重试。"))
    lost = isinstance(exc, OperationalError | InterfaceError) or getattr(exc, "connection_invalidated", False)
    if lost or (sqlstate or "").startswith(_LOST_SQLSTATES):
        return await _connection(request, exc)
    _log.error("database.failed", sqlstate=sqlstate, exc_info=exc)
    return problem_response(DomainError())


async def _pool(_: Request, __: Exception) -> Response:
    return problem_response(errors.PoolExhaustedError())


async def _connection(_: Request, exc: Exception) -> Response:
    _log.warning("database.unavailable", exc_info=exc)
    return problem_response(errors.DatabaseUnavailableError())
