"""What holds for every measure and any facts: unknown is never taken for no, and nothing is asked in vain."""

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eligibility_svc.checks.domain import Answer, Outcome, Truth
from eligibility_svc.checks.messages import MAX_LENGTH, message
from eligibility_svc.facts.domain import Fact, FactType
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.repository import catalogue
from kit.dates import Month
from tests.eligibility_svc.checks.table import DECIDER

AS_OF = date(2018, 9, 1)
# A loaded machine is not a fault.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SUBJECTS = list(vocabulary().subjects)
# The values on either side of every bound in the notices.
COUNTS = (0, 1, 2, 5, 6, 7, 11, 12, 13, 35, 36, 37, 99, 100, 101, 130)
DAYS = tuple(
    map(date.fromisoformat, ("1990-01-01", "2013-08-31", "2013-09-01", "2016-12-31", "2017-01-01", "2018-01-01",
                             "2018-06-01", "2018-06-02", "2018-09-01", "2018-09-02", "2018-12-31", "2019-01-01"))
)  # fmt: skip
COSTS = (((Month(2018, 1), 500000),), ((Month(2018, 1), 100), (Month(2018, 2), 0)), ())


def values_of(fact: Fact) -> tuple[Value, ...]:
    fixed: dict[FactType, tuple[Value, ...]] = {
        FactType.BOOL: (True, False),
        FactType.COUNT: COUNTS,
        FactType.MONEY: (0, 1440000),
        FactType.DATE: DAYS,
        FactType.MONTH_AMOUNTS: COSTS,
    }
    return fixed.get(fact.type) or tuple(fact.choices)


@st.composite
def situations(draw: st.DrawFn) -> tuple[str, dict[str, Value]]:
    """A subject and some of its facts, in any order."""
    subject = draw(st.sampled_from(SUBJECTS))
    facts = list(vocabulary().of(subject).values())
    share = draw(st.sampled_from((0.1, 0.5, 0.9, 1.0)))
    chance = random.Random(draw(st.integers(0, 2**32)))
    known = [fact for fact in facts if chance.random() < share]
    chance.shuffle(known)
    return subject, {fact.name: chance.choice(values_of(fact)) for fact in known}


def answers(subject: str, facts: dict[str, Value]) -> dict[str, Answer]:
    return {answer.measure: answer for answer in DECIDER.check(subject, facts, AS_OF)}


@unhurried
@given(situations(), st.data())
def test_more_facts_never_overturn_a_settled_outcome(
    situation: tuple[str, dict[str, Value]], data: st.DataObject
) -> None:
    subject, facts = situation
    fewer = {name: value for name, value in facts.items() if data.draw(st.booleans())}
    more = answers(subject, facts)
    for measure, answer in answers(subject, fewer).items():
        if answer.outcome is not Outcome.UNDETERMINED:
            assert more[measure].outcome is answer.outcome


@unhurried
@given(situations())
def test_the_order_of_facts_does_not_matter(situation: tuple[str, dict[str, Value]]) -> None:
    subject, facts = situation
    assert answers(subject, dict(reversed(facts.items()))) == answers(subject, facts)


@unhurried
@given(situations())
def test_facts_are_asked_for_exactly_while_the_outcome_is_open(situation: tuple[str, dict[str, Value]]) -> None:
    subject, facts = situation
    for answer in answers(subject, facts).values():
        assert bool(answer.missing_facts) == (answer.outcome is Outcome.UNDETERMINED)
        assert not set(answer.missing_facts) & facts.keys()
        positions = [vocabulary().position(name) for name in answer.missing_facts]
        assert positions == sorted(positions)


@unhurried
@given(situations())
def test_a_fact_that_is_not_asked_for_changes_nothing(situation: tuple[str, dict[str, Value]]) -> None:
    subject, facts = situation
    chance = random.Random(len(facts))
    before = answers(subject, facts)
    for name, fact in vocabulary().of(subject).items():
        if name in facts:
            continue
        after = answers(subject, facts | {name: chance.choice(values_of(fact))})
        for measure, answer in before.items():
            if name not in answer.missing_facts:
                assert after[measure].outcome is answer.outcome


@unhurried
@given(situations())
def test_the_reasons_add_up_to_the_outcome(situation: tuple[str, dict[str, Value]]) -> None:
    subject, facts = situation
    for answer in answers(subject, facts).values():
        truths = {reason.criterion: reason.outcome for reason in answer.reasons}
        combined = _combined(answer.rule, truths)
        expected = {True: Outcome.ELIGIBLE, False: Outcome.NOT_ELIGIBLE, None: Outcome.UNDETERMINED}
        assert expected[combined] is answer.outcome


def _combined(rule: Any, truths: dict[str, Truth]) -> bool | None:
    """The published rule, read by the table of Kleene's logic: the least or the greatest of the parts."""
    if isinstance(rule, str):
        return {Truth.MET: True, Truth.UNMET: False, Truth.UNKNOWN: None}[truths[rule]]
    rank = {False: 0, None: 1, True: 2}
    ((operator, parts),) = rule.items()
    choose = min if operator == "all" else max
    return choose((_combined(part, truths) for part in parts), key=rank.__getitem__)


@unhurried
@given(situations())
def test_every_message_fits_the_screen(situation: tuple[str, dict[str, Value]]) -> None:
    subject, facts = situation
    for answer in answers(subject, facts).values():
        for line in message(answer, catalogue(), vocabulary()):
            assert 0 < len(line) <= MAX_LENGTH
            assert line.endswith("。")
            assert not set(line) & set("{}[]<>_")


@unhurried
@given(situations())
def test_a_refused_grant_gives_nothing(situation: tuple[str, dict[str, Value]]) -> None:
    subject, facts = situation
    for answer in answers(subject, facts).values():
        if answer.outcome is Outcome.NOT_ELIGIBLE:
            assert (answer.benefit.amount, answer.quota, answer.overlaps) == (None, None, ())


@unhurried
@given(situations())
def test_overlaps_are_mutual(situation: tuple[str, dict[str, Value]]) -> None:
    subject, facts = situation
    found = answers(subject, facts)
    for code, answer in found.items():
        assert all(code in found[other].overlaps for other in answer.overlaps)


@unhurried
@given(situations(), st.sampled_from([date(1900, 1, 1), date(2017, 3, 9), date(2017, 12, 1), date(2200, 12, 31)]))
def test_any_date_has_an_answer(situation: tuple[str, dict[str, Value]], as_of: date) -> None:
    subject, facts = situation
    assert len(DECIDER.check(subject, facts, as_of)) == len(catalogue().of_subject(subject))


def _is_pivotal(subject: str, measure: str, facts: dict[str, Value], name: str, missing: tuple[str, ...]) -> bool:
    """Whether some completion of the other missing facts makes the outcome hang on this one."""
    known = vocabulary().of(subject)
    chance = random.Random(name)
    for _ in range(4000):
        others = {other: chance.choice(values_of(known[other])) for other in missing if other != name}
        outcomes = {
            DECIDER.check(subject, facts | others | {name: value}, AS_OF, [measure])[0].outcome
            for value in values_of(known[name])
        }
        if len(outcomes) > 1:
            return True
    return False


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_missing_fact_can_change_the_outcome(subject: str) -> None:
    for measure, answer in answers(subject, {}).items():
        for name in answer.missing_facts:
            assert _is_pivotal(subject, measure, {}, name, answer.missing_facts), (measure, name)
