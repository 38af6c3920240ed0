"""The law as a table of cases: every row, every measure, every criterion."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from eligibility_svc.checks.domain import Outcome, Truth
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import criteria_of
from eligibility_svc.measures.repository import catalogue
from tests.eligibility_svc.checks.table import DECIDER, Row, answer, has_its_figures, is_as_expected, rows

ROWS = list(rows())


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_law_answers_as_the_table_says(row: Row) -> None:
    found = answer(row)
    assert is_as_expected(row, found), found
    assert has_its_figures(row)


@pytest.mark.parametrize("row", [row for row in ROWS if row.first_day], ids=str)
def test_what_only_lacks_time_is_granted_on_the_promised_day_and_not_before(row: Row) -> None:
    assert row.first_day is not None
    facts = read_facts(vocabulary(), row.subject, row.facts)
    (before,) = DECIDER.check(row.subject, facts, row.first_day - timedelta(days=1), [row.measure])
    (then,) = DECIDER.check(row.subject, facts, row.first_day, [row.measure])
    assert (before.outcome, then.outcome) == (Outcome.NOT_ELIGIBLE, Outcome.ELIGIBLE)


def test_what_ends_by_the_calendar_holds_on_its_last_day_and_not_after() -> None:
    ending = [(row, found) for row in ROWS if (found := answer(row)).eligible_until is not None]
    assert {found.measure for _, found in ending} == {"startup-grant", "job-seeking-grant", "job-seeking-left-school"}
    for row, found in ending:
        last = found.eligible_until
        assert found.outcome is Outcome.ELIGIBLE
        assert last is not None
        on_last, after = (answer(replace(row, as_of=day)).outcome for day in (last, last + timedelta(days=1)))
        assert on_last is Outcome.ELIGIBLE
        assert after is not Outcome.ELIGIBLE


def test_every_measure_and_subject_stands_in_the_table() -> None:
    in_table = {(row.measure, row.subject) for row in ROWS}
    known = catalogue()
    assert in_table == {(code, subject) for subject in vocabulary().subjects for code in known.of_subject(subject)}


def test_every_criterion_is_seen_met_unmet_and_unknown() -> None:
    seen: dict[tuple[str, str, str], set[Truth]] = defaultdict(set)
    for row in ROWS:
        for reason in answer(row).reasons:
            seen[row.measure, row.subject, reason.criterion].add(reason.outcome)
    lacking = []
    for code, editions in catalogue().measures.items():
        for subject, terms in editions[-1].terms.items():
            for criterion in [*criteria_of(terms.requires), *(tier.criterion for tier in terms.benefit.tiers)]:
                wanted = set(Truth) if criterion.rule.facts else {Truth.MET}
                if missing := wanted - seen[code, subject, criterion.id]:
                    lacking.append((code, subject, criterion.id, [each.value for each in missing]))
    assert not lacking, lacking


# Days of the calendar, and the words of a choice that an authority makes.
NOT_FIGURES = re.compile(r"2017年1月1日|1月1日|12月31日|离校2年内")


@pytest.mark.parametrize("code", catalogue().measures)
def test_a_figure_in_words_is_the_figure_of_the_rule(code: str) -> None:
    """Who reads a condition or a note reads what is computed with."""
    for edition in catalogue().measures[code]:
        known = {str(value) for each in edition.values_on(date.max).values() for value in _as_said(each)}
        texts = [each.text for terms in edition.terms.values() for each in terms.criteria]
        texts += [tier.criterion.text for terms in edition.terms.values() for tier in terms.benefit.tiers]
        texts += [note.text for note in edition.notes]
        said = {number for text in texts for number in re.findall(r"[0-9]+", NOT_FIGURES.sub("", text))}
        assert said <= known, said - known


def _as_said(value: Value) -> Iterator[int]:
    """A figure as a notice may write it: months also in years, money in yuan, shares in per cent."""
    match value:
        case Fraction():
            yield int(value * 100)
        case bool() | str() | date() | tuple():
            return
        case _:
            yield from (value, value // 12, value // 100)
