"""Giving a month's vouchers their numbers, once, and showing them the same ever after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.dates import Month
from kit.ids import new_id
from loans_svc.funds.repository import find_fund, list_funds
from loans_svc.vouchers import repository
from loans_svc.vouchers.domain import SUBSIDY_BOOK, VoucherLine, lines_of, next_month
from loans_svc.vouchers.errors import (
    BookNotFoundError,
    VoucherMonthNotFoundError,
    VoucherMonthNotOverError,
    VoucherMonthOutOfOrderError,
)
from loans_svc.vouchers.models import VoucherMonthRow

_SUBSIDY_TITLE = "创业担保贷款贴息资金"


@dataclass(frozen=True, slots=True)
class BookView:
    """A book, and which month is next; None where nothing was ever booked."""

    book: str
    title: str
    last: Month | None
    next: Month | None
    waiting: int


@dataclass(frozen=True, slots=True)
class VouchersView:
    """A month and all lines of its vouchers."""

    month: VoucherMonthRow
    lines: Sequence[VoucherLine]


async def list_books(tx: AsyncSession) -> list[BookView]:
    """The subsidy's, and one for each fund."""
    titles = {SUBSIDY_BOOK: _SUBSIDY_TITLE} | {fund.id: fund.name for fund in await list_funds(tx)}
    found = []
    for book, title in titles.items():
        last = await repository.find_last(tx, book)
        first_on, waiting = await repository.read_standing(tx, book)
        first = Month.of(first_on) if first_on else None
        found.append(BookView(book, title, last, next_month(last) if last else first, waiting))
    return found


async def close_month(tx: AsyncSession, book: str, month: Month, by: str, now: datetime) -> VoucherMonthRow:
    """Numbers all that was booked before the month's end and has no number; a month that has them stays as it is.

    Raises:
        BookNotFoundError, VoucherMonthNotOverError, VoucherMonthOutOfOrderError.
    """
    if book != SUBSIDY_BOOK and await find_fund(tx, book) is None:
        raise BookNotFoundError
    if month.after > legal_day(now):
        raise VoucherMonthNotOverError
    await repository.lock_book(tx, book)
    known = await repository.find_month(tx, book, month)
    if known is not None:
        return known
    await _check_order(tx, book, month)
    values = {"id": new_id(), "book": book, "month": str(month), "closed_by": by, "closed_at": now}
    await repository.add_month(tx, values, month)
    return await read_month(tx, UUID(str(values["id"])))


async def _check_order(tx: AsyncSession, book: str, month: Month) -> None:
    last = await repository.find_last(tx, book)
    first_on, _ = await repository.read_standing(tx, book)
    if last is not None and month != next_month(last):
        raise VoucherMonthOutOfOrderError(f"这个账套下一个应结的月份是{next_month(last)}，请先结出它的凭证。")
    if last is None and first_on is not None and month > Month.of(first_on):
        raise VoucherMonthOutOfOrderError(f"这个账套最早的账务在{Month.of(first_on)}，请从该月开始逐月结出。")


async def read_month(tx: AsyncSession, month_id: UUID) -> VoucherMonthRow:
    """Raises: VoucherMonthNotFoundError."""
    found = await repository.find_month_by_id(tx, month_id)
    if found is None:
        raise VoucherMonthNotFoundError
    return found


async def read_vouchers(tx: AsyncSession, month_id: UUID) -> VouchersView:
    """A month with its lines, the same at each call.

    Raises:
        VoucherMonthNotFoundError.
    """
    month = await read_month(tx, month_id)
    chart = repository.read_chart()["SUBSIDY" if month.book == SUBSIDY_BOOK else "FUND"]
    return VouchersView(month, lines_of(await repository.list_postings(tx, month), chart))
