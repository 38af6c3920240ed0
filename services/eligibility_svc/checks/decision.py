"""Deciding: facts and a date against the catalogue, every criterion reported, unknown never taken for no."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import product
from math import prod
from operator import itemgetter
from typing import Any

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
from eligibility_svc.language.solving import compile_on
from eligibility_svc.measures.domain import Catalogue, Criterion, Edition, Quota

REMEMBERED = 128
TABULATED = 100
"""Up to so many combinations of its facts the reasons of a criterion are made beforehand."""
Values = tuple[Value | None, ...]
"""Values of some facts in a fixed order; None is unknown."""


Told = tuple[bool | None, Reason]
"""What a criterion comes to, and the reason that says so."""


class Teller:
    """One criterion under the figures of some days.

    Attributes:
        pick: the values that the criterion reads, from those of its claim.
        listed: what such values come to, from a table that covers a criterion of few combinations and no date.
        is_dated: whether the same values may come to something else on another day.
        said: what it asks, with the figures that it uses: equal for criteria that come to the same for the same values.
    """

    def __init__(
        self, figures: Figures, criterion: Criterion, role: Role, facts: Sequence[str], vocabulary: Vocabulary
    ) -> None:
        rule = criterion.rule
        self.pick = _picker([facts.index(name) for name in rule.facts])
        self.is_dated = is_dated(rule.node)
        self.said = rule.source, rule.facts, tuple((name, figures.values.get(name)) for name in rule.parameters)
        self._figures = figures
        self._criterion = criterion
        self._role = role
        self._used = figures.by_criterion[criterion.id]
        # Facts that are written as they are need no second mapping.
        self._write = vocabulary.wire if vocabulary.wire_differs(rule.facts) else None
        choices = [()] if self.is_dated else [vocabulary.values(name) for name in rule.facts]
        combinations = product(*choices) if prod(map(len, choices)) <= TABULATED else ()
        self.listed = {values: self.tell(date.min, values) for values in combinations}.get

    def tell(self, as_of: date, values: Values) -> Told:
        """What a date and such values come to, whatever they are."""
        facts = self.named(values)
        met = self._criterion.rule.run(facts, self._figures.values, as_of)
        return met, self.reason(met, facts, self.met_on(as_of, facts) if met is False else None)

    def named(self, values: Values) -> dict[str, Value | None]:
        """The facts that the criterion reads."""
        return dict(zip(self._criterion.rule.facts, values, strict=True))

    def run_on(self, as_of: date) -> Callable[[Mapping[str, Value | None]], bool | None]:
        """The criterion on one day: `tell` without its reason, for many in turn."""
        run = compile_on(self._criterion.rule, self._figures.values, as_of)
        return lambda facts: run(facts, {}, as_of)

    def met_on(self, as_of: date, facts: Mapping[str, Value | None]) -> date | None:
        """For facts that do not meet it yet, the first day on which they will by the calendar alone."""
        rule, values = self._criterion.rule, self._figures.values
        if rule.turns is None:
            return None
        return _first_day(rule.turns(facts, values, as_of), as_of, lambda day: rule.run(facts, values, day))

    def shown(self, facts: Mapping[str, Value | None]) -> Mapping[str, Any]:
        """Facts as a reason shows them."""
        return facts if self._write is None else self._write(facts)

    def reason(self, met: bool | None, facts: Mapping[str, Value | None], met_on: date | None = None) -> Reason:
        """What the criterion says of such facts."""
        each = self._criterion
        return Reason(each.id, each.text, self._role, TRUTHS[met], self.shown(facts), self._used, each.citation, met_on)


class Phase:
    """An edition under the figures of some days in which none of them changes.

    Attributes:
        tellers: of the requirements, then of the tiers of the benefit: in the order of the reasons.
    """

    def __init__(self, plan: Plan, figures: Figures, facts: Sequence[str], vocabulary: Vocabulary) -> None:
        self.plan = plan
        self.figures = figures
        criteria = [(criterion, Role.REQUIREMENT) for criterion in plan.terms.criteria]
        criteria += [(tier.criterion, Role.BENEFIT) for tier in plan.terms.benefit.tiers]
        self.tellers = tuple(Teller(figures, criterion, role, facts, vocabulary) for criterion, role in criteria)
        self._facts = facts

    def tell(self, as_of: date, values: Values) -> list[Told]:
        """Every criterion, in the order of the reasons."""
        return [teller.listed(read := teller.pick(values)) or teller.tell(as_of, read) for teller in self.tellers]

    def beside(self, truths: Truths) -> Callable[[Values], Values]:
        """Picks the values from which, with these truths of the requirements, all of an answer but its reasons follows.

        Args:
            truths: of the requirements.
        """
        plan, terms, benefit = self.plan, self.plan.terms, self.plan.terms.benefit
        verdict = plan.verdict(truths)
        if verdict is False:
            return tuple if plan.hopes(truths) else _picker(())
        rules: list[Rule | None] = []
        if verdict is None:
            rules += [terms.criteria[position].rule for position in plan.unsettled(truths)]
        if verdict is True:
            rules += [terms.criteria[position].rule for position in plan.dated]
        if self.figures.settled is None:
            rules += [benefit.formula, benefit.ceiling, *(payer.rule for payer in benefit.payers)]
            rules += [tier.criterion.rule for tier in benefit.tiers]
        if terms.quota is not None:
            rules += [terms.quota.owed, terms.quota.owed_at_most, terms.quota.done, terms.quota.due]
        read = {name for rule in rules if rule is not None for name in rule.facts}
        return _picker([position for position, name in enumerate(self._facts) if name in read])


class Claim:
    """A measure as one subject may claim it: its editions made ready, and the answers given last.

    An answer follows from the date and the facts that the rules read, and people are much alike in these few: most
    answers have been given before. `answer` remembers as many as are worth their memory, and nobody they were about.

    Attributes:
        facts: names of all facts that any edition reads.
        read: their values from a mapping that has every fact of the subject, None for unknown ones.
        answer: what a date and such values come to.
    """

    def __init__(self, vocabulary: Vocabulary, subject: str, plans: tuple[Plan, ...], remembered: int) -> None:
        names = {name for plan in plans for rule in plan.terms.rules() for name in rule.facts}
        self.plans = plans
        self.facts = tuple(sorted(names, key=vocabulary.position))
        self.read = _reader(self.facts)
        self.answer = lru_cache(remembered)(self._answer)
        self._vocabulary = vocabulary
        self._subject = subject
        self._phases = {
            plan: [Phase(plan, figures, self.facts, vocabulary) for figures in plan.periods] for plan in plans
        }

    def plan(self, day: date) -> Plan | None:
        """The edition in force on a day."""
        for plan in self.plans:
            if plan.edition.is_in_force(day):
                return plan
        return None

    def phase(self, day: date) -> Phase | None:
        """The edition in force on a day, under the figures of that day."""
        plan = self.plan(day)
        return None if plan is None else self._phases[plan][plan.period(day)]

    def _answer(self, as_of: date, values: Values) -> Answer:
        phase = self.phase(as_of)
        if phase is None:
            return _not_in_force([each.edition for each in self.plans], self._subject, as_of)
        facts = dict(zip(self.facts, values, strict=True))
        return _Case(self._vocabulary, facts, as_of).answer(phase, phase.tell(as_of, values))


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
        wanted = None if measures is None else frozenset(measures)
        whole = self.whole(subject, facts)
        found: list[Answer] = []
        costs: dict[str, frozenset[str]] = {}
        for code, claim in self.claims[subject].items():
            if wanted is not None and code not in wanted:
                continue
            answer = claim.answer(as_of, claim.read(whole))
            found.append(answer)
            if answer.outcome is not Outcome.NOT_ELIGIBLE and (plan := claim.plan(as_of)) and plan.costs:
                costs[code] = plan.costs
        marked = overlapping(costs)
        if not marked:
            return tuple(found)
        return tuple(answer._replace(overlaps=marked.get(answer.measure, ())) for answer in found)

    def whole(self, subject: str, facts: Mapping[str, Value]) -> dict[str, Value | None]:
        """Every fact of the subject, None for unknown ones."""
        return {**self._unknown[subject], **facts}

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

    def answer(self, phase: Phase, told: Sequence[Told]) -> Answer:
        plan, figures = phase.plan, phase.figures
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
            notes=edition.notes,
            eligible_on=self._eligible_on(plan, figures, truths) if plan.dated and verdict is False else None,
            eligible_until=self._eligible_until(plan, figures) if plan.dated and verdict else None,
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
        if not plan.hopes(truths):
            return None
        in_force = {day for day in self._turns(plan, figures) if plan.edition.is_in_force(day)}
        return _first_day(in_force, self.as_of, lambda day: plan.verdict(plan.truths(self.facts, day)))

    def _eligible_until(self, plan: Plan, figures: Figures) -> date | None:
        """The day before the first later one on which something is no longer met with these facts."""
        ends = _first_day(
            self._turns(plan, figures), self.as_of, lambda day: not plan.verdict(plan.truths(self.facts, day))
        )
        return None if ends is None else ends - timedelta(days=1)

    def _turns(self, plan: Plan, figures: Figures) -> set[date]:
        """The days on which the calendar alone may change a criterion."""
        days: set[date] = set()
        for position in plan.dated:
            turns = plan.terms.criteria[position].rule.turns
            if turns is not None:
                days |= turns(self.facts, figures.values, self.as_of)
        return days

    def _benefit(self, plan: Plan, figures: Figures, asked: set[str]) -> BenefitAnswer:
        benefit = plan.terms.benefit
        amount, shown = None, benefit.formula
        if benefit.formula is not None:
            amount = self._run(benefit.formula, figures)
        if amount is None and benefit.ceiling is not None:
            amount, shown = self._run(benefit.ceiling, figures), benefit.ceiling
        payer, undecided = self._payer(plan, figures)
        rules = [tier.criterion.rule for tier in benefit.tiers]
        rules += [benefit.formula] if benefit.formula is not None and figures.says_amounts else []
        return BenefitAnswer(
            status=figures.refused.status if amount is None else figures.given,
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


def overlapping(costs: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """Of measures by what they pay for: those that share a cost, each with the others.

    Both are shown and marked, since neither notice ranks them.
    """
    found = {}
    for code, mine in costs.items():
        others = tuple(other for other, theirs in costs.items() if other != code and mine & theirs)
        if others:
            found[code] = others
    return found
