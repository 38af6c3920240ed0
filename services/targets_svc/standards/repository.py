"""Standards: the one that is shipped, and those that two people have published."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.indicators.domain import Source
from targets_svc.progress.domain.arithmetic import Curve
from targets_svc.standards.domain import Deadlines, Levels, Standard, Tolerances, Validation, in_force
from targets_svc.standards.models import StandardRow

SHIPPED = 1
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('targets.standard', 0))")
# A published version never changes (row policies), so that a process reads each one once.
_read: dict[UUID, Standard] = {}


@cache
def shipped() -> Mapping[str, Any]:
    """The data file."""
    data: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("data", "standard.yaml").read_text("utf-8"))
    return data


@cache
def shipped_standard() -> Standard:
    """The version that holds before the city has published any."""
    data = shipped()
    return read_standard(data["content"], data["version"], data["effective_from"], data["reference"])


async def find_standards(tx: AsyncSession) -> list[Standard]:
    """All that were ever published, the shipped one first."""
    rows = await tx.scalars(select(StandardRow).where(StandardRow.published_at.is_not(None)))
    return [shipped_standard(), *map(_published, rows)]


async def find_standard(tx: AsyncSession, last_day: date, known_at: datetime | None = None) -> Standard:
    """The version for a month that ends on `last_day`."""
    return in_force(await find_standards(tx), last_day, known_at)


async def load_standard(tx: AsyncSession, standard_id: UUID | None) -> Standard:
    """A published version by its id; the shipped one without."""
    if standard_id is None:
        return shipped_standard()
    if standard_id not in _read:
        _published(await tx.get_one(StandardRow, standard_id))
    return _read[standard_id]


def _published(row: StandardRow) -> Standard:
    if row.id not in _read:
        _read[row.id] = read_standard(row.content, row.version, row.effective_from, row.reference, row.published_at)
    return _read[row.id]


async def list_rows(tx: AsyncSession, *, with_drafts: bool) -> Sequence[StandardRow]:
    """Versions in their order."""
    query = select(StandardRow).order_by(StandardRow.version)
    if not with_drafts:
        query = query.where(StandardRow.published_by.is_not(None))
    return (await tx.scalars(query)).all()


async def lock_next_version(tx: AsyncSession) -> int:
    """The number of the next version; who asks at the same time waits."""
    await tx.execute(_LOCK)
    return 1 + (await tx.scalar(select(func.max(StandardRow.version))) or SHIPPED)


async def find_row(tx: AsyncSession, standard_id: UUID) -> StandardRow | None:
    """One version."""
    return await tx.get(StandardRow, standard_id)


async def lock_draft(tx: AsyncSession, standard_id: UUID) -> StandardRow | None:
    """A version that is neither published nor withdrawn; another one cannot be locked, only read."""
    query = select(StandardRow).where(
        StandardRow.id == standard_id, StandardRow.published_by.is_(None), StandardRow.withdrawn_by.is_(None)
    )
    return (await tx.scalars(query.with_for_update())).one_or_none()


def read_standard(
    content: Mapping[str, Any], version: int, effective_from: date, reference: str, published_at: datetime | None = None
) -> Standard:
    """From the form of the wire."""
    levels, seasonal = content["levels"], content["seasonal"]
    return Standard(
        version=version,
        effective_from=effective_from,
        reference=reference,
        levels=Levels(
            green=_hundredths(levels["green"]),
            blue=_hundredths(levels["blue"]),
            yellow=_hundredths(levels["yellow"]),
            orange=_hundredths(levels["orange"]),
            overdue_days_to_orange=levels["overdue_days_to_orange"],
        ),
        curve=Curve(content["curve"]),
        seasonal=_points(seasonal["default"]),
        seasonal_by_indicator={code: _points(points) for code, points in seasonal["by_indicator"].items()},
        deadlines=Deadlines(**content["deadlines"]),
        reconciliation=Tolerances(**{name: _hundredths(value) for name, value in content["reconciliation"].items()}),
        validation=Validation(
            content["validation"]["jump_times_median"],
            _hundredths(content["validation"]["jump_share_of_target"]),
            _hundredths(content["validation"]["register_apart"]),
        ),
        actual_sources={code: Source(source) for code, source in content["actual_sources"].items()},
        published_at=published_at,
    )


def _points(shares: Sequence[str]) -> tuple[int, ...]:
    return tuple(map(_hundredths, shares))


def _hundredths(number: str) -> int:
    whole, _, places = number.removeprefix("-").partition(".")
    value = int(whole) * 100 + int(places.ljust(2, "0"))
    return -value if number.startswith("-") else value
