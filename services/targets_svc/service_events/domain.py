"""What an event of another service counts towards: dated rows, and nothing that no row names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from kit.identifiers.documents import IdType


class EventState(StrEnum):
    """COUNTED: in the register under every indicator that a mapping names, where its slot rule decides. WAITING: the
    plan does not name one of them yet; tried again every night and when a plan is issued. UNMAPPED: no mapping names
    it; kept without the person, for the record. RETRACTED: taken back."""

    COUNTED = "COUNTED"
    WAITING = "WAITING"
    UNMAPPED = "UNMAPPED"
    RETRACTED = "RETRACTED"


NOT_PLANNED = "NOT_PLANNED"
"""Why an indicator waits: the year's plan does not name it, leaves it pending, or does not cover the unit."""


@dataclass(frozen=True, slots=True)
class CountRule:
    """A row of the mapping table.

    Attributes:
        where: attributes that the event must carry.
        until: last day on which it holds; None while in force.
    """

    code: str
    sources: frozenset[str]
    kind: str
    indicator: str
    valid_from: date
    until: date | None
    where: Mapping[str, str]
    reference: str

    def names(self, source: str, kind: str, on: date, attributes: Mapping[str, str]) -> bool:
        """Whether the row is about such an event of that day."""
        return (
            source in self.sources
            and kind == self.kind
            and self.valid_from <= on
            and (self.until is None or on <= self.until)
            and self.where.items() <= attributes.items()
        )


def indicators_of(
    rules: Iterable[CountRule], source: str, kind: str, on: date, attributes: Mapping[str, str]
) -> tuple[str, ...]:
    """The indicators towards which an event counts, each once, in the order of the rows."""
    named = (rule.indicator for rule in rules if rule.names(source, kind, on, attributes))
    return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the event is about; its repr names nobody."""

    id_type: IdType
    id_number: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """An event as a service sends it.

    Attributes:
        source: the service, as its token says.
        recorded_at: when the service had it, which decides between two claims of one day.
    """

    source: str
    event_id: UUID
    kind: str
    occurred_on: date
    recorded_at: datetime
    unit: str
    person: Person
    attributes: Mapping[str, str]

    def source_ref(self, indicator: str) -> str:
        """Its reference in the register, one for each indicator."""
        return f"{self.event_id}.{indicator}"
