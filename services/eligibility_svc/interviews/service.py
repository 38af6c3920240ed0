"""The use case: answer what is known so far, and say what to ask next. Nothing is stored, the client has the facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from eligibility_svc.checks.domain import Answer, Outcome
from eligibility_svc.checks.service import decider
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.interviews.domain import Question, Situation, next_question
from eligibility_svc.measures.domain import Family
from eligibility_svc.measures.repository import catalogue


@dataclass(frozen=True, slots=True)
class Interview:
    """Where an interview stands; `question` is None at its end."""

    question: Question | None
    answers: tuple[Answer, ...]

    @property
    def decided(self) -> list[str]:
        """Measures whose outcome no further answer can change."""
        return [each.measure for each in self.answers if each.outcome is not Outcome.UNDETERMINED]

    @property
    def undecided(self) -> list[str]:
        """Measures that still hang on an answer."""
        return [each.measure for each in self.answers if each.outcome is Outcome.UNDETERMINED]


def conduct_interview(
    subject: str, submitted: Mapping[str, Any], as_of: date, family: Family | None = None
) -> Interview:
    """The next question for a subject, and the results so far.

    Args:
        submitted: facts as parsed JSON; null means asked and not known, and is not asked for again.
        family: only these measures; None for all.

    Raises:
        ValidationFailedError: unknown facts or wrong values, all at once.
    """
    words, known = vocabulary(), catalogue()
    facts = read_facts(words, subject, submitted)
    wanted = None
    if family is not None:
        wanted = [code for code in known.of_subject(subject) if known.measures[code][-1].family is family]
    answers = decider().check(subject, facts, as_of, wanted)
    situation = Situation(
        vocabulary=words.of(subject),
        facts=facts,
        not_known=submitted.keys() - facts.keys(),
        as_of=as_of,
        deciding=lambda measure: decider().deciding(subject, measure, as_of),
    )
    return Interview(next_question(answers, situation), answers)
