"""What is asked, in which order, and when an interview ends.

A kiosk finishes when every GRANT of the subject is decided and the amount of what is due is known: `family: GRANT`,
until `question` is null.
"""

from functools import cache
from statistics import mean
from typing import Any

import pytest

from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.interviews.domain import Purpose
from eligibility_svc.interviews.service import Interview, conduct_interview
from eligibility_svc.measures.domain import Family
from tests.eligibility_svc.interviews.population import AS_OF, people

SUBJECTS = list(vocabulary().subjects)


@cache
def _stands(told: tuple[tuple[str, Any], ...], family: Family | None) -> Interview:
    """A stateless service answers alike where people have said the same so far."""
    return conduct_interview("PERSON", dict(told), AS_OF, family)


def interview(person: dict[str, Any], family: Family | None = Family.GRANT) -> tuple[dict[str, Any], Interview]:
    """Asks until there is nothing left to ask; answers what was told, and where it ended."""
    told: dict[str, Any] = {}
    while True:
        stands = _stands(tuple(told.items()), family)
        if stands.question is None:
            return told, stands
        assert stands.question.fact.name not in told
        told[stands.question.fact.name] = person[stands.question.fact.name]


def settled(stands: Interview) -> list[Any]:
    """What the answers come to, whatever was not asked."""
    return [
        (each.measure, each.outcome, each.benefit.amount, each.benefit.status, each.benefit.payer, each.overlaps,
         [tier.outcome for tier in each.benefit.tiers])
        for each in stands.answers
    ]  # fmt: skip


def test_the_average_person_finishes_at_a_kiosk_within_twelve_questions() -> None:
    asked = []
    for person in people(1000, seed=20180901):
        told, stands = interview(person)
        asked.append(len(told))
        assert stands.undecided == []
        assert settled(stands) == settled(conduct_interview("PERSON", person, AS_OF, Family.GRANT))
    assert mean(asked) <= 12, mean(asked)
    assert max(asked) < len(vocabulary().of("PERSON")) / 2


def test_an_interview_over_all_families_ends_where_a_check_with_all_facts_stands() -> None:
    for person in people(50, seed=7):
        told, stands = interview(person, None)
        assert settled(stands) == settled(conduct_interview("PERSON", person, AS_OF))
        assert len(told) < len(person)


def test_the_first_question_is_the_one_that_most_measures_wait_for() -> None:
    question = conduct_interview("PERSON", {}, AS_OF).question
    assert question is not None
    assert (question.fact.name, question.purpose, len(question.measures)) == ("school_kind", Purpose.OUTCOME, 11)


@pytest.mark.parametrize(
    ("gate", "gated"),
    [("school_kind", "graduated_on"), ("loan_kind", "loan_security"), ("is_in_training", "training_place")],
)
def test_a_fact_behind_a_gate_waits_for_its_gate(gate: str, gated: str) -> None:
    opens = {"school_kind": "UNIVERSITY", "loan_kind": "STARTUP_GUARANTEE", "is_in_training": True}
    told, _ = interview(people(1, seed=3)[0] | opens | {"is_poor_household": True})
    assert list(told).index(gate) < list(told).index(gated)


def test_behind_a_closed_gate_nothing_is_asked() -> None:
    person = people(1, seed=3)[0] | {"school_kind": "NONE", "loan_kind": "NONE"}
    told, _ = interview(person, None)
    assert not {"graduated_on", "is_enrolled", "loan_security"} & told.keys()


def test_what_the_person_cannot_tell_is_not_asked_again_and_the_interview_ends() -> None:
    told: dict[str, Any] = {}
    while (question := conduct_interview("PERSON", told, AS_OF).question) is not None:
        assert question.fact.name not in told
        told[question.fact.name] = None
    assert conduct_interview("PERSON", told, AS_OF).undecided


def test_the_amount_is_asked_for_only_when_it_is_due() -> None:
    facts = {"is_poor_household": True, "is_in_training": True}
    others = {name: False for name in vocabulary().of("PERSON") if name.startswith("is_") and name not in facts}
    person = people(1, seed=5)[0] | others | facts | {"training_days": 12}
    told, stands = interview(person)
    living = next(each for each in stands.answers if each.measure == "poor-training-living")
    assert ("training_days" in told, living.benefit.amount) == (True, 36000)
    told, _ = interview(person | {"is_in_training": False})
    assert "training_days" not in told


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_has_an_end(subject: str) -> None:
    known, told = vocabulary().of(subject), dict[str, Any]()
    simplest = {"BOOL": True, "COUNT": 12, "MONEY": "100.00", "DATE": "2018-01-01", "MONTH_AMOUNTS": []}
    while (question := conduct_interview(subject, told, AS_OF).question) is not None:
        fact = question.fact
        assert fact.name not in told
        told[fact.name] = simplest.get(fact.type.value, next(iter(fact.choices), None))
    assert conduct_interview(subject, told, AS_OF).undecided == []
    assert len(told) <= len(known)
