"""A screening made ready: for each measure its outcome, amount and reason masks as expressions over columns.

Two layers: the criteria first, each distinct condition once however many measures set it; over them the measures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic

from eligibility_svc.checks.domain import Truth
from eligibility_svc.language.binding import bind
from eligibility_svc.language.closures import Rule
from eligibility_svc.language.columns import Columns, E, Target
from eligibility_svc.language.lacking import lacking
from eligibility_svc.language.nodes import BOOL, MONEY, Choose, Const, Node, Value, facts_of
from eligibility_svc.measures.domain import AllOf, AnyOf, AtLeast, Catalogue, Criterion, Edition, Requirement, Terms

MAX_CRITERIA = 64
OUTCOME, UNMET, UNKNOWN, AMOUNT, MISSING, ENDING = "outcome", "unmet", "unknown", "amount", "missing", "ending"


@dataclass(frozen=True, slots=True)
class Program(Generic[E]):
    """What is computed.

    Attributes:
        conditions: column → expression over facts.
        results: column (`measure.outcome`, …) → expression over conditions.
        criteria: measure → ids of its reasons, the lowest bit first; None where it is not in force on the day.
        facts: the facts that are read.
        open_amounts: measures of which nobody's amount is known on the day, as the law names none.
    """

    conditions: Mapping[str, E]
    results: Mapping[str, E]
    criteria: Mapping[str, tuple[str, ...] | None]
    facts: tuple[str, ...]
    open_amounts: tuple[str, ...]


def column(measure: str, what: str) -> str:
    """The result column of a measure."""
    return f"{measure}.{what}"


def decode(unmet: int, unknown: int, criteria: Sequence[str]) -> dict[str, Truth]:
    """The truth of each criterion from the two masks."""
    return {
        criterion: Truth.UNMET if unmet >> bit & 1 else Truth.UNKNOWN if unknown >> bit & 1 else Truth.MET
        for bit, criterion in enumerate(criteria)
    }


def program(
    catalogue: Catalogue,
    target: Target[E],
    subject: str,
    as_of: date,
    measures: Sequence[str],
    *,
    horizon: date | None = None,
) -> Program[E]:
    """Compiles the measures of a subject for one day.

    Args:
        horizon: a later day; with it come the number of facts that an open outcome lacks, and who is entitled
            today and by the calendar alone no longer on that day.

    Raises:
        ColumnError: a rule cannot be computed over columns exactly.
    """
    compiler = _Compiler(Columns(target), subject)
    criteria: dict[str, tuple[str, ...] | None] = {}
    for code in measures:
        edition = catalogue.in_force(code, as_of)
        if edition is None or subject not in edition.terms:
            criteria[code] = None
            compiler.not_in_force(code, is_worked=horizon is not None)
            continue
        criteria[code] = tuple(each.id for each in reasons_of(edition.terms[subject]))
        compiler.measure(edition, as_of)
        if horizon is not None:
            later = catalogue.in_force(code, horizon)
            compiler.work(edition, as_of, later if later and subject in later.terms else None, horizon)
    facts = tuple(dict.fromkeys(compiler.facts))
    return Program(compiler.conditions, compiler.results, criteria, facts, tuple(compiler.open_amounts))


def reasons_of(terms: Terms) -> tuple[Criterion, ...]:
    """The criteria in the order in which a check gives reasons."""
    return (*terms.criteria, *(tier.criterion for tier in terms.benefit.tiers))


@dataclass(slots=True)
class _Compiler(Generic[E]):
    columns: Columns[E]
    subject: str
    conditions: dict[str, E] = field(default_factory=dict)
    results: dict[str, E] = field(default_factory=dict)
    facts: list[str] = field(default_factory=list)
    names: dict[tuple[str, Node], str] = field(default_factory=dict)
    open_amounts: list[str] = field(default_factory=list)

    def truth(self, rule: Rule, parameters: Mapping[str, Value], as_of: date) -> E:
        """The column of a condition, made once."""
        node = bind(rule.node, parameters, as_of)
        self.facts.extend(rule.facts)
        return self.columns.target.fact(self.named("c", node), BOOL)

    def named(self, prefix: str, node: Node) -> str:
        name = self.names.get((prefix, node))
        if name is None:
            name = self.names[prefix, node] = f"{prefix}{len(self.names)}"
            made = self.columns.truth(node) if prefix == "c" else self.columns.amount(node)
            self.conditions[name] = made
        return name

    def verdict(self, requirement: Requirement, parameters: Mapping[str, Value], as_of: date) -> E:
        target = self.columns.target
        if isinstance(requirement, Criterion):
            return self.truth(requirement.rule, parameters, as_of)
        parts = [self.verdict(part, parameters, as_of) for part in requirement.parts]
        match requirement:
            case AllOf():
                return target.every(parts)
            case AnyOf():
                return target.some(parts)
            case AtLeast(count=count):
                return target.at_least(count, parts)

    def measure(self, edition: Edition, as_of: date) -> None:
        target, terms = self.columns.target, edition.terms[self.subject]
        parameters = edition.values_on(as_of)
        truths = [self.truth(each.rule, parameters, as_of) for each in reasons_of(terms)]
        if len(truths) > MAX_CRITERIA:
            raise ValueError(f"{edition.code} has more than {MAX_CRITERIA} criteria")
        verdict = self.verdict(terms.requires, parameters, as_of)
        self.results[column(edition.code, OUTCOME)] = target.outcome(verdict)
        self.results[column(edition.code, UNMET)] = target.mask([target.fails(truth) for truth in truths])
        self.results[column(edition.code, UNKNOWN)] = target.mask([target.is_unknown(truth) for truth in truths])
        found = self.amount(terms, parameters, as_of)
        if found is None:
            self.amount_is_open(edition.code)
        else:
            due = target.where(target.fails(verdict), target.literal(None, MONEY), found)
            self.results[column(edition.code, AMOUNT)] = due

    def amount(self, terms: Terms, parameters: Mapping[str, Value], as_of: date) -> E | None:
        """Fen as in a check: the formula, or the ceiling while that is unknown; None where both are for everybody."""
        target = self.columns.target
        found: E | None = None
        for rule in (terms.benefit.ceiling, terms.benefit.formula):
            node = None if rule is None else bind(rule.node, parameters, as_of)
            if rule is None or node is None or _is_open(node):
                continue
            self.facts.extend(rule.facts)
            amount = target.fact(self.named("a", node), MONEY)
            found = amount if found is None else target.where(target.is_unknown(amount), found, amount)
        return found

    def amount_is_open(self, code: str) -> None:
        self.open_amounts.append(code)
        self.results[column(code, AMOUNT)] = self.columns.target.literal(None, MONEY)

    def work(self, edition: Edition, as_of: date, later: Edition | None, horizon: date) -> None:
        target, terms = self.columns.target, edition.terms[self.subject]
        parameters = edition.values_on(as_of)
        found = self.lacking(terms.requires, parameters, as_of)
        facts = [target.some(conditions) for conditions in found.values()]
        self.results[column(edition.code, MISSING)] = target.count(facts)
        holds = target.holds(self.verdict(terms.requires, parameters, as_of))
        if later is None:
            self.results[column(edition.code, ENDING)] = holds
        else:
            then = self.verdict(later.terms[self.subject].requires, later.values_on(horizon), horizon)
            self.results[column(edition.code, ENDING)] = target.every([holds, target.fails(then)])

    def lacking(self, requirement: Requirement, parameters: Mapping[str, Value], as_of: date) -> dict[str, list[E]]:
        """Fact → conditions under which it keeps the outcome open (as `Plan.unsettled` and `Rule.collect`)."""
        target = self.columns.target
        if isinstance(requirement, Criterion):
            node = bind(requirement.rule.node, parameters, as_of)
            if ("m", node) not in self.names:
                self.names["m", node] = f"m{len(self.names)}"
                for fact, conditions in lacking(self.columns, node).items():
                    self.conditions[f"{self.names['m', node]}_{fact}"] = target.some(conditions)
            prefix = self.names["m", node]
            return {fact: [target.fact(f"{prefix}_{fact}", BOOL)] for fact in facts_of(node)}
        is_open = target.is_unknown(self.verdict(requirement, parameters, as_of))
        found: dict[str, list[E]] = {}
        for part in requirement.parts:
            for name, conditions in self.lacking(part, parameters, as_of).items():
                found.setdefault(name, []).extend(conditions)
        return {name: [target.every([is_open, target.some(conditions)])] for name, conditions in found.items()}

    def not_in_force(self, code: str, *, is_worked: bool) -> None:
        target = self.columns.target
        never = target.literal(False, BOOL)
        self.results[column(code, OUTCOME)] = target.outcome(never)
        for mask in (UNMET, UNKNOWN):
            self.results[column(code, mask)] = target.mask([never])
        self.amount_is_open(code)
        if is_worked:
            self.results[column(code, MISSING)] = target.count([never])
            self.results[column(code, ENDING)] = never


def _is_open(node: Node) -> bool:
    """Whether an amount is unknown for everybody: whatever is chosen, rules still have to set it."""
    if isinstance(node, Choose):
        return _is_open(node.then) and _is_open(node.otherwise)
    return isinstance(node, Const) and node.value is None
