"""What earlier grants leave to be claimed."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from eligibility_svc.checks.domain import Answer, Outcome
from eligibility_svc.checks.service import check_measures
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.grants.domain import Before, Grant, count_grants, once_key, with_grants, with_persons
from eligibility_svc.measures.domain import Edition, Relations
from eligibility_svc.measures.repository import catalogue

AS_OF = date(2018, 9, 1)


def checked(measure: str, subject: str, facts: dict[str, Any], as_of: date = AS_OF) -> tuple[Answer, Edition]:
    (answer,) = check_measures(subject, facts, as_of, [measure])
    edition = catalogue().in_force(measure, as_of)
    assert edition is not None
    return answer, edition


@pytest.mark.parametrize(
    ("granted_on", "outcome"),
    [
        (date(2017, 12, 31), Outcome.ELIGIBLE),
        (date(2018, 1, 1), Outcome.NOT_ELIGIBLE),
        (date(2018, 12, 31), Outcome.NOT_ELIGIBLE),
        (date(2019, 1, 1), Outcome.ELIGIBLE),
    ],
)
def test_once_a_year_is_once_in_a_calendar_year(granted_on: date, outcome: Outcome) -> None:
    answer, edition = checked("startup-star", "PERSON", {"is_startup_star": True})
    after = with_grants(answer, edition, [Grant("startup-star", granted_on, None)], AS_OF)
    assert after.outcome is outcome
    if outcome is Outcome.NOT_ELIGIBLE:
        assert after.reasons[-1].met_on == date(2019, 1, 1)


def test_once_in_a_life_is_for_ever() -> None:
    answer, edition = checked("incubator-build", "PARK", {"is_private_investment": True, "is_recognised_park": True})
    after = with_grants(answer, edition, [Grant("incubator-build", date(2017, 4, 1), 100)], AS_OF)
    assert (after.outcome, after.reasons[-1].met_on, after.benefit.amount) == (Outcome.NOT_ELIGIBLE, None, None)


def test_a_grant_of_another_measure_changes_nothing() -> None:
    answer, edition = checked("startup-star", "PERSON", {"is_startup_star": True})
    assert with_grants(answer, edition, [Grant("startup-grant", AS_OF, 1000000)], AS_OF) == answer


def test_an_undetermined_claim_of_what_was_granted_is_settled() -> None:
    answer, edition = checked("startup-grant", "PERSON", {})
    after = with_grants(answer, edition, [Grant("startup-grant", AS_OF, 1000000)], AS_OF)
    assert (after.outcome, after.missing_facts) == (Outcome.NOT_ELIGIBLE, ())


@pytest.mark.parametrize(("granted", "left"), [(0, 2000000), (1, 1999999), (1999999, 1), (2000000, None)])
def test_a_cumulative_grant_gives_what_is_left(granted: int, left: int | None) -> None:
    costs = [{"month": f"2018-{month:02d}", "amount": "5000.00"} for month in range(1, 13)]
    facts = {"founder_kind": "VETERAN", "is_in_incubator": True, "incubator_entered_on": "2018-01-01",
             "monthly_running_costs": costs}  # fmt: skip
    answer, edition = checked("incubator-running-cost", "EMPLOYER", facts, date(2019, 1, 1))
    after = with_grants(answer, edition, [Grant("incubator-running-cost", AS_OF, granted)], date(2019, 1, 1))
    assert after.benefit.amount == left
    assert (after.outcome is Outcome.NOT_ELIGIBLE) == (left is None)


def test_what_may_be_given_again_has_no_slot() -> None:
    assert once_key(Relations(), AS_OF) is None
    assert once_key(Relations(once="YEAR"), AS_OF) == "2018"
    assert once_key(replace(Relations(once="LIFE")), AS_OF) == "LIFE"


def test_what_is_refused_for_an_earlier_grant_overlaps_with_nothing() -> None:
    facts = {"is_city_demo_park": True, "is_city_standard": True, "is_recognised_park": True}
    answers = check_measures("PARK", facts, AS_OF, None)
    assert {answer.measure for answer in answers if answer.overlaps} == {"incubator-demo", "incubator-demo-2018"}
    counted = count_grants(answers, catalogue(), [Grant("incubator-demo", AS_OF, 100)], AS_OF)
    assert not [answer.measure for answer in counted if answer.overlaps]


INSURANCE = {"enterprise_scale": "SMALL", "is_new_hire": True, "hire_kind": "GRADUATE_IN_YEAR", "contract_months": 24,
             "pays_social_insurance": True, "insurance_paid": "9600.00", "insurance_months": 8}  # fmt: skip


@pytest.mark.parametrize(
    ("months", "amount"), [(0, 960000), (3, 960000), (4, 960000), (5, 840000), (11, 120000), (12, None), (13, None)]
)
def test_a_graduate_is_insured_for_twelve_months_over_all_claims(months: int, amount: int | None) -> None:
    answer, edition = checked("graduate-insurance", "EMPLOYER", INSURANCE)
    facts = read_facts(vocabulary(), "EMPLOYER", INSURANCE)
    after = with_persons(answer, edition, facts, [Before(1 if months else 0, months)], AS_OF)
    assert after.benefit.amount == amount
    assert (after.outcome is Outcome.NOT_ELIGIBLE) == (amount is None)
    assert with_persons(answer, edition, facts, [], AS_OF) == answer


def test_a_worker_counts_once_and_the_refusal_says_which() -> None:
    facts = {"organisation_kind": "COOPERATIVE", "is_registered": True, "hire_kind": "POOR_HOUSEHOLD",
             "steady_work_months": 12, "hired_persons": 3}  # fmt: skip
    answer, edition = checked("poor-labour-hiring", "EMPLOYER", facts)
    known = read_facts(vocabulary(), "EMPLOYER", facts)
    assert with_persons(answer, edition, known, [Before()] * 3, AS_OF) == answer
    after = with_persons(answer, edition, known, [Before(1), Before(), Before(1)], AS_OF)
    assert (after.outcome, after.reasons[-1].text) == (
        Outcome.NOT_ELIGIBLE,
        "第1、3名人员以前已经享受，每人只能享受一次",
    )
