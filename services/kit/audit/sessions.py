"""The trail in a SQLAlchemy transaction: `await audit(SessionStatements(tx), principal, …)`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession


class SessionStatements:
    """Implements `kit.audit.service.Statements`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def run(self, sql: str, /, **values: Any) -> Sequence[Mapping[str, Any]]:
        result = await self._session.execute(text(sql), values)
        rows = isinstance(result, CursorResult) and result.returns_rows
        return [dict(row) for row in result.mappings()] if rows else []
