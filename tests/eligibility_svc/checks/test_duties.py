"""What a government or a state-owned firm owes: the number, by when, and what still lacks."""

from datetime import date
from typing import Any

from eligibility_svc.checks.domain import Outcome


def test_a_county_owes_a_park_by_the_end_of_2017(check: Any) -> None:
    answer = check("returnee-park", "GOVERNMENT", {"is_county_level": True, "returnee_parks": 0}, "2017-06-01")
    assert (answer.quota.owed, answer.quota.lacking, answer.quota.due_on) == (1, 1, date(2017, 12, 31))


def test_a_district_owes_one_to_two_demonstration_projects(check: Any) -> None:
    answer = check("demo-projects", "GOVERNMENT", {"demo_projects": 2}, "2017-06-01")
    assert (answer.quota.owed, answer.quota.owed_at_most, answer.quota.lacking) == (1, 2, 0)
    assert answer.quota.due_on == date(2017, 12, 31)


def test_a_duty_of_every_district_needs_no_fact_to_apply(check: Any) -> None:
    answer = check("free-course", "GOVERNMENT", {}, "2018-09-01")
    assert answer.outcome is Outcome.ELIGIBLE
    assert answer.missing_facts == ()
    assert (answer.quota.owed, answer.quota.missing_facts) == (None, ("poor_willing", "poor_trained"))


def test_a_private_firm_owes_no_posts(check: Any) -> None:
    answer = check("veteran-posts", "EMPLOYER", {"organisation_kind": "ENTERPRISE", "new_posts": 100})
    assert (answer.outcome, answer.quota) == (Outcome.NOT_ELIGIBLE, None)
