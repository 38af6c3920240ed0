"""Two people enter a benchmark rate; a loan is signed at the one published last (loans design §3.2)."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.errors import FieldError, ValidationFailedError
from kit.ids import new_id
from loans_svc.benchmarks import repository
from loans_svc.benchmarks.errors import (
    BenchmarkConfirmedError,
    BenchmarkFourEyesError,
    BenchmarkNotFoundError,
    BenchmarkTakenError,
)
from loans_svc.benchmarks.models import BenchmarkRow
from loans_svc.benchmarks.published import PublishedRate


async def list_rates(tx: AsyncSession) -> Sequence[BenchmarkRow]:
    """The whole table, entries that nobody has confirmed included."""
    return await repository.list_rates(tx)


async def enter_rate(tx: AsyncSession, entry: PublishedRate, by: str, now: datetime) -> BenchmarkRow:
    """A rate that counts when a second person has confirmed it.

    Raises:
        ValidationFailedError: published in the future.
    """
    if entry.published_on > legal_day(now):
        raise ValidationFailedError(
            errors=[FieldError("/published_on", "IN_FUTURE", "公布日不能晚于今天，请在公布后登记。")]
        )
    row = BenchmarkRow(
        id=new_id(),
        published_on=entry.published_on,
        rate_ppm=entry.rate_ppm,
        mark=entry.mark.value,
        source=entry.source,
        entered_by=by,
        entered_at=now,
    )
    tx.add(row)
    await tx.flush()
    return row


async def confirm_rate(tx: AsyncSession, rate_id: UUID, by: str, now: datetime) -> BenchmarkRow:
    """Puts a rate into force.

    Raises:
        BenchmarkNotFoundError, BenchmarkConfirmedError, BenchmarkTakenError, BenchmarkFourEyesError.
    """
    if await repository.find_rate(tx, rate_id) is None:
        raise BenchmarkNotFoundError
    row = await repository.find_rate(tx, rate_id, lock=True)
    if row is None or row.confirmed_by is not None:
        raise BenchmarkConfirmedError
    if row.entered_by == by:
        raise BenchmarkFourEyesError
    row.confirmed_by, row.confirmed_at = by, now
    try:
        await tx.flush()
    except IntegrityError:
        raise BenchmarkTakenError from None
    return row


async def benchmark_on(tx: AsyncSession, day: date) -> int:
    """In ppm, as it stood on the day of signing.

    Raises:
        ValidationFailedError: the table does not reach back so far; it has to be said then.
    """
    row = await repository.find_rate_on(tx, day)
    if row is None:
        raise ValidationFailedError(
            errors=[FieldError("/benchmark_rate", "REQUIRED", "基准利率表中没有签订日或以前已确认的利率，请填写。")]
        )
    return row.rate_ppm
