"""Reading what holds for each subject of an edition: criteria, benefit, duty."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from eligibility_svc.datafiles import Item
from eligibility_svc.facts.domain import Vocabulary
from eligibility_svc.facts.repository import read_rule
from eligibility_svc.language.closures import Rule
from eligibility_svc.language.nodes import BOOL, COUNT, DATE, MONEY, Type
from eligibility_svc.language.parsing import Scope
from eligibility_svc.measures.domain import (
    AllOf,
    AnyOf,
    AtLeast,
    Benefit,
    BenefitStatus,
    Citation,
    Criterion,
    Family,
    Parameter,
    Payer,
    Quota,
    Requirement,
    Terms,
    Tier,
    criteria_of,
)

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_STATUSES = {status.value: status for status in BenefitStatus}
_LEAF = frozenset({"id", "text", "when", "cite"})


@dataclass(frozen=True, slots=True)
class TermsReader:
    """Reads the rules of one edition once for each of its subjects."""

    words: Vocabulary
    labels: Mapping[str, Mapping[str, str]]
    family: Family
    parameters: Mapping[str, Parameter]
    begins: date
    cite: Callable[[Item], Citation]

    def read(self, root: Item, entry: Mapping[str, Item]) -> dict[str, Terms]:
        """Terms by subject.

        `subjects` with one `requires` for all, or `requires` with a tree for each subject.
        """
        subjects = {code: code for code in self.words.subjects}
        trees = entry["requires"]
        if trees.is_mapping and trees.entries().keys() & subjects.keys():
            if "subjects" in entry:
                entry["subjects"].fail("`requires` names the subjects already")
            by_subject = trees.mapping(frozenset(), frozenset(subjects))
        elif "subjects" in entry:
            by_subject = {item.one_of(subjects): trees for item in entry["subjects"].items()}
        else:
            root.fail("missing subjects")
        if not by_subject:
            root.fail("a measure has a subject")
        return {subject: self.terms(subject, tree, root, entry) for subject, tree in by_subject.items()}

    def terms(self, subject: str, tree: Item, root: Item, entry: Mapping[str, Item]) -> Terms:
        types = {name: parameter.type.value_type for name, parameter in self.parameters.items()}
        scope = self.words.scope(subject, types)
        requires = self.requirement(tree, scope)
        criteria = tuple(criteria_of(requires))
        self.refuse_duplicates(tree, criteria)
        if (self.family is Family.GRANT) != ("benefit" in entry):
            root.fail("a GRANT has a benefit, no other family has one")
        if (self.family is Family.QUOTA) != ("quota" in entry):
            root.fail("a QUOTA has a quota, no other family has one")
        benefit = self.benefit(entry["benefit"], subject, scope) if "benefit" in entry else Benefit(BenefitStatus.NONE)
        quota = self.quota(entry["quota"], scope) if "quota" in entry else None
        return Terms(requires, benefit, quota, criteria)

    def requirement(self, item: Item, scope: Scope) -> Requirement:
        entry = item.entries()
        if "all" in entry:
            return AllOf(self.parts(item.mapping(frozenset({"all"}))["all"], scope))
        if "any" in entry:
            return AnyOf(self.parts(item.mapping(frozenset({"any"}))["any"], scope))
        if "at_least" in entry:
            entry = item.mapping(frozenset({"at_least", "of"}))
            parts = self.parts(entry["of"], scope)
            if not 1 <= (count := entry["at_least"].integer()) <= len(parts):
                entry["at_least"].fail("at least 1, at most as many as there are parts")
            return AtLeast(count, parts)
        return self.criterion(item.mapping(_LEAF), scope)

    def parts(self, item: Item, scope: Scope) -> tuple[Requirement, ...]:
        parts = tuple(self.requirement(part, scope) for part in item.items())
        if not parts:
            item.fail("nothing is required")
        return parts

    def criterion(self, entry: Mapping[str, Item], scope: Scope) -> Criterion:
        name = entry["id"].text()
        if not _KEBAB.fullmatch(name):
            entry["id"].fail("an id is kebab-case")
        return Criterion(name, entry["text"].text(), self.rule(entry["when"], scope, BOOL), self.cite(entry["cite"]))

    def rule(self, item: Item, scope: Scope, expected: Type) -> Rule:
        return read_rule(item, scope, expected)

    def refuse_duplicates(self, item: Item, criteria: tuple[Criterion, ...]) -> None:
        names = [criterion.id for criterion in criteria]
        for name in names:
            if names.count(name) > 1:
                item.fail(f"criterion {name} stands twice")

    def benefit(self, item: Item, subject: str, scope: Scope) -> Benefit:
        entry = item.mapping(frozenset({"status"}), frozenset({"formula", "ceiling", "per", "payer", "tiers"}))
        status = entry["status"].one_of(_STATUSES)
        formula = self.rule(entry["formula"], scope, MONEY) if "formula" in entry else None
        ceiling = self.rule(entry["ceiling"], scope, MONEY) if "ceiling" in entry else None
        self.check_amount(item, status, formula, ceiling)
        tiers = (self.tier(tier, subject, scope) for tier in (entry["tiers"].items() if "tiers" in entry else ()))
        return Benefit(
            status=status,
            formula=formula,
            ceiling=ceiling,
            per=entry["per"].one_of({code: code for code in self.labels["per"]}) if "per" in entry else None,
            payers=self.payers(entry["payer"], scope) if "payer" in entry else (),
            tiers=tuple(tier for tier in tiers if tier is not None),
        )

    def check_amount(self, item: Item, status: BenefitStatus, formula: Rule | None, ceiling: Rule | None) -> None:
        """The status says what the notice says, so the parameters must agree with it."""
        given = (formula is not None, ceiling is not None)
        allowed = {
            BenefitStatus.NONE: {(False, False)},
            BenefitStatus.CAPPED: {(True, False), (False, True), (True, True)},
        }.get(status, {(True, False)})
        if given not in allowed:
            item.fail("NONE has neither formula nor ceiling, CAPPED has one or both, the others have a formula")
        used = {name for rule in (formula, ceiling) if rule is not None for name in rule.parameters}
        open_ones = sorted(name for name in used if self.is_open(name))
        if status is BenefitStatus.SET_BY_RULES and not open_ones:
            item.fail("SET_BY_RULES, yet no parameter of its formula is open")
        if status is not BenefitStatus.SET_BY_RULES and open_ones:
            item.fail(f"{status.value}, yet {', '.join(open_ones)} has no value")

    def is_open(self, name: str) -> bool:
        first = self.parameters[name].on(self.begins)
        return first is None or first.value is None

    def payers(self, item: Item, scope: Scope) -> tuple[Payer, ...]:
        codes = {code: code for code in self.labels["payers"]}
        if item.is_text:
            return (Payer(item.one_of(codes), None),)
        entries = [part.mapping(frozenset({"is", "when"})) for part in item.items()]
        return tuple(Payer(entry["is"].one_of(codes), self.rule(entry["when"], scope, BOOL)) for entry in entries)

    def tier(self, item: Item, subject: str, scope: Scope) -> Tier | None:
        entry = item.mapping(_LEAF | {"name"}, frozenset({"subject"}))
        if "subject" in entry and entry["subject"].one_of({code: code for code in self.words.subjects}) != subject:
            return None
        criterion = self.criterion({key: entry[key] for key in _LEAF}, scope)
        code = criterion.id.upper().replace("-", "_")
        if not _CODE.fullmatch(code):
            entry["id"].fail("an id is kebab-case")
        return Tier(code, entry["name"].text(), criterion)

    def quota(self, item: Item, scope: Scope) -> Quota:
        entry = item.mapping(frozenset({"unit", "owed"}), frozenset({"owed_at_most", "done", "due"}))
        optional = {
            key: self.rule(entry[key], scope, kind) if key in entry else None
            for key, kind in (("owed_at_most", COUNT), ("done", COUNT), ("due", DATE))
        }
        return Quota(unit=entry["unit"].text(), owed=self.rule(entry["owed"], scope, COUNT), **optional)
