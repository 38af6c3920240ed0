"""Row-level security: the second guard behind the filter of every query (decision 44).

A transaction of a caller who may see one district's or bank's rows runs as a narrower role than its login, and the
policies of that role let it touch no other rows, whatever a query forgot. For everybody else nothing is set and
nothing is paid.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.auth.principal import Principal

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
_KEPT = "narrowing"
# One statement, so that it costs one round trip; both settings end with the transaction.
_NARROW = text("SELECT set_config(:setting, :value, true), set_config('role', :role, true)")
_WIDEN = text("SELECT set_config('role', 'none', true)")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a transaction is limited to.

    Attributes:
        role: whose policies hold.
        setting: what these policies compare their column with.
        value: the district or bank; an empty one meets no row.
    """

    role: str
    setting: str
    value: str


Narrow = Callable[[Principal], Narrowing | None]


def nobody(_: Principal) -> None:
    """A service without rows of districts and banks."""


def narrowing(schema: str, city: str, *, has_banks: bool = False) -> Narrow:
    """How the callers of a service are limited.

    Args:
        schema: whose roles `<schema>_district` and `<schema>_bank` are meant.
        city: the unit of those who see every district's rows, like those without a unit.
        has_banks: whether there are rows of banks. A caller with a bank and a unit is limited to the bank's rows
            here; the unit is left to the query.
    """

    def narrow(principal: Principal) -> Narrowing | None:
        if has_banks and principal.bank is not None:
            return Narrowing(f"{schema}_bank", "app.bank", principal.bank)
        if principal.unit is not None and principal.unit != city:
            return Narrowing(f"{schema}_district", "app.unit", principal.unit)
        return None

    return narrow


async def limit(session: AsyncSession, to: Narrowing) -> None:
    """From here on to its end the transaction touches these rows alone."""
    await session.execute(_NARROW, {"role": to.role, "setting": to.setting, "value": to.value})
    session.info[_KEPT] = to


def sees_all_rows(endpoint: _Endpoint) -> _Endpoint:
    """An endpoint whose answer is made of every district's rows, or whose rules hold for the whole city.

    Its queries alone limit what a caller gets; the tests list each such endpoint with its reason.
    """
    endpoint.sees_all_rows = True  # type: ignore[attr-defined]  # read again by `is_limited`
    return endpoint


def is_limited(endpoint: Any) -> bool:
    """Whether the transaction of an endpoint is limited to its caller's rows."""
    return not getattr(endpoint, "sees_all_rows", False)


@asynccontextmanager
async def all_rows(session: AsyncSession) -> AsyncIterator[None]:
    """Around a query that must see the whole city's rows, such as what a borrower has borrowed elsewhere."""
    to: Narrowing | None = session.info.get(_KEPT)
    if to is None:
        yield
        return
    await session.flush()  # what was changed before is still written as the narrow role
    await session.execute(_WIDEN)
    try:
        yield
    finally:
        with contextlib.suppress(DBAPIError):  # then the transaction has failed and reads nothing more
            await limit(session, to)
