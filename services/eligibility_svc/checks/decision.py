"""Deciding: facts and a date against the catalogue, every criterion reported, unknown never taken for no."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import product
from math import prod
from operator import itemgetter
from typing import Any, NamedTuple

from eligibility_svc.checks.domain import (
    NOT_IN_FORCE,
    OUTCOMES,
    TRUTHS,
    Answer,
    BenefitAnswer,
    Outcome,
    QuotaAnswer,
    Reason,
    Role,
    TierAnswer,
    Truth,
)
from eligibility_svc.checks.plans import Figures, Plan, Truths
from eligibility_svc.facts.domain import Vocabulary
from eligibility_svc.language.arithmetic import Words, write_out
from eligibility_svc.language.closures import Rule
from eligibility_svc.language.nodes import Value, is_dated
from eligibility_svc.measures.domain import Catalogue, Criterion, Edition, Quota

REMEMBERED = 128
TABULATED = 64
"""Up to so many combinations of its facts the reasons of a criterion are made beforehand."""
Values = tuple[Value | None, ...]
"""Values of some facts in a fixed order; None is unknown."""


Told = tuple[bool | None, Reason]
"""What a criterion comes to, and the reason that says so."""


class Teller:
    """One criterion under the figures of some days, and the reasons it gave last.

    Attributes:
        pick: the values that the criterion reads, from those of its claim.
        listed: what such values come to, from a table that covers a criterion of few combinations and no date.
        tell: what a date and such values come to, whatever they are.
    """

    def __init__(
        self,
        figures: Figures,
        criterion: Criterion,
        role: Role,
        facts: Sequence[str],
        vocabulary: Vocabulary,
        remembered: int,
    ) -> None:
        rule = criterion.rule
        self.pick = _picker([facts.index(name) for name in rule.facts])
        self.tell = lru_cache(remembered)(self._tell)
        self._run = rule.run
        self._figures = figures
        self._criterion = criterion
        self._role = role
        self._used = figures.by_criterion[criterion.id]
        # Facts that are written as they are need no second mapping.
        self._write = vocabulary.wire if vocabulary.wire_differs(rule.facts) else None
        choices = [()] if is_dated(rule.node) else [vocabulary.values(name) for name in rule.facts]
        combinations = product(*choices) if prod(map(len, choices)) <= TABULATED else ()
        self.listed = {values: self._tell(date.min, values) for values in combinations}.get

    def _tell(self, as_of: date, values: Values) -> Told:
        criterion = self._criterion
        rule = criterion.rule
        facts = dict(zip(rule.facts, values, strict=True))
        met = self._run(facts, self._figures.values, as_of)
        met_on = None
        if met is False and rule.turns is not None:
            days = rule.turns(facts, self._figures.values, as_of)
            met_on = _first_day(days, as_of, lambda day: rule.run(facts, self._figures.values, day))
        read = facts if self._write is None else self._write(facts)
        reason = Reason(
            criterion.id, criterion.text, self._role, TRUTHS[met], read, self._used, criterion.citation, met_on
        )
        return met, reason


class Claim:
    """A measure as one subject may claim it: its editions made ready, and the answers given last.

    An answer follows from the date and the facts that the rules read, and people are much alike in these few: most
    answers have been given before. `answer` remembers as many as are worth their memory, and nobody they were about.

    Attributes:
        facts: names of all facts that any edition reads.
        has_costs: whether it may overlap with another measure.
        read: their values from a mapping that has every fact of the subject, None for unknown ones.
        answer: what a date and such values come to.
    """

    def __init__(self, vocabulary: Vocabulary, subject: str, plans: tuple[Plan, ...], remembered: int) -> None:
        names = {name for plan in plans for rule in plan.terms.rules() for name in rule.facts}
        self.plans = plans
        self.has_costs = any(plan.costs for plan in plans)
        self.facts = tuple(sorted(names, key=vocabulary.position))
        self.read = _reader(self.facts)
        self.answer = lru_cache(remembered)(self._answer)
        self._vocabulary = vocabulary
        self._subject = subject
        self._tellers = {
            plan: [_tellers(plan, figures, self.facts, vocabulary, remembered) for figures in plan.periods]
            for plan in plans
        }

    def plan(self, day: date) -> Plan | None:
        """The edition in force on a day."""
        for plan in self.plans:
            if plan.edition.is_in_force(day):
                return plan
        return None

    def _answer(self, as_of: date, values: Values) -> Answer:
        plan = self.plan(as_of)
        if plan is None:
            return _not_in_force([each.edition for each in self.plans], self._subject, as_of)
        period = plan.period(as_of)
        told = [
            teller.listed(read := teller.pick(values)) or teller.tell(as_of, read)
            for teller in self._tellers[plan][period]
        ]
        facts = dict(zip(self.facts, values, strict=True))
        return _Case(self._vocabulary, facts, as_of).answer(plan, plan.periods[period], told)


def _tellers(
    plan: Plan, figures: Figures, facts: Sequence[str], vocabulary: Vocabulary, remembered: int
) -> tuple[Teller, ...]:
    """Of the requirements, then of the tiers of the benefit: in the order of the reasons."""
    criteria = [(criterion, Role.REQUIREMENT) for criterion in plan.terms.criteria]
    criteria += [(tier.criterion, Role.BENEFIT) for tier in plan.terms.benefit.tiers]
    return tuple(Teller(figures, criterion, role, facts, vocabulary, remembered) for criterion, role in criteria)


def _picker(positions: Sequence[int]) -> Callable[[Values], Values]:
    # Of one value too a tuple, and without a function of our own.
    if len(positions) == 1:
        return itemgetter(slice(positions[0], positions[0] + 1))
    return _reader(positions)


def _reader(keys: Sequence[Any]) -> Callable[[Any], Values]:
    match keys:
        case []:
            return lambda _: ()
        case [key]:
            return lambda source: (source[key],)
        case _:
            return itemgetter(*keys)


class Finding(NamedTuple):
    """An answer, and what it follows from: a claim and the values of its facts."""

    claim: Claim
    values: Values
    answer: Answer


class Decider:
    """Answers checks against one catalogue; made once, holds no state of a check.

    Args:
        remembered: how many answers to keep of each measure.
    """

    def __init__(self, catalogue: Catalogue, vocabulary: Vocabulary, remembered: int = REMEMBERED) -> None:
        self.catalogue = catalogue
        self.vocabulary = vocabulary
        self.claims: dict[str, dict[str, Claim]] = {
            subject: {
                code: Claim(
                    vocabulary,
                    subject,
                    tuple(
                        Plan(edition, edition.terms[subject], self._words(subject, edition))
                        for edition in catalogue.measures[code]
                        if subject in edition.terms
                    ),
                    remembered,
                )
                for code in catalogue.of_subject(subject)
            }
            for subject in vocabulary.subjects
        }
        self._unknown = {subject: dict.fromkeys(vocabulary.of(subject)) for subject in vocabulary.subjects}

    def check(
        self, subject: str, facts: Mapping[str, Value], as_of: date, measures: Sequence[str] | None = None
    ) -> tuple[Answer, ...]:
        """Answers every measure asked for, or all of the subject, in the order of the catalogue.

        Args:
            facts: known facts of the subject.
            as_of: the legal date; parameters and editions are those of that day.
            measures: codes that exist and belong to the subject.
        """
        return tuple(found.answer for found in self.find(subject, facts, as_of, measures))

    def find(
        self, subject: str, facts: Mapping[str, Value], as_of: date, measures: Sequence[str] | None = None
    ) -> list[Finding]:
        """As `check`, each answer with what it follows from."""
        wanted = None if measures is None else frozenset(measures)
        whole: dict[str, Value | None] = {**self._unknown[subject], **facts}
        found: list[Finding] = []
        costs: dict[str, frozenset[str]] = {}
        for code, claim in self.claims[subject].items():
            if wanted is not None and code not in wanted:
                continue
            values = claim.read(whole)
            answer = claim.answer(as_of, values)
            found.append(Finding(claim, values, answer))
            if claim.has_costs and answer.outcome is not Outcome.NOT_ELIGIBLE and (plan := claim.plan(as_of)):
                costs[code] = plan.costs
        _mark(found, costs)
        return found

    def deciding(self, subject: str, code: str, as_of: date) -> frozenset[str]:
        """Facts of which one alone may settle a measure; none while it is not in force."""
        plan = self.claims[subject][code].plan(as_of)
        return plan.deciding if plan else frozenset()

    def _words(self, subject: str, edition: Edition) -> Words:
        units = {name: fact.unit for name, fact in self.vocabulary.of(subject).items() if fact.unit is not None}
        return Words(units, {name: (each.label, each.unit) for name, each in edition.parameters.items()})


class _Case:
    """The facts that one measure reads, on a day; None is unknown."""

    def __init__(self, vocabulary: Vocabulary, facts: Mapping[str, Value | None], as_of: date) -> None:
        self.vocabulary = vocabulary
        self.facts = facts
        self.as_of = as_of

    def answer(self, plan: Plan, figures: Figures, told: Sequence[Told]) -> Answer:
        truths = [met for met, _ in told[: len(plan.runs)]]
        verdict = plan.verdict(truths)
        missing = self._missing(plan, figures, truths) if verdict is None else set()
        edition, quota = plan.edition, plan.terms.quota
        return Answer(
            measure=edition.code,
            name=edition.name,
            family=edition.family,
            outcome=OUTCOMES[verdict],
            benefit=figures.refused if verdict is False else figures.settled or self._benefit(plan, figures, missing),
            quota=None if quota is None or verdict is False else self._quota(plan, quota, figures),
            reasons=tuple([reason for _, reason in told]),
            rule=plan.rule,
            missing_facts=self._in_order(missing),
            eligible_on=self._eligible_on(plan, figures, truths) if plan.dated and verdict is False else None,
        )

    def _run(self, rule: Rule, figures: Figures) -> Any:
        return rule.run(self.facts, figures.values, self.as_of)

    def _lacking(self, rules: Sequence[Rule], figures: Figures) -> set[str]:
        """The unknown facts that keep any of the rules unknown."""
        found: set[str] = set()
        for rule in rules:
            rule.collect(self.facts, figures.values, self.as_of, found)
        return found

    def _missing(self, plan: Plan, figures: Figures, truths: Truths) -> set[str]:
        """The unknown facts that can still change the outcome: those of unsettled parts only."""
        criteria = plan.terms.criteria
        return self._lacking([criteria[position].rule for position in plan.unsettled(truths)], figures)

    def _in_order(self, names: set[str]) -> tuple[str, ...]:
        """Facts in the order in which they are asked for."""
        return tuple(sorted(names, key=self.vocabulary.position)) if names else ()

    def _eligible_on(self, plan: Plan, figures: Figures, truths: Truths) -> date | None:
        """The first later day on which everything is met with these facts, found among the days that can matter."""
        late = [position for position in plan.dated if truths[position] is False]
        hopeful = [True if position in late else truth for position, truth in enumerate(truths)]
        if not late or plan.verdict(hopeful) is not True:
            return None
        days: set[date] = set()
        for position in plan.dated:
            turns = plan.terms.criteria[position].rule.turns
            if turns is not None:
                days |= turns(self.facts, figures.values, self.as_of)
        in_force = {day for day in days if plan.edition.is_in_force(day)}
        return _first_day(in_force, self.as_of, lambda day: plan.verdict(plan.truths(self.facts, day)))

    def _benefit(self, plan: Plan, figures: Figures, asked: set[str]) -> BenefitAnswer:
        benefit = plan.terms.benefit
        amount, shown = None, benefit.formula
        if benefit.formula is not None:
            amount = self._run(benefit.formula, figures)
        if amount is None and benefit.ceiling is not None:
            amount, shown = self._run(benefit.ceiling, figures), benefit.ceiling
        payer, undecided = self._payer(plan, figures)
        rules = [tier.criterion.rule for tier in benefit.tiers]
        rules += [benefit.formula] if benefit.formula is not None else []
        return BenefitAnswer(
            status=figures.refused.status,
            amount=None if amount is None else int(amount),
            is_ceiling=amount is not None and shown is benefit.ceiling,
            payer=payer,
            per=benefit.per,
            tiers=tuple(
                TierAnswer(tier.code, tier.name, TRUTHS[self._run(tier.criterion.rule, figures)])
                for tier in benefit.tiers
            ),
            arithmetic=() if amount is None or shown is None else self._written(plan, shown, figures),
            missing_facts=self._in_order((self._lacking(rules, figures) | undecided) - asked),
        )

    def _payer(self, plan: Plan, figures: Figures) -> tuple[str | None, set[str]]:
        """Who pays, and the facts that decide it and are unknown."""
        for payer in plan.terms.benefit.payers:
            holds = True if payer.rule is None else self._run(payer.rule, figures)
            if holds:
                return payer.code, set()
            if holds is None and payer.rule is not None:
                return None, self._lacking([payer.rule], figures)
        return None, set()

    def _quota(self, plan: Plan, quota: Quota, figures: Figures) -> QuotaAnswer:
        owed = self._run(quota.owed, figures)
        done = self._run(quota.done, figures) if quota.done else None
        rules = [rule for rule in (quota.owed, quota.done) if rule is not None]
        return QuotaAnswer(
            unit=quota.unit,
            owed=owed,
            owed_at_most=self._run(quota.owed_at_most, figures) if quota.owed_at_most else None,
            done=done,
            lacking=None if owed is None or done is None else max(owed - done, 0),
            due_on=self._run(quota.due, figures) if quota.due else None,
            arithmetic=() if owed is None else self._written(plan, quota.owed, figures),
            missing_facts=self._in_order(self._lacking(rules, figures)),
        )

    def _written(self, plan: Plan, rule: Rule, figures: Figures) -> tuple[str, ...]:
        return write_out(rule.node, self.facts, figures.values, self.as_of, plan.words)


def _first_day(days: set[date], as_of: date, rule: Callable[[date], bool | None]) -> date | None:
    later = sorted(day for day in days if day > as_of)
    return next((day for day in later if rule(day)), None)


def _not_in_force(editions: list[Edition], subject: str, as_of: date) -> Answer:
    """The measure begins later, or has ended."""
    coming = next((edition for edition in editions if edition.in_force_from > as_of), None)
    edition = coming or editions[-1]
    begins = edition.in_force_from
    reason = Reason(
        criterion=NOT_IN_FORCE,
        text=f"自{begins.year}年{begins.month}月{begins.day}日起施行" if coming else "已不再施行",
        role=Role.REQUIREMENT,
        outcome=Truth.UNMET,
        facts={},
        parameters={},
        citation=edition.citations[0],
        met_on=begins if coming else None,
    )
    terms = edition.terms[subject]
    return Answer(
        measure=edition.code,
        name=edition.name,
        family=edition.family,
        outcome=Outcome.NOT_ELIGIBLE,
        benefit=BenefitAnswer(terms.benefit.status, per=terms.benefit.per),
        quota=None,
        reasons=(reason,),
        rule=NOT_IN_FORCE,
        missing_facts=(),
    )


def _mark(found: list[Finding], costs: Mapping[str, frozenset[str]]) -> None:
    """Two measures that pay for the same cost are both shown and marked, since neither notice ranks them."""
    if len(costs) < 2:
        return
    for position, (claim, values, answer) in enumerate(found):
        mine = costs.get(answer.measure)
        if mine is None:
            continue
        others = tuple(code for code, theirs in costs.items() if code != answer.measure and mine & theirs)
        if others:
            found[position] = Finding(claim, values, answer._replace(overlaps=others))
