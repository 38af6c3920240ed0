"""Two people put a version of the standards into force."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from kit.errors import FieldError
from kit.ids import new_id
from targets_svc.forecasts.service import read_city_year
from targets_svc.indicators.domain import IndicatorKind
from targets_svc.indicators.repository import load_indicators
from targets_svc.month_closes.repository import find_last_closed
from targets_svc.standards import repository
from targets_svc.standards.domain import MONTHS, Standard, find_faults, mean_course
from targets_svc.standards.errors import (
    CourseInvalidError,
    CourseUnknownError,
    StandardFourEyesError,
    StandardInvalidError,
    StandardNotFoundError,
    StandardPublishedError,
)
from targets_svc.standards.models import StandardRow
from targets_svc.withdrawals.service import why_not_open

_MOST_YEARS = 10


async def draw_up(
    tx: AsyncSession, content: Mapping[str, Any], effective_from: date, reference: str, by: str, at: datetime
) -> StandardRow:
    """Keeps a whole version as a draft.

    Raises:
        StandardInvalidError: all faults at once; nothing is stored.
    """
    version = await repository.lock_next_version(tx)
    faults = list(find_faults(repository.read_standard(content, version, effective_from, reference), load_indicators()))
    faults += _closed_faults(effective_from, await find_last_closed(tx))
    if faults:
        raise StandardInvalidError(errors=faults)
    row = StandardRow(
        id=new_id(),
        version=version,
        effective_from=effective_from,
        reference=reference,
        content=dict(content),
        drawn_up_by=by,
        drawn_up_at=at,
    )
    tx.add(row)
    await tx.flush()
    return row


async def publish(tx: AsyncSession, standard_id: UUID, by: str, at: datetime) -> StandardRow:
    """From now on months that end on its first day or later are judged by it; what was known before stays sayable.

    Raises:
        StandardNotFoundError, StandardPublishedError, WithdrawnError, StandardFourEyesError.
        StandardInvalidError: a month from its first day on has been closed since.
    """
    row = await _lock_draft(tx, standard_id)
    if row.drawn_up_by == by:
        raise StandardFourEyesError
    if faults := _closed_faults(row.effective_from, await find_last_closed(tx)):
        raise StandardInvalidError(errors=faults)
    row.published_by, row.published_at = by, at
    await tx.flush()
    return row


async def withdraw(tx: AsyncSession, standard_id: UUID, reason: str, by: str, at: datetime) -> StandardRow:
    """Ends a draft; its number is not given again.

    Raises:
        StandardNotFoundError, StandardPublishedError, WithdrawnError.
    """
    row = await _lock_draft(tx, standard_id)
    row.withdraw(by, at, reason)
    await tx.flush()
    return row


async def list_versions(tx: AsyncSession, *, with_drafts: bool) -> Sequence[StandardRow]:
    """Versions after the shipped one; drafts for those who draw them up or publish them."""
    return await repository.list_rows(tx, with_drafts=with_drafts)


async def find_standard(tx: AsyncSession, last_day: date) -> Standard:
    """The version for a month that ends on a day."""
    return await repository.find_standard(tx, last_day)


async def propose_course(tx: AsyncSession, indicator: str, first: int, last: int, now: datetime) -> tuple[int, ...]:
    """The seasonal course of an indicator as the city's own past years had it; nothing is stored.

    Raises:
        CourseInvalidError: no flow, or fewer than two years.
        CourseUnknownError: not all figures of these years are approved.
    """
    known = load_indicators().get(indicator)
    if known is None or known.kind is not IndicatorKind.FLOW:
        raise CourseInvalidError(errors=[FieldError("query:indicator", "INDICATOR", "只有累计指标有时序曲线，请核对")])
    if not 1 <= last - first < _MOST_YEARS:
        raise CourseInvalidError(errors=[FieldError("query:to", "YEARS", "应为两个至十个年度，请核对起止年度")])
    found, missing = [], []
    for year in range(first, last + 1):
        months = await read_city_year(tx, year, indicator, now)
        figures = [figure for figure in months if figure is not None]
        if len(figures) == MONTHS and figures[-1] > 0:
            found.append(figures)
        else:
            unknown = "、".join(str(m) for m, figure in enumerate(months, 1) if figure is None) or str(MONTHS)
            missing.append(f"{year}年{unknown}月")
    if missing:
        raise CourseUnknownError(f"{'，'.join(missing)}没有全市完整的已批准数据；请补齐，或改查其他年度。")
    return mean_course(found)


async def _lock_draft(tx: AsyncSession, standard_id: UUID) -> StandardRow:
    row = await repository.lock_draft(tx, standard_id)
    if row is None:
        raise why_not_open(await repository.find_row(tx, standard_id), StandardNotFoundError, StandardPublishedError)
    return row


def _closed_faults(effective_from: date, last_closed: Month | None) -> list[FieldError]:
    if last_closed is None or effective_from > last_closed.last:
        return []
    message = f"{last_closed}已经结账，新标准应自其后的日期起适用"
    return [FieldError("/effective_from", "MONTH_CLOSED", message)]
