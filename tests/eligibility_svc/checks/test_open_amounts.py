"""Amounts that the notices leave to implementing rules: empty now, filled in by a dated value, never invented."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from eligibility_svc.checks.decision import Decider
from eligibility_svc.checks.domain import Answer
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.domain import BenefitStatus
from eligibility_svc.measures.repository import CODES_FILE, EDITIONS_FOLDER, load_catalogue


def filled(folder: Path, code: str, **amounts: str) -> Decider:
    """The catalogue of one measure, with amounts that begin on 2019-01-01."""
    edition = yaml.safe_load((EDITIONS_FOLDER / f"{code}.yaml").read_text(encoding="utf-8"))
    for name, amount in amounts.items():
        cite = edition["clauses"][0]
        edition["parameters"][name]["values"].append({"from": "2019-01-01", "value": amount, "cite": cite})
    (folder / f"{code}.yaml").write_text(yaml.safe_dump(edition, allow_unicode=True, width=10_000), encoding="utf-8")
    return Decider(load_catalogue(vocabulary(), CODES_FILE, folder), vocabulary())


def ask(decider: Decider, subject: str, facts: dict[str, Any], as_of: str) -> Answer:
    (answer,) = decider.check(subject, read_facts(vocabulary(), subject, facts), date.fromisoformat(as_of))
    return answer


def test_a_filled_amount_counts_from_its_day(tmp_path: Path) -> None:
    decider = filled(tmp_path, "startup-star", amount="5000.00")
    before = ask(decider, "PERSON", {"is_startup_star": True}, "2018-12-31").benefit
    after = ask(decider, "PERSON", {"is_startup_star": True}, "2019-01-01").benefit
    assert (before.status, before.amount, before.arithmetic) == (BenefitStatus.SET_BY_RULES, None, ())
    assert (after.status, after.amount) == (BenefitStatus.FIXED, 500000)
    assert after.arithmetic == ("奖励金额：5000.00元",)


@pytest.mark.parametrize(
    ("finished", "retained", "amount"),
    [(10, 5, 150000), (9, 4, 100000), (9, 5, 150000), (0, 0, 100000), (1, 1, 150000), (1, 0, 100000), (3, 1, 100000)],
)
def test_the_raised_rate_of_internships_is_paid_from_half_kept(
    tmp_path: Path, finished: int, retained: int, amount: int
) -> None:
    decider = filled(tmp_path, "internship", basic_rate="1000.00", raised_rate="1500.00")
    facts = {"trainee_kind": "GRADUATE_IN_YEAR", "trainees_finished": finished, "trainees_retained": retained}
    answer = ask(decider, "EMPLOYER", facts, "2019-01-01")
    assert (answer.benefit.status, answer.benefit.amount) == (BenefitStatus.FIXED, amount)


def test_an_amount_that_hangs_on_unknown_facts_says_on_which(tmp_path: Path) -> None:
    decider = filled(tmp_path, "internship", basic_rate="1000.00", raised_rate="1500.00")
    benefit = ask(decider, "EMPLOYER", {"trainee_kind": "GRADUATE_IN_YEAR"}, "2019-01-01").benefit
    assert benefit.amount is None
    assert benefit.missing_facts == ("trainees_finished", "trainees_retained")


def test_one_of_two_rates_is_not_enough(tmp_path: Path) -> None:
    decider = filled(tmp_path, "internship", basic_rate="1000.00")
    facts = {"trainee_kind": "GRADUATE_IN_YEAR", "trainees_finished": 2, "trainees_retained": 2}
    benefit = ask(decider, "EMPLOYER", facts, "2019-01-01").benefit
    assert (benefit.status, benefit.amount) == (BenefitStatus.SET_BY_RULES, None)
