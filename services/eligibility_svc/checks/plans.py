"""An edition made ready for many checks: its tree over a list of truths, and its figures by date."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from eligibility_svc.checks.domain import BenefitAnswer, ParameterUsed
from eligibility_svc.language.arithmetic import Words, write_out
from eligibility_svc.language.closures import Rule, conjunction, disjunction, threshold
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import (
    AllOf,
    AnyOf,
    AtLeast,
    BenefitStatus,
    Criterion,
    Edition,
    ParameterType,
    Requirement,
    Terms,
)

Truths = Sequence[bool | None]
"""One truth for each criterion, in the order of the tree; None is unknown."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The parameters from a day until they change, and what follows from them without any fact.

    Attributes:
        by_criterion: the parameters of each criterion, as a reason shows them.
        refused: the benefit of who is not entitled.
        settled: the benefit of everybody else, when no fact changes it.
        given: the status of an amount that could be computed: what rules have filled in is FIXED.
        says_amounts: whether the formula can come to any amount; none while rules still have to set all of them.
    """

    values: Mapping[str, Value]
    by_criterion: Mapping[str, Mapping[str, ParameterUsed]]
    refused: BenefitAnswer
    settled: BenefitAnswer | None
    given: BenefitStatus
    says_amounts: bool


class Plan:
    """What a check needs of one edition for one subject.

    Attributes:
        verdict: Kleene's logic of the tree over the truths of its criteria.
        unsettled: positions of the unknown criteria that can still change the verdict.
        rule: the tree as the contract shows it, ids for leaves.
        periods: the figures of each span of days in which none of them changes.
        deciding: facts that may settle the whole measure alone, since their criterion stands at the top of the tree.
    """

    def __init__(self, edition: Edition, terms: Terms, words: Words) -> None:
        self.edition = edition
        self.terms = terms
        self.words = words
        self.costs = frozenset(edition.relations.costs)
        self.runs = tuple(criterion.rule.run for criterion in terms.criteria)
        self.dated = tuple(index for index, criterion in enumerate(terms.criteria) if criterion.rule.turns is not None)
        positions = {criterion.id: index for index, criterion in enumerate(terms.criteria)}
        self.verdict, self.unsettled = _compiled(terms.requires, positions)
        self.rule = _shown(terms.requires)
        top = (terms.requires,) if isinstance(terms.requires, Criterion) else terms.requires.parts
        self.deciding = frozenset(name for part in top if isinstance(part, Criterion) for name in part.rule.facts)
        days = {dated.from_on for parameter in edition.parameters.values() for dated in parameter.values}
        self._days = sorted(days | {date.min})
        self.periods = [self._figures_on(day) for day in self._days]

    def period(self, day: date) -> int:
        """Which of the periods a day is in."""
        return bisect_right(self._days, day) - 1

    def truths(self, facts: Mapping[str, Value | None], day: date) -> list[bool | None]:
        """Every criterion on a day."""
        values = self.periods[self.period(day)].values
        return [run(facts, values, day) for run in self.runs]

    def hopes(self, truths: Truths) -> bool:
        """Whether a refusal may end by the calendar alone: all would hold if each dated criterion did."""
        late = [position for position in self.dated if truths[position] is False]
        if not late:
            return False
        return self.verdict([True if position in late else truth for position, truth in enumerate(truths)]) is True

    def _figures_on(self, day: date) -> Figures:
        values = self.edition.values_on(day)
        used = {
            name: ParameterUsed(parameter.label, parameter.wire(values.get(name)), parameter.unit)
            for name, parameter in self.edition.parameters.items()
        }
        criteria = [*self.terms.criteria, *(tier.criterion for tier in self.terms.benefit.tiers)]
        by_criterion = {each.id: {name: used[name] for name in each.rule.parameters} for each in criteria}
        refused = BenefitAnswer(self._status(values), per=self.terms.benefit.per)
        status, formula = self.terms.benefit.status, self.terms.benefit.formula
        given = BenefitStatus.FIXED if status is BenefitStatus.SET_BY_RULES else status
        says_amounts = status is not BenefitStatus.SET_BY_RULES or self._fills_in(formula, values)
        return Figures(values, by_criterion, refused, self._settled(values, refused, day), given, says_amounts)

    def _fills_in(self, formula: Rule | None, values: Mapping[str, Value]) -> bool:
        """Whether rules have set any of the amounts that the notice leaves open."""
        parameters = self.edition.parameters
        return formula is not None and any(
            name in values for name in formula.parameters if parameters[name].type is ParameterType.MONEY
        )

    def _status(self, values: Mapping[str, Value]) -> BenefitStatus:
        """What the notice says, or FIXED once the rules that it points to have filled the amount in."""
        benefit = self.terms.benefit
        if benefit.status is not BenefitStatus.SET_BY_RULES or benefit.formula is None:
            return benefit.status
        is_open = any(name not in values for name in benefit.formula.parameters)
        return benefit.status if is_open else BenefitStatus.FIXED

    def _settled(self, values: Mapping[str, Value], refused: BenefitAnswer, day: date) -> BenefitAnswer | None:
        benefit = self.terms.benefit
        is_fixed = all(payer.rule is None for payer in benefit.payers) and not benefit.tiers
        formula = benefit.formula or benefit.ceiling
        if not is_fixed or (formula is not None and (formula.facts or formula.turns)):
            return None
        amount = None if formula is None else formula.run({}, values, day)
        is_known = formula is not None and amount is not None
        return refused._replace(
            amount=None if amount is None else int(amount),
            is_ceiling=is_known and benefit.formula is None,
            payer=benefit.payers[0].code if benefit.payers else None,
            arithmetic=()
            if formula is None or amount is None
            else write_out(formula.node, {}, values, day, self.words),
        )


def _compiled(
    requirement: Requirement, positions: Mapping[str, int]
) -> tuple[Callable[[Truths], bool | None], Callable[[Truths], list[int]]]:
    if isinstance(requirement, Criterion):
        position = positions[requirement.id]
        return lambda truths: truths[position], lambda truths: [position] if truths[position] is None else []
    compiled = [_compiled(part, positions) for part in requirement.parts]
    verdicts = [verdict for verdict, _ in compiled]
    combine = _combination(requirement)
    leaves = [positions[part.id] for part in requirement.parts if isinstance(part, Criterion)]
    pick = itemgetter(*leaves) if len(leaves) == len(verdicts) > 1 else None

    def verdict(truths: Truths) -> bool | None:
        return combine(pick(truths) if pick else [part(truths) for part in verdicts])

    def unsettled(truths: Truths) -> list[int]:
        if verdict(truths) is not None:
            return []
        return [position for _, part in compiled for position in part(truths)]

    return verdict, unsettled


def _combination(requirement: AllOf | AnyOf | AtLeast) -> Callable[[Truths], bool | None]:
    match requirement:
        case AllOf():
            return conjunction
        case AnyOf():
            return disjunction
        case AtLeast(count=count):
            return lambda truths: threshold(truths, count)


def _shown(requirement: Requirement) -> Any:
    match requirement:
        case Criterion(id=name):
            return name
        case AllOf(parts=parts):
            return {"all": [_shown(part) for part in parts]}
        case AnyOf(parts=parts):
            return {"any": [_shown(part) for part in parts]}
        case AtLeast(count=count, parts=parts):
            return {"at_least": count, "of": [_shown(part) for part in parts]}
