"""The catalogue from its data files: one for the documents and codes, one for each edition of a measure.

Everything is checked when it is read: names, types, dates, clauses, overlaps and gaps. A fault names file, line
and column, and nothing is loaded.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

from eligibility_svc.datafiles import Item, read_yaml
from eligibility_svc.facts.domain import FactType, Vocabulary
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import (
    Catalogue,
    Citation,
    DatedValue,
    Document,
    Edition,
    Family,
    Note,
    Parameter,
    ParameterType,
    PerPerson,
    Relations,
)
from eligibility_svc.measures.terms import TermsReader
from kit.dates import parse_date
from kit.money import fen_from_yuan

CODES_FILE = Path(__file__).parent / "data" / "codes.yaml"
EDITIONS_FOLDER = Path(__file__).parent / "data" / "editions"

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SNAKE = re.compile(r"[a-z][a-z]*(_[a-z]+)*")
_PERCENT = re.compile(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?")
_MAX_COUNT = 1_000_000
_FAMILIES = {family.value: family for family in Family}
_PARAMETER_TYPES = {kind.value: kind for kind in ParameterType}
_REQUIRED = frozenset({"code", "name", "family", "document", "clauses", "in_force", "requires"})
_OPTIONAL = frozenset({"subjects", "parameters", "benefit", "quota", "relations", "notes"})


@cache
def base_catalogue() -> Catalogue:
    """The catalogue of the data files, read once."""
    return load_catalogue(vocabulary(), CODES_FILE, EDITIONS_FOLDER)


class _InUse:
    catalogue: Catalogue | None = None


def catalogue() -> Catalogue:
    """The catalogue by which the service answers now: the files, and what was published since."""
    return _InUse.catalogue or base_catalogue()


def use_catalogue(known: Catalogue) -> None:
    """From now on the service answers by this catalogue."""
    _InUse.catalogue = known


def read_value(kind: ParameterType, text: str) -> Value:
    """A parameter's value as files and contract write it.

    Raises:
        ValueError: not of that type.
    """
    return _READERS[kind](text)


def load_catalogue(words: Vocabulary, codes: Path, folder: Path) -> Catalogue:
    """Reads and validates the whole catalogue.

    Raises:
        DataFileError: with file, line and column.
    """
    reference = read_yaml(codes)
    entry = reference.mapping(frozenset({"documents", "payers", "per", "costs"}))
    documents = {key: _document(key, item) for key, item in entry["documents"].entries().items()}
    labels = {
        name: {code: item.text() for code, item in entry[name].entries().items()} for name in ("payers", "per", "costs")
    }
    reader = EditionReader(words, documents, labels)
    roots = [(path, read_yaml(path)) for path in sorted(folder.glob("*.yaml"))]
    editions = [(reader.read(path, root), root) for path, root in roots]
    _refuse_overlaps_and_gaps(editions)
    version = _digest([words.data, reference.plain(), [root.plain() for _, root in roots]])
    return Catalogue(version, words, documents, labels, [edition for edition, _ in editions])


def _digest(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _document(key: str, item: Item) -> Document:
    entry = item.mapping(frozenset({"number", "title", "issued_on", "clauses"}))
    clauses = tuple(clause.text() for clause in entry["clauses"].items())
    return Document(key, entry["number"].text(), entry["title"].text(), entry["issued_on"].day(), clauses)


def _refuse_overlaps_and_gaps(editions: list[tuple[Edition, Item]]) -> None:
    ordered = sorted(editions, key=lambda pair: (pair[0].code, pair[0].in_force_from))
    for (earlier, _), (later, item) in pairwise(ordered):
        if earlier.code != later.code:
            continue
        if earlier.in_force_until is None or earlier.in_force_until > later.in_force_from:
            item.fail(f"this edition of {later.code} overlaps the one from {earlier.in_force_from}")
        if earlier.in_force_until < later.in_force_from:
            item.fail(f"no edition of {later.code} is in force from {earlier.in_force_until}")
        if earlier.family is not later.family:
            item.fail(f"{later.code} changes its family")


@dataclass(frozen=True, slots=True)
class EditionReader:
    """Reads one edition against the vocabulary and the codes."""

    words: Vocabulary
    documents: Mapping[str, Document]
    labels: Mapping[str, Mapping[str, str]]

    def read(self, path: Path, root: Item) -> Edition:
        entry = root.mapping(_REQUIRED, _OPTIONAL)
        code = entry["code"].text()
        if not _KEBAB.fullmatch(code) or path.stem.partition("@")[0] != code:
            entry["code"].fail("the code is kebab-case and begins the name of the file")
        document = entry["document"].one_of(self.documents)
        in_force = entry["in_force"].mapping(frozenset({"from"}), frozenset({"until"}))
        begins = in_force["from"].day()
        ends = in_force["until"].day() if "until" in in_force else None
        if begins < document.issued_on:
            in_force["from"].fail(f"{document.number} is of {document.issued_on}, nothing of it was in force before")
        if ends is not None and ends <= begins:
            in_force["until"].fail("ends before it begins")

        def cite(item: Item) -> Citation:
            return self.citation(item, document)

        family = entry["family"].one_of(_FAMILIES)
        parameters = {
            name: _parameter(name, item, cite)
            for name, item in (entry["parameters"].entries().items() if "parameters" in entry else ())
        }
        for name, parameter in parameters.items():
            if parameter.values[0].from_on > begins:
                entry["parameters"].fail(f"{name} has no value on {begins}, when the edition begins")
        terms = TermsReader(self.words, self.labels, family, parameters, begins, cite).read(root, entry)
        return Edition(
            code=code,
            name=entry["name"].text(),
            family=family,
            citations=tuple(cite(item) for item in entry["clauses"].items()),
            in_force_from=begins,
            in_force_until=ends,
            parameters=parameters,
            terms=terms,
            relations=self.relations(entry["relations"], terms, parameters) if "relations" in entry else Relations(),
            notes=tuple(_note(item, cite) for item in entry["notes"].items()) if "notes" in entry else (),
        )

    def citation(self, item: Item, document: Document) -> Citation:
        """`七` of the edition's own document, or `2017-15 四` of another."""
        key, _, clause = item.text().rpartition(" ")
        of = self.documents.get(key) if key else document
        if of is None:
            item.fail(f"unknown document; known are {', '.join(self.documents)}")
        if clause not in of.clauses:
            item.fail(f"{of.number} has no such clause")
        return Citation(of.number, clause)

    def relations(self, item: Item, subjects: Iterable[str], parameters: Mapping[str, Parameter]) -> Relations:
        entry = item.mapping(frozenset(), frozenset({"once", "costs", "cumulative", "per_person"}))
        costs = {code: code for code in self.labels["costs"]}
        return Relations(
            entry["once"].one_of({"LIFE": "LIFE", "YEAR": "YEAR"}) if "once" in entry else None,
            tuple(cost.one_of(costs) for cost in entry["costs"].items()) if "costs" in entry else (),
            "cumulative" in entry and entry["cumulative"].boolean(),
            self.per_person(entry["per_person"], subjects, parameters) if "per_person" in entry else None,
        )

    def per_person(self, item: Item, subjects: Iterable[str], parameters: Mapping[str, Parameter]) -> PerPerson:
        entry = item.mapping(frozenset(), frozenset({"count", "months", "at_most"}))
        if set(entry) not in ({"count"}, {"months", "at_most"}):
            item.fail("expected either count, or months and at_most")
        counts = {
            name: name
            for subject in subjects
            for name, fact in self.words.of(subject).items()
            if fact.type is FactType.COUNT
        }
        limits = {name: name for name, each in parameters.items() if each.type is ParameterType.COUNT}
        if "count" in entry:
            return PerPerson(count=entry["count"].one_of(counts))
        return PerPerson(months=entry["months"].one_of(counts), at_most=entry["at_most"].one_of(limits))


def _note(item: Item, cite: Callable[[Item], Citation]) -> Note:
    entry = item.mapping(frozenset({"text", "cite"}))
    return Note(entry["text"].text(), cite(entry["cite"]))


def _parameter(name: str, item: Item, cite: Callable[[Item], Citation]) -> Parameter:
    entry = item.mapping(frozenset({"label", "type", "unit", "values"}))
    if not _SNAKE.fullmatch(name):
        item.fail(f"{name} is not a lower_snake name without digits")
    kind = entry["type"].one_of(_PARAMETER_TYPES)
    values = [_dated_value(value, kind, cite) for value in entry["values"].items()]
    if not values:
        entry["values"].fail("a parameter has at least one dated value")
    for (earlier, later), place in zip(pairwise(values), entry["values"].items()[1:], strict=True):
        if later.from_on <= earlier.from_on:
            place.fail(f"overlaps the value from {earlier.from_on}; values stand by date")
    return Parameter(name, entry["label"].text(), kind, entry["unit"].text(), tuple(values))


def _dated_value(item: Item, kind: ParameterType, cite: Callable[[Item], Citation]) -> DatedValue:
    entry = item.mapping(frozenset({"from", "cite"}), frozenset({"value"}))
    value = entry["value"].read(_READERS[kind], f"not a {kind.value}") if "value" in entry else None
    return DatedValue(entry["from"].day(), value, cite(entry["cite"]))


def _amount(text: str) -> int:
    if (fen := fen_from_yuan(text)) < 0:
        raise ValueError("negative")
    return fen


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > _MAX_COUNT:
        raise ValueError("not a count")
    return int(text)


def _percent(text: str) -> Fraction:
    if not _PERCENT.fullmatch(text):
        raise ValueError("not a percentage")
    return Fraction(text) / 100


_READERS: dict[ParameterType, Callable[[str], Value]] = {
    ParameterType.MONEY: _amount,
    ParameterType.COUNT: _count,
    ParameterType.PERCENT: _percent,
    ParameterType.DATE: parse_date,
}
