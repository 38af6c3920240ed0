"""Which question settles most: plain counting over all open measures (eligibility design, Semantics)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from eligibility_svc.checks.domain import Answer, Outcome
from eligibility_svc.facts.domain import Fact, FactType
from eligibility_svc.language.nodes import Value

# What an answer costs at a kiosk: a tap, a choice from a list, typing a number or a date, looking something up.
_EFFORT = {
    FactType.BOOL: 0,
    FactType.ENUM: 1,
    FactType.UNIT: 1,
    FactType.COUNT: 2,
    FactType.DATE: 2,
    FactType.MONEY: 3,
    FactType.MONTH_AMOUNTS: 4,
}


class Purpose(Enum):
    """What the answer is needed for: whether there is a claim, or only how much is paid and by whom."""

    OUTCOME = "OUTCOME"
    AMOUNT = "AMOUNT"


@dataclass(frozen=True, slots=True)
class Question:
    """A fact to ask for.

    Attributes:
        measures: codes of the measures that the answer can still change.
    """

    fact: Fact
    purpose: Purpose
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """How far the interview is.

    Attributes:
        vocabulary: the facts of the subject, in the order in which they are asked for.
        facts: what is known.
        not_known: what was asked for and the person cannot tell; it is not asked for again.
        deciding: measure → facts of which one alone may settle it.
    """

    vocabulary: Mapping[str, Fact]
    facts: Mapping[str, Value]
    not_known: Collection[str]
    as_of: date
    deciding: Callable[[str], frozenset[str]]

    def is_askable(self, name: str) -> bool:
        """Not asked before, and its gate stands open."""
        gate = self.vocabulary[name].gate
        return name not in self.not_known and (gate is None or bool(gate.run(self.facts, {}, self.as_of)))


def next_question(answers: Sequence[Answer], situation: Situation) -> Question | None:
    """The question that can change most measures; None when all is settled, or the person cannot tell more.

    Outcomes come first, amounts of what is due afterwards. Of facts that occur equally often the one is asked that
    can settle more measures alone, then the one of the measure that lacks least, then the easier, then the less
    sensitive one.
    """
    outcomes = {each.measure: each.missing_facts for each in answers if each.outcome is Outcome.UNDETERMINED}
    amounts = {each.measure: _for_amount(each) for each in answers if each.outcome is Outcome.ELIGIBLE}
    return _most_used(Purpose.OUTCOME, outcomes, situation) or _most_used(Purpose.AMOUNT, amounts, situation)


def _for_amount(answer: Answer) -> tuple[str, ...]:
    return answer.benefit.missing_facts + (answer.quota.missing_facts if answer.quota else ())


def _most_used(purpose: Purpose, needs: Mapping[str, Sequence[str]], situation: Situation) -> Question | None:
    uses: dict[str, list[str]] = {}
    for measure, missing in needs.items():
        for name in missing:
            if situation.is_askable(name):
                uses.setdefault(name, []).append(measure)
    if not uses:
        return None
    order = {name: position for position, name in enumerate(situation.vocabulary)}

    def rank(name: str) -> tuple[int, int, int, int, bool, int]:
        fact, measures = situation.vocabulary[name], uses[name]
        settled_alone = sum(name in situation.deciding(measure) for measure in measures)
        least_lacking = min(len(needs[measure]) for measure in measures)
        return -len(measures), -settled_alone, least_lacking, _EFFORT[fact.type], fact.is_sensitive, order[name]

    name = min(uses, key=rank)
    return Question(situation.vocabulary[name], purpose, tuple(uses[name]))
