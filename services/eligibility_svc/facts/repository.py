"""The vocabulary from its data file; whatever is wrong in it is refused with file, line and column."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import get_args

from eligibility_svc.datafiles import Item, read_yaml
from eligibility_svc.facts.domain import Fact, FactType, Subject, Vocabulary
from eligibility_svc.language.closures import Rule, compile_rule
from eligibility_svc.language.nodes import BOOL, Type
from eligibility_svc.language.parsing import ExpressionError, Scope, parse

VOCABULARY_FILE = Path(__file__).parent / "data" / "vocabulary.yaml"

_NAME = re.compile(r"[a-z][a-z]*(_[a-z]+)*")
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_REQUIRED = frozenset({"subjects", "label", "question", "type"})
_OPTIONAL = frozenset({"unit", "values", "is_sensitive", "gate"})
_TYPES = {kind.value: kind for kind in FactType}
_NUMBERS = {FactType.COUNT, FactType.MONEY, FactType.MONTH_AMOUNTS}


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the service, read once."""
    return load_vocabulary(VOCABULARY_FILE)


def load_vocabulary(path: Path) -> Vocabulary:
    """Reads and validates a vocabulary file.

    Raises:
        DataFileError: with file, line and column.
    """
    root = read_yaml(path)
    parts = root.mapping(frozenset({"subjects", "units", "facts"}))
    subjects, units = _labels(parts["subjects"]), _labels(parts["units"])
    if set(subjects) != set(get_args(Subject)):
        parts["subjects"].fail(f"the subjects are {', '.join(get_args(Subject))}")
    facts: list[Fact] = []
    for name, item in parts["facts"].entries().items():
        facts.append(_fact(name, item, subjects, units, facts))
    return Vocabulary(subjects, tuple(facts), root.plain())


def read_rule(item: Item, scope: Scope, expected: Type) -> Rule:
    """A rule from a data file; a fault points into its text."""
    source = item.text()
    try:
        return compile_rule(source.strip(), parse(source, scope, expected))
    except ExpressionError as error:
        item.fail_within(error.message, error.line, error.column)


def _labels(item: Item) -> dict[str, str]:
    labels: dict[str, str] = {}
    for code, label in item.entries().items():
        if not _CODE.fullmatch(code):
            label.fail(f"{code} is not UPPER_SNAKE")
        labels[code] = label.text()
    if not labels:
        item.fail("nothing is listed")
    return labels


def _fact(name: str, item: Item, subjects: Mapping[str, str], units: Mapping[str, str], earlier: list[Fact]) -> Fact:
    entry = item.mapping(_REQUIRED, _OPTIONAL)
    if not _NAME.fullmatch(name):
        item.fail(f"{name} is not a lower_snake name without digits")
    kind = entry["type"].one_of(_TYPES)
    if (kind in _NUMBERS) != ("unit" in entry):
        item.fail("a number has a unit, nothing else has one")
    if (kind is FactType.ENUM) != ("values" in entry):
        item.fail("an ENUM has values, nothing else has them")
    of = tuple(part.one_of({code: code for code in subjects}) for part in entry["subjects"].items())
    if not of or len(set(of)) != len(of):
        entry["subjects"].fail("subjects are listed, each once")
    return Fact(
        name=name,
        subjects=of,
        label=entry["label"].text(),
        question=_question(entry["question"]),
        type=kind,
        unit=entry["unit"].text() if "unit" in entry else None,
        choices=_labels(entry["values"]) if "values" in entry else dict(units) if kind is FactType.UNIT else {},
        is_sensitive="is_sensitive" in entry and entry["is_sensitive"].boolean(),
        gate=_gate(entry["gate"], of, earlier) if "gate" in entry else None,
    )


def _question(item: Item) -> str:
    text = item.text()
    if not text.endswith("？"):
        item.fail("a question ends with ？")
    return text


def _gate(item: Item, subjects: tuple[str, ...], earlier: list[Fact]) -> Rule:
    """A gate reads facts that stand above it, so that gates cannot go in a circle."""
    known = [fact for fact in earlier if set(subjects) <= set(fact.subjects)]
    gates = {fact.name: fact.gate.node for fact in known if fact.gate is not None}
    return read_rule(item, Scope({fact.name: fact.value_type for fact in known}, gates), BOOL)
