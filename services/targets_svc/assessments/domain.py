"""Scores and grades, exact; rounding happens only where a figure is shown (targets design §5.10)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from targets_svc.progress.domain.arithmetic import Ratio

_FULL = Fraction(100)


class RuleType(StrEnum):
    """How a completion becomes points."""

    PROPORTIONAL = "PROPORTIONAL"
    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    STEPPED = "STEPPED"
    VETO = "VETO"


class Grade(StrEnum):
    """优秀, 达标, 不达标."""

    EXCELLENT = "EXCELLENT"
    PASS = "PASS"  # noqa: S105  a grade, no password
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version of the rules.

    Attributes:
        rules: the type of single indicators; `rule` for all others.
        steps: for STEPPED, (least completion in percent, share of the points), highest first.
        bonus_each: points for every ten points of completion beyond 100, per indicator.
        excellent_share: at most so many percent of the units are excellent.
        veto_cap: the highest score of a unit that missed a VETO indicator.
        published_at: None for those that are shipped.
    """

    code: str
    version: int
    name: str
    reference: str
    effective_from: date
    rule: RuleType
    rules: Mapping[str, RuleType]
    steps: tuple[tuple[Fraction, Fraction], ...]
    weights: Mapping[str, Fraction]
    bonus_each: Fraction
    bonus_cap: Fraction
    late_each: Fraction
    late_cap: Fraction
    flag_each: Fraction
    excellent: Fraction
    passed: Fraction
    excellent_share: Fraction
    veto_cap: Fraction
    published_at: datetime | None = None

    def type_of(self, indicator: str) -> RuleType:
        """The rule of one indicator."""
        return self.rules.get(indicator, self.rule)


def in_force(rule_sets: Iterable[RuleSet], code: str, on: date, known_at: datetime | None = None) -> RuleSet | None:
    """The version of a rule set that is in force on a day, of those published by an instant."""
    versions = [
        rules
        for rules in rule_sets
        if rules.code == code
        and rules.effective_from <= on
        and (known_at is None or rules.published_at is None or rules.published_at <= known_at)
    ]
    return max(versions, key=lambda rules: (rules.effective_from, rules.version), default=None)


class Result(NamedTuple):
    """What a unit did for one assigned indicator; None for a figure that is not official."""

    indicator: str
    target: int
    actual: int | None
    completion: Ratio | None


class Line(NamedTuple):
    """One step of the trace: the rule, what went in, the points out of the weight."""

    rule: RuleType
    result: Result
    weight: Fraction
    points: Fraction


@dataclass(frozen=True, slots=True)
class Score:
    """A unit's score with its whole derivation.

    Attributes:
        base: Σ points / Σ weights of the assigned indicators · 100.
        findings: references of confirmed fabrication, each a veto.
        is_vetoed: a VETO indicator was missed or figures were made up, so that the score was held at the cap.
    """

    lines: tuple[Line, ...]
    base: Fraction
    bonus: Fraction
    late_reports: int
    late_deduction: Fraction
    flags: int
    flag_deduction: Fraction
    findings: tuple[str, ...]
    is_vetoed: bool
    total: Fraction


def score(
    results: Iterable[Result], late_reports: int, flags: int, rules: RuleSet, findings: Sequence[str] = ()
) -> Score | None:
    """The score of one unit; None when nothing that carries weight was assigned to it.

    Args:
        late_reports: reports that came late or never.
        flags: indicators whose report and register disagree beyond tolerance.
        findings: references of confirmed fabrication.
    """
    lines = tuple(_line(result, rules) for result in results if result.indicator in rules.weights)
    weights = sum((line.weight for line in lines), Fraction(0))
    if not weights:
        return None
    base = 100 * sum((line.points for line in lines), Fraction(0)) / weights
    bonus = min(sum((_bonus(line.result, rules) for line in lines), Fraction(0)), rules.bonus_cap)
    late = min(late_reports * rules.late_each, rules.late_cap)
    flagged = flags * rules.flag_each
    total = min(max(base + bonus - late - flagged, Fraction(0)), _FULL + rules.bonus_cap)
    is_vetoed = bool(findings) or any(line.rule is RuleType.VETO and not _is_full(line.result) for line in lines)
    if is_vetoed:
        total = min(total, rules.veto_cap)
    return Score(lines, base, bonus, late_reports, late, flags, flagged, tuple(findings), is_vetoed, total)


def _line(result: Result, rules: RuleSet) -> Line:
    kind, weight = rules.type_of(result.indicator), rules.weights[result.indicator]
    return Line(kind, result, weight, weight * _share(kind, result, rules))


def _share(kind: RuleType, result: Result, rules: RuleSet) -> Fraction:
    """f(C), from nothing to one; an indicator without a figure earns nothing."""
    if result.completion is None:
        return Fraction(0)
    reached = _percent(result)
    if kind is RuleType.ALL_OR_NOTHING:
        return Fraction(int(reached >= 100))
    if kind is RuleType.STEPPED:
        return next((share for least, share in rules.steps if reached >= least), Fraction(0))
    return max(Fraction(0), min(Fraction(1), reached / 100))


def _bonus(result: Result, rules: RuleSet) -> Fraction:
    over = _percent(result) - 100 if result.completion is not None else Fraction(0)
    return rules.bonus_each * (over // 10) if over > 0 else Fraction(0)


def _is_full(result: Result) -> bool:
    return result.completion is not None and _percent(result) >= 100


def _percent(result: Result) -> Fraction:
    assert result.completion is not None
    return Fraction(*result.completion)


class Graded(NamedTuple):
    """A grade; `is_referred` when a tie at the cap has to be decided by people."""

    grade: Grade
    is_referred: bool


def grade(totals: Mapping[str, Fraction], rules: RuleSet) -> dict[str, Graded]:
    """Grades of the districts: excellent from 90 and for at most 30 % of them; a tie across the cap promotes nobody."""
    places = int(rules.excellent_share * len(totals) / 100)
    candidates = sorted((total for total in totals.values() if total >= rules.excellent), reverse=True)
    return {unit: _grade(total, candidates, places, rules) for unit, total in totals.items()}


def _grade(total: Fraction, candidates: Sequence[Fraction], places: int, rules: RuleSet) -> Graded:
    if total < rules.excellent:
        return Graded(Grade.PASS if total >= rules.passed else Grade.FAIL, False)
    better = sum(other > total for other in candidates)
    tied = sum(other == total for other in candidates)
    if better + tied <= places:
        return Graded(Grade.EXCELLENT, False)
    return Graded(Grade.PASS, better < places)
