"""A year's reward pool: weights by two people, computed from stored loans, closed by a second person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.errors import FieldError, ValidationFailedError
from kit.http.etags import check_if_match
from kit.ids import new_id
from loans_svc.reward_years import repository
from loans_svc.reward_years.domain import CITY, RewardRole, YearPool, compute_year
from loans_svc.reward_years.errors import (
    FiguresChangedError,
    NothingLentError,
    RewardFourEyesError,
    RewardYearNotFoundError,
    SchemeWithoutRateError,
    WeightsConfirmedError,
    WeightsMissingError,
    WeightsNotFoundError,
    YearClosedError,
    YearNotOverError,
)
from loans_svc.reward_years.models import RewardYearRow, WeightsRow
from loans_svc.rules.repository import catalogue


@dataclass(frozen=True, slots=True)
class WeightsOrder:
    """Weights from a year on."""

    from_year: int
    bank: int
    fund_operator: int
    hr_office: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Computed:
    """A year's figures as they are now, and the events behind them."""

    values: dict[str, Any]
    events: list[UUID]


async def propose_weights(tx: AsyncSession, order: WeightsOrder, by: str, now: datetime) -> WeightsRow:
    """Weights that count when a second person has confirmed them."""
    row = WeightsRow(
        id=new_id(),
        from_year=order.from_year,
        bank=order.bank,
        fund_operator=order.fund_operator,
        hr_office=order.hr_office,
        evidence=order.evidence,
        proposed_by=by,
        proposed_at=now,
    )
    tx.add(row)
    await tx.flush()
    return row


async def confirm_weights(tx: AsyncSession, weights_id: UUID, by: str, now: datetime) -> WeightsRow:
    """Puts weights into force.

    Raises:
        WeightsNotFoundError, WeightsConfirmedError, RewardFourEyesError.
    """
    row = await repository.lock_weights(tx, weights_id)
    if row is None:
        raise WeightsNotFoundError
    if row.confirmed_by is not None:
        raise WeightsConfirmedError
    if row.proposed_by == by:
        raise RewardFourEyesError
    row.confirmed_by, row.confirmed_at = by, now
    await tx.flush()
    return row


async def list_weights(tx: AsyncSession) -> Sequence[WeightsRow]:
    """All weights, proposals that nobody has confirmed included."""
    return await repository.list_weights(tx)


async def list_years(
    tx: AsyncSession,
    own_unit: str | None,
    unit: str | None,
    year: int | None,
    state: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[RewardYearRow]:
    """The pools that the caller may see; another unit's are empty, not forbidden."""
    own = None if own_unit == CITY else own_unit
    if own is not None and unit not in (None, own):
        return []
    return await repository.list_years(tx, own or unit, year, state, before, limit)


async def compute_pool(
    tx: AsyncSession, unit: str, year: int, scheme: str, given_fen: int | None, by: str, now: datetime
) -> RewardYearRow:
    """Computes a year anew and keeps the result; a closed one is answered as it was closed.

    Args:
        given_fen: the pool of a scheme whose amount comes from above.

    Raises:
        ValidationFailedError: unknown scheme, or an amount where the scheme computes it.
        SchemeWithoutRateError, WeightsMissingError, NothingLentError.
    """
    known = await repository.find_year(tx, unit, year)
    if known is not None and known.state == "CLOSED":
        return known
    computed = (await _compute(tx, unit, year, scheme, given_fen)).values | {"computed_by": by, "computed_at": now}
    fresh = {"id": new_id(), "unit": unit, "year": year, "state": "COMPUTED", "row_version": 1}
    if known is None and await repository.add_year(tx, fresh | computed):
        return await read_year_of(tx, unit, year)
    locked = await repository.find_year(tx, unit, year, lock=True)
    if locked is None:  # closed meanwhile
        return await read_year_of(tx, unit, year)
    for name, value in computed.items():
        setattr(locked, name, value)
    locked.row_version += 1
    await tx.flush()
    return locked


async def read_year_of(tx: AsyncSession, unit: str, year: int) -> RewardYearRow:
    """The stored pool of a year and place.

    Raises:
        RewardYearNotFoundError.
    """
    row = await repository.find_year(tx, unit, year)
    if row is None:
        raise RewardYearNotFoundError
    return row


async def close_year(tx: AsyncSession, year_id: UUID, by: str, if_match: str | None, now: datetime) -> RewardYearRow:
    """Ends a year: what it counted is counted, and what comes later counts in a later year (S26).

    Raises:
        RewardYearNotFoundError, IfMatchRequiredError, VersionStaleError, YearClosedError, RewardFourEyesError,
        YearNotOverError.
        FiguresChangedError: the stored figures are no longer those of the loans.
    """
    known = await repository.find_year_by_id(tx, year_id)
    if known is None:
        raise RewardYearNotFoundError
    check_if_match(if_match, known.row_version, required=True)
    row = await repository.find_year_by_id(tx, year_id, lock=True)
    if row is None:
        raise YearClosedError
    check_if_match(if_match, row.row_version, required=True)
    if row.computed_by == by:
        raise RewardFourEyesError
    if legal_day(now).year <= row.year:
        raise YearNotOverError
    is_given = catalogue().reward_schemes[row.scheme].rate_ppm is None
    computed = await _compute(tx, row.unit, row.year, row.scheme, row.pool_fen if is_given else None)
    if any(getattr(row, name) != value for name, value in computed.values.items()):
        raise FiguresChangedError
    await repository.add_counted(tx, row.id, computed.events)
    row.state, row.closed_by, row.closed_at = "CLOSED", by, now
    row.row_version += 1
    await tx.flush()
    return row


async def read_year(tx: AsyncSession, year_id: UUID, own_unit: str | None) -> RewardYearRow:
    """A stored pool, if the caller may see it.

    Raises:
        RewardYearNotFoundError.
    """
    row = await repository.find_year_by_id(tx, year_id)
    if row is None or own_unit not in (None, CITY, row.unit):
        raise RewardYearNotFoundError
    return row


async def _compute(tx: AsyncSession, unit: str, year: int, scheme: str, given_fen: int | None) -> Computed:
    found = catalogue().reward_schemes.get(scheme)
    if found is None:
        codes = "、".join(catalogue().reward_schemes)
        raise ValidationFailedError(
            errors=[FieldError("/scheme", "UNKNOWN_CODE", f"没有这个奖补办法代码；可用的代码：{codes}。")]
        )
    if found.rate_ppm is None and given_fen is None:
        raise SchemeWithoutRateError
    if found.rate_ppm is not None and given_fen is not None:
        raise ValidationFailedError(
            errors=[FieldError("/pool", "NOT_APPLICABLE", "该办法按发放额计提，总额由系统计算，请删去这一项。")]
        )
    weights = await repository.find_weights(tx, year)
    if weights is None:
        raise WeightsMissingError
    events, lending = await repository.read_lending(tx, unit, year)
    before = await repository.find_year(tx, unit, year - 1)
    brought = before.carried_forward_fen if before is not None else 0
    by_role = {
        RewardRole.BANK: weights.bank,
        RewardRole.FUND_OPERATOR: weights.fund_operator,
        RewardRole.HR_OFFICE: weights.hr_office,
    }
    try:
        pool = compute_year(lending, by_role, found.rate_ppm, brought, given_fen or 0)
    except ValueError:
        raise NothingLentError from None
    return Computed(_values(pool, scheme, weights.id), events)


def _values(pool: YearPool, scheme: str, weights: UUID) -> dict[str, Any]:
    base = pool.base
    return {
        "scheme": scheme,
        "weights": weights,
        "disbursed_fen": base.disbursed_fen,
        "cancelled_fen": base.cancelled_fen,
        "brought_forward_fen": base.brought_forward_fen,
        "base_fen": base.base_fen,
        "carried_forward_fen": base.carried_forward_fen,
        "pool_fen": pool.pool_fen,
        "parts": {
            "roles": [
                {"role": role.role, "weight": role.weight, "amount_fen": part}
                for role, part in zip(pool.roles, pool.parts.roles, strict=True)
            ],
            "recipients": [
                {"role": one.role, "recipient": one.recipient, "weight_fen": one.weight, "amount_fen": part}
                for one, part in zip(pool.recipients, pool.parts.recipients, strict=True)
            ],
        },
    }
