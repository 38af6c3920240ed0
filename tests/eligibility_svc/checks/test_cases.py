"""The law as a table of cases: every row, every measure, every criterion."""

from collections import defaultdict
from datetime import timedelta

import pytest

from eligibility_svc.checks.domain import Outcome, Truth
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.domain import criteria_of
from eligibility_svc.measures.repository import catalogue
from tests.eligibility_svc.checks.table import DECIDER, Row, answer, is_as_expected, rows

ROWS = list(rows())


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_law_answers_as_the_table_says(row: Row) -> None:
    found = answer(row)
    assert is_as_expected(row, found), found


@pytest.mark.parametrize("row", [row for row in ROWS if row.first_day], ids=str)
def test_what_only_lacks_time_is_granted_on_the_promised_day_and_not_before(row: Row) -> None:
    assert row.first_day is not None
    facts = read_facts(vocabulary(), row.subject, row.facts)
    (before,) = DECIDER.check(row.subject, facts, row.first_day - timedelta(days=1), [row.measure])
    (then,) = DECIDER.check(row.subject, facts, row.first_day, [row.measure])
    assert (before.outcome, then.outcome) == (Outcome.NOT_ELIGIBLE, Outcome.ELIGIBLE)


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
