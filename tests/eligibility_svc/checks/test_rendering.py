"""What is remembered and written piece by piece is what the check says, byte for byte."""

import json
import random
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from eligibility_svc.checks.decision import Decider
from eligibility_svc.checks.rendering import Renderer
from eligibility_svc.checks.schemas import wire
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.repository import catalogue
from tests.eligibility_svc.checks.table import DECIDER
from tests.eligibility_svc.checks.test_properties import AS_OF, situations, unhurried, values_of

FORGETFUL = Decider(catalogue(), vocabulary(), remembered=0)
RENDERER = Renderer(DECIDER)


@unhurried
@given(situations(), st.sampled_from([AS_OF, date(2017, 12, 1), date(2019, 1, 1)]))
def test_a_remembered_answer_is_the_one_made_anew(situation: tuple[str, dict[str, Value]], as_of: date) -> None:
    subject, facts = situation
    anew = FORGETFUL.check(subject, facts, as_of)
    written = to_json(wire(as_of, anew, catalogue(), vocabulary()))
    for _ in range(2):
        assert DECIDER.check(subject, facts, as_of) == anew
        assert RENDERER.check(subject, facts, as_of) == written


def test_one_fact_changed_changes_all_that_follows_from_it() -> None:
    """What is kept by the truths of criteria alone is tried with people who differ in one fact."""
    chance = random.Random(4)
    for subject, words in ((subject, vocabulary().of(subject)) for subject in vocabulary().subjects):
        facts: dict[str, Value] = {}
        for _ in range(len(words) * 5):
            fact = chance.choice(list(words.values()))
            facts.pop(fact.name, None)
            if chance.random() < 0.6:
                facts[fact.name] = chance.choice(values_of(fact))
            anew = to_json(wire(AS_OF, FORGETFUL.check(subject, facts, AS_OF), catalogue(), vocabulary()))
            assert RENDERER.check(subject, facts, AS_OF) == anew


def test_the_day_from_which_somebody_is_entitled_is_their_own() -> None:
    """Both lack nothing but time, so that the truths of all criteria are the same."""
    ready = {"is_hardship_person": True, "is_first_business": True, "is_business_operating": True}
    for opened, entitled in (("2018-07-01", "2018-10-01"), ("2018-08-02", "2018-11-02")):
        facts = ready | {"business_opened_on": date.fromisoformat(opened)}
        (result,) = json.loads(RENDERER.check("PERSON", facts, AS_OF, ["startup-grant"]))["results"]
        assert result["eligible_on"] == entitled


def test_the_day_until_which_somebody_is_entitled_is_their_own() -> None:
    ready = {"is_first_business": True, "is_business_operating": True, "business_opened_on": date(2018, 1, 1)}
    for graduated, until in (("2014-07-01", "2019-07-01"), ("2016-02-29", "2021-02-28")):
        facts = ready | {"school_kind": "UNIVERSITY", "graduated_on": date.fromisoformat(graduated)}
        (result,) = json.loads(RENDERER.check("PERSON", facts, AS_OF, ["startup-grant"]))["results"]
        assert result["eligible_until"] == until


def test_equal_numbers_of_another_kind_are_not_mixed_up() -> None:
    """`True == 1` in Python: a position of the key holds one fact, and so one kind."""
    for facts in ({"is_poor_household": True, "is_in_training": True, "training_days": 1},
                  {"is_poor_household": True, "is_in_training": True, "training_days": 0},
                  {"is_poor_household": True, "is_in_training": False, "training_days": 1}):  # fmt: skip
        assert DECIDER.check("PERSON", facts, AS_OF) == FORGETFUL.check("PERSON", facts, AS_OF)


def test_an_answer_holds_whom_it_is_about_in_no_way_but_the_facts_of_its_measure() -> None:
    claim = DECIDER.claims["PERSON"]["veteran-support"]
    assert claim.facts == ("is_veteran",)
    assert claim.read(dict.fromkeys(vocabulary().of("PERSON")) | {"is_veteran": True}) == (True,)
