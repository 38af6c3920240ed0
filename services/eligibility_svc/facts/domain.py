"""The vocabulary: names, types, wording; and what a value looks like on the wire."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from eligibility_svc.language.closures import Rule
from eligibility_svc.language.nodes import BOOL, COUNT, DATE, MONEY, MONTHS, Kind, Node, Type, Value
from eligibility_svc.language.parsing import Scope
from kit.money import yuan

Subject = Literal[
    "PERSON",
    "EMPLOYER",
    "UNIVERSITY",
    "PARK",
    "INTERMEDIARY",
    "TRAINING_BODY",
    "LOAN_OFFICE",
    "COMMUNITY",
    "GOVERNMENT",
]
"""Whom a check is about."""


class FactType(Enum):
    """What a client sends for a fact."""

    BOOL = "BOOL"
    COUNT = "COUNT"
    MONEY = "MONEY"
    DATE = "DATE"
    ENUM = "ENUM"
    UNIT = "UNIT"
    MONTH_AMOUNTS = "MONTH_AMOUNTS"


_TYPES = {
    FactType.BOOL: BOOL,
    FactType.COUNT: COUNT,
    FactType.MONEY: MONEY,
    FactType.DATE: DATE,
    FactType.MONTH_AMOUNTS: MONTHS,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of the vocabulary.

    Attributes:
        subjects: who may be described with it (PERSON, EMPLOYER, …).
        unit: of a number, in Chinese; None where there is none.
        choices: code → Chinese label, for ENUM and UNIT.
        is_sensitive: whether it is sensitive personal information (health, poverty, rehabilitation).
        gate: while it is false the fact does not apply.
    """

    name: str
    subjects: tuple[str, ...]
    label: str
    question: str
    type: FactType
    unit: str | None
    choices: Mapping[str, str]
    is_sensitive: bool
    gate: Rule | None

    @property
    def value_type(self) -> Type:
        """Its type in a rule."""
        return _TYPES.get(self.type) or Type(Kind.CHOICE, tuple(self.choices))


class Vocabulary:
    """All facts, in the order of the data file, which is also the order in which missing facts are asked for.

    Attributes:
        subjects: code → Chinese label.
        facts: every fact.
        data: the content of the data file, for the digest of the catalogue.
    """

    def __init__(self, subjects: Mapping[str, str], facts: tuple[Fact, ...], data: object) -> None:
        self.subjects = subjects
        self.facts = facts
        self.data = data
        self._by_subject = {
            subject: {fact.name: fact for fact in facts if subject in fact.subjects} for subject in subjects
        }
        kinds = {fact.name: fact.value_type.kind for fact in facts}
        self._writers = {name: WRITERS[kind] for name, kind in kinds.items() if kind in WRITERS}
        self._values = {fact.name: _values(fact) for fact in facts}
        self._position = {fact.name: index for index, fact in enumerate(facts)}
        self._labels = {fact.name: fact.label for fact in facts}

    def of(self, subject: str) -> Mapping[str, Fact]:
        """The facts of a subject by name.

        Raises:
            KeyError: no such subject.
        """
        return self._by_subject[subject]

    def wire(self, facts: Mapping[str, Value | None]) -> dict[str, Any]:
        """Facts as the contract writes them: money in yuan, dates and months as text; None stays unknown."""
        writers = self._writers
        return {
            name: writers[name](value) if value is not None and name in writers else value
            for name, value in facts.items()
        }

    def wire_differs(self, names: Iterable[str]) -> bool:
        """Whether the contract writes any of these facts otherwise than it is."""
        return not self._writers.keys().isdisjoint(names)

    def values(self, name: str) -> tuple[Value | None, ...]:
        """All values that a yes-or-no fact or a choice may have, unknown among them; empty for other facts."""
        return self._values[name]

    def position(self, name: str) -> int:
        """Where a fact stands in the data file."""
        return self._position[name]

    def label(self, name: str) -> str:
        """What a fact is called in Chinese."""
        return self._labels[name]

    def scope(self, subject: str, parameters: Mapping[str, Type]) -> Scope:
        """The names that a rule about a subject may use."""
        facts = self.of(subject)
        gates: dict[str, Node] = {name: fact.gate.node for name, fact in facts.items() if fact.gate is not None}
        return Scope({name: fact.value_type for name, fact in facts.items()}, gates, parameters)


def _values(fact: Fact) -> tuple[Value | None, ...]:
    match fact.value_type.kind:
        case Kind.BOOL:
            return (True, False, None)
        case Kind.CHOICE:
            return (*fact.choices, None)
        case _:
            return ()


def _months(value: Any) -> list[dict[str, str]]:
    return [{"month": str(month), "amount": yuan(fen)} for month, fen in value]


WRITERS: dict[Kind, Callable[[Any], Any]] = {Kind.MONEY: yuan, Kind.MONTHS: _months, Kind.DATE: str}
"""Kinds that the contract writes otherwise than they are."""
