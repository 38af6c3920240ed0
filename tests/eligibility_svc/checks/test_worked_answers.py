"""The answers that the design page works out by hand, to the day and to the fen."""

from datetime import date
from typing import Any

import pytest

from eligibility_svc.checks.domain import Outcome, Reason, Truth
from eligibility_svc.checks.service import check_measures
from eligibility_svc.measures.domain import BenefitStatus

ELIGIBLE, NOT_ELIGIBLE, UNDETERMINED = Outcome.ELIGIBLE, Outcome.NOT_ELIGIBLE, Outcome.UNDETERMINED
FOUNDER = {
    "school_kind": "UNIVERSITY",
    "graduated_on": "2013-09-01",
    "is_first_business": True,
    "business_opened_on": "2018-06-01",
    "is_business_operating": True,
}
NO_OTHER_STATUS = {
    "is_enrolled": False,
    "is_hardship_person": False,
    "is_poor_household": False,
    "is_returning_migrant": False,
}


def reason(answer: Any, criterion: str) -> Reason:
    (found,) = [each for each in answer.reasons if each.criterion == criterion]
    assert isinstance(found, Reason)
    return found


@pytest.mark.parametrize(
    ("facts", "until"),
    [
        ({"graduated_on": "2013-09-01"}, "2018-09-01"),
        ({"graduated_on": "2013-09-02"}, "2018-09-02"),
        ({"graduated_on": "2016-02-29"}, "2021-02-28"),
        ({"is_hardship_person": True}, None),
    ],
)
def test_who_is_entitled_learns_until_when(check: Any, facts: dict[str, Any], until: str | None) -> None:
    answer = check("startup-grant", "PERSON", FOUNDER | NO_OTHER_STATUS | facts)
    assert answer.outcome is ELIGIBLE
    assert answer.eligible_until == (None if until is None else date.fromisoformat(until))


def test_the_fifth_anniversary_of_graduation_still_counts(check: Any) -> None:
    answer = check("startup-grant", "PERSON", FOUNDER | NO_OTHER_STATUS)
    assert answer.outcome is ELIGIBLE
    assert (answer.benefit.status, answer.benefit.amount) == (BenefitStatus.FIXED, 1000000)
    assert reason(answer, "recent-graduate").outcome is Truth.MET


def test_the_day_after_the_fifth_anniversary_does_not(check: Any) -> None:
    answer = check("startup-grant", "PERSON", FOUNDER | NO_OTHER_STATUS | {"graduated_on": "2013-08-31"})
    assert answer.outcome is NOT_ELIGIBLE
    assert reason(answer, "recent-graduate").outcome is Truth.UNMET
    assert reason(answer, "recent-graduate").met_on is None
    assert answer.missing_facts == ()


def test_three_months_are_complete_on_the_day_itself(check: Any) -> None:
    answer = check("startup-grant", "PERSON", FOUNDER)
    assert reason(answer, "open-three-months").outcome is Truth.MET


def test_one_day_short_of_three_months_says_when_it_will_be_met(check: Any) -> None:
    hardship = {"is_hardship_person": True} | FOUNDER | {"business_opened_on": "2018-06-02"}
    answer = check("startup-grant", "PERSON", hardship)
    unmet = reason(answer, "open-three-months")
    assert answer.outcome is NOT_ELIGIBLE
    assert (unmet.outcome, unmet.met_on) == (Truth.UNMET, date(2018, 9, 2))
    assert unmet.facts == {"business_opened_on": "2018-06-02"}
    assert unmet.parameters["operating_months"].value == 3
    assert (unmet.citation.document, unmet.citation.clause) == ("郑政〔2018〕31号", "七")
    assert answer.eligible_on == date(2018, 9, 2)


def test_the_day_that_is_promised_is_the_first_day(check: Any) -> None:
    hardship = {"is_hardship_person": True} | FOUNDER | {"business_opened_on": "2018-06-02"}
    assert check("startup-grant", "PERSON", hardship, "2018-09-02").outcome is ELIGIBLE


def test_no_day_is_promised_when_another_period_ends_before_it(check: Any) -> None:
    answer = check("startup-grant", "PERSON", FOUNDER | NO_OTHER_STATUS | {"business_opened_on": "2018-06-02"})
    assert answer.outcome is NOT_ELIGIBLE
    assert answer.eligible_on is None


def test_before_its_notice_the_grant_is_not_in_force(check: Any) -> None:
    answer = check("startup-grant", "PERSON", FOUNDER, "2017-12-01")
    assert answer.outcome is NOT_ELIGIBLE
    (only,) = answer.reasons
    assert (only.criterion, only.outcome, only.met_on) == ("NOT_IN_FORCE", Truth.UNMET, date(2018, 5, 27))
    assert answer.benefit.amount is None
    assert check("startup-grant", "PERSON", FOUNDER, "2018-05-26").outcome is NOT_ELIGIBLE


def test_asked_for_december_2017_only_the_first_notice_answers() -> None:
    answers = check_measures("EMPLOYER", {"founder_kind": "VETERAN"}, date(2017, 12, 1), None)
    in_force = [each.measure for each in answers if each.reasons[0].criterion != "NOT_IN_FORCE"]
    assert in_force == ["incubator-running-cost"]
    assert all(
        each.outcome is NOT_ELIGIBLE and each.missing_facts == () for each in answers if each.measure not in in_force
    )


def test_unknown_is_not_no(check: Any) -> None:
    answer = check("startup-grant", "PERSON", {"is_hardship_person": True})
    assert answer.outcome is UNDETERMINED
    assert list(answer.missing_facts) == ["is_first_business", "business_opened_on", "is_business_operating"]


def test_a_settled_outcome_asks_for_nothing(check: Any) -> None:
    answer = check("startup-grant", "PERSON", {"is_hardship_person": True, "is_first_business": False})
    assert answer.outcome is NOT_ELIGIBLE
    assert answer.missing_facts == ()


def test_training_days_are_paid_by_the_day_and_travel_beside_them() -> None:
    facts = {"is_poor_household": True, "is_in_training": True, "training_days": 12, "training_place": "HENAN_OTHER"}
    measures = ["poor-training-living", "poor-training-travel"]
    living, travel = check_measures("PERSON", facts, date(2018, 9, 1), measures)
    assert (living.outcome, living.benefit.amount, living.benefit.payer) == (ELIGIBLE, 36000, "HUKOU_PLACE")
    assert living.benefit.arithmetic == ("30.00元/天 × 12天 = 360.00元",)
    assert (travel.outcome, travel.benefit.amount) == (ELIGIBLE, 30000)
    outside = facts | {"training_place": "OUTSIDE_HENAN"}
    living, travel = check_measures("PERSON", outside, date(2018, 9, 1), measures)
    assert (living.outcome, travel.outcome, travel.benefit.amount) == (ELIGIBLE, NOT_ELIGIBLE, None)


@pytest.mark.parametrize(
    ("employers", "outcome", "amount"),
    [(99, NOT_ELIGIBLE, None), (100, ELIGIBLE, 2000000), (137, ELIGIBLE, 2740000)],
)
def test_a_job_fair_is_paid_from_the_hundredth_employer(
    check: Any, employers: int, outcome: Outcome, amount: int | None
) -> None:
    facts = {"is_in_zhengzhou": True, "is_joint_fair": True, "fair_employers": employers}
    answer = check("job-fair", "UNIVERSITY", facts)
    assert (answer.outcome, answer.benefit.amount) == (outcome, amount)


def running_costs(first: str, count: int, amount: str) -> list[dict[str, str]]:
    year, month = map(int, first.split("-"))
    return [
        {"month": f"{year + (month - 1 + i) // 12}-{(month - 1 + i) % 12 + 1:02d}", "amount": amount}
        for i in range(count)
    ]


def tenant(costs: list[dict[str, str]], entered_on: str) -> dict[str, Any]:
    return {
        "founder_kind": "VETERAN",
        "is_in_incubator": True,
        "incubator_entered_on": entered_on,
        "monthly_running_costs": costs,
    }


def test_running_costs_are_halved_and_cut_to_the_years_ceiling(check: Any) -> None:
    facts = tenant(running_costs("2018-01", 12, "5000.00"), "2018-01-01")
    answer = check("incubator-running-cost", "EMPLOYER", facts, "2018-12-31")
    assert (answer.outcome, answer.benefit.status) == (ELIGIBLE, BenefitStatus.CAPPED)
    assert answer.benefit.amount == 2000000
    (line,) = answer.benefit.arithmetic
    assert "12个月 × 2500.00元 = 30000.00元" in line
    assert "超过年度限额20000.00元，按20000.00元计" in line


def test_running_costs_end_with_the_thirty_sixth_month_after_entry(check: Any) -> None:
    facts = tenant(running_costs("2018-01", 37, "1000.00"), "2018-01-01")
    answer = check("incubator-running-cost", "EMPLOYER", facts, "2021-06-01")
    assert answer.benefit.amount == 3 * 12 * 50000
    assert "另有1个月不在入驻起36个月内，不予补贴" in answer.benefit.arithmetic


def test_running_cost_years_begin_on_the_day_of_entry(check: Any) -> None:
    facts = tenant(running_costs("2018-01", 24, "5000.00"), "2018-07-01")
    answer = check("incubator-running-cost", "EMPLOYER", facts, "2020-01-01")
    # 2018-07 … 2019-06 is the first year (30 000, cut), 2019-07 … 2019-12 the second (15 000).
    assert answer.benefit.amount == 2000000 + 1500000


def test_without_costs_the_years_ceiling_is_shown(check: Any) -> None:
    answer = check("incubator-running-cost", "EMPLOYER", {"founder_kind": "DISABLED", "is_in_incubator": True})
    assert (answer.outcome, answer.benefit.amount, answer.benefit.is_ceiling) == (ELIGIBLE, 2000000, True)
    assert answer.missing_facts == ()
    assert answer.benefit.missing_facts == ("incubator_entered_on", "monthly_running_costs")


GRADUATE_HIRE = {
    "enterprise_scale": "SMALL",
    "is_new_hire": True,
    "hire_kind": "GRADUATE_IN_YEAR",
    "contract_months": 12,
    "pays_social_insurance": True,
    "insurance_paid": "14400.00",
    "insurance_months": 18,
}


def test_a_contract_of_eleven_months_is_too_short(check: Any) -> None:
    answer = check("graduate-insurance", "EMPLOYER", GRADUATE_HIRE | {"contract_months": 11})
    assert answer.outcome is NOT_ELIGIBLE
    assert reason(answer, "contract-one-year").outcome is Truth.UNMET


def test_eighteen_months_of_insurance_are_paid_for_twelve(check: Any) -> None:
    answer = check("graduate-insurance", "EMPLOYER", GRADUATE_HIRE)
    assert (answer.benefit.status, answer.benefit.amount) == (BenefitStatus.CAPPED, 960000)
    assert answer.benefit.arithmetic[-1] == "14400.00元 × 12个月 ÷ 18个月 = 9600.00元"


@pytest.mark.parametrize(("finished", "retained", "truth"), [(10, 5, Truth.MET), (9, 4, Truth.UNMET)])
def test_half_of_the_trainees_kept_opens_the_raised_rate(
    check: Any, finished: int, retained: int, truth: Truth
) -> None:
    facts = {"trainee_kind": "GRADUATE_IN_YEAR", "trainees_finished": finished, "trainees_retained": retained}
    answer = check("internship", "EMPLOYER", facts)
    assert (answer.outcome, answer.benefit.status) == (ELIGIBLE, BenefitStatus.SET_BY_RULES)
    (tier,) = answer.benefit.tiers
    assert (tier.code, tier.outcome) == ("RAISED_RATE", truth)
    assert reason(answer, "raised-rate").outcome is truth


def test_five_percent_of_130_posts_are_seven(check: Any) -> None:
    answer = check("veteran-posts", "EMPLOYER", {"organisation_kind": "STATE_OWNED", "new_posts": 130})
    assert answer.outcome is ELIGIBLE
    assert answer.quota.owed == 7
    assert answer.quota.arithmetic == ("5% × 130个岗位 = 6.5", "6.5，不足1个的进位为1个：7")


def test_two_grants_for_one_cost_are_both_shown_and_marked() -> None:
    facts = {
        "enterprise_scale": "SMALL",
        "founder_kind": "RETURNING_MIGRANT",
        "is_new_hire": True,
        "hire_kind": "GRADUATE_IN_YEAR",
        "contract_months": 24,
        "pays_social_insurance": True,
        "is_new_format": False,
    }
    answers = {each.measure: each for each in check_measures("EMPLOYER", facts, date(2018, 9, 1), None)}
    assert answers["graduate-insurance"].outcome is ELIGIBLE
    assert set(answers["graduate-insurance"].overlaps) == {"returnee-firm-insurance", "small-firm-hiring"}
    assert "graduate-insurance" in answers["returnee-firm-insurance"].overlaps
    assert answers["hardship-insurance"].outcome is NOT_ELIGIBLE
    assert answers["hardship-insurance"].overlaps == ()


@pytest.mark.parametrize(("recognised_by", "payer"), [("CITY", "CITY"), ("COUNTY", "COUNTY"), (None, None)])
def test_who_recognised_a_park_pays_for_it(check: Any, recognised_by: str | None, payer: str | None) -> None:
    facts = {"is_private_investment": True, "is_recognised_park": True, "recognised_by": recognised_by}
    answer = check("incubator-build", "PARK", facts, "2017-03-10")
    assert (answer.outcome, answer.benefit.amount, answer.benefit.is_ceiling) == (ELIGIBLE, 40000000, True)
    assert answer.benefit.payer == payer
    assert answer.benefit.missing_facts == (() if payer else ("recognised_by",))


def test_an_edition_ends_when_the_next_begins(check: Any) -> None:
    facts = {"households_zero_job": 3, "households_zero_job_helped": 1}
    earlier = check("one-job-per-household", "GOVERNMENT", facts, "2018-05-26")
    later = check("one-job-per-household", "GOVERNMENT", facts, "2018-05-27")
    assert earlier.reasons[0].citation.document == "郑政办文〔2017〕15号"
    assert later.reasons[0].citation.document == "郑政〔2018〕31号"
    assert (later.quota.owed, later.quota.done, later.quota.lacking) == (3, 1, 2)
