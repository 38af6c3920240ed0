"""What an event of another service counts towards: dated rows, and nothing that no row names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


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


class Change(StrEnum):
    """ADD a row; END one, after which it is never changed again."""

    ADD = "ADD"
    END = "END"


def with_endings(rules: Iterable[CountRule], last_days: Mapping[str, date]) -> tuple[CountRule, ...]:
    """The rows with the last days that were decided later."""
    return tuple(replace(rule, until=last_days[rule.code]) if rule.code in last_days else rule for rule in rules)
