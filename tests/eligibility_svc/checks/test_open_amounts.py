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
    edition["benefit"]["formula"] = " ".join(edition["benefit"]["formula"].split())
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


SKILLED = {"employment_status": "EMPLOYED", "unemployment_insurance_months": 36, "certificate_issued_on": "2017-01-01"}
LEVELS = {"level_five": "1000.00", "level_four": "1500.00", "level_three": "2000.00"}


@pytest.mark.parametrize(
    ("level", "status", "amount"),
    [
        ("LEVEL_5", BenefitStatus.FIXED, 100000),
        ("LEVEL_4", BenefitStatus.FIXED, 150000),
        ("LEVEL_3", BenefitStatus.FIXED, 200000),
        ("LEVEL_2", BenefitStatus.SET_BY_RULES, None),
        ("LEVEL_1", BenefitStatus.SET_BY_RULES, None),
    ],
)
def test_each_level_has_its_own_amount_and_one_that_is_open_holds_up_no_other(
    tmp_path: Path, level: str, status: BenefitStatus, amount: int | None
) -> None:
    decider = filled(tmp_path, "skill-upgrade", **LEVELS)
    benefit = ask(decider, "PERSON", SKILLED | {"certificate_level": level}, "2019-01-01").benefit
    assert (benefit.status, benefit.amount) == (status, amount)


def test_the_level_is_asked_for_once_any_amount_is_known(tmp_path: Path) -> None:
    facts = SKILLED | {"certificate_level": None}
    decider = filled(tmp_path, "skill-upgrade", **LEVELS)
    assert ask(decider, "PERSON", facts, "2018-12-31").benefit.missing_facts == ()
    benefit = ask(decider, "PERSON", facts, "2019-01-01").benefit
    assert (benefit.status, benefit.missing_facts) == (BenefitStatus.SET_BY_RULES, ("certificate_level",))


@pytest.mark.parametrize(
    ("facts", "amount"),
    [
        ({"skill_level": "LEVEL_5"}, 60000),
        ({"skill_level": "LEVEL_4", "is_driver_training": False}, 90000),
        ({"skill_level": "LEVEL_3", "is_driver_training": False}, 120000),
        ({"skill_level": "LEVEL_2", "is_driver_training": False}, 150000),
        ({"skill_level": "LEVEL_1", "is_driver_training": False}, 180000),
        ({"skill_level": "LEVEL_3", "is_driver_training": True}, 60000),
        ({"is_driver_training": True}, 60000),
        ({"skill_level": "LEVEL_4"}, None),
    ],
)
@pytest.mark.parametrize(("subject", "payer"), [("PERSON", "TRAINEE"), ("TRAINING_BODY", "TRAINING_BODY")])
def test_driver_training_is_paid_as_level_five(
    tmp_path: Path, facts: dict[str, Any], amount: int | None, subject: str, payer: str
) -> None:
    """郑政办文〔2017〕15号 四: 汽车驾驶员培训补贴标准按五级/初级工执行."""
    amounts = {"level_five": "600.00", "level_four": "900.00", "level_three": "1200.00"}
    decider = filled(tmp_path, "training-fee", **amounts, level_two="1500.00", level_one="1800.00")
    benefit = ask(decider, subject, facts | {"training_fee_paid_by": payer}, "2019-01-01").benefit
    assert benefit.amount == amount
    assert benefit.missing_facts == (() if amount else ("is_driver_training",))
