"""One person counts once a year for each indicator: the slot rule and what an event must keep to.

A slot belongs to the live event that is least by (event date, received, source system, source reference), never to
the one that happened to be processed first (targets design §5.5).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from kit.dates import Month, add_years
from kit.errors import FieldError

WORKING_AGE = 16
"""Years; nobody younger is counted as employed (N2)."""


class Outcome(StrEnum):
    """Why an event is not counted."""

    DUPLICATE_IN_YEAR = "DUP_YEAR"
    RETRACTED = "RETRACTED"


@dataclass(frozen=True, slots=True)
class SlotKey:
    """What may be counted once."""

    year: int
    indicator: str
    person: UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """An event, as a claim on its slot; `retracted_at` is set once it was found false."""

    event_id: UUID
    key: SlotKey
    unit: str
    event_date: date
    received_at: datetime
    source_system: str
    source_ref: str
    retracted_at: datetime | None = None

    @property
    def precedence(self) -> tuple[date, datetime, str, str]:
        """The least one holds the slot; a total order, because a source reference is unique."""
        return (self.event_date, self.received_at, self.source_system, self.source_ref)

    def is_live(self, known_at: datetime | None = None) -> bool:
        """Whether it is not retracted; at an instant: received by then and not yet retracted."""
        if known_at is None:
            return self.retracted_at is None
        return self.received_at <= known_at and (self.retracted_at is None or self.retracted_at > known_at)


@dataclass(frozen=True, slots=True, order=True)
class RollupKey:
    """One count of the roll-up."""

    unit: str
    indicator: str
    year: int
    month: int

    @classmethod
    def of(cls, claim: Claim) -> "RollupKey":
        """Where a winning claim is counted."""
        return cls(claim.unit, claim.key.indicator, claim.key.year, claim.event_date.month)


def winner(claims: Iterable[Claim]) -> Claim | None:
    """The holder of a slot among the live claims on it, or None."""
    return min(claims, key=lambda claim: claim.precedence, default=None)


def slots(claims: Iterable[Claim], known_at: datetime | None = None) -> dict[SlotKey, Claim]:
    """All slots from the whole ledger, now or as known at an instant."""
    held: dict[SlotKey, Claim] = {}
    for claim in claims:
        if claim.is_live(known_at):
            current = held.get(claim.key)
            held[claim.key] = claim if current is None else min(current, claim, key=lambda c: c.precedence)
    return held


def rollup(holders: Iterable[Claim]) -> Counter[RollupKey]:
    """Counts by unit, indicator and month of the slots' holders."""
    return Counter(RollupKey.of(claim) for claim in holders)


def shift(old: Claim | None, new: Claim | None) -> list[tuple[RollupKey, int]]:
    """What a change of holder does to the roll-up, in the order in which its rows must be locked."""
    change: Counter[RollupKey] = Counter()
    if new is not None:
        change[RollupKey.of(new)] += 1
    if old is not None:
        change[RollupKey.of(old)] -= 1
    return sorted((key, by) for key, by in change.items() if by)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the year's plan lets the register count."""

    units: Collection[str]
    indicators: Collection[str]


def find_errors(
    *,
    year: int,
    unit: str,
    indicator: str,
    event_date: date,
    received_at: datetime,
    now: datetime,
    today: date,
    covered: Coverage,
) -> Iterator[FieldError]:
    """N2 and N4, and an instant of receipt that has not come yet."""
    if unit not in covered.units:
        yield FieldError("/unit", "N4_UNIT", "该单位不在本年度计划范围内，请核对单位代码")
    if indicator not in covered.indicators:
        yield FieldError("/indicator", "N4_INDICATOR", "该指标不按实名登记计数，请核对指标代码")
    if event_date.year != year:
        yield FieldError("/event_date", "N2_YEAR", "发生日期不在该年度内，请核对")
    if event_date > today:
        yield FieldError("/event_date", "N2_FUTURE", "发生日期晚于今天，请核对")
    if received_at > now:
        yield FieldError("/received_at", "N2_RECEIVED", "接收时间晚于现在，请核对")


def find_age_error(birth_date: date, event_date: date) -> Iterator[FieldError]:
    """N2: the holder has completed sixteen years on the day."""
    if event_date < add_years(birth_date, WORKING_AGE):
        yield FieldError("/event_date", "N2_AGE", "发生日期时该人员未满16周岁，请核对")


def month_of(key: RollupKey) -> Month:
    """The month of a count."""
    return Month(key.year, key.month)
