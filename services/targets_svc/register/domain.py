"""One person counts once a year for each indicator: the slot rule and what an event must keep to.

A slot belongs to the live event that is least by (event date, received, source system, source reference), never to
the one that happened to be processed first (targets design §5.5).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from kit.clock import legal_day
from kit.dates import add_years
from kit.errors import FieldError
from kit.identifiers.citizen_id import parse_citizen_id, upgrade_15
from kit.identifiers.documents import IdType, normalise
from kit.identifiers.errors import IdentifierError
from kit.identifiers.full_width import fold_full_width
from kit.identifiers.names import normalise_name
from targets_svc.register.evidence import FLEXIBLE, Evidence, find_evidence_errors, retires_on, waits

_CITIZEN_NUMBERS = frozenset({IdType.RESIDENT_ID, IdType.HMT_RESIDENCE, IdType.FOREIGN_PR})
WORKING_AGE = 16
"""Years; nobody younger is counted as employed (N2)."""
CLOSED = "该月已经结账；确需补登的，请将correction填为true（是否补登填“是”），只计入实时数据，不改动结账数据"
OVER_AGE = FieldError("/event_date", "N3_AGE", "发生日期时该人员已过法定退休年龄，请核对")
OTHER_NAME = FieldError("/name", "N12_NAME", "与该证件以前登记的姓名不同，请核对")
AFTER_ATTRITION = FieldError("/event_date", "N7_ATTRITION", "该人员在就业日期之前已登记自然减员，请核对")


class Outcome(StrEnum):
    """Why an event is not counted."""

    DUPLICATE_IN_YEAR = "DUP_YEAR"
    PENDING = "PENDING"
    RETRACTED = "RETRACTED"


@dataclass(frozen=True, slots=True)
class SlotKey:
    """What may be counted once."""

    year: int
    indicator: str
    person: UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """An event, as a claim on its slot.

    Attributes:
        retracted_at: set once it was found false.
        is_pending: it waits for its verification and claims nothing (N10).
    """

    event_id: UUID
    key: SlotKey
    unit: str
    event_date: date
    received_at: datetime
    source_system: str
    source_ref: str
    retracted_at: datetime | None = None
    is_pending: bool = False

    @property
    def precedence(self) -> tuple[date, datetime, str, str]:
        """The least one holds the slot; a total order, because a source reference is unique."""
        return (self.event_date, self.received_at, self.source_system, self.source_ref)

    def is_live(self, known_at: datetime | None = None) -> bool:
        """Whether it is verified and not retracted; at an instant: received by then and not yet retracted."""
        if self.is_pending:
            return False
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
    """What the year's plan lets the register count; empty for a year without a plan.

    Attributes:
        closed_months: months of the year that are closed (N11).
        attrition: for indicators of employment the code of what ends it, I01 and its parts: I01N (N3, N7).
    """

    units: Collection[str] = ()
    indicators: Collection[str] = ()
    closed_months: Collection[int] = ()
    attrition: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """An event as a source reports it; its repr names nobody.

    Attributes:
        received_at: when the source had it, which decides between two claims of one day.
    """

    year: int
    indicator: str
    unit: str
    event_date: date
    source_system: str
    source_ref: str
    received_at: datetime
    id_type: IdType
    id_number: str = field(repr=False)
    name: str = field(repr=False)
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is meant, checked and in normal form; birth date and sex where the document tells them."""

    id_type: IdType
    number: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    is_male: bool | None = field(default=None, repr=False)


def find_errors(notice: Notice, covered: Coverage, now: datetime) -> Iterator[FieldError]:
    """N2, N4, N8, N9 and N11, and an instant of receipt that has not come yet."""
    if not covered.units:
        yield FieldError("/year", "N4_YEAR", "该年度没有下达计划，请核对年度")
    elif notice.unit not in covered.units:
        yield FieldError("/unit", "N4_UNIT", "该单位不在本年度计划范围内，请核对单位代码")
    if covered.indicators and notice.indicator not in covered.indicators:
        yield FieldError("/indicator", "N4_INDICATOR", "该指标不按实名登记计数，请核对指标代码")
    if notice.event_date.year != notice.year:
        yield FieldError("/event_date", "N2_YEAR", "发生日期不在该年度内，请核对")
    if notice.event_date > legal_day(now):
        yield FieldError("/event_date", "N2_FUTURE", "发生日期晚于今天，请核对")
    if notice.received_at > now:
        yield FieldError("/received_at", "N2_RECEIVED", "接收时间晚于现在，请核对")
    if notice.id_number.strip() in notice.source_ref:
        yield FieldError("/source_ref", "SOURCE_REF_PERSONAL", "来源编号不能含有证件号码，请改用业务流水号")
    if notice.evidence.street is not None and not notice.evidence.street.startswith(f"{notice.unit}-"):
        yield FieldError("/street", "N4_STREET", "街道（乡镇）代码应以本单位代码加-开头，请核对")
    if notice.event_date.month in covered.closed_months and not notice.evidence.correction:
        yield FieldError("/correction", "N11_CLOSED", CLOSED)
    yield from find_evidence_errors(notice.indicator, notice.event_date, notice.evidence)


def identify(notice: Notice, today: date) -> tuple[Person | None, list[FieldError]]:
    """N1, and N2 for the holder's age: the person, or what is wrong with number and name."""
    person, found = read_person(notice.id_type, notice.id_number, notice.name, today)
    if person.birth_date is not None and notice.event_date < add_years(person.birth_date, WORKING_AGE):
        found.append(FieldError("/event_date", "N2_AGE", "发生日期时该人员未满16周岁，请核对"))
    return (None if found else person), found


def read_person(id_type: IdType, id_number: str, name: str, today: date) -> tuple[Person, list[FieldError]]:
    """N1: the person, as far as nothing is wrong with number and name.

    Scanned full-width digits are folded and old 15-digit numbers are upgraded, so that one person has one key
    (targets design §5.5).
    """
    found: list[FieldError] = []
    number, normal_name, birth_date, is_male = "", "", None, None
    try:
        number = normalise(id_type, _folded(id_type, id_number), today)
        if id_type in _CITIZEN_NUMBERS:
            holder = parse_citizen_id(number, today)
            birth_date, is_male = holder.birth_date, holder.is_male
    except IdentifierError as error:
        found.append(FieldError("/id_number", error.code, error.message))
    try:
        normal_name = normalise_name(name)
    except IdentifierError as error:
        found.append(FieldError("/name", error.code, error.message))
    return Person(id_type, number, normal_name, birth_date, is_male), found


def find_warnings(notice: Notice, person: Person, covered: Coverage) -> Iterator[FieldError]:
    """N3 and N10: what is worth a second look, told from the event alone."""
    if (
        notice.indicator not in covered.attrition.values()
        and person.birth_date is not None
        and person.is_male is not None
        and notice.event_date > retires_on(person.birth_date, is_male=person.is_male)
    ):
        yield OVER_AGE
    if waits(notice.event_date, notice.evidence):
        yield FLEXIBLE


def _folded(id_type: IdType, id_number: str) -> str:
    number = fold_full_width(id_number).strip(" ")
    return upgrade_15(number) if id_type is IdType.RESIDENT_ID and len(number) == 15 else number
