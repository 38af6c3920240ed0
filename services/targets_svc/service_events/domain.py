"""An event of another service, and what may become of it."""

from collections.abc import Mapping
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
