"""What a measure is: editions in force between dates, dated parameters, criteria, benefit or duty."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from fractions import Fraction

from eligibility_svc.facts.domain import Vocabulary
from eligibility_svc.language.closures import Rule
from eligibility_svc.language.nodes import COUNT, DATE, MONEY, NUMBER, Type, Value
from kit.money import fixed, yuan


class Family(Enum):
    """GRANT is decided from facts, QUOTA computes a number owed, SERVICE is offered to everyone of a group."""

    GRANT = "GRANT"
    QUOTA = "QUOTA"
    SERVICE = "SERVICE"


class BenefitStatus(Enum):
    """What the notice says of the amount: fixed, a ceiling, left to implementing rules, or not money."""

    FIXED = "FIXED"
    CAPPED = "CAPPED"
    SET_BY_RULES = "SET_BY_RULES"
    NONE = "NONE"


class ParameterType(Enum):
    """A figure of the law; PERCENT is written in percent and counts as an exact ratio."""

    MONEY = "MONEY"
    COUNT = "COUNT"
    PERCENT = "PERCENT"
    DATE = "DATE"

    @property
    def value_type(self) -> Type:
        return {"MONEY": MONEY, "COUNT": COUNT, "PERCENT": NUMBER, "DATE": DATE}[self.value]


@dataclass(frozen=True, slots=True)
class Document:
    """A notice; its key is what data files cite it by."""

    key: str
    number: str
    title: str
    issued_on: date
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A clause of a notice: `郑政〔2018〕31号`, `七`."""

    document: str
    clause: str


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value from a day until the next one's; None is an amount that implementing rules still have to set."""

    from_on: date
    value: Value | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    label: str
    type: ParameterType
    unit: str
    values: tuple[DatedValue, ...]

    def on(self, day: date) -> DatedValue | None:
        """The value in force on a day; None before the first."""
        return next((dated for dated in reversed(self.values) if dated.from_on <= day), None)

    def wire(self, value: Value | None) -> str | int | None:
        """A value as the contract writes it: yuan and percent with two places, dates as text, counts as numbers."""
        if self.type is ParameterType.MONEY and isinstance(value, int):
            return yuan(value)
        if self.type is ParameterType.PERCENT and isinstance(value, Fraction):
            return fixed(value.numerator * 100, value.denominator)
        if isinstance(value, date):
            return value.isoformat()
        return value if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Criterion:
    """A condition that the law sets, in one line of Chinese."""

    id: str
    text: str
    rule: Rule
    citation: Citation


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: "tuple[Requirement, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: "tuple[Requirement, ...]"


@dataclass(frozen=True, slots=True)
class AtLeast:
    count: int
    parts: "tuple[Requirement, ...]"


Requirement = Criterion | AllOf | AnyOf | AtLeast


def criteria_of(requirement: Requirement) -> Iterator[Criterion]:
    """The leaves, in the order of the law."""
    if isinstance(requirement, Criterion):
        yield requirement
    else:
        for part in requirement.parts:
            yield from criteria_of(part)


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays, when its rule holds; always without one."""

    code: str
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Tier:
    """A better benefit that a further criterion opens; it never decides who is entitled."""

    code: str
    name: str
    criterion: Criterion


@dataclass(frozen=True, slots=True)
class Benefit:
    """What is given.

    Attributes:
        formula: the amount from facts and parameters, exact; None where only a ceiling is known.
        ceiling: the amount to show while the facts do not give one.
        per: what one amount is for (codes.yaml), payers: the first whose rule holds; empty when no notice says.
    """

    status: BenefitStatus
    formula: Rule | None = None
    ceiling: Rule | None = None
    per: str | None = None
    payers: tuple[Payer, ...] = ()
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Quota:
    """A number owed: at least `owed`, at most `owed_at_most` where the notice gives a range, by `due`."""

    unit: str
    owed: Rule
    owed_at_most: Rule | None = None
    done: Rule | None = None
    due: Rule | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one subject of a measure."""

    requires: Requirement
    benefit: Benefit
    quota: Quota | None
    criteria: tuple[Criterion, ...]

    def rules(self) -> Iterator[Rule]:
        """Every rule in it."""
        yield from (criterion.rule for criterion in self.criteria)
        yield from (tier.criterion.rule for tier in self.benefit.tiers)
        optional = [payer.rule for payer in self.benefit.payers]
        optional += [self.benefit.formula, self.benefit.ceiling]
        if self.quota is not None:
            optional += [self.quota.owed, self.quota.owed_at_most, self.quota.done, self.quota.due]
        yield from (rule for rule in optional if rule is not None)


@dataclass(frozen=True, slots=True)
class Note:
    """A figure or limit that the notice gives beside the amount."""

    text: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class PerPerson:
    """A grant to an employer that is limited for each person whom it is about.

    Attributes:
        count: the fact that counts these persons, each of whom is granted for once; None where months are limited.
        months: the fact of the months claimed for the one person, at most as many in all as parameter `at_most`.
    """

    count: str | None = None
    months: str | None = None
    at_most: str | None = None


@dataclass(frozen=True, slots=True)
class Relations:
    """How a grant stands to other grants.

    Attributes:
        once: LIFE or YEAR if it is given once in it.
        costs: what it pays for.
        is_cumulative: its formula says what is due since the beginning; what was granted before is taken off.
        per_person: whom a claim is about is named, and counts from then on.
    """

    once: str | None = None
    costs: tuple[str, ...] = ()
    is_cumulative: bool = False
    per_person: PerPerson | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """A measure as it is in force from a day until another one (that day no longer included)."""

    code: str
    name: str
    family: Family
    citations: tuple[Citation, ...]
    in_force_from: date
    in_force_until: date | None
    parameters: Mapping[str, Parameter]
    terms: Mapping[str, Terms]
    relations: Relations = field(default_factory=Relations)
    notes: tuple[Note, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(self.terms)

    def is_in_force(self, day: date) -> bool:
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)

    def values_on(self, day: date) -> dict[str, Value]:
        """The parameters with a value in force on a day."""
        found: dict[str, Value] = {}
        for name, parameter in self.parameters.items():
            dated = parameter.on(day)
            if dated is not None and dated.value is not None:
                found[name] = dated.value
        return found


class Catalogue:
    """Every edition of every measure.

    Attributes:
        version: digest of the data, the same for the same data.
        words: the vocabulary that its rules are written in.
        documents: by key.
        payers, per, costs: code → Chinese label.
        measures: code → editions by date, families and codes in order.
    """

    def __init__(
        self,
        version: str,
        words: Vocabulary,
        documents: Mapping[str, Document],
        labels: Mapping[str, Mapping[str, str]],
        editions: Iterable[Edition],
    ) -> None:
        self.version = version
        self.words = words
        self.documents = documents
        self.payers, self.per, self.costs = labels["payers"], labels["per"], labels["costs"]
        families = list(Family)
        ordered = sorted(editions, key=lambda edition: (families.index(edition.family), edition.code))
        self.measures: dict[str, tuple[Edition, ...]] = {}
        for edition in sorted(ordered, key=lambda edition: edition.in_force_from):
            self.measures[edition.code] = (*self.measures.get(edition.code, ()), edition)
        self.measures = {code: self.measures[code] for code in dict.fromkeys(edition.code for edition in ordered)}

    def in_force(self, code: str, day: date) -> Edition | None:
        """The edition in force on a day, if there is one.

        Raises:
            KeyError: no such measure.
        """
        return next((edition for edition in self.measures[code] if edition.is_in_force(day)), None)

    def of_subject(self, subject: str) -> tuple[str, ...]:
        """Codes of the measures that a subject may claim in any edition, in order."""
        return tuple(
            code for code, editions in self.measures.items() if any(subject in each.terms for each in editions)
        )

    def uses(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """(subject, fact) → codes of the measures whose rules read the fact."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for code, editions in self.measures.items():
            for edition in editions:
                for subject, terms in edition.terms.items():
                    for rule in terms.rules():
                        for fact in rule.facts:
                            found.setdefault((subject, fact), {})[code] = None
        return {key: tuple(codes) for key, codes in found.items()}
